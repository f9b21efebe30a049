"""Conditions of the search language as SQL about one row."""

from __future__ import annotations

import re
import sqlite3
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar

from jupyter_mlws.entities.run import Status
from jupyter_mlws.store.filters import FULL_TEXT, And, Comparison, Condition, Not, Or
from jupyter_mlws.store.keys import Keys

Sql = tuple[str, list[Any]]
"""SQL with `?`, and what stands for them. Never NULL, so that NOT means "all others"."""

TRUE: Sql = ("1", [])
FALSE: Sql = ("0", [])
SHORT = 128
"""Tags up to this length are in the index of tag values."""

MLFLOW_WORDS = {
    "SCHEDULED": (Status.NOT_STARTED, Status.QUEUED, Status.PREPARING, Status.STARTING),
    "RUNNING": (Status.RUNNING, Status.CANCEL_REQUESTED, Status.FINALIZING),
    "FINISHED": (Status.COMPLETED,),
    "FAILED": (Status.FAILED,),
    "KILLED": (Status.CANCELED,),
}
"""What MLflow calls the states."""

_UP_TO_DIGEST = "rtrim(source, replace(source, '@', ''))"
DATASETS = {
    "name": f"substr({_UP_TO_DIGEST}, length('dataset:' || r.eid || '/') + 1,"
    f" length({_UP_TO_DIGEST}) - length('dataset:' || r.eid || '/') - 1)",
    "digest": f"substr(source, length({_UP_TO_DIGEST}) + 1)",
    "context": "json_extract(doc, '$.tags.\"mlflow.data.context\"')",
}
"""What a run read, as the edge `dataset:<experiment>/<name>@<digest>` -input-> `run:<id>` tells."""


def all_of(parts: Sequence[Sql]) -> Sql:
    """All of `parts`."""
    return _join(" AND ", parts) if parts else TRUE


def one_of(column: str, values: Sequence[Any]) -> Sql:
    """Whether `column` is one of `values`."""
    return f"{column} IN ({', '.join('?' * len(values))})", list(values)


def _join(word: str, parts: Sequence[Sql]) -> Sql:
    return f"({word.join(sql for sql, _ in parts)})", [
        value for _, values in parts for value in values
    ]


class Predicates(ABC):
    """Conditions about the rows of one table."""

    def of(self, condition: Condition) -> Sql:
        """The condition as SQL."""
        if isinstance(condition, And):
            return all_of([self.of(part) for part in condition.parts])
        if isinstance(condition, Or):
            return _join(" OR ", [self.of(part) for part in condition.parts])
        if isinstance(condition, Not):
            sql, values = self.of(condition.part)
            return f"NOT {sql}", values
        return self.comparison(condition)

    @abstractmethod
    def comparison(self, comparison: Comparison) -> Sql:
        """One comparison as SQL."""


class RunPredicates(Predicates):
    """Conditions about `runs AS r`."""

    TEXTS: ClassVar[dict[str, str]] = {
        "run_id": "r.run_id",
        "run_name": "r.name",
        "user_id": "r.user",
        "type": "r.type",
        "artifact_uri": "(SELECT artifact_location FROM experiments WHERE eid = r.eid)"
        " || '/' || r.run_id || '/artifacts'",
    }
    NUMBERS: ClassVar[dict[str, str]] = {"start_time": "r.start_ms", "end_time": "r.end_ms"}
    TABLES: ClassVar[dict[str, str]] = {"metric": "latest", "parameter": "params", "tag": "tags"}

    def __init__(self, db: sqlite3.Connection, keys: Keys) -> None:
        self._db = db
        self._keys = keys

    def comparison(self, comparison: Comparison) -> Sql:
        """One comparison as SQL."""
        entity, key, operator = comparison.entity, comparison.key, comparison.operator
        if entity == "attribute":
            if key == "status":
                return one_of("r.status", statuses(comparison))
            if key in self.NUMBERS:
                return number_test(self.NUMBERS[key], comparison)
            return text_test(self.TEXTS[key], comparison)
        if entity == "dataset":
            return self._dataset(comparison)
        if entity == FULL_TEXT:
            return self._full_text(str(comparison.value))
        kid = self._keys.number(self._db, key)
        if kid is None:
            return TRUE if operator == "IS NULL" else FALSE
        test, values = value_test(comparison)
        exists = "NOT EXISTS" if operator == "IS NULL" else "EXISTS"
        table = self.TABLES[entity]
        sql = f"{exists} (SELECT 1 FROM {table} WHERE rid = r.rid AND kid = ? AND {test})"
        return sql, [kid, *values]

    def index(self, comparison: Comparison, eids: Sql) -> Sql | None:
        """Number by number the runs of experiments that match, if an index gives them."""
        entity, key, operator = comparison.entity, comparison.key, comparison.operator
        if entity == "attribute" and key == "run_id" and operator in {"=", "IN"}:
            test, values = text_test("run_id", comparison)
            return f"SELECT rid FROM runs WHERE {test}", values
        if entity == "attribute" and key == "status":
            test, values = one_of("status", statuses(comparison))
            return f"SELECT rid FROM runs WHERE {test}", values
        kid = self._keys.number(self._db, key)
        if not _is_indexed(comparison) or kid is None:
            return None
        test, values = value_test(comparison)
        if entity == "tag":
            test += f" AND length(value) <= {SHORT}"
        return (
            f"SELECT rid FROM {self.TABLES[entity]} WHERE eid {eids[0]} AND kid = ? AND {test}",
            [*eids[1], kid, *values],
        )

    def _full_text(self, text: str) -> Sql:
        """Whether a text stands in what is written about the run; its own rows only are read."""
        escaped = re.sub(r"[\\%_]", lambda match: f"\\{match.group()}", text)
        own = [f"r.{column} LIKE ? ESCAPE '\\'" for column in ("name", "run_id")]
        others = [
            f"EXISTS (SELECT 1 FROM {table} WHERE rid = r.rid AND value LIKE ? ESCAPE '\\')"
            for table in ("params", "tags")
        ]
        tests = [*own, *others]
        return f"({' OR '.join(tests)})", [f"%{escaped}%"] * len(tests)

    def _dataset(self, comparison: Comparison) -> Sql:
        test, values = text_test(DATASETS[comparison.key], comparison)
        sql = (
            "EXISTS (SELECT 1 FROM edges WHERE target = 'run:' || r.run_id"
            f" AND relation = 'input' AND source GLOB 'dataset:*' AND {test})"
        )
        return sql, values


class ExperimentPredicates(Predicates):
    """Conditions about `experiments AS e`."""

    TEXTS: ClassVar[dict[str, str]] = {"name": "e.name", "experiment_id": "CAST(e.eid AS TEXT)"}
    NUMBERS: ClassVar[dict[str, str]] = {
        "creation_time": "e.created_ms",
        "last_update_time": "e.updated_ms",
    }

    def comparison(self, comparison: Comparison) -> Sql:
        """One comparison as SQL."""
        key = comparison.key
        if comparison.entity == "attribute":
            if key in self.NUMBERS:
                return number_test(self.NUMBERS[key], comparison)
            return text_test(self.TEXTS[key], comparison)
        test, values = value_test(comparison)
        exists = "NOT EXISTS" if comparison.operator == "IS NULL" else "EXISTS"
        sql = f"{exists} (SELECT 1 FROM experiment_tags WHERE eid = e.eid AND key = ? AND {test})"
        return sql, [key, *values]


def value_test(comparison: Comparison) -> Sql:
    """The test of the column `value`, and of `nan` where it is a metric."""
    if comparison.operator in {"IS NULL", "IS NOT NULL"}:
        return TRUE
    if comparison.entity != "metric":
        return text_test("value", comparison)
    if comparison.operator == "!=":
        return "(nan = 1 OR value <> ?)", [comparison.value]
    return f"nan = 0 AND value {comparison.operator} ?", [comparison.value]


def number_test(column: str, comparison: Comparison) -> Sql:
    """Whether a number that may be NULL compares so."""
    return f"({column} IS NOT NULL AND {column} {comparison.operator} ?)", [comparison.value]


def text_test(column: str, comparison: Comparison) -> Sql:
    """Whether a text compares so; `column` is NULL only where the row does not count."""
    operator, value = comparison.operator, comparison.value
    if isinstance(value, tuple):
        marks = ", ".join("?" * len(value))
        return f"{column} {operator} ({marks})", list(value)
    if operator == "LIKE":
        return f"{column} GLOB ?", [glob(str(value))]
    if operator == "ILIKE":
        return f"{column} LIKE ?", [value]
    return f"{column} {operator} ?", [value]


def glob(pattern: str) -> str:
    """A LIKE pattern for GLOB, which unlike SQLite's LIKE tells letters by case."""
    escaped = re.sub(r"[*?\[]", lambda match: f"[{match.group()}]", pattern)
    return escaped.replace("%", "*").replace("_", "?")


def statuses(comparison: Comparison) -> list[str]:
    """Our states that compare so, by our word or by MLflow's."""
    operator = comparison.operator
    wanted = comparison.value if isinstance(comparison.value, tuple) else (comparison.value,)
    negative = operator in {"!=", "NOT IN"}
    chosen = []
    for status in Status:
        words = [status.value, *(word for word, group in MLFLOW_WORDS.items() if status in group)]
        if operator in {"LIKE", "ILIKE"}:
            matches = any(_like(word, str(wanted[0]), operator) for word in words)
        else:
            matches = any(word in wanted for word in words)
        if matches != negative:
            chosen.append(status.value)
    return chosen


def _like(text: str, pattern: str, operator: str) -> bool:
    regex = "".join({"%": ".*", "_": "."}.get(char, re.escape(char)) for char in pattern)
    flags = re.DOTALL | (re.IGNORECASE if operator == "ILIKE" else 0)
    return re.fullmatch(regex, text, flags) is not None


def _is_indexed(comparison: Comparison) -> bool:
    """Whether an index by value narrows it down."""
    if comparison.entity == "metric":
        return comparison.operator != "!="
    if comparison.entity not in {"parameter", "tag"} or comparison.operator not in {"=", "IN"}:
        return False
    value = comparison.value
    words = value if isinstance(value, tuple) else (str(value),)
    return comparison.entity == "parameter" or all(len(word) <= SHORT for word in words)
