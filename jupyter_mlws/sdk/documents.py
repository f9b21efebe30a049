"""YAML files on the caller's side."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TextIO

from jupyter_mlws.entities.errors import Invalid, Problem
from jupyter_mlws.entities.yaml import Document, parse


def read(source: str | os.PathLike[str] | TextIO) -> tuple[Document, Path]:
    """What a YAML file says, and the folder from which its paths start.

    Raises:
        Invalid: it cannot be read.
    """
    if not isinstance(source, (str, os.PathLike)):
        return parse(source.read(), file=getattr(source, "name", None)), Path.cwd()
    path = Path(source)
    try:
        return parse(path.read_bytes(), file=str(source)), path.absolute().parent
    except OSError as error:
        raise Invalid.of([Problem(f"cannot be read: {error.strerror}", file=str(source))]) from None
