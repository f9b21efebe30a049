"""Time zones by either name: IANA's, or Windows' as Azure ML writes them."""

from __future__ import annotations

from functools import lru_cache
from zoneinfo import ZoneInfo, available_timezones

from jupyter_mlws.entities.validation import did_you_mean


@lru_cache(maxsize=1024)
def zone(name: str) -> ZoneInfo:
    """The zone that `Asia/Tokyo`, `Tokyo Standard Time` or `utc` means.

    Raises:
        ValueError: there is none of this name.
    Source: the mapping of Unicode CLDR, as `tzlocal` has it.
    """
    from tzlocal.windows_tz import win_tz

    if name.upper() in {"UTC", "Z"}:
        return ZoneInfo("UTC")
    known = win_tz.get(name, name)
    # By the list and not by trying: a name is a path of a file to zoneinfo.
    if known not in available_timezones():
        hint = did_you_mean(name, [*available_timezones(), *win_tz])
        raise ValueError(
            f"there is no time zone '{name:.60}', neither at IANA nor at Windows.{hint}"
        )
    return ZoneInfo(known)
