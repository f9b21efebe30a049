"""Keeps secret values out of everything that is written."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

MASK = "***"


class Redactor:
    """Replaces secret values by `***`, in whole values and in streams.

    Values shorter than 3 characters are left alone: masking them would tear every text apart.
    """

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        lines = {line for secret in secrets for line in (secret, *secret.splitlines())}
        self._secrets = sorted((line for line in lines if len(line) >= 3), key=len, reverse=True)
        self._held: dict[str, str] = {}

    def text(self, text: str) -> str:
        """`text` without secrets."""
        for secret in self._secrets:
            if secret in text:
                text = text.replace(secret, MASK)
        return text

    def value(self, value: Any) -> Any:
        """A JSON value without secrets."""
        if not self._secrets:
            return value
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, dict):
            return {self.value(key): self.value(item) for key, item in value.items()}
        if isinstance(value, (list, tuple)):
            return [self.value(item) for item in value]
        return value

    def feed(self, stream: str, text: str) -> str:
        """The next piece of `stream` that is safe to show.

        What could be the beginning of a secret is held back until more of the stream is there.
        """
        text = self.text(self._held.pop(stream, "") + text)
        held = self._beginning(text)
        if held:
            self._held[stream] = text[-held:]
            text = text[:-held]
        return text

    def flush(self, stream: str) -> str:
        """What was held back of a stream that has come to a pause."""
        return self._held.pop(stream, "")

    def _beginning(self, text: str) -> int:
        """Length of the longest end of `text` with which a secret begins."""
        found = 0
        for secret in self._secrets:
            for length in range(min(len(secret) - 1, len(text)), found, -1):
                if text.endswith(secret[:length]):
                    found = length
                    break
        return found
