"""Pipelines of Elyra: the files it writes, as steps of ours."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from jupyter_mlws.entities.errors import Invalid
from jupyter_mlws.entities.run import Status
from jupyter_mlws.execution.base import JobType, ParentJobType
from jupyter_mlws.execution.jobs.command import CommandJobType
from jupyter_mlws.execution.jobs.pipeline import PipelineJobType
from jupyter_mlws.execution.pipelines.elyra import converted
from jupyter_mlws.testing.jobs import Workroom


def node(id: str, file: str, *before: str, **given: Any) -> dict[str, Any]:
    """A node as Elyra 3 and 4 write it."""
    links = [{"node_id_ref": other, "port_id_ref": "outPort"} for other in before]
    return {
        "id": id,
        "type": "execution_node",
        "op": "execute-notebook-node" if file.endswith(".ipynb") else "execute-python-node",
        "app_data": {
            "component_parameters": {"filename": file, **given},
            "label": "",
            "ui_data": {"label": Path(file).name},
        },
        "inputs": [{"id": "inPort", "links": links}],
        "outputs": [{"id": "outPort"}],
    }


def drawn(*nodes: dict[str, Any], **properties: Any) -> str:
    """A file of Elyra's."""
    return json.dumps(
        {
            "doc_type": "pipeline",
            "version": "3.0",
            "primary_pipeline": "p",
            "pipelines": [
                {"id": "p", "nodes": nodes, "app_data": {"version": 8, "properties": properties}}
            ],
        }
    )


def test_notebooks_and_their_order_become_steps() -> None:
    made = converted(
        drawn(
            node("1", "a/load data.ipynb", env_vars=[{"env_var": "URL", "value": "x"}]),
            node("2", "load data.ipynb", "1", env_vars=["URL=y", "PATH=/bin"]),
            name="Weather",
        ),
        "weather.pipeline",
    )

    said = yaml.safe_load(made.text)
    assert made.file == "weather.pipeline.yml"
    assert said["display_name"] == "Weather"
    assert said["inputs"] == {"URL": "x", "load_data_2_URL": "y"}
    assert said["jobs"]["load_data"] == {
        "type": "notebook",
        "notebook": "a/load data.ipynb",
        "environment_variables": {"URL": "${{parent.inputs.URL}}"},
    }
    assert said["jobs"]["load_data_2"]["depends_on"] == ["load_data"]
    assert said["jobs"]["load_data_2"]["environment_variables"] == {
        "URL": "${{parent.inputs.load_data_2_URL}}",
        "PATH": "/bin",
    }


def test_files_that_scripts_hand_on_are_there_when_it_runs(tmp_path: Path) -> None:
    (tmp_path / "write.py").write_text(
        "import os; os.mkdir('d'); open('d/word.txt', 'w').write(os.environ['WORD'])"
    )
    (tmp_path / "read.py").write_text("print(open('d/word.txt').read().upper())")
    text = converted(
        drawn(
            node("r", "read.py", "w"),
            node("w", "write.py", outputs=["d/word.txt"], env_vars=["WORD=hello"]),
        ),
        "two.pipeline",
    ).text
    types: dict[str, JobType | ParentJobType] = {
        "command": CommandJobType(),
        "pipeline": PipelineJobType(),
    }
    with Workroom(tmp_path / "workspace", types=types) as room:
        document = yaml.safe_load(text)
        code = room.snapshot(
            {name: (tmp_path / name).read_bytes() for name in ("write.py", "read.py")}
        )
        for step in document["jobs"].values():
            step["code"] = code
        name = room.submit(document)
        job = room.wait(name)

        assert job.status is Status.COMPLETED, job.error
        assert b"HELLO" in room.log(f"{name}_read")


def test_what_does_not_come_along_is_told() -> None:
    made = converted(
        drawn(
            node("1", "a.ipynb", outputs=["rows.csv"], runtime_image="tf:2"), node("2", "b.py", "1")
        ),
        "p.pipeline",
    )

    assert len(made.warnings) == 3
    assert "image 'tf:2'" in made.warnings[1]
    assert made.text.count("# step '") == 3


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("nothing", "no pipeline of Elyra's"),
        ('{"pipelines": []}', "no pipeline of Elyra's"),
        (drawn(), "no notebooks and scripts"),
        (drawn(node("1", "a.exe")), "no notebook and no script"),
        (drawn({"id": "1", "type": "super_node", "op": "x"}), "cannot be a step"),
    ],
)
def test_what_cannot_be_a_pipeline_is_told(text: str, message: str) -> None:
    with pytest.raises(Invalid, match=message):
        converted(text, "p.pipeline")
