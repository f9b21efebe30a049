"""Files that are equal but for times and ids, and files that only look so."""

from __future__ import annotations

import gzip
import io
import zipfile
from typing import Any

import numpy as np
import pytest

from jupyter_mlws.features.tracing.likeness import alike


def packed(members: dict[str, bytes], year: int) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, data in members.items():
            archive.writestr(zipfile.ZipInfo(name, (year, 1, 1, 0, 0, 0)), data)
    return file.getvalue()


def test_a_saved_model_is_the_same_wherever_its_objects_lay_in_memory() -> None:
    skops = pytest.importorskip("skops.io")
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    values = np.random.default_rng(0).random((40, 3))
    classes = (values[:, 0] > 0.5).astype(int)

    def fitted(to: np.ndarray[Any, Any]) -> Any:
        return make_pipeline(StandardScaler(), RandomForestClassifier(3, random_state=0)).fit(
            values, to
        )

    model, again, other = fitted(classes), fitted(classes), fitted(1 - classes)
    model._mlflow_run_id, again._mlflow_run_id = "first", "second"
    other._mlflow_run_id = "first"
    old, new, changed = (skops.dumps(item) for item in (model, again, other))

    assert old != new
    assert alike("model/model.skops", old, new)
    assert not alike("model/model.skops", old, changed)
    assert not alike("model/model.bin", old, new)


def test_an_archive_is_what_is_in_it() -> None:
    old = packed({"a": b"1", "b": b"2"}, 2020)

    assert alike("x.zip", old, packed({"a": b"1", "b": b"2"}, 2024))
    assert not alike("x.zip", old, packed({"a": b"1", "b": b"3"}, 2020))
    assert not alike("x.npz", old, packed({"a": b"1"}, 2020))


def test_a_compressed_file_is_what_it_unpacks_to() -> None:
    old = gzip.compress(b"rows", mtime=1)

    assert alike("rows.csv.gz", old, gzip.compress(b"rows", mtime=2))
    assert not alike("rows.csv.gz", old, gzip.compress(b"more", mtime=1))


def test_mlflows_description_of_a_model_is_read_without_its_ids() -> None:
    old = b"model_uuid: a\nutc_time_created: b\nflavors: {python_function: {}}\n"

    assert alike("model/MLmodel", old, old.replace(b"uuid: a", b"uuid: c"))
    assert not alike("model/MLmodel", old, old.replace(b"flavors", b"flavours"))


@pytest.mark.parametrize("name", ["x.zip", "x.skops", "x.csv.gz", "MLmodel", "x.ipynb"])
def test_what_cannot_be_read_is_not_alike(name: str) -> None:
    assert not alike(name, b"{", b"[")
    assert not alike(name, packed({}, 2020), b"")
