"""How much of a metric each param explains, over runs.

The measure is Kruskal and Wallis' epsilon squared: the share of the variance of the metric's ranks that
lies between groups of equal values of a param (of a number with many values: between ten groups of
equal size), less what chance alone would put there. Ranks let outliers and infinities do no harm.
Each param is looked at by itself: of two that only matter together, neither is found.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import fmean

from jupyter_mlws.entities.run_set import ParamImportance

FEWEST_RUNS = 3
BINS = 10


def importances(
    metric: Mapping[str, float], params: Mapping[str, Mapping[str, str]]
) -> list[ParamImportance]:
    """The params by importance, the greatest first; those that are the same in all runs left out.

    Args:
        metric: its value by run.
        params: by name, the param's value by run.
    """
    found = []
    for name, words in params.items():
        runs = [run for run in metric if run in words]
        values = [words[run] for run in runs]
        if len(runs) < FEWEST_RUNS or len(set(values)) < 2:
            continue
        ranks = ranked([metric[run] for run in runs])
        numbers = as_numbers(values)
        groups = values if numbers is None else binned(numbers)
        found.append(
            ParamImportance(
                param=name,
                importance=epsilon_squared(ranks, groups),
                correlation=None if numbers is None else correlation(ranks, ranked(numbers)),
                n_values=len(set(values)),
                n_runs=len(runs),
            )
        )
    return sorted(found, key=lambda item: (-item.importance, item.param))


def epsilon_squared(ranks: Sequence[float], groups: Sequence[object]) -> float:
    """The share of the variance of `ranks` between groups, from 0 to 1."""
    n = len(ranks)
    members: dict[object, list[float]] = {}
    for rank, group in zip(ranks, groups, strict=True):
        members.setdefault(group, []).append(rank)
    mean = fmean(ranks)
    total = sum((rank - mean) ** 2 for rank in ranks)
    # With a group for each run, nothing could be told from chance.
    if total == 0 or len(members) >= n:
        return 0.0
    between = sum(len(own) * (fmean(own) - mean) ** 2 for own in members.values())
    within = (total - between) / (n - len(members))
    return min(1.0, max(0.0, (between - (len(members) - 1) * within) / total))


def correlation(left: Sequence[float], right: Sequence[float]) -> float | None:
    """Pearson's; Spearman's where both are ranks. None where one of them is constant."""
    mean, other = fmean(left), fmean(right)
    spread = sum((x - mean) ** 2 for x in left) * sum((y - other) ** 2 for y in right)
    if spread == 0:
        return None
    shared = sum((x - mean) * (y - other) for x, y in zip(left, right, strict=True))
    return max(-1.0, min(1.0, float(shared / spread**0.5)))


def ranked(values: Sequence[float]) -> list[float]:
    """The rank of each value; equal ones share the mean of theirs."""
    order = sorted(range(len(values)), key=values.__getitem__)
    ranks = [0.0] * len(values)
    first = 0
    while first < len(order):
        last = first
        while last + 1 < len(order) and values[order[last + 1]] == values[order[first]]:
            last += 1
        for place in order[first : last + 1]:
            ranks[place] = (first + last) / 2
        first = last + 1
    return ranks


def binned(values: Sequence[float]) -> list[float]:
    """`values` themselves when they are few different ones, else the number of each one's bin."""
    n_different = len(set(values))
    if n_different <= BINS and n_different * 2 <= len(values):
        return list(values)
    # At least two runs to a bin, so that something can be told from chance.
    n_bins = max(2, min(BINS, len(values) // 3))
    return [float(rank * n_bins // len(values)) for rank in ranked(values)]


def as_numbers(values: Sequence[str]) -> list[float] | None:
    """`values` as numbers, or None when one of them is none."""
    try:
        numbers = [float(value) for value in values]
    except ValueError:
        return None
    return None if any(number != number for number in numbers) else numbers
