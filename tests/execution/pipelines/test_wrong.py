"""Wrong pipelines are refused before anything runs: each problem has its step and its line."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import nbformat
import pytest

from jupyter_mlws.entities.asset import component_spec
from jupyter_mlws.entities.errors import Invalid, Problem
from jupyter_mlws.entities.inlining import inlined
from jupyter_mlws.entities.yaml import parse
from jupyter_mlws.execution import assets
from jupyter_mlws.execution.computes.local import LocalCompute
from jupyter_mlws.execution.jobs.command import CommandJobType
from jupyter_mlws.execution.jobs.notebook import NotebookJobType
from jupyter_mlws.execution.jobs.pipeline import PipelineJobType
from jupyter_mlws.execution.submission import Types
from jupyter_mlws.testing.jobs import Workroom

TRAIN = {
    "name": "train",
    "command": "train ${{inputs.data}} ${{inputs.rate}} $[[--tag ${{inputs.tag}}]]",
    "inputs": {
        "data": {"type": "uri_folder"},
        "rate": {"type": "number", "default": 0.1, "min": 0, "max": 1},
        "kind": {"type": "string", "default": "a", "enum": ["a", "b"]},
        "rounds": {"type": "integer", "default": 1},
        "tag": {"type": "string", "optional": True},
        "raw": {"type": "uri_file", "optional": True},
    },
    "outputs": {
        "model": {"type": "mlflow_model"},
        "score": {"type": "number"},
        "report": {"type": "uri_file"},
        "good": {"type": "boolean"},
    },
}
HEAD = """\
type: pipeline
inputs:
  data: {type: uri_folder, path: SNAPSHOT}
  rate: 0.5
  word: hello
outputs:
  best: {type: mlflow_model}
jobs:
"""
GOOD = """\
  first:
    component: azureml:train:1
    inputs: {data: "${{parent.inputs.data}}"}
    outputs: {model: "${{parent.outputs.best}}"}
"""


SCORE = '"${{parent.jobs.first.outputs.score}}"'
MODEL = '"${{parent.jobs.first.outputs.model}}"'


@dataclass(frozen=True)
class Case:
    """A wrong document: the line of the problem ends in `# here`."""

    name: str
    text: str
    message: str
    node: str | None = "bad"
    whole: bool = False


def step(name: str, message: str, text: str, node: str | None = "bad") -> Case:
    """A wrong step called `bad`, after a good one called `first`."""
    body = textwrap.indent(textwrap.dedent(text).strip("\n"), "  ")
    return Case(name, f"{HEAD}{GOOD}{body}\n", message, node)


def whole(name: str, message: str, text: str, node: str | None = None) -> Case:
    return Case(name, textwrap.dedent(text).lstrip("\n"), message, node, whole=True)


def given(name: str, message: str, line: str) -> Case:
    """A step with all that it needs, and one wrong input more."""
    return step(
        name,
        message,
        f"""
        bad:
          component: azureml:train:1
          inputs:
            {"" if line.startswith("data:") else 'data: "${{parent.inputs.data}}"'}
            {line}  # here
        """,
    )


CASES = [
    # names and references
    step("unknown component", "There is no component 'tarin'. Did you mean 'train'?", """
        bad:
          component: azureml:tarin:1  # here
        """),
    step("unknown version", "There is no version '9' of component 'train'", """
        bad:
          component: azureml:train:9  # here
        """),
    step("unknown label", "There is no label 'prod'", """
        bad:
          component: azureml:train@prod  # here
        """),
    step("no reference", "is no component", """
        bad:
          component: train  # here
        """),
    step("component file that is not there", "there is no 'nothing.yml'", """
        bad:
          component: ./nothing.yml  # here
        """),
    step("component file that is no YAML", "this is no YAML", """
        bad:
          component: ./broken.yml
        """, node=None),
    step("component of another type", "is command, and the component is of type pipeline", """
        bad:
          type: command  # here
          component: azureml:inner:1
        """),
    step("inline component that is wrong", "is required", """
        bad:
          component:  # here
            name: x
            type: command
        """),
    step("unknown type", "'comand' is no type of step", """
        bad:
          type: comand  # here
          command: "true"
        """),
    step("nothing to run", "has neither `component` nor", """
        bad:  # here
          inputs: {x: 1}
        """),
    step("bad name", "is no name of a step", """
        bad-name:  # here
          command: "true"
        """, node="bad-name"),
    step("a step that is no mapping", "must be a mapping of fields", """
        bad: 3
        """, node=None),
    step("a name that stands twice", "'bad' stands here twice", """
        bad:
          command: "true"
        bad:  # here
          command: "false"
        """),
    # inputs
    given("unknown input", "the step has no input 'rat'", "rat: 0.1"),
    step("missing input", "required input 'data' for component 'train' not provided", """
        bad:
          component: azureml:train:1
          inputs:  # here
            rate: 0.3
        """),
    step("missing input and no inputs at all", "required input 'data'", """
        bad:  # here
          component: azureml:train:1
        """),
    given("text for a number", "must be a", "rate: quick"),
    given("fraction for an integer", "must be a", "rounds: 1.5"),
    given("too large", "must be at most 1", "rate: 2"),
    given("too small", "must be at least 0", "rate: -1"),
    given("no choice", "must be one of: a, b", "kind: c"),
    given("value for files", "takes files (uri_folder)", "data: 3"),
    given("files for a value", "does not fit", "rate: {type: uri_file, path: SNAPSHOT}"),
    given("nothing for a required input", "is empty", "data: "),
    given("mapping that is no input", "is no input", "rate: {much: 1}"),
    # bindings
    given("unknown pipeline input", "the pipeline has no input 'ratio'", 'rate: "${{parent.inputs.ratio}}"'),
    given("legacy unknown pipeline input", "the pipeline has no input 'ratio'", 'rate: "${{inputs.ratio}}"'),
    given("pipeline input of another type", "must be a", 'rate: "${{parent.inputs.word}}"'),
    given("unknown step", "there is no step 'frist'", 'rate: "${{parent.jobs.frist.outputs.score}}"'),
    given("unknown output", "has no output 'scoer'", 'rate: "${{parent.jobs.first.outputs.scoer}}"'),
    given("input not given there", "is given no input 'rate'", 'rate: "${{parent.jobs.first.inputs.rate}}"'),
    given("unknown expression", "stands for nothing", 'rate: "${{parent.input.rate}}"'),
    given("unknown function", "stands for nothing", 'rate: "${{max(parent.inputs.rate)}}"'),
    given("a part of a text", "must stand alone", 'kind: "a-${{parent.inputs.word}}"'),
    given("a step as such", "a step as such is no input", 'rate: "${{parent.jobs.first}}"'),
    given("an output of the pipeline", "cannot be bound to an output", 'rate: "${{parent.outputs.best}}"'),
    given("itself", "cannot take what it gives itself", 'rate: "${{parent.jobs.bad.outputs.score}}"'),
    given("model for a number", "mlflow_model is files, and number takes a value", f"rate: {MODEL}"),
    given("number for files", "number is a value, and uri_folder takes files", f"data: {SCORE}"),
    given("file for a folder", "uri_file is no uri_folder", 'data: "${{parent.jobs.first.outputs.report}}"'),
    given("folder for a file", "uri_folder is no uri_file", 'raw: "${{parent.inputs.data}}"'),
    given("number for an integer", "number is no integer", 'rounds: "${{parent.jobs.first.outputs.score}}"'),
    # outputs
    step("unknown output of the step", "the step has no output 'modle'", """
        bad:
          component: azureml:train:1
          inputs: {data: "${{parent.inputs.data}}"}
          outputs:
            modle: "${{parent.outputs.best}}"  # here
        """),
    step("unknown output of the pipeline", "the pipeline has no output 'bset'", """
        bad:
          component: azureml:train:1
          inputs: {data: "${{parent.inputs.data}}"}
          outputs:
            model: "${{parent.outputs.bset}}"  # here
        """),
    step("output that is another's", "is step 'first''s already", """
        bad:
          component: azureml:train:1
          inputs: {data: "${{parent.inputs.data}}"}
          outputs:
            model: "${{parent.outputs.best}}"  # here
        """),
    step("output bound to an input", "an output is bound to", """
        bad:
          component: azureml:train:1
          inputs: {data: "${{parent.inputs.data}}"}
          outputs:
            model: "${{parent.inputs.data}}"  # here
        """),
    whole("output that nobody gives", "no step gives it", """
        type: pipeline
        outputs:
          best: {type: mlflow_model}  # here
        jobs:
          one: {command: "true"}
        """),
    whole("output of another type", "does not fit output 'best'", """
        type: pipeline
        outputs:
          best: {type: mlflow_model}
        jobs:
          bad:
            command: "true"
            outputs:
              file: {type: uri_file, path: "${{parent.outputs.best}}"}  # here
        """, node="bad"),
    # order
    whole("circle of two", "wait for each other", """
        type: pipeline
        jobs:
          one:  # here
            command: "true"
            inputs: {x: "${{parent.jobs.two.outputs.x}}"}
            outputs: {x: }
          two:  # or here
            command: "true"
            inputs: {x: "${{parent.jobs.one.outputs.x}}"}
            outputs: {x: }
        """, node="one|two"),
    whole("circle of three, by order alone", "wait for each other", """
        type: pipeline
        jobs:
          one: {command: "true", depends_on: three}  # here
          two: {command: "true", depends_on: [one]}  # or here
          three: {command: "true", depends_on: [two]}  # or here
        """, node="one|two|three"),
    step("after an unknown step", "there is no step 'frist'", """
        bad:
          command: "true"
          depends_on: [frist]  # here
        """),
    # the job itself
    step("unknown name in a command", "there is no input 'y'", """
        bad:
          command: echo ${{inputs.y}}  # here
          inputs: {x: 1}
        """),
    step("optional input outside of brackets", "is optional and was not given", """
        bad:
          component:
            command: echo ${{inputs.x}}  # here
            inputs: {x: {type: string, optional: true}}
        """),
    step("brackets without an end", "has no ']]'", """
        bad:
          component:
            command: "echo $[[--x ${{inputs.x}}"  # here
            inputs: {x: {type: string, optional: true}}
        """),
    step("unknown compute", "there is no compute 'cluster'", """
        bad:
          command: "true"
          compute: azureml:cluster  # here
        """),
    step("unknown environment", "there is no environment 'nowhere'", """
        bad:
          command: "true"
          environment: nowhere  # here
        """),
    step("notebook that is not there", "there is no 'gone.ipynb'", """
        bad:
          notebook: gone.ipynb  # here
          code: CODE
        """),
    step("unknown input of a notebook", "has no input 'epoch'", """
        bad:
          notebook: fit.ipynb
          code: CODE
          inputs:
            epoch: 3  # here
        """),
    step("wrong value for a notebook", "must be", """
        bad:
          notebook: fit.ipynb
          code: CODE
          inputs:
            epochs: many  # here
        """),
    step("wrong files for a notebook", "takes a value", """
        bad:
          notebook: fit.ipynb
          code: CODE
          inputs:
            epochs: "${{parent.jobs.first.outputs.model}}"  # here
        """),
    # pipelines in pipelines
    step("missing input of an inner pipeline", "required input 'word'", """
        bad:
          component: azureml:inner:1
          inputs:  # here
        """),
    step("inner pipeline that is wrong", "has no output 'zero'", """
        bad:
          component:
            type: pipeline
            jobs:
              one: {command: "true"}
              two:
                command: "true"
                inputs: {x: "${{parent.jobs.one.outputs.zero}}"}  # here
        """),
    step("inner pipeline in a file that is wrong", "there is no input 'lost'", """
        bad:
          component: ./wrong.yml
        """),
    # control flow
    step("condition that is none", "must be true, false or an expression", """
        bad:
          type: if_else
          condition: maybe  # here
          true_block: first
        """),
    step("condition of another type", "number is no boolean", """
        bad:
          type: if_else
          condition: "${{parent.jobs.first.outputs.score}}"  # here
          true_block: "${{parent.jobs.other}}"
        other: {command: "true"}
        """),
    step("condition without steps", "needs a `true_block`", """
        bad:  # here
          type: if_else
          condition: true
        """),
    step("condition on an unknown step", "there is no step 'frist'", """
        bad:
          type: if_else
          condition: true
          true_block: "${{parent.jobs.frist}}"  # here
        """),
    step("loop without an end", "must be 1 to 1000; it is required", """
        bad:  # here
          type: do_while
          body: "${{parent.jobs.first}}"
        """),
    step("loop with too many rounds", "must be 1 to 1000", """
        bad:
          type: do_while
          body: "${{parent.jobs.first}}"
          limits:
            max_iteration_count: 5000  # here
        """),
    step("loop with an unknown mapping", "the body has no input 'ratio'", """
        bad:
          type: do_while
          body: "${{parent.jobs.first}}"
          limits: {max_iteration_count: 5}
          mapping:
            score: ratio  # here
        """),
    step("items that are none", "must be a list of mappings", """
        bad:
          type: parallel_for
          body: "${{parent.jobs.first}}"
          items: [1, 2]  # here
        """),
    step("items with unknown inputs", "the body has no input 'ratio'", """
        bad:
          type: parallel_for
          body: "${{parent.jobs.first}}"
          items:
            - ratio: 1  # here
        """),
    step("unknown key of a condition", "unknown key 'else_block'", """
        bad:
          type: if_else
          condition: true
          true_block: first
          else_block: first  # here
        """),
    # settings and the whole
    whole("unknown setting", "unknown key 'default_computer'", """
        type: pipeline
        settings:
          default_computer: local  # here
        jobs:
          one: {command: "true"}
        """),
    whole("unknown default compute", "there is no compute 'cluster'", """
        type: pipeline
        settings:
          default_compute: cluster  # here
        jobs:
          one: {command: "true"}
        """),
    whole("unknown first step", "there is no step 'oen'", """
        type: pipeline
        settings:
          on_init: oen  # here
        jobs:
          one: {command: "true"}
        """),
    whole("first step with ties", "must not be tied", """
        type: pipeline
        settings:
          on_init: one  # here
        jobs:
          one: {command: "true", outputs: {x: }}
          two: {command: "true", inputs: {x: "${{parent.jobs.one.outputs.x}}"}}
        """),
    whole("no steps", "a pipeline has either `jobs`", """
        type: pipeline
        jobs: {}
        """),
    whole("steps and a component", "a pipeline has either `jobs`", """
        type: pipeline
        component: azureml:inner:1
        jobs:
          one: {command: "true"}
        """),
    whole("a component that is no pipeline", "needs a pipeline component", """
        type: pipeline
        component: azureml:train:1  # here
        inputs:
          data: {type: uri_folder, path: SNAPSHOT}
        """),
    whole("missing input of the component", "is required", """
        type: pipeline
        component: azureml:inner:1
        inputs:  # here
          times: 3
        """),
    whole("chosen step that is unknown", "there is no step 'oen'", """
        type: pipeline
        steps: [oen]  # here
        jobs:
          one: {command: "true"}
        """),
]  # fmt: skip

INNER = {
    "type": "pipeline",
    "name": "inner",
    "inputs": {"word": {"type": "string"}, "times": {"type": "integer", "default": 1}},
    "jobs": {"say": {"command": "echo ${{inputs.w}}", "inputs": {"w": "${{parent.inputs.word}}"}}},
}
FILES = {
    "broken.yml": b"a: [",
    "wrong.yml": (b"type: pipeline\njobs:\n  one:\n    command: >-\n      echo ${{inputs.lost}}\n"),
}


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workroom]:
    path = tmp_path_factory.mktemp("wrong") / "workspace"
    types: Types = {
        "command": CommandJobType(),
        "notebook": NotebookJobType(),
        "pipeline": PipelineJobType(),
    }
    with Workroom(path, types=types, computes={"local": LocalCompute(path)}) as room:
        for document in (TRAIN, INNER):
            spec = component_spec(document)
            with room.store.change("ana", "components/write", f"component:{spec.name}") as tx:
                made = assets.draft(room.store, room.blobs, "component", spec)
                assets.add(room.store, room.blobs, tx, made, who="ana")
        yield room


def filled(room: Workroom, text: str) -> str:
    """The text with code and data that were sent."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("epochs: int = 3")])
    notebook.cells[0].metadata["tags"] = ["parameters"]
    code = room.snapshot({"fit.ipynb": str(nbformat.writes(notebook)).encode()})
    data = room.snapshot({"a.csv": b"1\n", "b.csv": b"2\n"})
    return text.replace("SNAPSHOT", data).replace("CODE", code)


def problems(room: Workroom, text: str) -> list[Problem]:
    try:
        document = parse(text, file="p.yml")
        document = inlined(document, read)
    except Invalid as error:
        return list(error.problems)
    with pytest.raises(Invalid) as refused:
        room.submit(document.data)
    return list(document.invalid(refused.value).problems)


def read(path: str) -> bytes:
    if path not in FILES:
        raise FileNotFoundError(path)
    return FILES[path]


def test_the_good_one_is_good(room: Workroom) -> None:
    room.dispatcher.desk.check(parse(filled(room, HEAD + GOOD)).data)


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_it_is_refused_with_step_and_line(room: Workroom, case: Case) -> None:
    text = filled(room, case.text)
    before = room.store.last_event()

    found = problems(room, text)

    fitting = [problem for problem in found if case.message in problem.message]
    assert fitting, [str(problem) for problem in found]
    lines = {n for n, line in enumerate(text.splitlines(), 1) if line.endswith("here")}
    in_p = [problem for problem in fitting if problem.file in ("p.yml", None)]
    assert not lines or {problem.line for problem in in_p} <= lines
    assert not lines or in_p
    if case.node:
        nodes = {f"jobs.{node}" for node in case.node.split("|")}
        assert any(problem.field.startswith(tuple(nodes)) for problem in fitting)
    assert room.store.last_event() == before


def test_there_are_enough_of_them() -> None:
    assert len({case.name for case in CASES}) >= 60


def test_a_problem_in_a_component_file_has_that_files_line(room: Workroom) -> None:
    text = "type: pipeline\njobs:\n  bad:\n    component: ./wrong.yml\n"

    (problem,) = problems(room, text)

    assert (problem.file, problem.line) == ("wrong.yml", 4)
    assert problem.field == "jobs.bad.component.jobs.one.command"


def test_all_problems_are_told_at_once(room: Workroom) -> None:
    text = """\
type: pipeline
jobs:
  a: {command: "echo ${{inputs.x}}"}
  b: {component: "azureml:nothing:1"}
  c: {command: "true", compute: nowhere}
"""

    assert {problem.line for problem in problems(room, text)} == {3, 4, 5}


def test_the_path_of_nested_files_starts_at_each_file(tmp_path: Path) -> None:
    files = {
        "parts/outer.yml": b"type: pipeline\njobs:\n  in: {component: ./deep/inner.yml}\n",
        "parts/deep/inner.yml": b"command: python x.py\ncode: ./src\n",
    }

    made = inlined(parse("jobs:\n  a: {component: parts/outer.yml}\n"), files.__getitem__)

    inner = made.data["jobs"]["a"]["component"]["jobs"]["in"]["component"]
    assert inner["code"] == "parts/deep/./src"
