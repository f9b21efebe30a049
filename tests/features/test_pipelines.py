from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
import pytest
import yaml

from jupyter_mlws.entities.errors import Conflict, Invalid, NotFound
from jupyter_mlws.entities.run import Status
from jupyter_mlws.testing.jobs import Workroom

Call = Callable[..., Any]

CHAIN = """\
type: pipeline
inputs:
  word: hello
outputs:
  all: {type: uri_folder}
jobs:
  first:
    command: echo ${{inputs.word}} > ${{outputs.text}}
    inputs: {word: "${{parent.inputs.word}}"}
    outputs: {text: {type: uri_file}}
  second:
    display_name: The second
    component: ./upper.yml
    inputs: {text: "${{parent.jobs.first.outputs.text}}"}
    outputs: {upper: "${{parent.outputs.all}}"}
  third:
    notebook: look.ipynb
    inputs: {rows: 3}
    depends_on: second
"""
UPPER = """\
name: upper
command: tr a-z A-Z < ${{inputs.text}} > ${{outputs.upper}}/all.txt
inputs: {text: {type: uri_file, description: What to shout}}
outputs: {upper: {type: uri_folder}}
"""


def notebook() -> str:
    made = nbformat.v4.new_notebook(
        cells=[
            nbformat.v4.new_code_cell("rows: int = 1  # [1..10] How many"),
            nbformat.v4.new_code_cell("score: float = 0.5"),
        ]
    )
    for cell, tag in zip(made.cells, ("parameters", "outputs"), strict=True):
        cell.metadata["tags"] = [tag]
    return str(nbformat.writes(made))


FILES = {"upper.yml": UPPER, "look.ipynb": notebook()}


def test_a_document_is_drawn_with_its_ports(call: Call) -> None:
    graph = call("pipelines.draw", text=CHAIN, files=FILES)

    assert graph.problems == []
    assert [(node.key, node.type, node.line) for node in graph.nodes] == [
        ("first", "command", 7),
        ("second", "command", 11),
        ("third", "notebook", 16),
    ]
    second, third = graph.nodes[1:]
    assert second.label == "The second"
    assert [(port.name, port.type, port.required) for port in second.inputs] == [
        ("text", "uri_file", True)
    ]
    assert [(port.name, port.type, port.minimum) for port in third.inputs] == [
        ("rows", "integer", 1)
    ]
    assert [(port.name, port.type) for port in third.outputs] == [("score", "number")]
    assert {(e.source, e.output, e.target, e.input, e.kind) for e in graph.edges} == {
        ("", "word", "first", "word", "data"),
        ("first", "text", "second", "text", "data"),
        ("second", "", "third", "", "order"),
        ("second", "upper", "", "all", "data"),
    }


def test_files_that_were_not_given_are_asked_for(call: Call) -> None:
    graph = call("pipelines.draw", text=CHAIN)

    assert graph.missing == ["look.ipynb", "upper.yml"]
    assert len(graph.nodes) == 3
    assert not any("look.ipynb" in problem.message for problem in graph.problems)


def test_a_wrong_document_is_drawn_with_its_problems(call: Call) -> None:
    text = CHAIN.replace("rows: 3", "rows: 30").replace("outputs.text}}", "outputs.txet}}", 2)

    graph = call("pipelines.draw", text=text, files=FILES, file="p.yml")

    found = {(problem.node, problem.line, problem.file) for problem in graph.problems}
    assert {("second", 14, "p.yml"), ("third", 18, "p.yml")} <= found
    assert len(graph.nodes) == 3


def test_a_document_of_a_wrong_shape_still_shows_its_steps(call: Call) -> None:
    graph = call("pipelines.draw", text=f"settings: {{colour: red}}\n{CHAIN}", files=FILES)

    assert [problem.line for problem in graph.problems] == [1]
    assert len(graph.nodes) == 3


def test_what_is_no_yaml_is_refused(call: Call) -> None:
    with pytest.raises(Invalid, match="this is no YAML"):
        call("pipelines.draw", text="jobs: [")


def test_a_document_is_written_for_others(call: Call) -> None:
    azure = call(
        "pipelines.convert", text=CHAIN, files=FILES, format="azureml", file="a.pipeline.yml"
    )

    assert azure.file == "a.azureml.yml"
    third = yaml.safe_load(azure.text)["jobs"]["third"]
    assert third["command"].endswith("alone look.ipynb --input rows=${{inputs.rows}}")
    assert third["inputs"]["after_second"]["path"] == "${{parent.jobs.second.outputs.artifacts}}"
    assert any("output 'score' (number)" in warning for warning in azure.warnings)
    assert azure.text.startswith("# step '"), "what is lost stands in the file"
    python = call("pipelines.convert", text=CHAIN, files=FILES, format="python", file="a.yml")
    assert python.file == "a.py"
    assert "third.after(second)" in python.text


def test_a_wrong_document_is_not_written_for_others(call: Call) -> None:
    text = CHAIN.replace("rows: 3", "rows: 30")

    with pytest.raises(Invalid) as error:
        call("pipelines.convert", text=text, files=FILES, format="python", file="p.yml")

    assert (error.value.problems[0].line, error.value.problems[0].file) == (18, "p.yml")


def chain(room: Workroom, **more: Any) -> str:
    """Three commands, one after the other, that count how often they ran; the second fails at first."""
    count = "echo x >> ../../count"
    jobs = {
        "one": {"command": f"{count}; echo 1 > ${{{{outputs.o}}}}", "outputs": {"o": {"type": "integer"}}},
        "two": {
            "command": f"set -e; {count}; test -e ../../../../mended;"
            " echo $((${{inputs.i}} + 1)) > ${{outputs.o}}",
            "inputs": {"i": "${{parent.jobs.one.outputs.o}}"},
            "outputs": {"o": {"type": "integer"}},
        },
        "three": {
            "command": f"{count}; echo got ${{{{inputs.i}}}}",
            "inputs": {"i": "${{parent.jobs.two.outputs.o}}"},
        },
    }  # fmt: skip
    return room.submit({"type": "pipeline", "name": "p", "jobs": jobs, **more})


def times(room: Workroom, step: str) -> int:
    file = room.path / "jobs" / f"p_{step}" / "count"
    return file.read_text().count("x") if file.exists() else 0


def states(call: Call) -> dict[str, str]:
    return {step.key: step.state for step in call("pipelines.list_steps", name="p")}


def test_steps_tell_how_they_stand(room: Workroom, call: Call) -> None:
    room.wait(chain(room))

    one, two, three = call("pipelines.list_steps", name="p")

    assert (one.state, one.job, one.attempt) == ("completed", "p_one", 1)
    assert (two.state, two.status) == ("failed", Status.FAILED)
    assert "exit code 1" in two.error
    assert (three.state, three.job, three.why) == ("skipped", None, "step 'two' failed")
    assert three.depends_on == ["two"]


def test_a_pipeline_goes_on_from_the_failed_step(room: Workroom, call: Call) -> None:
    room.wait(chain(room))
    (room.path / "mended").touch()

    call("pipelines.resume", name="p")
    job = room.wait("p")

    assert job.error is None
    assert (job.status, job.attempt) == (Status.COMPLETED, 2)
    assert [times(room, step) for step in ("one", "two", "three")] == [1, 2, 1]
    assert room.job("p_two").attempt == 2
    assert (room.path / "jobs" / "p_two" / "1" / "user_logs").exists()
    assert states(call) == dict.fromkeys(("one", "two", "three"), "completed")


def test_a_retry_is_the_same(room: Workroom, call: Call) -> None:
    room.wait(chain(room))
    (room.path / "mended").touch()

    call("jobs.retry", name="p")

    assert room.wait("p").status is Status.COMPLETED
    assert [times(room, step) for step in ("one", "two", "three")] == [1, 2, 1]


@pytest.mark.parametrize(
    ("scope", "step", "expected"),
    [("from", "two", [1, 2, 2]), ("only", "one", [2, 1, 1]), ("from", "one", [2, 2, 2])],
)
def test_a_completed_pipeline_runs_again_in_part(
    room: Workroom, call: Call, scope: str, step: str, expected: list[int]
) -> None:
    (room.path / "mended").touch()
    room.wait(chain(room))

    call("pipelines.resume", name="p", step=step, scope=scope)

    assert room.wait("p").status is Status.COMPLETED
    assert [times(room, key) for key in ("one", "two", "three")] == expected


def test_a_pipeline_runs_up_to_a_step(room: Workroom, call: Call) -> None:
    room.wait(chain(room))
    (room.path / "mended").touch()

    call("pipelines.resume", name="p", step="two", scope="until")

    assert room.wait("p").status is Status.COMPLETED
    assert [times(room, key) for key in ("one", "two", "three")] == [1, 2, 0]
    assert states(call)["three"] == "skipped"


def test_chosen_steps_run_alone(room: Workroom, call: Call) -> None:
    room.wait(chain(room, steps=["one"]))

    assert states(call) == {"one": "completed", "two": "skipped", "three": "skipped"}


def test_what_cannot_be_resumed_says_so(room: Workroom, call: Call) -> None:
    (room.path / "mended").touch()
    room.wait(chain(room))
    plain = room.run(command="true")

    with pytest.raises(Conflict, match="has completed"):
        call("pipelines.resume", name="p")
    with pytest.raises(NotFound, match="no step 'four'"):
        call("pipelines.resume", name="p", step="four")
    with pytest.raises(NotFound, match="is no pipeline"):
        call("pipelines.resume", name=plain.name, step="one")
    with pytest.raises(Invalid, match="scope"):
        call("pipelines.resume", name="p", step="one", scope="sideways")


def test_a_submitted_pipeline_is_drawn(room: Workroom, call: Call) -> None:
    room.wait(chain(room))

    graph = call("pipelines.get", name="p")

    assert [node.key for node in graph.nodes] == ["one", "two", "three"]
    assert len(graph.edges) == 2


def test_a_pipeline_inside_shows_its_steps(room: Workroom, call: Call, tmp_path: Path) -> None:
    inner = {"type": "pipeline", "jobs": {"deep": {"command": "exit 1"}}}
    room.run({"type": "pipeline", "name": "p", "jobs": {"in": {"component": inner}}})

    (step,) = call("pipelines.list_steps", name="p")

    assert step.state == "failed"
    assert [(inner.path, inner.state) for inner in step.steps] == [("in/deep", "failed")]


def exported(call: Call, folder: Path, format: str) -> str:
    """Lay out what `pipelines.export` gives; answers the document's text."""
    answer = call("pipelines.export", name="p", format=format)
    assert (answer.name, answer.media_type) == ("p.zip", "application/zip")
    with zipfile.ZipFile(io.BytesIO(b"".join(answer.pieces))) as archive:
        archive.extractall(folder)
        return (folder / archive.namelist()[0]).read_text()


def with_files(room: Workroom) -> None:
    """A pipeline with two folders of code, a component in two steps, and a file as data."""
    code = room.snapshot({"look.ipynb": notebook().encode(), "data/words.txt": b"a b"})
    component = {
        "name": "count",
        "inputs": {"table": {"type": "uri_file"}},
        "code": room.snapshot({"count.sh": b"wc -l $1"}),
        "command": "sh count.sh ${{inputs.table}}",
    }
    table = {"type": "uri_file", "path": room.snapshot({"t.csv": b"1\n2\n"}, is_file=True)}
    jobs = {
        "look": {"notebook": "look.ipynb", "code": code, "inputs": {"rows": 3}},
        "count": {"component": component, "inputs": {"table": "${{parent.inputs.table}}"}},
        "again": {"component": component, "inputs": {"table": table}, "depends_on": "count"},
    }
    room.submit({"type": "pipeline", "name": "p", "inputs": {"table": table}, "jobs": jobs})


def test_a_submitted_pipeline_is_exported_with_all_that_it_came_with(
    room: Workroom, call: Call, tmp_path: Path
) -> None:
    with_files(room)
    out = tmp_path / "out"

    document = yaml.safe_load(exported(call, out, "yaml"))

    assert document["inputs"]["table"]["path"] == "./table/t.csv"
    assert document["jobs"]["look"]["code"] == "./code_look"
    assert document["jobs"]["again"]["component"] == "./components/count.yml"
    component = yaml.safe_load((out / "components" / "count.yml").read_text())
    assert component["code"] == "../code_count", "paths lead from where the component lies"
    files = {str(path.relative_to(out)) for path in out.rglob("*") if path.is_file()}
    assert files == {
        *("p.pipeline.yml", "components/count.yml", "code_count/count.sh", "table/t.csv"),
        *("code_look/look.ipynb", "code_look/data/words.txt"),
    }
    assert (out / "table" / "t.csv").read_bytes() == b"1\n2\n"


def test_a_submitted_pipeline_is_exported_for_others(
    room: Workroom, call: Call, tmp_path: Path
) -> None:
    with_files(room)

    azure = exported(call, tmp_path, "azureml")
    python = exported(call, tmp_path, "python")

    assert "--input rows=${{inputs.rows}}" in azure
    assert azure.startswith("# step 'look'"), "what is lost stands in the file"
    assert "count_step = load_component('./components/count.yml')" in python
    compile(python, "p.py", "exec")


def test_what_cannot_be_exported_says_so(room: Workroom, call: Call) -> None:
    room.submit({"name": "plain", "command": "true"})
    room.submit({"type": "pipeline", "name": "p", "jobs": {"class": {"command": "true"}}})

    with pytest.raises(Invalid, match="job 'plain' is no pipeline"):
        call("pipelines.export", name="plain")
    with pytest.raises(NotFound, match="no job 'nobody'"):
        call("pipelines.export", name="nobody")
    with pytest.raises(Invalid, match="cannot be a name in the script"):
        call("pipelines.export", name="p", format="python")
