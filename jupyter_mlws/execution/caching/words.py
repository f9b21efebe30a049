"""Why a job ran, or was reused, in words."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from difflib import SequenceMatcher
from typing import Any

from jupyter_mlws.entities.pipeline import Why
from jupyter_mlws.execution import records
from jupyter_mlws.execution.caching.key import Key
from jupyter_mlws.store.base import Store

MOST = 6


def why(store: Store, name: str) -> Why:
    """Why a job ran, or was reused.

    Raises:
        NotFound: there is no such job.
    """
    doc = records.get(store, name).doc
    cache, source = doc.get("cache") or {}, doc.get("reused_from")
    policy, parts = cache.get("policy", "off"), cache.get("parts")
    found = Why(job=name, reused_from=source, key=cache.get("key"))
    if parts:
        found.parts = Key(parts).fingerprints
    if source:
        found.compared_with = source
        found.sentence = f"reused: same as job '{source}'"
        return found
    if policy == "off" or not parts:
        reason = "reuse is off" if policy == "off" else "it reads what has no version"
        found.reasons = [reason]
        found.sentence = f"ran: {reason}"
        return found
    near = cache.get("nearest")
    other = store.find_record(records.KIND, near) if near else None
    found.compared_with = near if other else None
    found.reasons = list(_reasons(cache, other.doc.get("cache") if other else None))
    shown = found.reasons[:MOST]
    more = len(found.reasons) - len(shown)
    found.sentence = f"ran: {', '.join(shown)}" + (f" and {more} more" if more else "")
    return found


def differences(new: Mapping[str, Any], old: Mapping[str, Any]) -> Iterator[str]:
    """What differs between the parts of two keys, for people."""
    yield from _code(new["code"], old["code"])
    yield from _changed(new["files"], old["files"], "{} changed", "{} is new", "{} is gone")
    for name in {**new["values"], **old["values"]}:
        before, now = old["values"].get(name), new["values"].get(name)
        if before == now and (name in new["values"]) == (name in old["values"]):
            continue
        if str(now).startswith("secret ") or str(before).startswith("secret "):
            yield f"secret '{name}' changed"
        else:
            yield f"`{name}` {_short(before)} to {_short(now)}"
    yield from _changed(
        new["inputs"],
        old["inputs"],
        "input '{}' changed",
        "input '{}' is new",
        "input '{}' is gone",
    )
    if new["environment"] != old["environment"]:
        yield "the packages of the environment changed"
    salt = {"salt": None}
    if {**salt, **new["outside"]}["salt"] != {**salt, **old["outside"]}["salt"]:
        yield "the salt changed"
    elif new["outside"] != old["outside"]:
        yield "what lies at a web address changed"


def _reasons(cache: Mapping[str, Any], other: Mapping[str, Any] | None) -> Iterator[str]:
    if cache.get("too_old"):
        yield f"the result of job '{cache['too_old']}' is too old"
    elif not other or not other.get("parts"):
        yield "no earlier result of this step"
    else:
        found = list(differences(cache["parts"], other["parts"]))
        yield from found
        if not found:
            yield "asked to run again" if cache["policy"] == "refresh" else "its result is gone"


def _code(new: Mapping[str, Any], old: Mapping[str, Any]) -> Iterator[str]:
    yield from _cells(new.get("cells") or [], old.get("cells") or [])
    for name in {**new, **old}:
        if name != "cells" and new.get(name) != old.get(name):
            yield {"command": "the command changed", "outputs": "the outputs changed"}.get(
                name, f"{name.replace('_', ' ')} changed"
            )


def _cells(new: list[str], old: list[str]) -> Iterator[str]:
    for word, i, j, k, m in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if word == "replace":
            yield from (f"code cell {number + 1} changed" for number in range(k, m))
        elif word == "insert":
            yield from (f"code cell {number + 1} is new" for number in range(k, m))
        elif word == "delete":
            yield "a code cell is gone" if j - i == 1 else f"{j - i} code cells are gone"


def _changed(
    new: Mapping[str, Any], old: Mapping[str, Any], changed: str, added: str, gone: str
) -> Iterator[str]:
    for name in {**new, **old}:
        if name not in old:
            yield added.format(name)
        elif name not in new:
            yield gone.format(name)
        elif new[name] != old[name]:
            yield changed.format(name)


def _short(value: Any) -> str:
    if value is None:
        return "unset"
    said = value if isinstance(value, str) else json.dumps(value)
    return said if len(said) <= 40 else f"{said[:37]}…"
