"""The questions of an AutoML job: what is predicted, how it is judged, how much is tried."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from typing import Any

import ipywidgets as widgets

from jupyter_mlws.entities.azure.automl import loosely
from jupyter_mlws.entities.errors import Problem
from jupyter_mlws.entities.leaderboard import TaskView
from jupyter_mlws.entities.profile import ColumnProfile, Profile
from jupyter_mlws.entities.validation import did_you_mean
from jupyter_mlws.ipython import automl_draft as draft
from jupyter_mlws.ipython.automl_fields import (
    ALLOWED,
    TYPES_AT,
    Algorithms,
    Block,
    Treatments,
    switches,
)
from jupyter_mlws.ipython.automl_words import METRICS, TASKS, task_of
from jupyter_mlws.ipython.column_html import columns_html, shape_html
from jupyter_mlws.ipython.controls import Field, choice_control, show, text_control
from jupyter_mlws.ipython.table_source import Table

FOLDS, SHARE = "n_cross_validations", "validation_data_size"
VALIDATIONS = [
    ("By the number of rows", "auto"),
    ("Cross-validation", "folds"),
    ("Hold-out", "share"),
]
AUTO = "Cross-validation for small tables; from 20,000 rows on, a tenth is held out."
LIMITS = {
    "limits.timeout_minutes": ("Minutes", 10),
    "limits.max_trials": ("Trials", None),
    "limits.max_concurrent_trials": ("At the same time", 1),
}
"""What each is called, and what it begins with."""
SWITCHES = {
    "training.enable_vote_ensemble": "Voting ensemble",
    "training.enable_stack_ensemble": "Stacking ensemble",
    "training.enable_model_explainability": "Explain the best model",
}
CHOOSE = "Choose the column that is to be predicted."


class AutoMLForm(widgets.VBox):  # type: ignore[misc]
    """The questions, with what is wrong told at each.

    Args:
        tasks: what can be done here.
        schema: of the job.
        target: the column that is predicted; empty to be asked.
        settings: fields of the job; those that are asked begin with these, the others stand as they are.
        changed: called when an answer is another.
    Raises:
        Invalid: a setting is no field of the job, or the task is not done here.
    """

    def __init__(
        self,
        table: Table,
        tasks: Mapping[str, TaskView],
        schema: draft.Schema,
        target: str | None,
        settings: Mapping[str, Any],
        changed: Callable[[], object],
    ) -> None:
        draft.check(settings, tasks)
        self._table = table
        self._tasks = tasks
        self._schema = schema
        self._changed = changed
        self._more = deepcopy(dict(settings))
        self._target = target or draft.taken(self._more, "target_column_name") or ""
        self._first_metric = str(draft.taken(self._more, "primary_metric") or "")
        self._is_drawing = False
        self._profile: Profile | None = None
        self._make_task()
        self._make_judging()
        self._make_rest()
        super().__init__(list(self._parts()))

    @property
    def target(self) -> ColumnProfile | None:
        """The column that is predicted; None before it is chosen."""
        columns = self._profile.columns if self._profile else ()
        return next((c for c in columns if c.name == self._predict.control.value), None)

    @property
    def document(self) -> dict[str, Any]:
        """The job in the words of Azure ML's YAML."""
        made: dict[str, Any] = {"type": "automl", "task": self._task.control.value}
        made |= {"training_data": self._table.input()}
        for field in self._fields:
            if field.is_shown and (value := field.value) is not None:
                draft.put(made, field.path, value)
        if self._treatments.value:
            draft.put(made, "featurization.mode", "custom")
        return draft.merged(self._more, made)

    def fill(self, profile: Profile) -> None:
        """Offer the columns of the table."""
        self._profile = profile
        names = [column.name for column in profile.columns]
        self._is_drawing = True
        self._predict.control.options = [("Choose…", ""), *((name, name) for name in names)]
        self._predict.control.value = self._target if self._target in names else ""
        self._is_drawing = False

    def draw(self) -> None:
        """Show what follows from the answers."""
        self._is_drawing = True
        try:
            target = self.target
            if target and not self._is_task_said and task_of(target) in self._tasks:
                self._task.control.value = task_of(target)
            view = self._tasks[self._task.control.value]
            self._draw_target(target)
            self._draw_columns(view)
            self._draw_judging(view)
            self._algorithms.control.offer(view.algorithms)
        finally:
            self._is_drawing = False

    def reason(self) -> str:
        """Why there is no job yet; empty when there is one."""
        if not self._profile:
            return "The table is being read."
        return "" if self.target else CHOOSE

    def problems(self) -> Iterator[Problem]:
        """What is wrong, as far as it can be told without the workspace."""
        target = self.target
        if not target:
            if self._profile and self._target:
                names = [column.name for column in self._profile.columns]
                hint = did_you_mean(self._target, names)
                message = f"there is no column '{self._target}'.{hint}"
                yield Problem(message, "target_column_name")
            return
        if target.n_distinct is not None and target.n_distinct < 2:
            message = "This column has one value only: there is nothing to predict."
            yield Problem(message, "target_column_name")
        if self._algorithms.value == []:
            yield Problem("Choose at least one algorithm.", ALLOWED)
        yield from draft.wrong(self.document)

    def tell(self, problems: list[Problem]) -> str:
        """Tell each problem at its field; answers what belongs to none."""
        places = [*self._fields, self._keep, self._task]
        told: dict[str, str] = {}
        rest = []
        for problem in problems:
            place = next((f for f in places if f.is_shown and f.concerns(problem.field)), None)
            if place:
                told.setdefault(place.path, problem.message)
            else:
                rest.append(str(problem))
        for field in places:
            field.complain(told.get(field.path, ""))
        return "\n".join(rest)

    @property
    def _fields(self) -> list[Field]:
        """Those that fill a field of the job each."""
        fields = [self._predict, self._metric, self._folds, self._share, *self._limits]
        fields += [self._treating, self._algorithms, *self._switches, self._name]
        return [*fields, *self._block.fields]

    def _make_task(self) -> None:
        self._predict = Field(
            "target_column_name",
            choice_control("Predict", [("Choose…", "")], ""),
            read=lambda value: value or None,
        )
        task = draft.taken(self._more, "task")
        options = [(TASKS.get(name, name), name) for name in self._tasks]
        self._task = Field("task", choice_control("Task", options, task))
        self._is_task_said = task is not None
        self._block = Block(self._schema, self._more, self._answered)
        self._shape = widgets.HTML(layout={"margin": "0 0 0 9em"})
        self._predict.control.observe(lambda change: self._choose(False), names="value")
        self._task.control.observe(lambda change: self._choose(True), names="value")

    def _make_judging(self) -> None:
        folds, share = draft.taken(self._more, FOLDS), draft.taken(self._more, SHARE)
        way = "share" if share is not None else "folds" if folds is not None else "auto"
        self._metric = Field("primary_metric", choice_control("Primary metric", []))
        self._validation = Field("", choice_control("Validation", VALIDATIONS, way))
        self._folds = self._typed(FOLDS, "Folds", 5 if folds is None else folds)
        self._share = self._typed(SHARE, "Share held out", 0.2 if share is None else share)
        for field in (self._metric, self._validation):
            field.control.observe(lambda change: self._answered(), names="value")

    def _make_rest(self) -> None:
        self._columns = widgets.HTML()
        self._treatments = Treatments(self._more, self._answered)
        self._treating = Field(TYPES_AT, self._treatments)
        self._limits = []
        for path, (label, first) in LIMITS.items():
            said = draft.taken(self._more, path)
            self._limits.append(self._typed(path, label, first if said is None else said))
        self._limits[1].help("Empty: as many as the time allows.")
        self._algorithms = Field(ALLOWED, Algorithms(self._more, self._answered))
        self._switches = list(switches(self._more, SWITCHES, self._answered))
        name = draft.taken(self._more, "display_name")
        self._name = self._typed("display_name", "Name", name)
        self._name.help("What it is called in lists.")
        self._keep = Field("name", text_control("Kept as", self._table.name))
        self._keep.help("The table becomes the next version of this data when the job starts.")
        self._keep.show(not self._table.is_kept)
        self._keep.control.observe(self._rename, names="value")

    def _parts(self) -> Iterator[widgets.Widget]:
        yield from (self._predict.widget, self._task.widget, self._block, self._shape)
        yield _title("Columns")
        yield from (self._columns, self._treating.widget)
        yield _title("How it is judged")
        yield from (self._metric.widget, self._validation.widget)
        yield from (self._folds.widget, self._share.widget)
        yield _title("Limits")
        yield from (field.widget for field in self._limits)
        yield _title("Algorithms")
        yield self._algorithms.widget
        row = {"flex_flow": "row wrap", "grid_gap": "0 24px"}
        yield widgets.HBox([field.widget for field in self._switches], layout=row)
        yield _title("The job")
        yield from (self._name.widget, self._keep.widget)

    def _typed(self, path: str, label: str, value: Any) -> Field:
        """A field that is typed in, and read as the job's schema has it."""
        schema = self._schema.at(path)
        control = text_control(label, value, draft.bounds_of(schema))
        control.observe(lambda change: self._answered(), names="value")
        return Field(path, control, read=lambda text: draft.parsed(text, schema))

    def _answered(self) -> None:
        if not self._is_drawing:
            self._changed()

    def _choose(self, is_task: bool) -> None:
        """Another target proposes a task; another task is what was said."""
        if not self._is_drawing:
            self._is_task_said = is_task
            self._changed()

    def _rename(self, change: Any) -> None:
        self._table.name = self._keep.control.value.strip()
        self._answered()

    def _draw_target(self, target: ColumnProfile | None) -> None:
        show(self._shape, target is not None)
        show(self._block, target is not None)
        self._task.show(target is not None)
        if not target or not self._profile:
            return
        n = f"{target.n_distinct or 0:,}"
        is_amount = task_of(target) == "regression"
        said = (
            f"{target.name} {f'is a number with {n} values' if is_amount else f'has {n} classes'}."
        )
        is_proposed = self._task.control.value == task_of(target)
        self._task.help(f"Proposed: {said}" if is_proposed else said)
        as_classes = self._task.control.value == "classification"
        self._shape.value = shape_html(target, self._profile.n_rows, as_classes=as_classes)

    def _draw_columns(self, view: TaskView) -> None:
        if self._profile:
            columns, target = self._profile.columns, self._predict.control.value
            self._treatments.offer([c.name for c in columns if c.name != target], view.column_types)
            self._columns.value = columns_html(self._profile, target, self._treatments.value or {})
            self._block.offer(view.task, columns)

    def _draw_judging(self, view: TaskView) -> None:
        metric = self._metric.control
        if list(metric.options) != view.metrics:
            said = loosely(self._first_metric)
            metric.options = view.metrics
            metric.value = next((m for m in view.metrics if loosely(m) == said), view.metrics[0])
        self._metric.help(METRICS.get(metric.value, ""))
        way = self._validation.control.value
        self._folds.show(way == "folds")
        self._share.show(way == "share")
        self._validation.help(AUTO if way == "auto" and view.task != "forecasting" else "")


def _title(text: str) -> widgets.HTML:
    return widgets.HTML(f'<strong style="display:block;margin-top:8px">{text}</strong>')
