"""What a version of data holds, wherever it lies: its files, their bytes, and the table they are."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from jupyter_mlws.entities.errors import Invalid, NotFound
from jupyter_mlws.entities.mltable import FILE, MLTableSpec, TablePath, table_spec
from jupyter_mlws.entities.snapshot import REFERENCE, Snapshot, SnapshotFile
from jupyter_mlws.execution import artifacts, snapshots
from jupyter_mlws.execution.assets import SCHEME
from jupyter_mlws.execution.places import Places
from jupyter_mlws.reading.places import FoundFile, Place
from jupyter_mlws.reading.request import FileRef, PlaceRef, TableRef
from jupyter_mlws.reading.steps import chosen
from jupyter_mlws.reading.tables import TableFile
from jupyter_mlws.store.base import Blobs, Store


@dataclass(frozen=True, slots=True)
class ContentFile:
    """A file of some data.

    Attributes:
        path: relative to the data, with `/`.
        stamp: changes when the bytes do.
        local: where it lies on this machine; None for a storage elsewhere.
        found: what `place` knows it by.
    """

    path: str
    size_bytes: int
    stamp: str
    local: Path | None = None
    found: FoundFile | None = None
    place: Place | None = None
    blob: str | None = None

    def read(self) -> bytes:
        """Its bytes; for small files."""
        if self.local is not None:
            return self.local.read_bytes()
        assert self.found
        assert self.place
        with self.place.open(self.found.full) as file:
            return file.read()

    def fetch(self, target: Path) -> Path:
        """The file on this machine; a copy at `target` where it lies elsewhere."""
        if self.local is not None:
            return self.local
        assert self.found
        assert self.place
        self.place.download(self.found, target)
        return target


@dataclass(frozen=True, slots=True)
class Content:
    """What some data holds."""

    files: list[ContentFile]
    is_file: bool
    secrets: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """A name for the content: equal content has an equal one."""
        rows = sorted((file.path, file.size_bytes, file.stamp) for file in self.files)
        return hashlib.sha256(repr(rows).encode()).hexdigest()


def of(path: str, store: Store, blobs: Blobs, places: Places) -> Content:
    """What lies at `snapshot:…`, at an address, or at what a job left.

    Raises:
        NotFound: nothing does.
        Invalid: it is no address of data.
        Unavailable: its storage does not answer.
    """
    if (snapshot := _snapshot(path, store, blobs)) is not None:
        files = [
            ContentFile(
                file.path, file.size_bytes, file.blob, blobs.path(file.blob), blob=file.blob
            )
            for file in snapshot.files
        ]
        return Content(files, snapshot.is_file)
    place, below = places.open(path)
    found, is_file = place.files(below)
    return Content(
        [
            ContentFile(
                file.path,
                file.size_bytes,
                file.stamp,
                Path(file.full) if place.is_local else None,
                file,
                place,
            )
            for file in found
        ],
        is_file,
        place.secrets,
    )


def keep(content: Content, blobs: Blobs, scratch: Path) -> Snapshot:
    """The content as blobs of the workspace, fetched where it lies elsewhere.

    Args:
        scratch: a folder for what is on its way.
    """
    kept = []
    for file in content.files:
        if file.blob is not None:
            blob, size = file.blob, file.size_bytes
        else:
            target = scratch / "part"
            blob, size = blobs.put_file(file.fetch(target))
            target.unlink(missing_ok=True)
        kept.append(SnapshotFile(path=file.path, blob=blob, size_bytes=size))
    return Snapshot(files=kept, is_file=content.is_file)


def table(type_: str, content: Content, store: Store, blobs: Blobs, places: Places) -> TableRef:
    """The table that data of this type is, for the process that reads it.

    Raises:
        Invalid: its MLTable file is wrong.
        NotFound: a file that it names is not there.
    """
    files, spec = content.files, None
    if type_ == "mltable":
        spec, files = listed(content, store, blobs, places)
    opened: list[Place] = []
    refs = []
    for file in files:
        if file.local is not None:
            refs.append(_ref(file, str(file.local), None))
            continue
        assert file.place
        assert file.found
        if file.place not in opened:
            opened.append(file.place)
        refs.append(_ref(file, file.found.full, opened.index(file.place)))
    return TableRef(files=refs, places=[_place(place, places) for place in opened], mltable=spec)


def listed(
    content: Content, store: Store, blobs: Blobs, places: Places
) -> tuple[dict[str, object], list[ContentFile]]:
    """An MLTable's steps, and the files that it lists, in its order.

    Raises:
        Invalid: the file is wrong, or lists what is not there.
    """
    marker = next((file for file in content.files if file.path == FILE), None)
    if marker is None:
        raise Invalid(f"There is no file '{FILE}' in it.")
    spec = table_spec(marker.read())
    found: list[ContentFile] = []
    for index, path in enumerate(spec.paths):
        try:
            for file in _of_path(path, content.files, store, blobs, places):
                if file not in found:
                    found.append(file)
        except (NotFound, Invalid) as error:
            raise Invalid.field(f"paths.{index}", error.message) from None
    return _told(spec), found


def _of_path(
    path: TablePath, files: Sequence[ContentFile], store: Store, blobs: Blobs, places: Places
) -> list[ContentFile]:
    said = path.file or path.folder or path.pattern or ""
    if "://" in said or said.startswith("azureml:"):
        return of(said, store, blobs, places).files
    if said.startswith(("/", "~", "..")):
        raise Invalid(f"'{said}' is not in the folder of the table, and no address.")
    by_name = {file.path: file for file in files}
    return [by_name[f.name] for f in chosen(path, [TableFile(name, name) for name in by_name])]


def _told(spec: MLTableSpec) -> dict[str, object]:
    return spec.model_dump(mode="json", by_alias=True, exclude_none=True)


def _snapshot(path: str, store: Store, blobs: Blobs) -> Snapshot | None:
    if REFERENCE.match(path):
        return snapshots.load(store, blobs, path)
    if path.startswith(SCHEME):
        return artifacts.frozen(store, path.removeprefix(SCHEME).strip("/"), path)
    if artifacts.REFERENCE.match(path):
        return artifacts.load(store, path)
    return None


def _ref(file: ContentFile, location: str, place: int | None) -> FileRef:
    return FileRef(
        name=file.path,
        location=location,
        place=place,
        size_bytes=file.size_bytes,
        stamp=file.stamp,
    )


def _place(place: Place, places: Places) -> PlaceRef:
    spec = place.spec.model_dump(mode="json", by_alias=True, exclude_none=True)
    if place.spec.name == "_":
        return PlaceRef(spec=spec)
    return PlaceRef(spec=spec, secrets=places.spec(place.spec.name)[1])
