"""The AutoML wizard as a widget: a table, its questions, *Run*; then the leaderboard in their place."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from html import escape
from typing import TYPE_CHECKING, Any

import ipywidgets as widgets

from jupyter_mlws.entities.errors import MlwsError, PluginMissing, Problem
from jupyter_mlws.ipython.automl_draft import Schema, python_of, yaml_of
from jupyter_mlws.ipython.automl_form import AutoMLForm
from jupyter_mlws.ipython.column_html import columns_html
from jupyter_mlws.ipython.controls import alert, close_all
from jupyter_mlws.ipython.display import JobCard
from jupyter_mlws.ipython.following import Following
from jupyter_mlws.ipython.table_source import Register, Table

if TYPE_CHECKING:
    from jupyter_mlws.entities.profile import Profile
    from jupyter_mlws.ipython.leaderboard import TrialBoard
    from jupyter_mlws.sdk.client import MLClient

READING = "The table is being read…"
CODE = ("Form", "YAML", "Python")


class AutoMLWizard(widgets.VBox):  # type: ignore[misc]
    """The questions of an AutoML job, and a button *Run*; then its leaderboard.

    What is wrong is told at its field while it is typed, and the button waits until all is right.

    Attributes:
        board: the leaderboard; None before it runs.

    Args:
        register: keeps the table when the job starts.
        target: the column that is predicted.
        settings: fields of the job; those that are asked begin with these.
    Raises:
        Invalid: a setting is no field of the job, or the task is not done here.
        PluginMissing: the workspace does no AutoML.
    """

    children: Any

    def __init__(
        self,
        client: MLClient,
        table: Table,
        register: Register,
        target: str | None,
        settings: Mapping[str, Any],
    ) -> None:
        self._client = client
        self._table = table
        self._register = register
        self._lock = threading.RLock()
        self._profile: Profile | None = None
        self.board: TrialBoard | None = None
        tasks = {view.task: view for view in client.call("automl.list_tasks")}
        self._form = AutoMLForm(table, tasks, _schema(client), target, settings, self._draw)
        self._head = widgets.HTML()
        self._run = widgets.Button(description="Run", icon="play", button_style="primary")
        self._code = widgets.ToggleButtons(
            options=CODE, tooltips=["", "The job as YAML", "The job as Python"]
        )
        self._code.style.button_width = "6em"
        self._text = widgets.HTML()
        self._message = widgets.HTML()
        bar = widgets.HBox([self._run, self._code], layout={"flex_flow": "row wrap"})
        super().__init__([self._head, self._form, bar, self._message, self._text])
        self.add_class("jp-MlwsWidget").add_class("jp-MlwsAutoMLWizard")
        self._run.on_click(lambda button: self._submit())
        self._code.observe(lambda change: self._draw(), names="value")
        self._draw_head(READING)
        self._draw()
        self._submitting: threading.Thread | None = None
        self._reading = Following(self._look, "mlws-automl-wizard", pause_s=0)

    @property
    def job(self) -> JobCard | None:
        """The job that was started; None before."""
        return self.board.job if self.board else None

    @property
    def spec(self) -> dict[str, Any]:
        """The job as it would be sent, in the words of Azure ML's YAML."""
        return self._form.document

    @property
    def yaml(self) -> str:
        """The job as a file."""
        return yaml_of(self.spec)

    @property
    def python(self) -> str:
        """The job as Python that starts it."""
        return python_of(self.spec, self._table)

    def run(self) -> JobCard | None:
        """Start the job and follow it here; None, and messages in the form, when it was refused."""
        self._reading.wait()
        if self.board or not self._draw():
            return self.job
        self._set_busy(True)
        try:
            document = {**self.spec, "training_data": self._table.keep(self._register)}
            made = self._client.jobs.create_or_update(document)
        except MlwsError as error:
            self._set_busy(False)
            self._tell(list(error.problems) or [Problem(error.message)])
            return None
        self._become(made)
        return self.job

    def wait(self, timeout_s: float | None = None) -> bool:
        """Wait until the table was read, and the job was sent if *Run* was pressed; whether that is so."""
        if self._submitting:
            self._submitting.join(timeout_s)
            return not self._submitting.is_alive()
        return self._reading.wait(timeout_s)

    def close(self) -> None:
        """Take it away with all of its parts, and the leaderboard; the job goes on."""
        if hasattr(self, "_reading"):
            self._reading.stop()
            self.wait()
            close_all([*self.children, self.layout])
        super().close()

    def __repr__(self) -> str:
        if self.board:
            return repr(self.board)
        target = self._form.target
        return f"AutoML of {self._table.name}: {target.name if target else 'no target yet'}"

    def _repr_mimebundle_(self, **kwargs: Any) -> dict[str, Any]:
        bundle = super()._repr_mimebundle_(**kwargs)
        shown = self.board._repr_mimebundle_()["text/html"] if self.board else self._plain()
        return {**bundle, "text/html": shown, "text/plain": repr(self)}

    def _plain(self) -> str:
        """What is known where there are no widgets."""
        target = self._form.target
        columns = columns_html(self._profile, target.name, {}) if self._profile and target else ""
        code = f"<pre>{escape(self.python)}</pre>" if target else ""
        return f"{self._head.value}{columns}{code}"

    def _look(self) -> bool:
        """Whether more of the table is still to be read."""
        try:
            found = self._table.analysis()
        except MlwsError as error:
            self._draw_head(alert(error.message))
            return False
        self._profile = found.profile
        if found.profile:
            with self._lock:
                self._form.fill(found.profile)
            n_rows, n_columns = found.profile.n_rows, found.profile.n_columns
            self._draw_head(f"{n_rows:,} rows, {n_columns} columns.")
        else:
            is_open = found.state == "running"
            progress = f"{READING} {100 * found.progress:.0f} %"
            self._draw_head(progress if is_open else alert(found.error or ""))
        self._draw()
        return found.state == "running"

    def _draw(self) -> bool:
        """Show how it stands; whether it can run."""
        # The thread that reads the table draws too.
        with self._lock:
            if self.board:
                return False
            self._form.draw()
            problems = list(self._form.problems())
            reason = self._form.reason()
            is_right = not problems and not reason
            self._tell(problems, reason)
            self._run.disabled = not is_right
            self._draw_code(is_right)
            return is_right

    def _draw_head(self, text: str) -> None:
        self._head.value = f"<strong>AutoML: {escape(self._table.name)}</strong> {text}"

    def _draw_code(self, is_right: bool) -> None:
        which = self._code.value
        if which == CODE[0] or not is_right:
            self._text.value = (
                "" if which == CODE[0] else f"The {which} is shown when all is right."
            )
            return
        text = self.yaml if which == CODE[1] else self.python
        self._text.value = (
            f'<pre tabindex="0" aria-label="As {which}" style="padding:8px;overflow:auto;'
            'border:1px solid var(--jp-border-color2, #8884);user-select:text">'
            f"{escape(text)}</pre>"
        )

    def _tell(self, problems: list[Problem], reason: str = "") -> None:
        with self._lock:
            rest = self._form.tell(problems)
            self._message.value = alert(rest) if rest else escape(reason)

    def _submit(self) -> None:
        # In a thread: a large table takes its time, and the kernel is to stay free.
        if self._submitting is None or not self._submitting.is_alive():
            self._submitting = threading.Thread(target=self.run, name="mlws-submit", daemon=True)
            self._submitting.start()

    def _set_busy(self, is_busy: bool) -> None:
        self._run.disabled = is_busy
        self._run.description = "Submitting…" if is_busy else "Run"

    def _become(self, job: Any) -> None:
        """The leaderboard in the place of the questions."""
        from jupyter_mlws.ipython.leaderboard import TrialBoard

        with self._lock:
            before = list(self.children)
            self.board = TrialBoard(self._client, job)
            self.children = [self.board]
            close_all(before)


def _schema(client: MLClient) -> Schema:
    types = {kind.type: kind for kind in client.call("jobs.list_types")}
    if "automl" not in types:
        raise PluginMissing("This workspace has no job type automl.")
    return Schema(types["automl"].spec_schema)
