"""Finds plug-ins by entry point; names a broken one and goes on without it."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from functools import cache
from importlib.metadata import entry_points
from typing import Any

from jupyter_mlws.entities.errors import PluginMissing

logger = logging.getLogger(__name__)


@cache
def load_all(group: str) -> dict[str, Any]:
    """Every plug-in of `jupyter_mlws.<group>` that loads, by name.

    A plug-in that does not load is named in the log and left out, so that one broken package
    switches off only itself.
    """
    return dict(_load(group))


def load(group: str, name: str) -> Any:
    """The plug-in `name` of `jupyter_mlws.<group>`.

    Raises:
        PluginMissing: no installed package offers it, or it does not load.
    """
    try:
        return load_all(group)[name]
    except KeyError:
        known = ", ".join(sorted(load_all(group))) or "none"
        raise PluginMissing(
            f"No plug-in '{name}' in 'jupyter_mlws.{group}' (there are: {known})."
        ) from None


def names(group: str) -> set[str]:
    """Names of the plug-ins of `jupyter_mlws.<group>` that load."""
    return set(load_all(group))


def _load(group: str) -> Iterator[tuple[str, Any]]:
    for point in entry_points(group=f"jupyter_mlws.{group}"):
        try:
            yield point.name, point.load()
        except Exception:
            logger.exception("Plug-in '%s' of 'jupyter_mlws.%s' does not load", point.name, group)
