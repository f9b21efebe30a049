"""Pages: the keys that rows are sorted by, and the tokens that say where a page ended."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from jupyter_mlws.entities.errors import Invalid


@dataclass(frozen=True, slots=True)
class Key:
    """Something rows are sorted by: SQL that is never NULL, and the type of what it gives."""

    sql: str
    type: type
    descending: bool = False


def columns(keys: Sequence[Key]) -> str:
    """The keys as columns that are called `k0`, `k1` and so on."""
    return ", ".join(f"{key.sql} AS k{i}" for i, key in enumerate(keys))


def order(keys: Sequence[Key], constant: int = 0) -> str:
    """ORDER BY the columns that `columns` gives, but for the first `constant` ones.

    SQLite sorts whatever is ordered by a constant, even where an index has the order already.
    """
    terms = [f"k{i}{' DESC' if key.descending else ''}" for i, key in enumerate(keys)]
    return ", ".join(terms[constant:])


def after(keys: Sequence[Key], last: Sequence[Any]) -> tuple[str, list[Any]]:
    """The condition that a row comes after the one whose keys were `last`."""
    if not keys:
        return "0", []
    key, value = keys[0], last[0]
    beyond = "<" if key.descending else ">"
    rest, values = after(keys[1:], last[1:])
    # The first half is implied by the second: it is what an index can start from.
    return (
        f"({key.sql} {beyond}= ? AND ({key.sql} {beyond} ? OR {rest}))",
        [value, value, *values],
    )


def write_token(query: str, last: Sequence[Any]) -> str:
    """The token of a page that ended with `last`, for a query of which `query` is the mark."""
    return base64.urlsafe_b64encode(json.dumps([query, *last]).encode()).decode()


def read_token(token: str, query: str, types: Sequence[type]) -> list[Any]:
    """What `write_token` was given as `last`.

    Raises:
        Invalid: this is no token, or one of another query.
    """
    try:
        body = json.loads(base64.b64decode(token, altchars=b"-_", validate=True))
    except (binascii.Error, ValueError):
        raise Invalid.field("page_token", "Invalid page token, could not base64-decode") from None
    if not isinstance(body, list) or not body or body[0] != query:
        raise Invalid.field("page_token", "Invalid page token: it belongs to another query")
    last = body[1:]
    if [type(value) for value in last] != list(types):
        raise Invalid.field("page_token", "Invalid page token: it belongs to another query")
    return last


def require_positive(max_results: int) -> None:
    """Refuse pages that could hold nothing.

    Raises:
        Invalid: `max_results` is less than 1.
    """
    if max_results < 1:
        raise Invalid.field(
            "max_results",
            f"Invalid value {max_results} for parameter 'max_results' supplied."
            " It must be a positive integer",
        )
