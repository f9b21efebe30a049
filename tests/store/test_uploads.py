"""Uploads in parts: what has come stays, what is whole becomes a blob, what is abandoned goes."""

from __future__ import annotations

import hashlib
import os
import threading
import time
from pathlib import Path

import pytest

from jupyter_mlws.entities.errors import Conflict, Invalid, NotFound
from jupyter_mlws.store.blobs import FileBlobs
from jupyter_mlws.store.uploads import MAX_PARTS, Part, Upload, Uploads


@pytest.fixture
def blobs(tmp_path: Path) -> FileBlobs:
    return FileBlobs(tmp_path / "blobs")


@pytest.fixture
def uploads(tmp_path: Path, blobs: FileBlobs) -> Uploads:
    return Uploads(tmp_path / "uploads", blobs)


def send(uploads: Uploads, upload: Upload, number: int, data: bytes) -> str:
    writer = uploads.writer(upload, number)
    writer.write(data)
    return writer.commit()[0]


def test_parts_in_any_order_become_one_blob(uploads: Uploads, blobs: FileBlobs) -> None:
    upload = uploads.begin("ann", "a.bin", 3)
    for number, data in ((3, b"c"), (1, b"aa"), (2, b"bbb")):
        send(uploads, upload, number, data)

    blob, size_bytes = uploads.assemble(upload)

    assert (blobs.get(blob), size_bytes) == (b"aabbbc", 6)
    assert uploads.parts(upload) == []


def test_what_has_come_is_there_for_the_next_service(tmp_path: Path, uploads: Uploads) -> None:
    upload = uploads.begin("ann", "a.bin", 2)
    tag = send(uploads, upload, 2, b"second")
    uploads.writer(upload, 1).write(b"never finished")

    again = Uploads(tmp_path / "uploads", FileBlobs(tmp_path / "blobs"))

    assert again.get(upload.id, "ann") == upload
    assert again.parts(upload) == [Part(2, hashlib.sha256(b"second").hexdigest(), 6)]
    assert tag == again.parts(upload)[0].tag


def test_a_part_that_comes_again_counts(uploads: Uploads, blobs: FileBlobs) -> None:
    upload = uploads.begin("ann", "a.bin", 1)
    send(uploads, upload, 1, b"first try")
    send(uploads, upload, 1, b"second")

    assert blobs.get(uploads.assemble(upload)[0]) == b"second"


def test_of_two_parts_that_a_crash_left_the_later_one_counts(
    tmp_path: Path, uploads: Uploads, blobs: FileBlobs
) -> None:
    upload = uploads.begin("ann", "a.bin", 1)
    send(uploads, upload, 1, b"later")
    old = tmp_path / "uploads" / upload.id / f"00001-{'f' * 64}"
    old.write_bytes(b"earlier")
    os.utime(old, (1, 1))

    assert blobs.get(uploads.assemble(upload)[0]) == b"later"


def test_missing_parts_are_named_and_the_others_stay(uploads: Uploads) -> None:
    upload = uploads.begin("ann", "a.bin", 4)
    send(uploads, upload, 2, b"x")

    with pytest.raises(Conflict, match="3 of 4 parts are missing: 1, 3, 4"):
        uploads.assemble(upload)

    assert [part.number for part in uploads.parts(upload)] == [2]


def test_completing_twice_answers_the_same_and_takes_no_more_parts(uploads: Uploads) -> None:
    upload = uploads.begin("ann", "a.bin", 1)
    open_writer = uploads.writer(upload, 1)
    open_writer.write(b"late")
    send(uploads, upload, 1, b"x")

    first, second = uploads.assemble(upload), uploads.assemble(upload)

    assert first == second
    with pytest.raises(Conflict):
        open_writer.commit()
    with pytest.raises(Conflict):
        uploads.writer(uploads.get(upload.id, "ann"), 1)


def test_who_completes_at_the_same_time_gets_the_same(uploads: Uploads) -> None:
    upload = uploads.begin("ann", "a.bin", 20)
    for number in range(1, 21):
        send(uploads, upload, number, bytes([number]) * 100_000)
    answers = []
    threads = [
        threading.Thread(target=lambda: answers.append(uploads.assemble(upload))) for _ in range(8)
    ]

    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(answers) == 8
    assert len(set(answers)) == 1


@pytest.mark.parametrize("number", [0, 3, -1])
def test_there_is_no_part_beyond_the_last(uploads: Uploads, number: int) -> None:
    with pytest.raises(Invalid, match="must be 1 to 2"):
        uploads.writer(uploads.begin("ann", "a.bin", 2), number)


@pytest.mark.parametrize("n_parts", [0, -1, MAX_PARTS + 1])
def test_an_upload_has_parts_but_not_too_many(
    uploads: Uploads, tmp_path: Path, n_parts: int
) -> None:
    with pytest.raises(Invalid):
        uploads.begin("ann", "a.bin", n_parts)

    assert not (tmp_path / "uploads").exists()


@pytest.mark.parametrize("upload_id", ["0" * 32, "../../etc", "", "x"])
def test_an_upload_that_is_none_is_not_found(uploads: Uploads, upload_id: str) -> None:
    with pytest.raises(NotFound):
        uploads.get(upload_id, "ann")


def test_nobody_finds_anothers_upload(uploads: Uploads) -> None:
    upload = uploads.begin("ann", "a.bin", 1)

    with pytest.raises(NotFound):
        uploads.get(upload.id, "bob")


def test_what_is_given_up_is_gone(uploads: Uploads, tmp_path: Path) -> None:
    upload = uploads.begin("ann", "a.bin", 1)
    writer = uploads.writer(upload, 1)
    writer.write(b"x")

    uploads.forget(upload)

    assert list((tmp_path / "uploads").iterdir()) == []
    with pytest.raises(NotFound):
        writer.commit()
    with pytest.raises(NotFound):
        uploads.assemble(upload)
    with pytest.raises(NotFound):
        uploads.forget(upload)


def test_only_what_nothing_comes_for_any_more_is_swept(uploads: Uploads, tmp_path: Path) -> None:
    old, young = uploads.begin("ann", "a.bin", 2), uploads.begin("ann", "b.bin", 2)
    for upload in (old, young):
        send(uploads, upload, 1, b"12345")
    folder = tmp_path / "uploads" / old.id
    for path in (*folder.iterdir(), folder):
        os.utime(path, (1, 1))

    n, size_bytes = uploads.sweep(time.time() - 3600)

    assert n == 1
    assert size_bytes > 5
    assert [path.name for path in (tmp_path / "uploads").iterdir()] == [young.id]
    assert Uploads(tmp_path / "none", FileBlobs(tmp_path / "blobs")).sweep(time.time()) == (0, 0)


def test_parts_are_private(uploads: Uploads, tmp_path: Path) -> None:
    upload = uploads.begin("ann", "a.bin", 1)
    send(uploads, upload, 1, b"x")

    assert (tmp_path / "uploads" / upload.id).stat().st_mode & 0o777 == 0o700
