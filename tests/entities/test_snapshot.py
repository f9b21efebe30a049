"""Snapshots are named by their content."""

from jupyter_mlws.entities.snapshot import Snapshot, SnapshotFile

A = SnapshotFile(path="a.py", blob="0" * 64, size_bytes=1)
B = SnapshotFile(path="b.py", blob="1" * 64, size_bytes=2, executable=True)


def test_the_order_of_files_does_not_matter() -> None:
    assert Snapshot(files=[A, B]).digest == Snapshot(files=[B, A]).digest


def test_any_difference_matters() -> None:
    snapshots = [
        Snapshot(files=[A]),
        Snapshot(files=[A, B]),
        Snapshot(files=[A.model_copy(update={"path": "c.py"})]),
        Snapshot(files=[A.model_copy(update={"executable": True})]),
        Snapshot(files=[A], is_file=True),
    ]

    assert len({snapshot.digest for snapshot in snapshots}) == len(snapshots)


def test_a_manifest_reads_back() -> None:
    snapshot = Snapshot(files=[A, B])

    assert Snapshot.decode(snapshot.encode()) == snapshot
