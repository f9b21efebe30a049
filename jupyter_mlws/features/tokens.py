"""Tokens: who speaks to the workspace, and until when."""

from __future__ import annotations

import hashlib
import secrets
from datetime import timedelta
from threading import Lock
from typing import Any

from jupyter_mlws.entities.access import OWN_TOKENS, ROLES, NewToken, Principal, Token, TokenSpec
from jupyter_mlws.entities.errors import Denied, Invalid, NotFound, Unauthenticated
from jupyter_mlws.entities.record import now
from jupyter_mlws.features.operations import operation
from jupyter_mlws.features.workspace import Workspace
from jupyter_mlws.store.base import Store

KIND = "token"


class Tokens:
    """Finds the principal of a token; only hashes are kept, on disk and in memory."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = Lock()
        self._known: dict[str, Token] = {
            record.name: Token.model_validate(record.doc) for record in store.list_records(KIND)
        }

    def principal(self, token: str) -> Principal:
        """Who speaks with this token.

        Raises:
            Unauthenticated: nobody, or it has expired.
        """
        known = self._known.get(fingerprint(token))
        if known is None or (known.expires_at and known.expires_at <= now()):
            raise Unauthenticated("The token is not known here, was revoked or has expired.")
        return Principal(name=known.user, role=known.role, run_id=known.run_id)

    def add(self, token: str, spec: Token, *, by: str = "system") -> None:
        """Make `token` valid. Adding it again changes what it stands for."""
        doc = spec.model_dump(mode="json")
        with self._lock:
            with self._store.change(by, "access/tokens/write", f"token:{spec.id}") as tx:
                tx.put_record(KIND, fingerprint(token), doc)
            self._known[fingerprint(token)] = spec

    def revoke(self, id: str, *, by: str = "system") -> None:
        """End a token; one that is not there is no error."""
        with self._lock:
            for hashed, token in list(self._known.items()):
                if token.id == id:
                    with self._store.change(by, "access/tokens/delete", f"token:{id}") as tx:
                        tx.delete_record(KIND, hashed)
                    del self._known[hashed]

    @property
    def fingerprints(self) -> frozenset[str]:
        """What is kept of the tokens."""
        return frozenset(self._known)

    def all(self) -> list[Token]:
        """Every token, oldest first."""
        return sorted(self._known.values(), key=lambda token: token.created_at)


def fingerprint(token: str) -> str:
    """What is kept of a token: tokens are random, so a plain SHA-256 cannot be turned back."""
    return hashlib.sha256(token.encode()).hexdigest()


@operation("access/tokens/write")
def create(ws: Workspace, spec: TokenSpec) -> NewToken:
    """Make a token; it is shown this once.

    Raises:
        Invalid: there is no such role.
        Denied: the role may do more than the caller.
    """
    if spec.role not in ROLES or spec.role in OWN_TOKENS:
        known = ", ".join(role for role in ROLES if role not in OWN_TOKENS)
        raise Invalid.field("spec.role", f"there is no role '{spec.role}'; there are: {known}.")
    if ws.principal.role != "Owner":
        raise Denied("Only an Owner makes tokens.")
    made = f"mlws_{secrets.token_urlsafe(32)}"
    expires_at = now() + timedelta(seconds=spec.expires_in_s) if spec.expires_in_s else None
    known_as = Token(
        id=secrets.token_hex(6),
        name=spec.name,
        user=spec.user or ws.principal.name,
        role=spec.role,
        created_at=now(),
        expires_at=expires_at,
    )
    ws.tokens.add(made, known_as, by=ws.principal.name)
    return NewToken(token=made, **_fields(known_as))


@operation("access/tokens/read")
def list_(ws: Workspace) -> list[Token]:
    """All tokens, without themselves; those of running jobs too."""
    return ws.tokens.all()


@operation("access/tokens/delete")
def delete(ws: Workspace, id: str) -> None:
    """Revoke a token at once.

    Raises:
        NotFound: there is none of this id.
    """
    if all(token.id != id for token in ws.tokens.all()):
        raise NotFound(f"There is no token '{id}'.")
    ws.tokens.revoke(id, by=ws.principal.name)


def _fields(token: Token) -> dict[str, Any]:
    return {name: getattr(token, name) for name in Token.model_fields}
