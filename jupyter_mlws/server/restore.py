"""`python -m jupyter_mlws.server.restore FILE DIRECTORY`: a workspace back from a backup, offline."""

from __future__ import annotations

import sys
from pathlib import Path

from jupyter_mlws.entities.errors import MlwsError
from jupyter_mlws.store.care import restore


def main(argv: list[str]) -> int:
    """Fill an empty directory from a backup file; answers the exit code."""
    file, directory = argv
    try:
        restore(Path(file), Path(directory))
    except MlwsError as error:
        print(error.message, file=sys.stderr)  # noqa: T201 - the caller shows it
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
