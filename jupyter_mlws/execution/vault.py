"""Credentials at rest: what is secret of datastores, connections and named secrets, sealed."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from jupyter_mlws.entities.connection import CREDENTIALS
from jupyter_mlws.entities.datastore import Credentials, DatastoreSpec, datastore_spec
from jupyter_mlws.entities.errors import NotFound
from jupyter_mlws.entities.validation import did_you_mean
from jupyter_mlws.execution.sealing import MASK

if TYPE_CHECKING:
    from jupyter_mlws.execution.sealing import Seal
    from jupyter_mlws.store.base import Doc, Record, Store

DATASTORE, CONNECTION, SECRET = "datastore", "connection", "secret"


@dataclass(frozen=True, slots=True)
class Vault:
    """Opens what is sealed in the store; only for those who are about to use it."""

    store: Store
    seal: Seal

    def sealed(self, said: Mapping[str, Any], secret: Collection[str]) -> tuple[Doc, Doc]:
        """The fields that may be seen, and those that are secret, sealed."""
        given = {key: value for key, value in said.items() if value is not None}
        plain = {key: value for key, value in given.items() if key not in secret}
        closed = {key: self.seal.close(str(value)) for key, value in given.items() if key in secret}
        return plain, closed

    def datastore(self, record: Record) -> tuple[DatastoreSpec, dict[str, str]]:
        """A datastore and its secrets."""
        doc = record.doc
        secrets = self._opened(doc["sealed"])
        credentials = {**doc["credentials"], **dict.fromkeys(secrets, MASK)}
        return datastore_spec({**doc["spec"], "credentials": credentials or None}), secrets

    def connection(self, record: Record) -> dict[str, str]:
        """The secrets of a connection."""
        return self._opened(record.doc["sealed"])

    def secret(self, name: str) -> str:
        """The value of a secret.

        Raises:
            NotFound: there is none of this name.
        """
        record = self.store.find_record(SECRET, name)
        if record is None:
            raise NotFound(f"There is no secret '{name}' (any more).")
        return self.seal.open(record.doc["sealed"])

    def missing(self, name: str) -> str | None:
        """What is to be said of a secret that is not there; None of one that is."""
        if self.store.find_record(SECRET, name) is not None:
            return None
        known = {record.name for record in self.store.list_records(SECRET, limit=1000)}
        return f"there is no secret '{name}'.{did_you_mean(name, known)}"

    def note_use(self, name: str, job: str) -> None:
        """Write down that a job was given a secret."""
        with self.store.change("dispatcher", "secrets/use", f"{SECRET}:{name}", job=job) as tx:
            record = self.store.find_record(SECRET, name)
            if record is not None:
                now_ms = time.time_ns() // 1_000_000
                tx.put_record(SECRET, name, {**record.doc, "last_used_ms": now_ms})

    def _opened(self, sealed: Mapping[str, str]) -> dict[str, str]:
        return {key: self.seal.open(text) for key, text in sealed.items()}


def secret_fields(kind: str) -> frozenset[str]:
    """The fields of a datastore's, or of a connection's, credentials that are secret."""
    return Credentials.SECRETS if kind == DATASTORE else CREDENTIALS[kind].SECRETS
