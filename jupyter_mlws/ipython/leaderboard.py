"""The leaderboard of an AutoML job or a sweep as a widget that follows the job; a trial is chosen in it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from html import escape
from typing import TYPE_CHECKING, Any

import ipywidgets as widgets
import traitlets

from jupyter_mlws.entities.errors import Conflict, Invalid, MlwsError, Unavailable
from jupyter_mlws.ipython.controls import alert, close_all, show
from jupyter_mlws.ipython.display import JobCard
from jupyter_mlws.ipython.following import Following
from jupyter_mlws.ipython.trials import Board, Trial, board_of, number
from jupyter_mlws.ipython.trials_html import details_html, heading_html, table_html

if TYPE_CHECKING:
    from jupyter_mlws.entities.asset import Model
    from jupyter_mlws.entities.job import Job
    from jupyter_mlws.sdk.client import MLClient

OPERATIONS = {"automl": "automl.get", "sweep": "sweeps.get"}
"""What tells the trials of a job, by its type."""
MARKER = "/MLmodel"
ENDING = ("CancelRequested", "Finalizing")
_GRAY = "rgba(127,127,127,0.25)"


class TrialBoard(widgets.VBox):  # type: ignore[misc]
    """The trials of a job, best first, drawn again until it has ended.

    Attributes:
        selection: name of the chosen trial; the best so far until one is chosen.
        figure: the scores and the best so far, as plotly's `FigureWidget`.

    Args:
        job: an AutoML job or a sweep.
    Raises:
        Invalid: it is neither.
    """

    selection = traitlets.Unicode()

    def __init__(self, client: MLClient, job: Job) -> None:
        if job.type not in OPERATIONS:
            message = (
                f"'{job.name}' is a job of type {job.type}: AutoML jobs and sweeps have trials."
            )
            raise Invalid.field("job", message)
        self._client = client
        self._job = job
        self._link = _link(job)
        self._lock = threading.RLock()
        self._is_drawing = False
        self._is_chosen = False
        self._make()
        self.board = self._read()
        super().__init__(self._parts())
        self.add_class("jp-MlwsWidget").add_class("jp-MlwsTrialBoard")
        self._draw()
        is_open = not self.board.view.status.is_final
        self._following = Following(self._look, "mlws-leaderboard", is_open=is_open)

    @property
    def name(self) -> str:
        """The job's name."""
        return self._job.name

    @property
    def job(self) -> JobCard:
        """The job as it stands."""
        return JobCard(self._client, self._client.call("jobs.get", name=self.name))

    @property
    def selected(self) -> JobCard | None:
        """The chosen trial; None before there are trials."""
        return self._card(self.selection)

    @property
    def best(self) -> JobCard | None:
        """The best of the completed trials; None before there is one."""
        return self._card(self.board.view.best or "")

    @property
    def is_live(self) -> bool:
        """Whether it still follows the job."""
        return self._following.is_live

    def select(self, name: str) -> None:
        """Choose a trial by its name.

        Raises:
            Invalid: the job has no such trial.
        """
        known = [trial.name for trial in self.board.trials]
        if name not in known:
            raise Invalid.field("name", f"'{self.name}' has no trial '{name}'.")
        self._choice.value = name

    def to_frame(self) -> Any:
        """The trials as a pandas DataFrame, best first."""
        return self.board.to_frame()

    def stop_and_keep_best(self) -> None:
        """Try no more; the AutoML job completes with the best so far.

        Raises:
            Conflict: no trial has a score yet, or it has ended.
            Invalid: it is a sweep.
        """
        self._client.call("automl.stop", name=self.name)
        self._look()

    def cancel(self) -> None:
        """Ask that the job stops; what has ended stays.

        Raises:
            Conflict: it has ended.
        """
        self._client.call("jobs.cancel", name=self.name)
        self._look()

    def register(self, name: str, path: str | None = None) -> Model:
        """Make the best trial's model the next version of a model.

        Args:
            path: of the model among the trial's files; its first MLflow model when absent.
        Raises:
            Conflict: there is no best trial yet.
            Invalid: the trial left no model, or the name is wrong.
        """
        trial = self.board.best
        if trial is None:
            raise Conflict(f"No trial of '{self.name}' has completed with a score yet.")
        found = [path] if path else self._models(trial)
        if not found:
            raise Invalid.field("path", f"trial '{trial.name}' left no MLflow model.")
        place = f"runs:/{trial.name}/{found[0]}"
        made: Model = self._client.call(
            "models.create_or_update", asset={"name": name, "type": "mlflow_model", "path": place}
        )
        return made

    def wait(self, timeout_s: float | None = None) -> bool:
        """Wait until the job has ended and all is drawn; whether it has."""
        return self._following.wait(timeout_s)

    def stop(self) -> None:
        """Follow no more; what is drawn stays, and the job goes on."""
        self._following.stop()

    def close(self) -> None:
        """Follow no more, and take it away with all of its parts."""
        if hasattr(self, "_following"):
            self.stop()
            close_all([*self.children, self.layout])
        super().close()

    def __repr__(self) -> str:
        return self.board.text()

    def _repr_mimebundle_(self, **kwargs: Any) -> dict[str, Any]:
        shown = f"{self._head.value}{table_html(self.board)}"
        return {
            **super()._repr_mimebundle_(**kwargs),
            "text/html": shown,
            "text/plain": repr(self),
        }

    def _make(self) -> None:
        """The parts, still empty."""
        self._head = widgets.HTML()
        self._progress = widgets.IntProgress(layout={"width": "160px"})
        self._stop = self._button("Stop and keep best", "check", self.stop_and_keep_best)
        self._stop.tooltip = "Try no more; the job completes with the best so far"
        self._cancel = self._button("Cancel", "times", self.cancel)
        self._register = self._button("Register best…", "tag", self._ask)
        self._message = widgets.HTML()
        self._with_lost = widgets.Checkbox(indent=False, layout={"width": "auto"})
        self._table = widgets.HTML()
        self._choice = widgets.Select(
            description="Trial",
            rows=12,
            layout={"width": "36em", "max_width": "100%"},
            style={"description_width": "auto"},
        )
        self._details = widgets.HTML()
        self._name = widgets.Text(description="Name", value="best_model")
        self._path = widgets.Dropdown(description="Model", layout={"width": "auto"})
        self._form = widgets.HBox(
            [
                self._name,
                self._path,
                self._button("Register", "check", self._register_named),
                self._button("Close", "", lambda: self._show_form(False)),
            ],
            layout={"flex_flow": "row wrap", "display": "none"},
        )
        self.figure = _figure()
        self._choice.observe(self._chosen, names="index")
        self._with_lost.observe(lambda change: self._draw(), names="value")

    def _parts(self) -> list[widgets.Widget]:
        row = {"flex_flow": "row wrap", "align_items": "center"}
        bar = [self._progress, self._stop, self._cancel, self._register, self._with_lost]
        plot = widgets.Box([self.figure], layout={"flex": "0 0 380px"})
        both = widgets.HBox([self._choice, plot], layout={**row, "align_items": "flex-start"})
        bars = [widgets.HBox(bar, layout=row), self._form, self._message]
        return [self._head, *bars, self._table, both, self._details]

    def _button(self, text: str, icon: str, act: Callable[[], None]) -> widgets.Button:
        made = widgets.Button(description=text, icon=icon, layout={"width": "auto"})

        def click(button: widgets.Button) -> None:
            self._message.value = ""
            try:
                act()
            except MlwsError as error:
                self._message.value = alert(error.message)

        made.on_click(click)
        return made

    def _read(self) -> Board:
        return board_of(self._client.call(OPERATIONS[self._job.type], name=self.name))

    def _look(self) -> bool:
        """Look again; whether more may come."""
        try:
            self.board = self._read()
        except Unavailable:
            raise
        except MlwsError as error:  # it was deleted, or nobody may see it any more
            self._message.value = alert(error.message)
            return False
        self._draw()
        return not self.board.view.status.is_final

    def _draw(self) -> None:
        # The kernel's own thread draws too: when something was chosen.
        with self._lock:
            self._is_drawing = True
            try:
                self._draw_state()
                self._draw_choice()
                self._draw_trials()
                self._draw_figure()
            finally:
                self._is_drawing = False

    def _draw_state(self) -> None:
        board, view = self.board, self.board.view
        is_over = view.status.is_final
        self._head.value = heading_html(board)
        self._progress.max = max(1, view.max_total_trials)
        self._progress.value = board.n_ended
        self._progress.bar_style = {"Completed": "success", "Failed": "danger"}.get(
            view.status.value, ""
        )
        is_automl = self._job.type == "automl"
        is_ending = view.status.value in ENDING or getattr(view, "stopped", False)
        show(self._progress, not is_over)
        show(self._stop, is_automl and not is_over)
        self._stop.disabled = is_ending or view.best is None
        show(self._cancel, not is_over)
        self._cancel.disabled = view.status.value == ENDING[0]
        show(self._register, board.best is not None)
        self._register.button_style = "primary" if is_over else ""
        n_lost = sum(trial.is_lost for trial in board.trials)
        self._with_lost.description = f"Show what failed ({n_lost})"
        show(self._with_lost, n_lost > 0)
        if view.error:
            self._message.value = alert(view.error)

    def _draw_choice(self) -> None:
        # By number, so that a choice on its way from the browser still means the same trial.
        trials = sorted(self.board.trials, key=lambda trial: trial.number)
        options = [(_label(trial), trial.name) for trial in trials]
        chosen = self._choice.value if self._is_chosen else self.board.view.best
        if not chosen and trials:
            chosen = trials[0].name
        with self._choice.hold_sync():
            if tuple(options) != tuple(self._choice.options):
                self._choice.options = options
            self._choice.value = chosen or None
        self.selection = chosen or ""

    def _draw_trials(self) -> None:
        self._table.value = table_html(
            self.board, self.selection, with_lost=self._with_lost.value, link=self._link
        )
        found = [trial for trial in self.board.trials if trial.name == self.selection]
        self._details.value = details_html(found[0], self._link) if found else ""

    def _draw_figure(self) -> None:
        numbers, values, best = self.board.history()
        points, line = self.figure.data
        if tuple(points.x or ()) != tuple(numbers):
            with self.figure.batch_update():
                points.x, points.y = numbers, values
                line.x, line.y = numbers, best
                self.figure.layout.xaxis.dtick = max(1, len(numbers) // 8)
                self.figure.layout.title.text = self.board.view.primary_metric

    def _chosen(self, change: Any) -> None:
        with self._lock:
            if self._is_drawing:
                return
            self._is_chosen = True
            self.selection = self._choice.value or ""
            self._draw_trials()

    def _card(self, name: str) -> JobCard | None:
        if not name:
            return None
        return JobCard(self._client, self._client.call("jobs.get", name=name))

    def _models(self, trial: Trial) -> list[str]:
        """Folders of MLflow models that a trial left."""
        files = self._client.call("runs.list_artifacts", run_id=trial.name, recursive=True)
        return [file.path.removesuffix(MARKER) for file in files if file.path.endswith(MARKER)]

    def _ask(self) -> None:
        """Ask under which name the best model is registered."""
        trial = self.board.best
        found = self._models(trial) if trial else []
        if not found:
            raise Invalid("The best trial left no MLflow model.")
        self._path.options = found
        show(self._path, len(found) > 1)
        self._show_form(True)
        self._name.focus()

    def _register_named(self) -> None:
        made = self.register(self._name.value.strip(), self._path.value)
        self._show_form(False)
        self._message.value = (
            f'<span role="status">Registered as {escape(f"{made.name}:{made.version}")}.</span>'
        )

    def _show_form(self, is_shown: bool) -> None:
        self._form.layout.display = "flex" if is_shown else "none"


def _link(job: Job) -> str:
    """JupyterLab's address of the notebook of a trial; empty where no JupyterLab has been opened."""
    studio = job.services.get("Studio")
    lab, mark, _ = studio.endpoint.partition("?mlws=") if studio else ("", "", "")
    return f"{lab}?mlws=runs/{{name}}/notebook" if mark else ""


def _label(trial: Trial) -> str:
    return "  ·  ".join(
        filter(None, (f"{trial.number}", trial.title, number(trial.value) or trial.state))
    )


def _figure() -> Any:
    import plotly.graph_objects as go

    axis = {"gridcolor": _GRAY, "zeroline": False, "linecolor": _GRAY}
    return go.FigureWidget(
        data=[
            {"type": "scatter", "mode": "markers", "name": "trial", "marker": {"color": "#7f7f7f"}},
            {
                "type": "scatter",
                "mode": "lines",
                "name": "best so far",
                "line": {"shape": "hv", "color": "#1f77b4"},
            },
        ],
        layout={
            "xaxis": {"title": {"text": "trial"}, "dtick": 1, **axis},
            "yaxis": axis,
            "title": {"text": "", "font": {"size": 12}, "x": 0, "y": 0.98},
            # Both themes shine through.
            "paper_bgcolor": "rgba(0,0,0,0)",
            "plot_bgcolor": "rgba(0,0,0,0)",
            "font": {"color": "#7f7f7f"},
            "legend": {"orientation": "h", "y": 1.22, "x": 0},
            "width": 380,
            "height": 260,
            "margin": {"l": 60, "r": 10, "t": 64, "b": 40},
        },
    )
