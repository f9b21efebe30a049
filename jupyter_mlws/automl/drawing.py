"""What a trial tries: each algorithm once, then what Optuna expects the most of, as in sweeps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from jupyter_mlws.automl.algorithms import Algorithm, Range, Values
from jupyter_mlws.entities.azure.sweep import Choice
from jupyter_mlws.execution.search import drawing
from jupyter_mlws.execution.search.drawing import Told
from jupyter_mlws.execution.search.space import Dimension, Point, flattened, values

ALGORITHM = "algorithm"


@dataclass(frozen=True, slots=True)
class Draw:
    """What one trial tries."""

    algorithm: str
    values: Values = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Tried:
    """A draw, and how good it was; more is better, None when it failed or runs."""

    draw: Draw
    score: float | None
    is_running: bool = False


def next_draw(
    known: Mapping[str, Algorithm], tried: Sequence[Tried], number: int, seed: int
) -> Draw:
    """What trial `number` tries.

    Args:
        known: the algorithms that may be used, in the order in which they are tried first.
    """
    names = list(known)
    if number < len(names):
        return Draw(names[number], dict(known[names[number]].first))
    known = {name: each for name, each in known.items() if each.space}
    names = list(known)
    dimensions = _dimensions(known)
    told = [_told(known, one) for one in tried if one.draw.algorithm in known]
    point = drawing.bayesian(dimensions, seed, number, told, maximize=True)
    name = names[int(point[ALGORITHM])]
    found: dict[str, Any] = values(dimensions, point)[ALGORITHM]
    return Draw(
        name,
        {
            key: float(f"{found[key]:.4g}")
            if isinstance(each, Range) and not each.is_whole
            else found[key]
            for key, each in known[name].space.items()
        },
    )


def _dimensions(known: Mapping[str, Algorithm]) -> list[Dimension]:
    """One space: the algorithm, and under each its parameters."""
    options: list[Any] = [{"name": name, **each.distributions} for name, each in known.items()]
    return flattened({ALGORITHM: Choice(type="choice", values=options)})


def _told(known: Mapping[str, Algorithm], one: Tried) -> Told:
    index = list(known).index(one.draw.algorithm)
    point: Point = {ALGORITHM: index}
    places = known[one.draw.algorithm].positions(one.draw.values)
    point |= {f"{ALGORITHM}.{index}.{key}": place for key, place in places.items()}
    if one.is_running:
        return Told(point, "running")
    return Told(point, "failed" if one.score is None else "completed", one.score)
