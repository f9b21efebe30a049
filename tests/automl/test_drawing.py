"""What the trials of an AutoML job try."""

from __future__ import annotations

import math

import pytest

from jupyter_mlws.automl.algorithms import OF_TABLES, Algorithm, Range
from jupyter_mlws.automl.drawing import Draw, Tried, next_draw


def score(draw: Draw) -> float:
    """Best is LightGBM with a learning rate of 0.1."""
    bonus = 1.0 if draw.algorithm == "light_gbm" else 0.0
    return bonus - abs(math.log10(draw.values.get("learning_rate", 1.0)) + 1)


def searched(n: int, seed: int = 0) -> list[Tried]:
    tried: list[Tried] = []
    for number in range(n):
        draw = next_draw(OF_TABLES["classification"], tried, number, seed)
        tried.append(Tried(draw, score(draw)))
    return tried


def test_each_algorithm_is_tried_once_before_any_is_tried_again() -> None:
    known = OF_TABLES["classification"]
    first = [one.draw.algorithm for one in searched(len(known))]
    assert first == list(known)


def test_the_search_turns_to_what_was_good_and_is_the_same_each_time() -> None:
    tried = searched(40)
    later = [one.draw.algorithm for one in tried[25:]]
    assert later.count("light_gbm") >= len(later) / 2
    assert max(one.score or 0 for one in tried) > 0.9
    assert searched(20) == tried[:20]


@pytest.mark.parametrize(
    "algorithm",
    [each for known in OF_TABLES.values() for each in known.values()],
    ids=lambda each: each.code.partition("(")[0],
)
def test_drawn_values_are_within_their_ranges_and_in_the_code(algorithm: Algorithm) -> None:
    for number in range(1, 8):
        drawn = next_draw({"it": algorithm}, [], number, seed=number).values
        assert set(drawn) == set(algorithm.space)
        for name, kind in algorithm.space.items():
            if isinstance(kind, Range):
                assert kind.low * 0.999 <= drawn[name] <= kind.high * 1.001
                assert isinstance(drawn[name], int) == kind.is_whole
            else:
                assert drawn[name] in kind
            assert f"{name}={drawn[name]!r}" in algorithm.source(drawn, seed=0, cores=1)
