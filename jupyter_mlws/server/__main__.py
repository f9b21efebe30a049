"""`python -m jupyter_mlws.server` and `jupyter mlws`: the workspace service."""

from __future__ import annotations

import sys


def main(argv: list[str] | None = None) -> None:
    """Run the service until it is stopped; listens on loopback unless told otherwise."""
    # jsonschema would compile a grammar for one format check: a second and 60 MB for nothing here.
    sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]
    from jupyter_mlws.server.app import main as run

    run(argv)


if __name__ == "__main__":
    main()
