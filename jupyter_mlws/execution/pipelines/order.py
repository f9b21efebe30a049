"""In which order the steps of a pipeline can run."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from graphlib import CycleError, TopologicalSorter


def ordered(before: Mapping[str, Collection[str]]) -> list[str]:
    """All steps, each after those that it needs; in the order of the document where that is free.

    Raises:
        CycleError: some need each other; `args[1]` names them in a circle.
    """
    place = {key: number for number, key in enumerate(before)}
    sorter = TopologicalSorter(before)
    sorter.prepare()
    found: list[str] = []
    ready: list[str] = []
    while sorter.is_active():
        ready = sorted([*ready, *sorter.get_ready()], key=lambda key: place.get(key, -1))
        key = ready.pop(0)
        found.append(key)
        sorter.done(key)
    return [key for key in found if key in place]


def around(before: Mapping[str, Collection[str]], start: str, *, upwards: bool) -> set[str]:
    """The step with all that it needs, or with all that need it."""
    below: dict[str, set[str]] = {key: set() for key in before}
    for key, needed in before.items():
        for name in needed:
            below.setdefault(name, set()).add(key)
    neighbours: Mapping[str, Collection[str]] = before if upwards else below
    found, todo = {start}, [start]
    while todo:
        new = set(neighbours.get(todo.pop(), ())) - found
        found |= new
        todo += sorted(new)
    return found


__all__ = ["CycleError", "around", "ordered"]
