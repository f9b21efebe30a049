from __future__ import annotations

import math
from typing import Any

import pytest
from pydantic import TypeAdapter

from jupyter_mlws.entities.azure.sweep import SearchSpace
from jupyter_mlws.entities.errors import Invalid
from jupyter_mlws.execution.search import drawing
from jupyter_mlws.execution.search.space import (
    Dimension,
    flat_values,
    flattened,
    grid,
    narrowed,
    values,
)

SPACES: TypeAdapter[dict[str, Any]] = TypeAdapter(dict[str, SearchSpace])


def dimensions(**space: Any) -> list[Dimension]:
    return flattened(SPACES.validate_python(space))


def drawn(space: dict[str, Any], n: int = 400, base: float = math.e) -> list[Any]:
    made = dimensions(x=space)
    points = [drawing.at_random(made, 1, number) for number in range(n)]
    return [values(made, point, base)["x"] for point in points]


def test_a_choice_gives_each_of_its_values_as_it_is_written() -> None:
    assert set(drawn({"type": "choice", "values": [1, 2.5, "a", True]})) == {1, 2.5, "a"}
    assert True in drawn({"type": "choice", "values": ["a", True]})


def test_a_whole_number_is_below_its_bound() -> None:
    assert set(drawn({"type": "randint", "upper": 4})) == {0, 1, 2, 3}


def test_a_uniform_number_fills_its_range() -> None:
    found = drawn({"type": "uniform", "min_value": -1, "max_value": 3})

    assert all(-1 <= value <= 3 for value in found)
    assert (min(found) < -0.9, max(found) > 2.9) == (True, True)


def test_bounds_of_log_forms_are_logarithms() -> None:
    found = drawn({"type": "loguniform", "min_value": math.log(1e-4), "max_value": 0})

    assert all(1e-4 <= value <= 1 for value in found)
    assert 0.3 < sum(value < 1e-2 for value in found) / len(found) < 0.7


def test_log_forms_are_powers_of_the_base_that_is_given() -> None:
    found = drawn({"type": "loguniform", "min_value": -2, "max_value": 0}, base=10)

    assert all(0.01 <= value <= 1 for value in found)
    assert min(found) < 0.02


@pytest.mark.parametrize(
    ("kind", "more"),
    [
        ("quniform", {"min_value": 0, "max_value": 1}),
        ("qnormal", {"mu": 0, "sigma": 1}),
        ("qlognormal", {"mu": 0, "sigma": 1}),
        ("qloguniform", {"min_value": -1, "max_value": 1}),
    ],
)
def test_steps_are_multiples_without_dust(kind: str, more: dict[str, float]) -> None:
    found = drawn({"type": kind, "q": 0.1, **more})

    assert all(value == round(value, 1) for value in found)
    assert len(set(found)) > 5


def test_steps_of_whole_numbers_are_whole_numbers() -> None:
    found = drawn({"type": "quniform", "min_value": 10, "max_value": 100, "q": 10})

    assert set(found) == set(range(10, 101, 10))
    assert all(isinstance(value, int) for value in found)


def test_a_normal_number_has_its_mean_and_spread() -> None:
    found = drawn({"type": "normal", "mu": 5, "sigma": 2}, 2000)
    mean = sum(found) / len(found)

    assert abs(mean - 5) < 0.2
    assert abs((sum((value - mean) ** 2 for value in found) / len(found)) ** 0.5 - 2) < 0.2


def test_a_lognormal_number_is_e_to_the_power_of_a_normal_one() -> None:
    found = sorted(drawn({"type": "lognormal", "mu": 1, "sigma": 0.5}, 2001))

    assert abs(found[1000] - math.e) < 0.2


NESTED = {
    "type": "choice",
    "values": [
        {"model": "linear", "alpha": {"type": "uniform", "min_value": 0, "max_value": 1}},
        {"model": "tree"},
    ],
}


def test_what_stands_inside_a_choice_is_drawn_only_when_it_is_chosen() -> None:
    made = dimensions(m=NESTED)
    points = [drawing.at_random(made, 1, number) for number in range(50)]
    found = [values(made, point)["m"] for point in points]

    assert {item["model"] for item in found} == {"linear", "tree"}
    for item in found:
        assert ("alpha" in item) == (item["model"] == "linear")
    assert {"m", "m.alpha"} >= set(flat_values(made, points[0]))


def test_a_wrong_distribution_inside_a_choice_is_told_where_it_stands() -> None:
    wrong = {"type": "choice", "values": [{"alpha": {"type": "uniform", "min_value": 0}}]}
    with pytest.raises(Invalid) as refused:
        dimensions(m=wrong)

    assert refused.value.problems[0].field == "search_space.m.values.0.alpha.max_value"


def test_a_grid_has_every_combination_once() -> None:
    inner = {"values": [{"k": {"type": "choice", "values": [1, 2]}}, {"z": 0}], "type": "choice"}
    made = dimensions(a={"type": "choice", "values": ["p", "q"]}, m=inner)

    found = [values(made, point) for point in grid(made)]

    assert len(found) == 6
    assert {str(item) for item in found} == {
        str({"a": a, "m": m}) for a in "pq" for m in ({"k": 1}, {"k": 2}, {"z": 0})
    }


def test_a_space_is_narrowed_around_the_best_and_never_widened() -> None:
    made = dimensions(
        x={"type": "uniform", "min_value": 0, "max_value": 10},
        k={"type": "randint", "upper": 10},
        c={"type": "choice", "values": ["a", "b", "c"]},
    )

    bounds = narrowed(made, [{"x": 0.5, "k": 9, "c": 1}, {"x": 2.0, "k": 8, "c": 1}])

    assert bounds == {"x": [0, 3.0], "k": [7, 9], "c": [1]}
    narrow = flattened(
        SPACES.validate_python(
            {
                "x": {"type": "uniform", "min_value": 0, "max_value": 10},
                "k": {"type": "randint", "upper": 10},
                "c": {"type": "choice", "values": ["a", "b", "c"]},
            }
        ),
        bounds,
    )
    for number in range(100):
        point = drawing.at_random(narrow, 5, number)
        assert 0 <= point["x"] <= 3
        assert 7 <= point["k"] <= 9
        assert point["c"] == 1
