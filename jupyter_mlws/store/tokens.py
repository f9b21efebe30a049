"""Page tokens: where the page before ended, opaque to those who carry them."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Sequence
from typing import Any

from jupyter_mlws.entities.errors import Invalid


def write_token(query: str, last: Sequence[Any]) -> str:
    """The token of a page that ended with `last`, for a query of which `query` is the mark."""
    return base64.urlsafe_b64encode(json.dumps([query, *last]).encode()).decode()


def read_token(token: str, query: str, types: Sequence[type]) -> list[Any]:
    """What `write_token` was given as `last`.

    Raises:
        Invalid: this is no token, or one of another query.
    """
    try:
        mark, *last = json.loads(base64.b64decode(token, altchars=b"-_", validate=True))
    except (binascii.Error, ValueError, TypeError):
        raise Invalid.field("page_token", "Invalid page token, could not base64-decode") from None
    if mark != query or [type(value) for value in last] != list(types):
        raise Invalid.field("page_token", "Invalid page token: it belongs to another query")
    return last
