"""The process of an import: `python -m jupyter_mlws.execution.importer FOLDER`."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

from jupyter_mlws.entities.connection import FileSource
from jupyter_mlws.entities.errors import MlwsError
from jupyter_mlws.entities.job import Progress
from jupyter_mlws.execution.imports import Errand, fetch

STATE = "import.json"
"""In the attempt's folder: how far it is, then what it came to."""
GAP_S = 0.5


def main() -> int:
    """Bring in what the errand of an attempt's folder says; 0 when all is there."""
    folder = Path(sys.argv[1])
    errand = Errand.take(folder)
    print(f"Bringing in {_what(errand)}.", flush=True)  # noqa: T201
    told_at = 0.0

    def report(done: int, total: int, unit: str) -> None:
        nonlocal told_at
        at = time.monotonic()
        if at - told_at >= GAP_S or done == total:
            told_at = at
            _say(folder, progress=Progress(done=done, total=total, unit=unit).model_dump())
            print(f"{done} {unit}" + (f" of {total}" if total else ""), flush=True)  # noqa: T201

    try:
        _say(folder, made=fetch(errand, report))
    except MlwsError as error:
        _say(folder, error=error.message)
        print(error.message, file=sys.stderr)  # noqa: T201
        return 1
    return 0


def _what(errand: Errand) -> str:
    source = errand.source
    if isinstance(source, FileSource):
        return f"'{source.path}'" + (f" of {source.connection}" if source.connection else "")
    what = source.query or source.table_name or source.stored_procedure
    return f"'{what}' of {source.connection}"


def _say(folder: Path, **state: Any) -> None:
    part = folder / f".{STATE}.part"
    part.write_text(json.dumps(state))
    part.replace(folder / STATE)


if __name__ == "__main__":
    sys.exit(main())
