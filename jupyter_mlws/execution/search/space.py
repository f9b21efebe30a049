"""Search spaces as flat lists of dimensions, and what a point in them stands for.

A point gives each dimension that applies a *position*: of a choice the index of its value, of a whole
number itself, of a (log)uniform the exponent or the number, of a normal the quantile in (0, 1). Ways of
drawing see positions only, so that each of them can draw every distribution.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import NormalDist
from types import MappingProxyType
from typing import Any

from pydantic import TypeAdapter, ValidationError

from jupyter_mlws.entities.azure.sweep import (
    Choice,
    Distribution,
    Normal,
    QNormal,
    QUniform,
    RandInt,
    SearchSpace,
    Uniform,
    is_distribution,
)
from jupyter_mlws.entities.errors import Invalid

Position = int | float
Point = dict[str, Position]
Bounds = Mapping[str, Sequence[Position]]
"""By dimension: the indices of a choice that are left, or the least and greatest position."""

NOWHERE: Bounds = MappingProxyType({})
"""The bounds of a space that was not narrowed."""
_DISTRIBUTION: TypeAdapter[Distribution] = TypeAdapter(SearchSpace)
EDGE = 1e-9
"""Quantiles keep this far from 0 and 1, where a normal distribution ends."""
LEEWAY = 0.1
"""Around the best, so much of the whole width stays in a space that was narrowed."""


@dataclass(frozen=True, slots=True)
class Dimension:
    """Something that is drawn.

    Attributes:
        path: name in the search space; inside a choice's map `NAME.INDEX.KEY`.
        low, high: least and greatest position, the latter included.
        options: of a choice, the indices that may be drawn.
        within: the choice and the index under which alone it applies.
    """

    path: str
    kind: Distribution
    low: float = 0.0
    high: float = 1.0
    options: tuple[int, ...] = ()
    within: tuple[str, int] | None = None

    @property
    def is_whole(self) -> bool:
        """Whether positions are whole numbers."""
        return isinstance(self.kind, RandInt)

    def at(self, share: float) -> Position:
        """The position that lies at a share, in [0, 1), of all that may be drawn."""
        if self.options:
            return self.options[min(int(share * len(self.options)), len(self.options) - 1)]
        if self.is_whole:
            return int(self.low) + min(
                int(share * (self.high - self.low + 1)), int(self.high - self.low)
            )
        return self.low + share * (self.high - self.low)

    def holds(self, position: Position) -> bool:
        """Whether it may be drawn."""
        if self.options:
            return position in self.options
        return self.low <= position <= self.high

    def value(self, position: Position, base: float = math.e) -> Any:
        """What a position stands for; of a choice the value as it is written."""
        kind = self.kind
        if isinstance(kind, Choice):
            return kind.values[int(position)]
        if isinstance(kind, RandInt):
            return int(position)
        number = float(position)
        if isinstance(kind, Normal):
            number = NormalDist(kind.mu, kind.sigma).inv_cdf(min(max(number, EDGE), 1 - EDGE))
        if "log" in kind.type:
            # twelve digits: e^(ln 0.001) is then 0.001, and not outside of what a notebook takes
            number = float(f"{base**number:.12g}")
        return _stepped(number, kind.q) if isinstance(kind, (QUniform, QNormal)) else number


def flattened(space: Mapping[str, SearchSpace], bounds: Bounds = NOWHERE) -> list[Dimension]:
    """The dimensions of a space, a choice before what depends on it.

    Args:
        bounds: where it was narrowed.
    Raises:
        Invalid: what stands inside a choice is no distribution of its type.
    """
    found = []
    for name, kind in space.items():
        found += list(_dimensions(name, kind, None, f"search_space.{name}"))
    return [_bounded(each, bounds.get(each.path)) for each in found]


def applying(dimensions: Sequence[Dimension], point: Mapping[str, Position]) -> list[Dimension]:
    """The dimensions that a point has or should have, as far as its choices are made."""
    found: list[Dimension] = []
    for each in dimensions:
        if each.within is None:
            found.append(each)
            continue
        path, index = each.within
        if point.get(path) == index and any(other.path == path for other in found):
            found.append(each)
    return found


def values(
    dimensions: Sequence[Dimension], point: Mapping[str, Position], base: float = math.e
) -> dict[str, Any]:
    """What a point stands for, by the names of the search space; maps with all that they draw inside."""
    known = {each.path: each for each in dimensions}
    return {
        each.path: _value(each, point, known, base) for each in dimensions if each.within is None
    }


def flat_values(
    dimensions: Sequence[Dimension], point: Mapping[str, Position], base: float = math.e
) -> dict[str, Any]:
    """What a point stands for, one entry for each dimension; a map by what tells it from the others."""
    found = {}
    for each in applying(dimensions, point):
        if each.path in point:
            value = each.value(point[each.path], base)
            found[label(each.path)] = titled(value) if isinstance(value, dict) else value
    return found


def label(path: str) -> str:
    """How people read a dimension's path: `model.1.alpha` is `model.alpha`."""
    return ".".join(part for part in path.split(".") if not part.isdigit())


def titled(value: Mapping[str, Any]) -> str:
    """A choice's map in a word or two: its first plain value."""
    plain = [item for item in value.values() if not isinstance(item, (dict, list))]
    return str(plain[0]) if plain else ", ".join(map(str, value))


def grid(dimensions: Sequence[Dimension]) -> list[Point]:
    """All points of a space that has choices only, the last choice turning fastest."""
    points: list[Point] = [{}]
    for each in dimensions:
        points = [
            {**point, each.path: index} if index is not None else point
            for point in points
            for index in (each.options if each in applying(dimensions, point) else (None,))
        ]
    return points


def narrowed(dimensions: Sequence[Dimension], best: Sequence[Point]) -> dict[str, list[Position]]:
    """Bounds around the best points, with some leeway; never wider than they were."""
    found: dict[str, list[Position]] = {}
    for each in dimensions:
        seen = [point[each.path] for point in best if each.path in point]
        if not seen:
            continue
        if each.options:
            found[each.path] = sorted({int(index) for index in seen})
            continue
        leeway = LEEWAY * (each.high - each.low)
        low, high = max(each.low, min(seen) - leeway), min(each.high, max(seen) + leeway)
        found[each.path] = [math.floor(low), math.ceil(high)] if each.is_whole else [low, high]
    return found


def _dimensions(
    path: str, kind: Distribution, within: tuple[str, int] | None, field: str
) -> Iterator[Dimension]:
    if isinstance(kind, Choice):
        yield Dimension(path, kind, options=tuple(range(len(kind.values))), within=within)
        for index, value in enumerate(kind.values):
            for key, inner in value.items() if isinstance(value, dict) else ():
                if is_distribution(inner):
                    where = f"{field}.values.{index}.{key}"
                    made = _read(inner, where)
                    yield from _dimensions(f"{path}.{index}.{key}", made, (path, index), where)
    elif isinstance(kind, RandInt):
        yield Dimension(path, kind, 0, kind.upper - 1, within=within)
    elif isinstance(kind, Uniform):
        yield Dimension(path, kind, kind.min_value, kind.max_value, within=within)
    else:
        yield Dimension(path, kind, within=within)


def _read(said: Mapping[str, Any], field: str) -> Distribution:
    try:
        return _DISTRIBUTION.validate_python(said)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        inner = ".".join(str(part) for part in first["loc"][1:])
        message = str(first["msg"]).removeprefix("Value error, ")
        raise Invalid.field(f"{field}.{inner}" if inner else field, f"{message}.") from None


def _bounded(each: Dimension, bounds: Sequence[Position] | None) -> Dimension:
    if bounds is None:
        return each
    if each.options:
        return replace(each, options=tuple(int(index) for index in bounds))
    return replace(each, low=bounds[0], high=bounds[1])


def _value(
    each: Dimension, point: Mapping[str, Position], known: Mapping[str, Dimension], base: float
) -> Any:
    position = point[each.path]
    value = each.value(position, base)
    if not isinstance(value, dict):
        return value
    return {
        key: _value(inner, point, known, base)
        if (inner := known.get(f"{each.path}.{int(position)}.{key}"))
        else item
        for key, item in value.items()
    }


def _stepped(number: float, q: float) -> float | int:
    """The nearest multiple of `q`, without the dust of binary fractions."""
    n = round(number / q)
    return n * int(q) if q == int(q) else float(f"{n * q:.12g}")
