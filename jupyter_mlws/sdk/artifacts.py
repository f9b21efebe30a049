"""Files that a run left, fetched."""

from __future__ import annotations

from pathlib import Path

from jupyter_mlws.entities.errors import NotFound
from jupyter_mlws.sdk.client import MLClient


def fetch(client: MLClient, run_id: str, target: Path, path: str = "") -> list[Path]:
    """Fetch a file or folder of a run, or all of its files; answers where they lie now.

    Raises:
        NotFound: there is nothing, or a name leads out of the folder.
    """
    root, path = target.resolve(), path.strip("/")
    items = client.call("runs.list_artifacts", run_id=run_id, recursive=True)
    chosen = [
        item
        for item in items
        if not item.is_dir and (not path or f"{item.path}/".startswith(f"{path}/"))
    ]
    if not chosen:
        raise NotFound(
            f"Run '{run_id}' left nothing at '{path}'." if path else "There are no files."
        )
    made = []
    for item in chosen:
        place = (root / item.path).resolve()
        if root not in place.parents:
            raise NotFound(f"'{item.path}' leads out of the folder.")
        if not place.is_file() or place.stat().st_size != item.size_bytes:
            given = {"run_id": run_id, "path": item.path}
            client.transport.download("runs.read_artifact", given, place)
        made.append(place)
    return made
