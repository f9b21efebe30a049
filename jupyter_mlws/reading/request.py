"""What is asked of the process that reads tables: which files, and where they lie."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from jupyter_mlws.entities.record import View


class PlaceRef(View):
    """A storage to be opened, with its secrets. Travels by standard input alone."""

    spec: dict[str, Any]
    secrets: dict[str, str] = Field(default_factory=dict, repr=False)


class FileRef(View):
    """A file of a table."""

    name: str
    location: str
    """A path of this machine, or the name on the storage `place`."""
    place: int | None = None
    size_bytes: int = 0
    stamp: str = ""
    """Changes when the content does."""


class TableRef(View):
    """A table: its files, and for an MLTable its steps."""

    files: list[FileRef]
    places: list[PlaceRef] = Field(default_factory=list)
    mltable: dict[str, Any] | None = None

    @property
    def size_bytes(self) -> int:
        """Of all files."""
        return sum(file.size_bytes for file in self.files)


class Request(View):
    """A piece of work."""

    task: Literal["preview", "profile", "compare"]
    tables: list[TableRef]
    offset: int = 0
    limit: int = 100
