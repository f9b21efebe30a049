"""Data that drifts: each new version is compared with the one before, when somebody listens."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING

from jupyter_mlws.entities.errors import MlwsError
from jupyter_mlws.entities.trigger import DRIFTED
from jupyter_mlws.execution import assets, contents
from jupyter_mlws.execution.analyses import Analyses, key_of
from jupyter_mlws.execution.automation.happenings import Follower, Happening
from jupyter_mlws.reading.request import Request

if TYPE_CHECKING:
    from jupyter_mlws.entities.profile import VersionComparison
    from jupyter_mlws.execution.places import Places
    from jupyter_mlws.store.base import Blobs, Doc, Record, Store

logger = logging.getLogger(__name__)

KIND = "drift"
WHO = "automation"
MUCH = 0.25
"""Population stability index from which a column has drifted. Source: credit scoring's rule of thumb."""
WAIT_S = 1.0


class Drifting:
    """Compares versions as they are made. `turn` in one thread at a time."""

    def __init__(self, store: Store, blobs: Blobs, places: Places) -> None:
        self._store, self._blobs, self._places = store, blobs, places
        self._analyses = Analyses()
        self._follower = Follower(store, "drift", self._see_to)
        self._stopped = threading.Event()

    def turn(self, *, listens: bool) -> None:
        """Compare what is new; without listeners it is only passed by."""
        self._follower.turn(listens=listens)

    def stop(self) -> None:
        """Wait for no comparison any more: what was not finished is begun anew after the next start."""
        self._stopped.set()

    def _see_to(self, happening: Happening) -> bool:
        if happening.kind != "data.created":
            return False
        name, version = happening.data["name"], happening.data["version"]
        if self._store.find_record(KIND, name, version):
            return False
        try:
            return self._compare(name, version)
        except MlwsError as error:
            logger.info("Data '%s:%s' was not compared: %s", name, version, error.message)
            return False

    def _compare(self, name: str, version: str) -> bool:
        after = assets.find(self._store, "data", name, version)
        base = _before(self._store.list_records("data", name=name, view="all"), version)
        if base is None:
            return False
        tables = [
            contents.table(
                str(record.doc["content"]["type"]),
                contents.of(assets.path_of(record), self._store, self._blobs, self._places),
                self._store,
                self._blobs,
                self._places,
            )
            for record in (base, after)
        ]
        request = Request(task="compare", tables=tables)
        key = key_of(request)
        seen = self._analyses.get(self._store, key, request, WHO, action="data/read")
        while seen.state == "running":
            if self._stopped.is_set():
                raise InterruptedError("The service stops.")
            seen = self._analyses.wait(key, seen, WAIT_S)
        drift = _drift(seen.comparison) if seen.comparison else None
        if drift is None:
            return False
        doc = {"base": base.version, **drift}
        with self._store.change(WHO, "data/drifted", f"data:{name}@{version}") as tx:
            tx.put_record(KIND, name, doc, version=version)
            tx.note(kind=DRIFTED, name=name, version=version, **doc)
        return True


def _before(versions: list[Record], version: str) -> Record | None:
    """The version that was made before this one; `versions` are oldest first."""
    made = [record for record in versions if record.version]
    at = next(number for number, record in enumerate(made) if record.version == version)
    return made[at - 1] if at else None


def _drift(comparison: VersionComparison) -> Doc | None:
    """Which columns drifted; None when none did."""
    moved = [
        column
        for column in comparison.columns
        if (column.psi or 0) >= MUCH or column.state in ("removed", "retyped")
    ]
    if not moved:
        return None
    return {
        "columns": ", ".join(column.name for column in moved),
        "psi": round(max((column.psi or 0) for column in moved), 4),
    }
