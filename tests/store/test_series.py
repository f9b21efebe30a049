"""Whatever is logged in whatever order, histories, latest points and thinned series agree with it."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from math import isnan, nan

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jupyter_mlws.store import series as series_module
from jupyter_mlws.store.base import Point
from jupyter_mlws.store.overviews import KEPT, Block, Overviews, Spike
from jupyter_mlws.store.sqlite import SqliteStore
from jupyter_mlws.testing.store import add_run, log

points = st.builds(
    Point,
    key=st.just("m"),
    value=st.sampled_from([0.0, 1.0, -1.0, nan]),
    ts_ms=st.integers(0, 4),
    step=st.integers(-2, 3),
)
batches = st.lists(st.lists(points, max_size=6), max_size=6)
growing = batches.map(lambda found: [sorted(batch, key=_by_step) for batch in found])
numbers = count()


def _by_step(point: Point) -> tuple[int, int]:
    return point.step, point.ts_ms


def known_as(point: Point) -> tuple[int, int, float, bool]:
    """What makes a point: NaNs are equal here."""
    return point.ts_ms, point.step, 0.0 if isnan(point.value) else point.value, isnan(point.value)


@pytest.fixture(scope="module")
def store() -> Iterator[SqliteStore]:
    """A store that still agrees with itself after all that was logged to it."""
    made = SqliteStore(":memory:")
    yield made
    assert made.check().clean
    made.close()


@settings(max_examples=150, deadline=None)
@given(found=st.one_of(batches, growing), size=st.integers(1, 5))
def test_what_was_logged_is_what_is_read(
    store: SqliteStore, found: list[list[Point]], size: int
) -> None:
    run_id = add_run(store, str(next(numbers)))
    for batch in found:
        log(store, run_id, *batch)
    logged = {known_as(point) for batch in found for point in batch}

    pages, token = store.history(run_id, "m", max_results=size)
    while token:
        more, token = store.history(run_id, "m", max_results=size, page_token=token)
        pages += more

    assert [known_as(point) for point in pages] == sorted(logged)
    total, series = store.series(run_id, "m", max_points=100)
    assert total == len(logged)
    assert [known_as(point)[1] for point in series] == sorted(step for _, step, _, _ in logged)
    if logged:
        [latest] = store.get_run(run_id).metrics
        wanted = max(logged, key=lambda p: (p[1], p[0], not p[3], p[2]))
        assert known_as(latest) == wanted


@settings(max_examples=100, deadline=None)
@given(
    values=st.lists(st.sampled_from([0.0, 5.0, -5.0, 1.5, nan]), min_size=1, max_size=120),
    max_points=st.integers(1, 40),
    stride=st.integers(1, 1000),
)
def test_a_thinned_series_has_its_ends_and_extremes(
    store: SqliteStore, values: list[float], max_points: int, stride: int
) -> None:
    run_id = add_run(store, str(next(numbers)))
    logged = [Point("m", value, i, i * stride) for i, value in enumerate(values)]
    log(store, run_id, *logged)

    total, series = store.series(run_id, "m", max_points=max_points)

    assert total == len(logged)
    assert 1 <= len(series) <= max_points
    assert {known_as(p) for p in series} <= {known_as(p) for p in logged}
    assert known_as(series[-1]) == known_as(logged[-1])
    if max_points >= 4:
        kept = [p.value for p in series if not isnan(p.value)]
        every = [p.value for p in logged if not isnan(p.value)]
        assert (max(kept), min(kept)) == (max(every), min(every)) if every else not kept


@settings(max_examples=100, deadline=None)
@given(
    values=st.lists(st.sampled_from([0.0, 5.0, -5.0, 1.5, nan]), min_size=60, max_size=160),
    max_points=st.integers(10, 40),
    stride=st.integers(1, 7),
    ends=st.tuples(st.integers(-10, 1200), st.integers(-10, 1200)),
)
def test_a_stretch_of_a_long_series_has_its_ends_and_extremes_whoever_logs(
    store: SqliteStore, values: list[float], max_points: int, stride: int, ends: tuple[int, int]
) -> None:
    run_id = add_run(store, str(next(numbers)))
    logged = [Point("m", value, i, i * stride) for i, value in enumerate(values)]
    log(store, run_id, *logged[:-20])
    begin, end = min(ends), max(ends)

    with pytest.MonkeyPatch.context() as patch:
        # What counts as long, so that hundreds of examples stay quick.
        patch.setattr(series_module, "LONG", 30)
        patch.setattr(series_module, "BLOCKS", 37)
        store.series(run_id, "m", max_points=max_points)
        log(store, run_id, *logged[-20:])
        for _ in range(2):
            total, series = store.series(
                run_id, "m", max_points=max_points, start_step=begin, end_step=end
            )

    inside = [point for point in logged if begin <= point.step <= end]
    assert total == len(inside)
    assert len(series) <= max_points
    assert {known_as(p) for p in series} <= {known_as(p) for p in inside}
    if inside:
        assert known_as(series[0]) == known_as(inside[0])
        assert known_as(series[-1]) == known_as(inside[-1])
    kept = [p.value for p in series if not isnan(p.value)]
    every = [p.value for p in inside if not isnan(p.value)]
    assert not every or (max(kept), min(kept)) == (max(every), min(every))


def test_an_overview_that_was_overtaken_by_points_is_not_kept() -> None:
    overviews = Overviews()
    block = Block(0, 9, 1, (Spike(1.0, 0, 9),))
    begun = overviews.begin((1, 1))

    overviews.forget([(1, 1)])
    overviews.put((1, 1), [block], begun)

    assert overviews.get((1, 1)) is None
    overviews.put((1, 1), [block], overviews.begin((1, 1)))
    assert overviews.get((1, 1)) == [block]


def test_only_some_overviews_are_kept() -> None:
    overviews = Overviews()
    for number in range(KEPT + 1):
        overviews.put((number, 1), [], overviews.begin((number, 1)))

    assert overviews.get((0, 1)) is None
    assert overviews.get((KEPT, 1)) == []
