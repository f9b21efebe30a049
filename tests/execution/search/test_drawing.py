from __future__ import annotations

from typing import Any

from pydantic import TypeAdapter

from jupyter_mlws.entities.azure.sweep import SearchSpace
from jupyter_mlws.execution.search.drawing import Told, at_random, bayesian, on_grid, sobol, weights
from jupyter_mlws.execution.search.space import Dimension, Point, flattened

SPACES: TypeAdapter[dict[str, Any]] = TypeAdapter(dict[str, SearchSpace])
SQUARE = {
    "x": {"type": "uniform", "min_value": 0, "max_value": 1},
    "y": {"type": "uniform", "min_value": 0, "max_value": 1},
}


def dimensions(space: dict[str, Any] = SQUARE) -> list[Dimension]:
    return flattened(SPACES.validate_python(space))


def score(point: Point) -> float:
    """Best, with 0, where x is 0.3; y hardly matters."""
    return -((point["x"] - 0.3) ** 2) - 0.001 * (point["y"] - 0.5) ** 2


def searched(n: int, *, maximize: bool = True) -> list[Told]:
    tried: list[Told] = []
    for number in range(n):
        point = bayesian(dimensions(), 7, number, tried, maximize=maximize)
        tried.append(Told(point, "completed", score(point) * (1 if maximize else -1)))
    return tried


def test_a_point_depends_on_seed_and_number_alone() -> None:
    for draw in (at_random, sobol):
        assert draw(dimensions(), 3, 5) == draw(dimensions(), 3, 5)
        assert draw(dimensions(), 3, 5) != draw(dimensions(), 4, 5)
        assert draw(dimensions(), 3, 5) != draw(dimensions(), 3, 6)


def test_sobol_fills_the_square_evenly() -> None:
    points = [sobol(dimensions(), 1, number) for number in range(64)]

    cells = {(int(point["x"] * 8), int(point["y"] * 8)) for point in points}

    assert len(cells) == 64


def test_a_grid_ends() -> None:
    made = dimensions({"c": {"type": "choice", "values": [1, 2]}})

    assert [on_grid(made, number) for number in range(3)] == [{"c": 0}, {"c": 1}, None]


def test_bayesian_search_comes_nearer_than_chance() -> None:
    tried = searched(50)

    late = [abs(told.point["x"] - 0.3) for told in tried[-15:]]
    assert sum(late) / len(late) < 0.2  # by chance it would be 0.29


def test_bayesian_search_minimises_too() -> None:
    late = [abs(told.point["x"] - 0.3) for told in searched(50, maximize=False)[-15:]]

    assert sum(late) / len(late) < 0.2  # by chance it would be 0.29


def test_bayesian_search_goes_on_alike_after_a_restart() -> None:
    tried = searched(20)

    again = [bayesian(dimensions(), 7, 20, list(tried), maximize=True) for _ in range(2)]

    assert again[0] == again[1]


def test_points_outside_of_a_narrowed_space_are_left_out_of_account() -> None:
    space = SPACES.validate_python(SQUARE)
    narrow = flattened(space, {"x": [0.2, 0.4]})

    point = bayesian(narrow, 7, 30, searched(20), maximize=True)

    assert 0.2 <= point["x"] <= 0.4


def test_what_failed_or_was_stopped_is_learnt_from() -> None:
    tried = [
        *searched(15),
        Told({"x": 0.9, "y": 0.9}, "failed"),
        Told({"x": 0.8, "y": 0.9}, "stopped", -1.0),
        Told({"x": 0.1, "y": 0.9}, "running"),
    ]

    assert set(bayesian(dimensions(), 7, 18, tried, maximize=True)) == {"x", "y"}


def test_what_matters_has_the_greater_weight() -> None:
    found = weights(dimensions(), searched(40), maximize=True)

    assert found["x"] > found["y"]


def test_too_few_trials_tell_nothing() -> None:
    assert weights(dimensions(), searched(3), maximize=True) == {}
