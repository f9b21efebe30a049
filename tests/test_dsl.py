from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from jupyter_mlws.dsl import (
    Input,
    Output,
    command_component,
    do_while,
    if_else,
    load_component,
    notebook_component,
    parallel_for,
    pipeline,
    step,
)
from jupyter_mlws.entities.errors import Invalid
from jupyter_mlws.sdk.builders import command

COUNT = command_component(
    "count",
    command="echo $((${{inputs.n}} + 1)) > ${{outputs.n}}; echo true > ${{outputs.more}}",
    inputs={"n": {"type": "integer"}},
    outputs={"n": {"type": "integer"}, "more": {"type": "boolean"}},
)


def test_steps_are_called_as_their_variables_are() -> None:
    @pipeline(default_compute="local", experiment_name="E")
    def twice(start: Any = 1) -> Any:
        """Count twice."""
        first = COUNT(n=start)
        second = COUNT(n=first.outputs.n)
        return {"end": second.outputs.n}

    job = twice(start=5)

    assert list(job.jobs) == ["first", "second"]
    assert job.jobs["first"]["inputs"] == {"n": "${{parent.inputs.start}}"}
    assert job.jobs["second"]["inputs"] == {"n": "${{parent.jobs.first.outputs.n}}"}
    assert job.jobs["second"]["outputs"] == {"n": {"path": "${{parent.outputs.end}}"}}
    assert job.inputs == {"start": 5}
    assert job.settings.default_compute == "local"
    assert (job.display_name, job.description) == ("twice", "Count twice.")


def test_fields_of_steps_and_of_the_pipeline_can_be_set() -> None:
    @pipeline
    def one() -> None:
        only = COUNT(n=1)
        only.compute = "local"
        only.cache = "off"
        only.outputs.n = Output(type="integer", description="more")

    job = one()
    job.settings.force_rerun = True

    said = job.model_dump(mode="json", exclude_unset=True)
    assert said["settings"] == {"force_rerun": True}
    assert said["jobs"]["only"]["compute"] == "local"
    assert said["jobs"]["only"]["outputs"]["n"] == {"type": "integer", "description": "more"}


def test_steps_without_a_variable_are_called_as_their_component() -> None:
    @pipeline
    def many() -> None:
        for number in range(3):
            COUNT(n=number)

    assert list(many().jobs) == ["count", "count_1", "count_2"]


def test_control_flow_names_its_steps() -> None:
    @pipeline
    def flow() -> None:
        ask = COUNT(n=1)
        then = COUNT(n=2)
        body = COUNT(n=0)
        each = COUNT(n=0)
        choose = if_else(condition=ask.outputs.more, true_block=then)
        loop = do_while(body, {body.outputs.n: "n"}, 5, condition=body.outputs.more)
        items = parallel_for(body=each, items=[{"n": 1}, {"n": 2}])
        last = COUNT(n=1).after(ask)
        assert choose is not None
        assert loop is not None
        assert items is not None
        assert last is not None

    jobs = flow().jobs

    assert jobs["choose"] == {
        "type": "if_else",
        "condition": "${{parent.jobs.ask.outputs.more}}",
        "true_block": ["${{parent.jobs.then}}"],
    }
    assert jobs["loop"]["mapping"] == {"n": "n"}
    assert jobs["loop"]["body"] == "${{parent.jobs.body}}"
    assert jobs["items"]["items"] == [{"n": 1}, {"n": 2}]
    assert jobs["last"]["depends_on"] == ["ask"]


def test_a_pipeline_inside_is_a_step() -> None:
    @pipeline
    def inner(n: Any) -> Any:
        counted = COUNT(n=n)
        return {"n": counted.outputs.n}

    @pipeline
    def outer(n: Any) -> None:
        made = inner(n=n)
        again = COUNT(n=made.outputs.n)
        assert again is not None

    jobs = outer(n=3).jobs

    assert jobs["made"]["type"] == "pipeline"
    assert jobs["made"]["inputs"] == {"n": "${{parent.inputs.n}}"}
    assert jobs["made"]["jobs"]["counted"]["inputs"] == {"n": "${{parent.inputs.n}}"}
    assert jobs["again"]["inputs"] == {"n": "${{parent.jobs.made.outputs.n}}"}


def test_a_component_file_is_a_function(tmp_path: Path) -> None:
    (tmp_path / "c.yml").write_text("name: c\ncommand: python x.py\ncode: ./src\n")
    made = load_component(tmp_path / "c.yml")

    @pipeline
    def one() -> None:
        only = made()
        assert only is not None

    component = one().jobs["only"]["component"]
    assert Path(component["code"]) == tmp_path / "src"


def test_registered_components_and_jobs_are_functions() -> None:
    registered = load_component("azureml:clean:3")
    say = step(command(command="echo ${{inputs.word}}", inputs={"word": "hi"}, display_name="say"))

    @pipeline
    def two() -> None:
        clean = registered(rows=1)
        said = say(word="ho")
        assert clean is not None
        assert said is not None

    jobs = two().jobs
    assert jobs["clean"] == {"component": "azureml:clean:3", "inputs": {"rows": 1}}
    assert jobs["said"]["inputs"] == {"word": "ho"}


def test_mistakes_are_told_where_they_are_made(tmp_path: Path) -> None:
    @pipeline
    def wrong_input() -> None:
        COUNT(m=1)

    @pipeline
    def wrong_output() -> None:
        COUNT(n=COUNT(n=1).outputs.m)

    @pipeline
    def empty() -> None:
        pass

    @pipeline
    def wrong_result() -> Any:
        return COUNT(n=1)

    with pytest.raises(Invalid, match="'count' has no input 'm'"):
        wrong_input()
    with pytest.raises(Invalid, match="'count' has no output 'm'"):
        wrong_output()
    with pytest.raises(Invalid, match="makes no step"):
        empty()
    with pytest.raises(Invalid, match="returns nothing, or a mapping"):
        wrong_result()
    with pytest.raises(Invalid, match="inside a function with @pipeline"):
        COUNT(n=1)
    with pytest.raises(Invalid, match="is no field of a pipeline"):
        pipeline(default_compte="local")
    with pytest.raises(Invalid, match=r"there is no 'x\.ipynb'"):
        notebook_component("x.ipynb")
    with pytest.raises(Invalid, match=r"there is no 'x\.ipynb' in tests"):
        notebook_component("x.ipynb", code="tests")


def test_data_is_given_as_inputs() -> None:
    @pipeline
    def one(data: Any) -> None:
        COUNT(n=data)

    job = one(data=Input(type="uri_file", path="x.csv"))

    assert job.inputs["data"] == Input(type="uri_file", path="x.csv")
