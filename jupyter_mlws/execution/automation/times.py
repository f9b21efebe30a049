"""When a trigger fires: pure functions of its fields.

Wall times follow the trigger's zone. A time that the clock skips in spring fires at the first that exists
after it; one that comes twice in autumn fires the first time. What repeats by the minute or the hour goes
by elapsed time and sees neither.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from itertools import islice
from typing import Any
from zoneinfo import ZoneInfo

from jupyter_mlws.entities.schedule import (
    WEEK_DAYS,
    CronTrigger,
    FireTime,
    RecurrenceTrigger,
)
from jupyter_mlws.entities.zones import zone

UTC = timezone.utc
ELAPSED = {"minute": timedelta(minutes=1), "hour": timedelta(hours=1)}
Trigger = CronTrigger | RecurrenceTrigger


def due_times(trigger: Trigger, created: datetime, after: datetime) -> Iterator[datetime]:
    """The moments after `after`, in UTC and in order, at which `trigger` fires.

    Args:
        created: when the trigger was made: a recurrence without start time counts from there.
    """
    start, end = trigger.at("start_time"), trigger.at("end_time")
    if start:
        after = max(after, start - timedelta(microseconds=1))
    last = after
    for moment in _all(trigger, start or created.replace(microsecond=0), after):
        if end and moment > end:
            return
        if moment > last:
            last = moment
            yield moment


def first_settled(trigger: Trigger, created: datetime) -> datetime:
    """Up to which moment a new trigger has nothing to do.

    Its past does not count; only a recurrence that names no time at all fires at once.
    """
    if isinstance(trigger, CronTrigger) or trigger.schedule or trigger.start_time:
        return created
    return created.replace(microsecond=0) - timedelta(milliseconds=1)


def upcoming(trigger: Trigger, created: datetime, after: datetime, count: int) -> list[FireTime]:
    """The next `count` fire times, with what daylight saving does to them."""
    tz = zone(trigger.time_zone)
    anchor = (trigger.at("start_time") or created).astimezone(tz)
    before = after.astimezone(tz).utcoffset()
    found = []
    for moment in islice(due_times(trigger, created, after), count):
        local = moment.astimezone(tz)
        offset = local.utcoffset()
        assert before is not None
        assert offset is not None
        found.append(
            FireTime(
                time=moment,
                local=local.isoformat(),
                offset_change_s=int((offset - before).total_seconds()),
                moved=_is_moved(trigger, local, anchor),
            )
        )
        before = offset
    return found


def sentence(trigger: Trigger) -> str:
    """The trigger in English words."""
    if isinstance(trigger, CronTrigger):
        from cronsim import CronSim

        return CronSim(trigger.expression, datetime(2000, 1, 1)).explain()  # noqa: DTZ001
    every = (
        trigger.frequency if trigger.interval == 1 else f"{trigger.interval} {trigger.frequency}s"
    )
    parts = [f"Every {every}"]
    if pattern := trigger.schedule:
        if pattern.week_days:
            parts.append("on " + ", ".join(day.title() for day in pattern.week_days))
        if pattern.month_days:
            parts.append("on day " + ", ".join(str(day) for day in pattern.month_days))
        times = [f"{h:02}:{m:02}" for h in sorted(pattern.hours) for m in sorted(pattern.minutes)]
        parts.append("at " + ", ".join(times))
    return " ".join(parts)


def resolved(local: datetime, tz: ZoneInfo) -> datetime:
    """The moment of a wall time: the first when it comes twice, the next that exists when it is skipped."""
    moment = local.replace(tzinfo=tz, fold=0).astimezone(UTC)
    if moment.astimezone(tz).replace(tzinfo=None) == local:
        return moment
    # Skipped: the jump lies between the readings by the offset after it and by the one before it.
    low, high = local.replace(tzinfo=tz, fold=1).astimezone(UTC), moment
    old = low.astimezone(tz).utcoffset()
    while high - low > timedelta(seconds=1):
        middle = low + (high - low) / 2
        if middle.astimezone(tz).utcoffset() == old:
            low = middle
        else:
            high = middle
    return high.replace(microsecond=0)


def _all(trigger: Trigger, anchor: datetime, after: datetime) -> Iterator[datetime]:
    tz = zone(trigger.time_zone)
    if isinstance(trigger, CronTrigger):
        yield from _cron(trigger.expression, after, tz)
    elif trigger.frequency in ELAPSED and not trigger.schedule:
        step = ELAPSED[trigger.frequency] * trigger.interval
        n = max(0, (after - anchor) // step + 1) if after >= anchor else 0
        while True:
            yield anchor + n * step
            n += 1
    else:
        local_anchor = anchor.astimezone(tz).replace(tzinfo=None)
        for local in _wall_times(trigger, local_anchor, after.astimezone(tz).replace(tzinfo=None)):
            moment = resolved(local, tz)
            if moment >= anchor:
                yield moment


def _cron(expression: str, after: datetime, tz: ZoneInfo) -> Iterator[datetime]:
    from cronsim import CronSim

    plain = tz if tz.key != "UTC" else UTC
    for moment in CronSim(expression, after.astimezone(plain)):
        yield moment.astimezone(UTC)


def _wall_times(
    trigger: RecurrenceTrigger, anchor: datetime, after: datetime
) -> Iterator[datetime]:
    """Wall times of a recurrence from shortly before `after` on."""
    from dateutil import rrule

    pattern = trigger.schedule
    days: dict[str, Any] = {}
    if pattern and pattern.week_days:
        days["byweekday"] = [WEEK_DAYS.index(day) for day in pattern.week_days]
    if trigger.frequency == "week":
        days.setdefault("byweekday", [anchor.weekday()])
    if trigger.frequency == "month":
        if pattern and pattern.month_days:
            days["bymonthday"] = pattern.month_days
        elif "byweekday" not in days:
            days["bymonthday"] = anchor.day
    if pattern:
        days |= {"byhour": pattern.hours, "byminute": pattern.minutes, "bysecond": 0}
    frequencies: dict[str, Any] = {
        "minute": rrule.MINUTELY,
        "hour": rrule.HOURLY,
        "day": rrule.DAILY,
        "week": rrule.WEEKLY,
        "month": rrule.MONTHLY,
    }
    start = _near(trigger, anchor, after)
    rule = frequencies[trigger.frequency]
    return iter(rrule.rrule(rule, dtstart=start, interval=trigger.interval, **days))


def _near(trigger: RecurrenceTrigger, anchor: datetime, after: datetime) -> datetime:
    """A start for the rule that is in step with `anchor` and a little before `after`."""
    # One step and two days back: the wall clock may have been set back, and a week begins on Monday.
    span = after - timedelta(days=2) - anchor
    match trigger.frequency:
        case "month":
            months = (after.year - anchor.year) * 12 + after.month - anchor.month
            steps = max(0, months // trigger.interval - 1)
            total = anchor.year * 12 + anchor.month - 1 + steps * trigger.interval
            return anchor.replace(year=total // 12, month=total % 12 + 1, day=1)
        case "week":
            unit = timedelta(weeks=1)
            anchor -= timedelta(days=anchor.weekday())
        case "day":
            unit = timedelta(days=1)
        case other:
            unit = ELAPSED[other]
    step = unit * trigger.interval
    return anchor + max(0, span // step - 1) * step


def _is_moved(trigger: Trigger, local: datetime, anchor: datetime) -> bool:
    """Whether the wall time is not one of those that were asked for."""
    if isinstance(trigger, CronTrigger):
        from cronsim import CronSim

        asked = CronSim(trigger.expression, local.replace(tzinfo=None))
        return local.minute not in asked.minutes or local.hour not in asked.hours
    if trigger.schedule:
        pattern = trigger.schedule
        return local.hour not in pattern.hours or local.minute not in pattern.minutes
    if trigger.frequency in ELAPSED:
        return False
    return (local.hour, local.minute) != (anchor.hour, anchor.minute)
