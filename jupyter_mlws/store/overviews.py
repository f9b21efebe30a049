"""Overviews of long series, in memory: a closer look does not scan a million points again.

An overview has the least and the greatest value of each of some thousand blocks. A stretch of whole blocks
is answered from them, exactly; of the tables only what a question cuts off at its two ends is read, and
the few points that are answered.
"""

from __future__ import annotations

import threading
from bisect import bisect_left, bisect_right
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from typing import NamedTuple

Metric = tuple[int, int]
"""Number of run and metric."""

KEPT = 16
"""Overviews in memory, of about 2 MB each."""


class Spike(NamedTuple):
    """A value, and the steps among which the point lies that has it."""

    value: float | None
    """None for NaN."""
    first: int
    last: int


class Block(NamedTuple):
    """Points of some steps, one after the other."""

    first: int
    last: int
    n: int
    spikes: tuple[Spike, ...]
    """The least and the greatest; where all are NaN, one of them; none where there is no point."""


Overview = Sequence[Block]
"""Blocks by step, from the first to the last step without a gap."""


def inner(overview: Overview, begin: int, end: int) -> Overview:
    """The blocks that lie within some steps as a whole."""
    low = bisect_left(overview, begin, key=lambda block: block.first)
    high = bisect_right(overview, end, key=lambda block: block.last)
    return overview[low:high]


def joined(blocks: Overview, n: int) -> list[Block]:
    """At most `n` blocks that together are `blocks`."""
    size = max(1, -(-len(blocks) // n))
    return [_one(blocks[at : at + size]) for at in range(0, len(blocks), size)]


def _one(blocks: Overview) -> Block:
    spikes = [spike for block in blocks for spike in block.spikes]
    numbers = [spike for spike in spikes if spike.value is not None]
    ends = {min(numbers, key=_value), max(numbers, key=_value)} if numbers else set(spikes[:1])
    return Block(blocks[0].first, blocks[-1].last, sum(block.n for block in blocks), tuple(ends))


def _value(spike: Spike) -> float:
    return spike.value or 0.0


class Overviews:
    """Those of the series that were looked at last. Whoever writes points says so (`forget`)."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: OrderedDict[Metric, Overview] = OrderedDict()
        self._begun: dict[Metric, int] = {}
        self._n_changes = 0

    def get(self, metric: Metric) -> Overview | None:
        """The overview of a series, if it is there."""
        with self._lock:
            found = self._kept.get(metric)
            if found is not None:
                self._kept.move_to_end(metric)
            return found

    def begin(self, metric: Metric) -> int:
        """Before a series is read for `put`; answers what `put` wants to hear."""
        with self._lock:
            return self._begun.setdefault(metric, self._n_changes)

    def put(self, metric: Metric, overview: Overview, begun: int) -> None:
        """Keep an overview, unless points were written since it was begun."""
        with self._lock:
            if self._begun.pop(metric, None) == begun:
                self._kept[metric] = overview
                while len(self._kept) > KEPT:
                    self._kept.popitem(last=False)

    def forget(self, metrics: Iterable[Metric]) -> None:
        """Points of these series were written."""
        with self._lock:
            self._n_changes += 1
            if self._kept or self._begun:
                for metric in metrics:
                    self._kept.pop(metric, None)
                    self._begun.pop(metric, None)
