"""When triggers fire: daylight saving both ways, ends of months, intervals, starts and ends."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from itertools import islice, pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_mlws.entities.errors import Invalid
from jupyter_mlws.entities.schedule import CronTrigger, RecurrenceTrigger
from jupyter_mlws.entities.validation import validated
from jupyter_mlws.execution.automation.times import due_times, resolved, sentence, upcoming

UTC = timezone.utc


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def cron(expression: str, zone: str = "UTC", **more: Any) -> CronTrigger:
    return CronTrigger(expression=expression, time_zone=zone, **more)


def every(frequency: str, interval: int = 1, **more: Any) -> RecurrenceTrigger:
    return validated(
        RecurrenceTrigger,
        {"type": "recurrence", "frequency": frequency, "interval": interval, **more},
    )


def local(trigger: Any, after: str, count: int, created: str = "2020-01-01T00:00") -> list[str]:
    zone = ZoneInfo(trigger.time_zone)
    found = islice(due_times(trigger, at(created), at(after)), count)
    return [f"{moment.astimezone(zone):%m-%d %H:%M %z}" for moment in found]


# New York, Berlin and Lord Howe, whose clock moves by half an hour and in the other half of the year.
SPRING = [
    ("America/New_York", "2026-03-07T12:00", ["03-08 03:00 -0400", "03-09 02:30 -0400"]),
    ("Europe/Berlin", "2026-03-28T12:00", ["03-29 03:00 +0200", "03-30 02:30 +0200"]),
]
AUTUMN = [
    (
        "America/New_York",
        "30 1 * * *",
        "2026-10-31T12:00",
        ["11-01 01:30 -0400", "11-02 01:30 -0500"],
    ),
    ("Europe/Berlin", "30 2 * * *", "2026-10-24T12:00", ["10-25 02:30 +0200", "10-26 02:30 +0100"]),
    (
        "Australia/Lord_Howe",
        "45 1 * * *",
        "2026-04-03T18:00",
        ["04-05 01:45 +1100", "04-06 01:45 +1030"],
    ),
]


@pytest.mark.parametrize(("zone", "after", "expected"), SPRING)
def test_a_skipped_wall_time_fires_at_the_first_that_exists(
    zone: str, after: str, expected: list[str]
) -> None:
    assert local(cron("30 2 * * *", zone), after, 2) == expected
    daily = every("day", time_zone=zone, schedule={"hours": 2, "minutes": 30})
    assert local(daily, after, 2) == expected


def test_a_clock_that_skips_half_an_hour_is_followed() -> None:
    zone = "Australia/Lord_Howe"  # 02:00 becomes 02:30 on 4 October 2026
    expected = ["10-04 02:30 +1100", "10-05 02:15 +1100"]

    assert local(cron("15 2 * * *", zone), "2026-10-03T06:00", 2) == expected
    daily = every("day", time_zone=zone, schedule={"hours": 2, "minutes": 15})
    assert local(daily, "2026-10-03T06:00", 2) == expected


@pytest.mark.parametrize(("zone", "expression", "after", "expected"), AUTUMN)
def test_a_wall_time_that_comes_twice_fires_once(
    zone: str, expression: str, after: str, expected: list[str]
) -> None:
    assert local(cron(expression, zone), after, 2) == expected
    minute, hour = (int(part) for part in expression.split()[:2])
    daily = every("day", time_zone=zone, schedule={"hours": hour, "minutes": minute})
    assert local(daily, after, 2) == expected


def test_asked_within_the_hour_that_comes_again_nothing_fires_a_second_time() -> None:
    # 06:10 UTC is 01:10 for the second time in New York.
    found = local(cron("30 1 * * *", "America/New_York"), "2026-11-01T06:10", 1)

    assert found == ["11-02 01:30 -0500"]


def test_what_repeats_by_the_hour_goes_by_elapsed_time() -> None:
    found = list(
        islice(
            due_times(cron("0 * * * *", "Europe/Berlin"), at("2026-01-01"), at("2026-10-24T22:30")),
            5,
        )
    )

    assert {b - a for a, b in pairwise(found)} == {timedelta(hours=1)}


def test_every_ninety_minutes_ignores_daylight_saving() -> None:
    trigger = every("minute", 90, time_zone="Europe/Berlin", start_time="2026-03-29T00:00")
    found = list(islice(due_times(trigger, at("2026-01-01"), at("2026-03-28T20:00")), 4))

    assert found[0] == at("2026-03-28T23:00")
    assert {b - a for a, b in pairwise(found)} == {timedelta(minutes=90)}


def test_day_31_does_not_fire_in_shorter_months() -> None:
    trigger = every("month", schedule={"hours": 0, "minutes": 0, "month_days": [29, 31]})

    assert local(trigger, "2026-01-30T00:00", 4) == [
        "01-31 00:00 +0000",
        "03-29 00:00 +0000",
        "03-31 00:00 +0000",
        "04-29 00:00 +0000",
    ]
    assert local(cron("0 0 31 * *"), "2026-01-31T12:00", 2) == [
        "03-31 00:00 +0000",
        "05-31 00:00 +0000",
    ]


def test_the_last_day_of_each_month_can_be_said() -> None:
    assert local(cron("0 0 L * *"), "2026-01-31T12:00", 2) == [
        "02-28 00:00 +0000",
        "03-31 00:00 +0000",
    ]


def test_29_february_waits_for_its_year() -> None:
    (found,) = islice(due_times(cron("0 0 29 2 *"), at("2026-01-01"), at("2026-03-01")), 1)

    assert found == at("2028-02-29")


def test_every_second_month_from_the_31st_skips_what_has_no_such_day() -> None:
    trigger = every("month", 1, start_time="2026-01-31T08:00")

    assert local(trigger, "2026-02-01T00:00", 2) == ["03-31 08:00 +0000", "05-31 08:00 +0000"]


def test_hours_and_minutes_combine() -> None:
    trigger = every("day", schedule={"hours": [4, 5], "minutes": [0, 30]})

    assert [text[6:11] for text in local(trigger, "2026-01-01T00:00", 4)] == [
        "04:00",
        "04:30",
        "05:00",
        "05:30",
    ]


def test_every_second_week_stays_in_step_with_its_start() -> None:
    trigger = every(
        "week",
        2,
        start_time="2026-01-05T00:00",
        schedule={"hours": 9, "minutes": 0, "week_days": ["Monday", "fri"]},
    )

    assert local(trigger, "2026-06-01T00:00", 3) == [
        "06-08 09:00 +0000",
        "06-12 09:00 +0000",
        "06-22 09:00 +0000",
    ]


def test_a_recurrence_without_start_counts_from_its_creation() -> None:
    found = list(
        islice(due_times(every("hour", 6), at("2026-01-01T10:20:30"), at("2026-01-01T10:20:29")), 2)
    )

    assert found == [at("2026-01-01T10:20:30"), at("2026-01-01T16:20:30")]


def test_nothing_fires_before_the_start_or_after_the_end() -> None:
    trigger = cron(
        "0 * * * *",
        "Asia/Tokyo",
        start_time="2026-01-01T09:00:00",
        end_time="2026-01-01T02:00:00+00:00",
    )

    assert list(due_times(trigger, at("2025-01-01"), at("2025-01-01"))) == [
        at("2026-01-01T00:00"),
        at("2026-01-01T01:00"),
        at("2026-01-01T02:00"),
    ]


def test_jumps_and_moved_times_are_marked() -> None:
    found = upcoming(
        cron("30 2 * * *", "Europe/Berlin"), at("2026-01-01"), at("2026-03-27T12:00"), 3
    )

    assert [(time.offset_change_s, time.moved) for time in found] == [
        (0, False),
        (3600, True),
        (0, False),
    ]


def test_windows_names_of_zones_are_known() -> None:
    assert (
        upcoming(cron("0 7 * * *", "Tokyo Standard Time"), at("2026-01-01"), at("2026-01-01"), 1)[
            0
        ].local
        == "2026-01-02T07:00:00+09:00"
    )


@pytest.mark.parametrize("zone", ["Mars", "../../etc/passwd", "Asia/Tokio", ""])
def test_an_unknown_zone_is_named(zone: str) -> None:
    with pytest.raises(Invalid, match="there is no time zone"):
        validated(CronTrigger, {"expression": "* * * * *", "time_zone": zone})


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("60 * * * *", "'60' is no minute .field 1.: 0-59"),
        ("* 24 * * *", "'24' is no hour .field 2."),
        ("* * 0 * *", "'0' is no day of month .field 3."),
        ("* * * 13 *", "'13' is no month .field 4."),
        ("* * * * FOO", "'FOO' is no day of week .field 5."),
        ("*/0 * * * *", "'.*/0' is no minute"),
        ("5-1 * * * *", "'5-1' is no minute"),
        ("* * * *", "has 4 fields; five are expected"),
        ("0 * * * * *", "has 6 fields"),
        ("@daily", "has 1 fields"),
        ("", "has 0 fields"),
        ("0 0 31 2 *", "never comes true"),
        ("ü * * * *", "'ü' is no minute"),
    ],
)
def test_a_wrong_cron_expression_names_the_field(expression: str, message: str) -> None:
    with pytest.raises(Invalid, match=message) as refused:
        validated(CronTrigger, {"expression": expression})

    assert refused.value.problems[0].field == "expression"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"frequency": "year"}, "frequency"),
        ({"interval": 0}, "interval"),
        ({"schedule": {"hours": 24, "minutes": 0}}, "schedule.hours.0"),
        ({"schedule": {"hours": 1}}, "schedule.minutes"),
        ({"schedule": {"hours": 1, "minutes": 0, "week_days": ["noday"]}}, "schedule.week_days.0"),
        ({"schedule": {"hours": 1, "minutes": 0, "month_days": [32]}}, "schedule.month_days.0"),
        ({"schedule": {"hours": 1, "minutes": 0, "month_days": [1]}}, ""),
        ({"start_time": "yesterday"}, "start_time"),
        ({"start_time": "2026-02-01", "end_time": "2026-01-01"}, ""),
        ({"nonsense": 1}, "nonsense"),
    ],
)
def test_a_wrong_recurrence_names_the_field(change: dict[str, Any], field: str) -> None:
    with pytest.raises(Invalid) as refused:
        every("day", **change) if "frequency" not in change else every(change["frequency"])

    assert refused.value.problems[0].field == field


@given(
    st.datetimes(datetime(2000, 1, 1), datetime(2037, 1, 1)),  # noqa: DTZ001 - wall times
    st.sampled_from(["America/New_York", "Australia/Lord_Howe", "Europe/Dublin", "Asia/Tehran"]),
)
def test_a_resolved_wall_time_is_never_earlier_than_it_says(wall: datetime, zone: str) -> None:
    tz = ZoneInfo(zone)
    wall = wall.replace(microsecond=0)

    read = resolved(wall, tz).astimezone(tz).replace(tzinfo=None)

    assert timedelta(0) <= read - wall <= timedelta(hours=1)


def test_triggers_have_words() -> None:
    assert sentence(cron("0 7 * * 1-5")) == "At 07:00 on Monday through Friday"
    weekly = every("week", 2, schedule={"hours": 9, "minutes": [0, 30], "week_days": ["monday"]})
    assert sentence(weekly) == "Every 2 weeks on Monday at 09:00, 09:30"
