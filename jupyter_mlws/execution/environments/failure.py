"""What uv says when it cannot do what it was asked for, in a sentence for people. Pure functions."""

from __future__ import annotations

import re

from jupyter_mlws.entities.errors import Invalid, MlwsError, Unavailable

MAX_TEXT = 1500
_NO_NETWORK = (
    "dns error",
    "failed to fetch",
    "error sending request",
    "connection refused",
    "network is unreachable",
    "client error (connect)",
    "request failed after",
    "timed out",
)
_NO_SPACE = "no space left on device"


def first_error(log: str) -> MlwsError:
    """The error that a log of uv tells: whose fault it is, and uv's own explanation as one text."""
    low = log.lower()
    if _NO_SPACE in low:
        return Unavailable("The environment cannot be written: there is no space left on the disk.")
    text = _explanation(log)
    if any(sign in low for sign in _NO_NETWORK):
        return Unavailable(f"The package index cannot be reached: {text}")
    return Invalid(f"The environment cannot be made: {text}")


def _explanation(log: str) -> str:
    """From the first line that tells an error on, without the drawing; of a traceback the last line."""
    lines = [_plain(line) for line in log.splitlines()]
    start = next(
        (place for place, line in enumerate(lines) if re.match(r"[×✗]|error:|No solution", line)),
        max(0, len(lines) - 5),
    )
    rest = [line.lstrip("×✗ ").removeprefix("error: ") for line in lines[start:]]
    rest = rest[: next((n for n, line in enumerate(rest) if line.startswith("$ ")), len(rest))]
    said = next((n for n, line in enumerate(rest) if line in {"[stderr]", "[stdout]"}), len(rest))
    found, output = rest[:said], rest[said:]
    found += [line for line in output if re.match(r"\w*(Error|Exception)\b", line)][-1:]
    text = re.sub(r":? cause: ", ": ", " ".join(line for line in found if line)).strip()
    return text if len(text) <= MAX_TEXT else f"{text[:MAX_TEXT]} …"


def _plain(line: str) -> str:
    return re.sub(r"^[\s├╰│─▶]+", "", line).strip()
