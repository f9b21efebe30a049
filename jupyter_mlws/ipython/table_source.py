"""A table that a job is to learn from: a version of data, a DataFrame, or files of this machine."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from jupyter_mlws.entities.asset import Data
from jupyter_mlws.entities.errors import Invalid
from jupyter_mlws.entities.mltable import FILE
from jupyter_mlws.entities.profile import Analysis, Profile

if TYPE_CHECKING:
    from jupyter_mlws.sdk.client import MLClient

TABLES = (".csv", ".tsv", ".txt", ".parquet", ".pq", ".json", ".jsonl", ".ndjson", ".gz", ".zst")
DEFAULT_NAME = "training_data"
Register = Callable[[str, Any], Any]
"""From a name and a table to the version of data that was made."""
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


class Table(Protocol):
    """A table.

    Attributes:
        name: of the data that it is, or becomes.
        is_kept: whether it is a version of data already.
        variable: how Python names it; empty where it is kept.
    """

    name: str
    is_kept: bool
    variable: str

    def analysis(self) -> Analysis:
        """What its columns look like, or how far that is; answers within a second where it can."""

    def input(self) -> dict[str, str]:
        """The job's input, as far as it is known before it is kept."""

    def keep(self, register: Register) -> dict[str, str]:
        """Make it a version of data where it is none; answers the job's input."""


class KeptTable:
    """A version of data."""

    is_kept = True
    variable = ""

    def __init__(self, client: MLClient, asset: Any) -> None:
        self._client = client
        self._asset = asset
        self.name: str = asset.name

    def analysis(self) -> Analysis:
        """What the service has found out of its columns."""
        asset = self._asset
        found: Analysis = self._client.call(
            "data.profile", name=asset.name, version=asset.version, wait_s=1
        )
        return found

    def input(self) -> dict[str, str]:
        """The job's input."""
        asset = self._asset
        return {"type": asset.type, "path": f"azureml:{asset.name}:{asset.version}"}

    def keep(self, register: Register) -> dict[str, str]:
        """The job's input; there is nothing to do."""
        return self.input()


class OwnTable:
    """A DataFrame, or files of this machine: looked at here, kept when the job starts."""

    is_kept = False

    def __init__(self, value: Any) -> None:
        self.value = value
        self.variable = _variable(value) if is_frame(value) else repr(os.fspath(value))
        name = self.variable if is_frame(value) else Path(value).name.split(".")[0]
        self.name = name if _NAME.fullmatch(name) else DEFAULT_NAME

    def analysis(self) -> Analysis:
        """What its columns look like, all at once."""
        with tempfile.TemporaryDirectory(prefix="mlws-table-") as folder:
            return Analysis(state="ready", progress=1, profile=_profile(self._file(Path(folder))))

    def input(self) -> dict[str, str]:
        """The job's input: the version that will be the latest."""
        type_ = "uri_file"
        if not is_frame(self.value) and Path(self.value).is_dir():
            type_ = "mltable" if (Path(self.value) / FILE).is_file() else "uri_folder"
        return {"type": type_, "path": f"azureml:{self.name}@latest"}

    def keep(self, register: Register) -> dict[str, str]:
        """Make it the next version of the data of its name; answers the job's input."""
        made = register(self.name, self.value)
        return {"type": made.type, "path": f"azureml:{made.name}:{made.version}"}

    def _file(self, folder: Path) -> Path:
        """What can be read as it is."""
        from jupyter_mlws import mltable

        made = folder / "table.parquet"
        if is_frame(self.value):
            write_parquet(self.value, made)
            return made
        place = Path(self.value)
        if (place / FILE).is_file():
            write_parquet(mltable.read(place), made)
            return made
        return place


def table_of(client: MLClient, given: Any) -> Table:
    """The table that a DataFrame, a path, a reference or a version of data means.

    Raises:
        NotFound: there is no such data.
        Invalid: there is nothing at the path, or it is nothing of this.
    """
    from jupyter_mlws.sdk import contents

    if isinstance(given, Data):
        return KeptTable(client, given)
    if is_frame(given):
        return OwnTable(given)
    if not isinstance(given, (str, os.PathLike)):
        message = f"is a DataFrame, data of the workspace or a path (got {type(given).__name__})."
        raise Invalid.field("data", message)
    path = Path(given).expanduser()
    if path.exists():
        return OwnTable(path)
    if isinstance(given, str) and contents.REFERENCE.match(given) and not given.endswith(TABLES):
        return KeptTable(client, contents.find(client, given))
    raise Invalid.field("data", f"there is nothing at '{given}'.")


def is_frame(value: Any) -> bool:
    """Whether it is a DataFrame."""
    return hasattr(value, "to_parquet")


def write_parquet(frame: Any, file: Path) -> None:
    """Write a DataFrame.

    Raises:
        Invalid: it has what Parquet cannot keep.
    """
    try:
        frame.to_parquet(file, index=False)
    except (ValueError, TypeError, NotImplementedError) as error:
        raise Invalid.field("value", f"cannot be kept as Parquet: {error}") from None


def _profile(place: Path) -> Profile:
    from jupyter_mlws import mltable
    from jupyter_mlws.reading import work
    from jupyter_mlws.reading.request import FileRef, Request, TableRef

    files = [
        FileRef(
            name=file.name, location=file.location, size_bytes=Path(file.location).stat().st_size
        )
        for file in mltable.files_of(place)
    ]
    request = Request(task="profile", tables=[TableRef(files=files)])
    return work.profile(request, lambda progress, step: None)


def _variable(value: Any) -> str:
    """The name that the notebook has given it."""
    from IPython.core.getipython import get_ipython

    shell = get_ipython()
    names = shell.user_ns.items() if shell else ()
    return next((n for n, v in list(names) if v is value and not n.startswith("_")), "df")
