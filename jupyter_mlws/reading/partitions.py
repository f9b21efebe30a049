"""Columns from paths: `/{year:yyyy}/{name}.csv` as a regular expression, and what it finds."""

from __future__ import annotations

import re
from datetime import datetime

from jupyter_mlws.entities.errors import Invalid

FIELD = re.compile(r"\{([A-Za-z_]\w*)(?::([^{}]+))?\}")
PARTS = {"yyyy": "year", "MM": "month", "dd": "day", "HH": "hour", "mm": "minute", "ss": "second"}
WIDTH = {"yyyy": 4}
PART = re.compile("|".join(PARTS))


class PartitionFormat:
    """What a partition format finds in a path.

    Attributes:
        columns: names in their order, with whether they are moments.
    Raises:
        Invalid: it is no partition format.
    """

    def __init__(self, text: str) -> None:
        self._text = text
        self._groups: dict[str, str] = {}
        self.columns: dict[str, bool] = {}
        pattern, position = "", 0
        source = text.lstrip("/")
        for match in FIELD.finditer(source):
            pattern += _literal(source[position : match.start()])
            pattern += self._field(match[1], match[2])
            position = match.end()
        pattern += _literal(source[position:])
        # It starts at its first key and goes on to the end of the path.
        self._pattern = re.compile(rf"(?:^|.*?/){pattern}{'.*' if source.endswith('/') else ''}$")

    def values(self, path: str) -> dict[str, str | datetime]:
        """The value of each column in a path.

        Raises:
            Invalid: the path does not fit.
        """
        match = self._pattern.match(path)
        if match is None:
            raise Invalid.field(
                "extract_columns_from_partition_format", f"'{path}' does not fit '{self._text}'."
            )
        found: dict[str, str | datetime] = {}
        for name, is_moment in self.columns.items():
            if not is_moment:
                found[name] = match[name]
                continue
            parts = {"year": 1, "month": 1, "day": 1}
            for group, of in self._groups.items():
                if of == name:
                    parts[group.rpartition("__")[2]] = int(match[group])
            try:
                found[name] = datetime(**parts)  # type: ignore[arg-type]  # noqa: DTZ001
            except ValueError as error:
                raise Invalid.field(
                    "extract_columns_from_partition_format", f"'{path}': {error}."
                ) from None
        return found

    def _field(self, name: str, form: str | None) -> str:
        seen_before = name in self.columns
        self.columns.setdefault(name, form is not None)
        if form is None:
            return f"(?P={name})" if seen_before else f"(?P<{name}>[^/]+?)"
        pattern, position = "", 0
        for match in PART.finditer(form):
            pattern += re.escape(form[position : match.start()])
            group = f"{name}__{PARTS[match[0]]}"
            if group in self._groups:
                raise Invalid.field(
                    "extract_columns_from_partition_format", f"'{match[0]}' stands twice in {name}."
                )
            self._groups[group] = name
            pattern += rf"(?P<{group}>\d{{{WIDTH.get(match[0], 2)}}})"
            position = match.end()
        if position == 0:
            raise Invalid.field(
                "extract_columns_from_partition_format",
                f"'{form}' is no form of a date: use yyyy, MM, dd, HH, mm and ss.",
            )
        return pattern + re.escape(form[position:])


def _literal(text: str) -> str:
    """A part between fields; `*` stands for anything within a folder."""
    return re.escape(text).replace(r"\*", "[^/]*")
