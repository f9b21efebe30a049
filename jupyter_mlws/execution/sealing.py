"""Secrets at rest: sealed with a key that lies outside the database."""

from __future__ import annotations

import hmac
import os
from contextlib import suppress
from pathlib import Path

from jupyter_mlws.entities.errors import Unavailable

MASK = "********"
"""What stands in the place of a secret where it must not be seen."""


class Seal:
    """Seals and opens texts. The key is made at first use, in a file that only the owner can read.

    Source: Fernet (AES-128-CBC, HMAC-SHA256) of `cryptography`.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def close(self, text: str) -> str:
        """The sealed text."""
        from cryptography.fernet import Fernet

        return Fernet(self._key()).encrypt(text.encode()).decode()

    def fingerprint(self, text: str) -> str:
        """Tells whether a secret is the same, and nothing else of it."""
        return hmac.new(self._key(), text.encode(), "sha256").hexdigest()[:16]

    def open(self, sealed: str) -> str:
        """The text that was sealed.

        Raises:
            Unavailable: it was sealed with another key.
        """
        from cryptography.fernet import Fernet, InvalidToken

        try:
            return Fernet(self._key()).decrypt(sealed.encode()).decode()
        except InvalidToken:
            raise Unavailable(
                f"A secret cannot be opened: '{self._path}' is not the key it was sealed with."
            ) from None

    def _key(self) -> bytes:
        from cryptography.fernet import Fernet

        draft = self._path.with_name(f".{self._path.name}.{os.getpid()}")
        if not self._path.exists():
            draft.touch(mode=0o600)
            draft.write_bytes(Fernet.generate_key())
            with suppress(FileExistsError):
                os.link(draft, self._path)
            draft.unlink()
        return self._path.read_bytes()
