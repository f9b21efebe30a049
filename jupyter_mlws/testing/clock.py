"""A clock that tests move."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone


class Clock:
    """Says what time it is, and stands still until it is moved."""

    def __init__(self, at: datetime | str) -> None:
        self.at = _moment(at)

    def __call__(self) -> datetime:
        return self.at

    def move(self, to: datetime | str) -> datetime:
        """Set the clock; answers the new time."""
        self.at = _moment(to)
        return self.at

    def forward(self, by: timedelta) -> datetime:
        """Let time pass; answers the new time."""
        self.at += by
        return self.at


def _moment(given: datetime | str) -> datetime:
    moment = (
        datetime.fromisoformat(given.replace("Z", "+00:00")) if isinstance(given, str) else given
    )
    return moment.astimezone(timezone.utc)
