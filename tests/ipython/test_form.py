"""The form made from a notebook's parameters."""

from __future__ import annotations

import json
from pathlib import Path

import ipywidgets as widgets
import pytest

import jupyter_mlws as mlws
from jupyter_mlws.entities.errors import Invalid
from jupyter_mlws.ipython.form import JobForm
from tests.execution.notebooks.making import code, notebook

pytestmark = pytest.mark.usefixtures("in_workspace")


@pytest.fixture
def form(train: Path) -> JobForm:
    return mlws.form(train, experiment_name="forms")


def control(form: JobForm, name: str) -> widgets.ValueWidget:
    """The control of an input."""
    return next(w for w in widgets_in(form) if getattr(w, "description", "").split(" *")[0] == name)


def widgets_in(widget: widgets.Widget) -> list[widgets.Widget]:
    return [widget, *(w for child in getattr(widget, "children", ()) for w in widgets_in(child))]


def alerts(form: JobForm) -> list[str]:
    found = (w.value for w in widgets_in(form) if isinstance(w, widgets.HTML))
    return [text for text in found if "alert" in text]


def button(form: JobForm) -> widgets.Button:
    return next(w for w in widgets_in(form) if isinstance(w, widgets.Button))


def test_each_type_has_its_control_with_the_notebooks_value(form: JobForm) -> None:
    kinds = {
        name: type(control(form, name)).__name__
        for name in ("lr", "kind", "shuffle", "columns", "start")
    }

    assert kinds == {
        "lr": "Text",
        "kind": "Dropdown",
        "shuffle": "Checkbox",
        "columns": "Textarea",
        "start": "DatePicker",
    }
    assert (control(form, "lr").value, control(form, "columns").value) == ("0.1", '["a"]')
    assert form.values == {}


def test_a_wrong_value_is_told_at_its_control_and_blocks_the_button(form: JobForm) -> None:
    control(form, "lr").value = "7"

    assert "must be at most 1 (got 7)" in alerts(form)[0]
    assert button(form).disabled

    control(form, "lr").value = "0.5"

    assert alerts(form) == []
    assert not button(form).disabled
    assert form.values == {"lr": 0.5}


def test_the_button_runs_the_notebook_as_a_job(form: JobForm) -> None:
    form.set(lr=0.5, kind="gbm", shuffle=False, columns=["x", "y"])

    button(form).click()

    assert form.job is not None
    assert form.job.wait().state["metrics"]["loss"] == 1.5
    assert form.job.state["params"] == {
        "lr": "0.5",
        "kind": "gbm",
        "epochs": "3",
        "shuffle": "false",
        "columns": '["x", "y"]',
    }
    assert form.job.state["experiment_name"] == "forms"


def test_what_the_workspace_refuses_is_told_at_the_control(form: JobForm, train: Path) -> None:
    stricter = notebook(code("lr: float = 0.1  # [0..0.2]\nepochs = 3", "parameters"))
    before = train.read_text()
    train.write_text(json.dumps(stricter))
    form.set(lr=0.5)

    started = form.submit()
    train.write_text(before)

    assert started is None
    assert "must be at most 0.2" in alerts(form)[0]


def test_a_notebook_without_parameters_says_how_to_get_some(tmp_path: Path) -> None:
    path = tmp_path / "plain.ipynb"
    path.write_text(json.dumps(notebook(code("1"))))

    form = mlws.form(path)

    assert any("tag a cell" in w.value for w in widgets_in(form) if isinstance(w, widgets.HTML))


def test_a_form_of_no_notebook_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="No such file"):
        mlws.form(tmp_path / "missing.ipynb")


def test_a_value_for_an_unknown_input_is_refused(form: JobForm) -> None:
    with pytest.raises(Invalid, match="no input of this name"):
        form.set(unknown=1)
