from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest

from jupyter_mlws.entities.run import Status
from jupyter_mlws.execution.computes.local import LocalCompute
from jupyter_mlws.execution.jobs.command import CommandJobType
from jupyter_mlws.execution.jobs.notebook import NotebookJobType
from jupyter_mlws.execution.jobs.pipeline import PipelineJobType
from jupyter_mlws.execution.submission import Types
from jupyter_mlws.testing.jobs import Workroom

TYPES: Types = {
    "command": CommandJobType(),
    "notebook": NotebookJobType(),
    "pipeline": PipelineJobType(),
}


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Workroom]:
    path = tmp_path / "workspace"
    computes = {"local": LocalCompute(path, grace_s=0.5)}
    with Workroom(path, types=TYPES, computes=computes) as room:
        room.set_slots(2)
        yield room


def command(line: str, **fields: Any) -> dict[str, Any]:
    return {"command": line, **fields}


def pipeline(jobs: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {"type": "pipeline", "jobs": jobs, **fields}


def notebook(*cells: tuple[str, str]) -> bytes:
    made = nbformat.v4.new_notebook()
    for number, (tag, source) in enumerate(cells):
        cell = nbformat.v4.new_code_cell(source, id=f"c{number}")
        cell.metadata["tags"] = [tag] if tag else []
        made.cells.append(cell)
    return str(nbformat.writes(made)).encode()


def test_files_and_values_are_handed_on(room: Workroom) -> None:
    jobs = {
        "write": command(
            "seq ${{inputs.n}} > ${{outputs.text}}",
            inputs={"n": "${{parent.inputs.n}}"},
            outputs={"text": {"type": "uri_file"}},
        ),
        "count": command(
            "wc -l < ${{inputs.text}} > ${{outputs.n}}",
            inputs={"text": {"type": "uri_file", "path": "${{parent.jobs.write.outputs.text}}"}},
            outputs={"n": {"type": "integer"}},
        ),
        "say": command(
            "echo there are ${{inputs.n}}", inputs={"n": "${{parent.jobs.count.outputs.n}}"}
        ),
    }

    job = room.run(pipeline(jobs, name="p", inputs={"n": 3}))

    assert job.error is None
    assert job.status is Status.COMPLETED
    assert room.job("p_count").values == {"n": 3}
    assert room.log("p_say") == b"there are 3\n"
    assert room.job("p_say").parent_job_name == "p"


def test_independent_steps_run_at_the_same_time(room: Workroom) -> None:
    line = "touch ../../../../{me}; while [ ! -e ../../../../{other} ]; do sleep 0.02; done"
    jobs = {
        "left": command(line.format(me="a", other="b")),
        "right": command(line.format(me="b", other="a")),
    }

    assert room.run(pipeline(jobs)).status is Status.COMPLETED


def test_an_output_of_the_pipeline_is_registered(room: Workroom) -> None:
    jobs = {
        "write": command(
            "echo x > ${{outputs.text}}/x.txt", outputs={"text": "${{parent.outputs.kept}}"}
        )
    }

    job = room.run(
        pipeline(jobs, name="p", outputs={"kept": {"type": "uri_folder", "name": "letters"}})
    )

    assert job.error is None
    assert room.artifacts("p")["named-outputs/kept/x.txt"] == b"x\n"
    version = room.store.get_record("data", "letters", "1")
    assert version.doc["run_id"] == "p"


def test_steps_below_a_failed_one_do_not_start(room: Workroom) -> None:
    jobs = {
        "bad": command("exit 3", outputs={"x": {}}),
        "below": command("true", inputs={"x": "${{parent.jobs.bad.outputs.x}}"}),
        "beside": command("true"),
    }

    job = room.run(pipeline(jobs, name="p"))

    assert job.status is Status.FAILED
    assert job.error
    assert "Step 'bad' failed" in job.error.message
    assert room.job("p_beside").status is Status.COMPLETED
    assert room.store.find_record("job", "p_below") is None


def test_notebooks_and_commands_hand_on_to_one_another(room: Workroom) -> None:
    code = room.snapshot(
        {
            "prepare.ipynb": notebook(
                ("parameters", "rows: int = 2"),
                ("", "import pandas as pd\ntable = pd.DataFrame({'x': range(rows)})"),
                ("outputs", "table: 'Dataset' = table\ntotal: int = int(table.x.sum())"),
            )
        }
    )
    jobs = {
        "prepare": {
            "notebook": "prepare.ipynb",
            "code": code,
            "inputs": {"rows": "${{parent.inputs.rows}}"},
        },
        "say": command(
            'python -c "import pandas;'
            " print(len(pandas.read_parquet('${{inputs.table}}')), ${{inputs.total}})\"",
            inputs={
                "table": {"type": "uri_file", "path": "${{parent.jobs.prepare.outputs.table}}"},
                "total": "${{parent.jobs.prepare.outputs.total}}",
            },
        ),
    }

    job = room.run(pipeline(jobs, name="p", inputs={"rows": 4}))

    assert job.error is None
    assert room.log("p_say") == b"4 6\n"


def test_a_pipeline_is_a_step(room: Workroom) -> None:
    inner = {
        "type": "pipeline",
        "name": "twice",
        "inputs": {"word": {"type": "string"}, "times": {"type": "integer", "default": 2}},
        "outputs": {"text": {"type": "uri_file"}},
        "jobs": {
            "repeat": command(
                "for i in $(seq ${{inputs.times}}); do echo ${{inputs.word}}; done > ${{outputs.text}}",
                inputs={"word": "${{parent.inputs.word}}", "times": "${{parent.inputs.times}}"},
                outputs={"text": {"type": "uri_file", "path": "${{parent.outputs.text}}"}},
            )
        },
    }
    jobs = {
        "inner": {"component": inner, "inputs": {"word": "hi"}},
        "say": command(
            "cat ${{inputs.text}}",
            inputs={"text": {"type": "uri_file", "path": "${{parent.jobs.inner.outputs.text}}"}},
        ),
    }

    job = room.run(pipeline(jobs, name="p"))

    assert job.error is None
    assert room.log("p_say") == b"hi\nhi\n"
    assert room.job("p_inner_repeat").parent_job_name == "p_inner"


def test_registered_components_are_steps(room: Workroom) -> None:
    from jupyter_mlws.entities.asset import component_spec
    from jupyter_mlws.execution import assets

    spec = component_spec(
        {
            "name": "greet",
            "command": "echo hello ${{inputs.who}} $[[from ${{inputs.by}}]]",
            "inputs": {"who": {"type": "string"}, "by": {"type": "string", "optional": True}},
        }
    )
    with room.store.change("ana", "components/write", "component:greet") as tx:
        made = assets.draft(room.store, room.blobs, "component", spec)
        assets.add(room.store, room.blobs, tx, made, who="ana")
    jobs = {
        "one": {"component": "azureml:greet@latest", "inputs": {"who": "Ana"}},
        "two": {"component": "azureml:greet:1", "inputs": {"who": "Ben", "by": "Cy"}},
    }

    job = room.run(pipeline(jobs, name="p"))

    assert job.error is None
    assert room.log("p_one") == b"hello Ana\n"
    assert room.log("p_two") == b"hello Ben from Cy\n"


def test_a_condition_chooses_what_runs(room: Workroom) -> None:
    jobs = {
        "ask": command(
            "test ${{inputs.n}} = 1 && echo true > ${{outputs.yes}} || echo false > ${{outputs.yes}}",
            inputs={"n": 1},
            outputs={"yes": {"type": "boolean"}},
        ),
        "choose": {
            "type": "if_else",
            "condition": "${{parent.jobs.ask.outputs.yes}}",
            "true_block": "${{parent.jobs.then}}",
            "false_block": "${{parent.jobs.otherwise}}",
        },
        "then": command("echo then"),
        "otherwise": command("echo otherwise"),
    }  # fmt: skip

    job = room.run(pipeline(jobs, name="p"))

    assert job.error is None
    assert room.log("p_then") == b"then\n"
    assert room.store.find_record("job", "p_otherwise") is None


def test_a_loop_goes_on_until_its_condition_is_false(room: Workroom) -> None:
    body = {
        "name": "step",
        "command": "echo $((${{inputs.n}} + 1)) > ${{outputs.next}};"
        " test ${{inputs.n}} -lt 2 && echo true > ${{outputs.more}} || echo false > ${{outputs.more}}",
        "inputs": {"n": {"type": "integer"}},
        "outputs": {"next": {"type": "integer"}, "more": {"type": "boolean"}},
    }
    jobs = {
        "step": {"component": body, "inputs": {"n": 0}},
        "loop": {
            "type": "do_while",
            "body": "${{parent.jobs.step}}",
            "condition": "${{parent.jobs.step.outputs.more}}",
            "mapping": {"next": "n"},
            "limits": {"max_iteration_count": 10},
        },
    }

    job = room.run(pipeline(jobs, name="p"))

    assert job.error is None
    rounds = ["p_step", "p_step_round2", "p_step_round3"]
    assert [room.job(name).values["next"] for name in rounds] == [1, 2, 3]
    assert room.store.find_record("job", "p_step_round4") is None


def test_a_body_runs_once_for_each_item(room: Workroom) -> None:
    body = {
        "name": "shout",
        "command": "echo ${{inputs.word}}${{inputs.mark}} > ${{outputs.text}}/word.txt",
        "inputs": {"word": {"type": "string"}, "mark": {"type": "string"}},
        "outputs": {"text": {"type": "uri_folder"}},
    }
    jobs = {
        "body": {"component": body, "inputs": {"word": "x", "mark": "!"}},
        "each": {
            "type": "parallel_for",
            "body": "${{parent.jobs.body}}",
            "items": [{"word": "one"}, {"word": "two"}],
        },
        "all": command(
            "cat ${{inputs.texts}}/*/word.txt",
            inputs={"texts": {"path": "${{parent.jobs.each.outputs.text}}"}},
        ),
    }

    job = room.run(pipeline(jobs, name="p"))

    assert job.error is None
    assert room.log("p_all") == b"one!\ntwo!\n"


def test_first_and_last_steps_stand_around_the_others(room: Workroom) -> None:
    line = "echo {} >> $PWD/../../../../order"
    jobs = {
        "last": command(line.format("last")),
        "work": command(line.format("work") + "; exit 1"),
        "first": command(line.format("first")),
    }

    job = room.run(pipeline(jobs, settings={"on_init": "first", "on_finalize": "last"}))

    assert job.status is Status.FAILED
    order = (room.path / "order").read_text().split()
    assert order == ["first", "work", "last"]


def test_a_value_that_is_not_given_fails_its_step(room: Workroom) -> None:
    job = room.run(
        pipeline({"give": command("true", outputs={"n": {"type": "integer"}})}, name="p")
    )

    assert job.error
    assert "Output 'n' is a value and was not given" in job.error.message


def test_a_value_of_another_type_fails_its_step(room: Workroom) -> None:
    line = "echo many > ${{outputs.n}}"

    job = room.run(pipeline({"give": command(line, outputs={"n": {"type": "integer"}})}, name="p"))

    assert job.error
    assert "Output 'n' is 'many', which is no integer" in job.error.message
