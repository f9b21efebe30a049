"""Questions of the AutoML wizard that take more than one control."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import ipywidgets as widgets

from jupyter_mlws.entities.azure.automl import loosely
from jupyter_mlws.entities.leaderboard import AlgorithmView
from jupyter_mlws.entities.profile import ColumnProfile
from jupyter_mlws.ipython.automl_draft import Schema, bounds_of, parsed, taken
from jupyter_mlws.ipython.automl_words import TYPES
from jupyter_mlws.ipython.controls import Field, choice_control, close_all, text_control

ALLOWED, BLOCKED = (f"training.{word}_training_algorithms" for word in ("allowed", "blocked"))
TYPES_AT = "featurization.column_name_and_types"
ROW = {"flex_flow": "row wrap", "align_items": "center"}
Changed = Callable[[], object]


class Algorithms(widgets.GridBox):  # type: ignore[misc]
    """A box to tick for each algorithm.

    Args:
        settings: what of the job's `training` says which are tried is taken out of it.
    """

    children: Any

    def __init__(self, settings: dict[str, Any], changed: Changed) -> None:
        allowed = taken(settings, ALLOWED)
        self._allowed = None if allowed is None else {loosely(name) for name in allowed}
        self._blocked = {loosely(name) for name in taken(settings, BLOCKED) or ()}
        self._changed = changed
        self._boxes: dict[str, widgets.Checkbox] = {}
        columns = "repeat(auto-fill, minmax(15em, 1fr))"
        super().__init__(layout={"grid_template_columns": columns, "width": "100%"})

    @property
    def value(self) -> list[str] | None:
        """Those that are tried; None for all."""
        names = [name for name, box in self._boxes.items() if box.value]
        return None if len(names) == len(self._boxes) else names

    def offer(self, algorithms: Sequence[AlgorithmView]) -> None:
        """Show those of another task; the same ones stay as they are."""
        if list(self._boxes) == [algorithm.name for algorithm in algorithms]:
            return
        before = list(self.children)
        self._boxes = {algorithm.name: self._box(algorithm) for algorithm in algorithms}
        self.children = list(self._boxes.values())
        close_all(before)

    def _box(self, algorithm: AlgorithmView) -> widgets.Checkbox:
        word = loosely(algorithm.name)
        is_on = word not in self._blocked and (self._allowed is None or word in self._allowed)
        box = widgets.Checkbox(
            value=is_on, description=algorithm.label, indent=False, layout={"width": "auto"}
        )
        box.observe(lambda change: self._changed(), names="value")
        return box


class Treatments(widgets.HBox):  # type: ignore[misc]
    """A column, and what it is taken for.

    Args:
        settings: what of the job says it already is taken out of it.
    """

    def __init__(self, settings: dict[str, Any], changed: Changed) -> None:
        self._types: dict[str, str] = dict(taken(settings, TYPES_AT) or {})
        self._changed = changed
        self._is_drawing = False
        self._column = choice_control("Column", [])
        self._type = choice_control("Taken for", [("Automatic", "")], "")
        self._column.observe(lambda change: self._draw(), names="value")
        self._type.observe(self._said, names="value")
        super().__init__([self._column, self._type], layout=ROW)

    @property
    def value(self) -> dict[str, str] | None:
        """What columns are taken for, by name; None for nothing."""
        return dict(self._types) or None

    def offer(self, columns: Sequence[str], types: Sequence[str]) -> None:
        """Show other columns, or what columns are taken for in another task."""
        self._is_drawing = True
        if tuple(self._column.options) != tuple(columns):
            self._column.options = columns
            self._column.index = 0 if columns else None
        options = [("Automatic", ""), *((TYPES.get(type_, type_), type_) for type_ in types)]
        if tuple(self._type.options) != tuple(options):
            self._type.options = options
        self._is_drawing = False
        self._draw()

    def _draw(self) -> None:
        if self._is_drawing:
            return
        self._is_drawing = True
        said = self._types.get(self._column.value or "", "")
        known = [value for _, value in self._type.options]
        self._type.value = said if said in known else ""
        self._is_drawing = False

    def _said(self, change: Any) -> None:
        if self._is_drawing or not self._column.value:
            return
        self._types.pop(self._column.value, None)
        if self._type.value:
            self._types[self._column.value] = self._type.value
        self._changed()


class Block(widgets.VBox):  # type: ignore[misc]
    """What the job says about one task alone, such as the time column of a forecast.

    Args:
        settings: what of it is said already is taken out of it.
    """

    children: Any

    def __init__(self, schema: Schema, settings: dict[str, Any], changed: Changed) -> None:
        self._schema = schema
        self._settings = settings
        self._changed = changed
        self._task = ""
        self.fields: list[Field] = []
        super().__init__()

    def offer(self, task: str, columns: Sequence[ColumnProfile]) -> None:
        """Ask about another task; what must be said is asked first."""
        if task == self._task:
            return
        before = list(self.children)
        self._task = task
        block = self._schema.block(task)
        made = {name: self._field(name, schema, columns) for name, schema in block.items()}
        self.fields = list(made.values())
        first = [field.widget for name, field in made.items() if block[name]["is_required"]]
        rest = [field.widget for name, field in made.items() if not block[name]["is_required"]]
        more = [widgets.Accordion([widgets.VBox(rest)], titles=["More about it"])] if rest else []
        self.children = [*first, *more]
        close_all(before)

    def _field(
        self, name: str, schema: Mapping[str, Any], columns: Sequence[ColumnProfile]
    ) -> Field:
        path = f"{self._task}.{name}"
        said = taken(self._settings, path)
        label = name.replace("_column_names", "").replace("_column_name", "").replace("_", " ")
        label = label.capitalize()
        read = None
        if name.endswith("_column_name"):
            moments_first = sorted(columns, key=lambda column: column.family != "moment")
            names = [column.name for column in moments_first]
            control = choice_control(label, names, said if said in names else None)
        elif "enum" in schema:
            options = [("", None), *((str(value), value) for value in schema["enum"])]
            known = [
                value for value in schema["enum"] if loosely(value) == loosely(str(said or ""))
            ]
            control = choice_control(label, options, known[0] if known else None)
        else:
            shown = ", ".join(map(str, said)) if isinstance(said, list) else said
            control = text_control(label, shown, bounds_of(schema))

            def read(text: str) -> Any:
                return parsed(text, schema)

        control.observe(lambda change: self._changed(), names="value")
        return Field(path, control, help=str(schema.get("description", "")), read=read)


def switches(
    settings: dict[str, Any], words: Mapping[str, str], changed: Changed
) -> Iterator[Field]:
    """Boxes of what is done unless it is said otherwise, by the path of each."""
    for path, word in words.items():
        is_on = taken(settings, path) is not False
        box = widgets.Checkbox(
            value=is_on, description=word, indent=False, layout={"width": "auto"}
        )
        box.observe(lambda change: changed(), names="value")
        yield Field(path, box, read=lambda value: None if value else False)
