"""Transfers: bringing in what another MLflow keeps, in the background, with progress."""

from __future__ import annotations

import asyncio
import secrets
from datetime import timedelta

from jupyter_mlws.entities.access import Token
from jupyter_mlws.entities.errors import Invalid
from jupyter_mlws.entities.record import now
from jupyter_mlws.entities.transfer import Transfer, TransferSpec
from jupyter_mlws.features.operations import operation
from jupyter_mlws.features.workspace import Workspace

MAX_WAIT_S = 30
LONGEST = timedelta(days=7)


@operation("imports/write")
def create(ws: Workspace, transfer: TransferSpec) -> Transfer:
    """Bring in experiments, runs with their histories and files, and models of an MLflow.

    It goes on in the background. Ids stay what they are, and it may be repeated: what is here already does
    not change. With `dry_run` it only counts.

    Raises:
        Conflict: enough transfers are running.
    """
    token = f"mlws_{secrets.token_urlsafe(32)}"
    known_as = Token(
        id=f"transfer:{secrets.token_hex(6)}",
        name="Transfer",
        user=ws.principal.name,
        role=ws.principal.role,
        created_at=now(),
        expires_at=now() + LONGEST,
    )
    ws.tokens.add(token, known_as)

    def ended(made: Transfer) -> None:
        ws.tokens.revoke(known_as.id)
        with ws.change(f"transfer:{made.id}", state=made.state, source=made.source):
            pass

    try:
        made = ws.transfers.start(transfer, ws.principal.name, ws.url, token, ended)
    except BaseException:
        ws.tokens.revoke(known_as.id)
        raise
    with ws.change(f"transfer:{made.id}", source=made.source, dry_run=made.dry_run):
        return made


@operation("imports/read")
def list_(ws: Workspace) -> list[Transfer]:
    """The transfers since the service was started, newest first."""
    return ws.transfers.all()


@operation("imports/read")
async def get(ws: Workspace, id: str, after: int | None = None, wait_s: float = 0) -> Transfer:
    """How far a transfer is.

    Args:
        after: wait until its `step` is greater.
        wait_s: seconds to wait for that, at most 30.
    Raises:
        NotFound: there is none of this id.
        Invalid: `wait_s` is too long.
    """
    if not 0 <= wait_s <= MAX_WAIT_S:
        raise Invalid.field("wait_s", f"must be 0 to {MAX_WAIT_S} (got {wait_s}).")
    return await asyncio.to_thread(ws.transfers.get, id, after, wait_s)


@operation("imports/write")
def cancel(ws: Workspace, id: str) -> Transfer:
    """End a transfer; what it has brought in stays, and another one goes on from there.

    Raises:
        NotFound: there is none of this id.
    """
    return ws.transfers.cancel(id)
