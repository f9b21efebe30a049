"""Which runs read or made a version of data or a model, told by the edges of the lineage."""

from __future__ import annotations

from jupyter_mlws.entities.errors import NotFound
from jupyter_mlws.entities.lineage import FLOWS, AssetUse
from jupyter_mlws.entities.record import from_ms
from jupyter_mlws.features.workspace import Workspace
from jupyter_mlws.store.base import Record


def of(ws: Workspace, record: Record) -> list[AssetUse]:
    """The runs that read or made a version, newest first."""
    node = f"{record.kind}:{record.name}@{record.version}"
    found = []
    for outgoing in (True, False):
        for source, relation, target, doc in ws.store.edges(node, outgoing=outgoing):
            other = target if outgoing else source
            if not other.startswith("run:") or relation not in FLOWS:
                continue
            try:
                row = ws.store.get_run(other.partition(":")[2], with_data=False)
            except NotFound:
                continue
            found.append(
                AssetUse(
                    run_id=row.run_id,
                    name=row.name,
                    status=row.status,
                    relation="input" if outgoing else "output",
                    started_at=None if row.start_ms is None else from_ms(row.start_ms),
                    inputs=list(doc.get("inputs", ())),
                )
            )
    return sorted(found, key=lambda use: str(use.started_at or ""), reverse=True)
