"""A search space proposed from what a notebook says of its parameters: ranges, choices, defaults."""

from __future__ import annotations

import math
from typing import Any

from jupyter_mlws.entities.interface import Interface, Port
from jupyter_mlws.entities.sweep import SpaceProposal

NUMBERS = ("number", "integer")
AROUND = 10.0
"""A guess reaches from a tenth of the default to ten times the default."""
INSIDE = 1e-6
"""Of the width of a range whose end is not part of it."""


def proposed(interface: Interface) -> SpaceProposal:
    """The space that the brackets and annotations of a parameters cell suggest."""
    found = SpaceProposal(search_space={})
    for port in interface.inputs:
        if (said := _said(port)) is not None:
            found.search_space[port.name], found.reasons[port.name] = said
            continue
        if (guess := _guessed(port)) is not None:
            found.guesses[port.name] = guess
        if port.required:
            found.required.append(port.name)
        elif port.type != "secret":
            found.fixed[port.name] = port.default
    found.metrics = [port.name for port in interface.outputs if port.type in NUMBERS]
    return found


def _said(port: Port) -> tuple[dict[str, Any], str] | None:
    """What is said of a parameter, as a distribution, and in which words."""
    if port.choices and len(port.choices) > 1:
        shown = "|".join(str(choice) for choice in port.choices)
        return {"type": "choice", "values": list(port.choices)}, f"[{shown}]"
    if port.type not in (*NUMBERS, "any"):
        return None
    low = port.minimum if port.minimum is not None else port.exclusive_minimum
    high = port.maximum if port.maximum is not None else port.exclusive_maximum
    if low is None or high is None or low >= high:
        return None
    words = f"[{low:g}..{high:g}{' log' if port.log else ''}]"
    width = (high - low) * INSIDE
    low = low if port.minimum is not None else low + width
    high = high if port.maximum is not None else high - width
    return between(low, high, log=port.log, whole=port.type == "integer"), words


def _guessed(port: Port) -> dict[str, Any] | None:
    """What might be tried of a parameter that says nothing but its default."""
    default = port.default
    if isinstance(default, bool):
        return {"type": "choice", "values": [True, False]}
    if port.type not in NUMBERS or not isinstance(default, (int, float)) or default <= 0:
        return None
    if not math.isfinite(default):
        return None
    whole = port.type == "integer"
    low, high = default / AROUND, default * AROUND
    least = port.minimum if port.minimum is not None else low
    most = port.maximum if port.maximum is not None else high
    low, high = max(low, least, 1.0 if whole else 0.0), min(high, most)
    return between(low, high, log=True, whole=whole) if low < high else None


def between(low: float, high: float, *, log: bool, whole: bool) -> dict[str, Any]:
    """The distribution over a range."""
    if log and low > 0:
        said = {"type": "loguniform", "min_value": math.log(low), "max_value": math.log(high)}
        return {**said, "type": "qloguniform", "q": 1} if whole else said
    said = {"type": "uniform", "min_value": low, "max_value": high}
    return {**said, "type": "quniform", "q": 1} if whole else said
