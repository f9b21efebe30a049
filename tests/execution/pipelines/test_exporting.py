"""Pipelines for others: what is exported is what was written."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from jupyter_mlws.entities.errors import Invalid
from jupyter_mlws.entities.pipeline import Graph
from jupyter_mlws.execution.pipelines.exporting.azureml import CURATED, azureml
from jupyter_mlws.execution.pipelines.exporting.script import script
from jupyter_mlws.sdk.documents import read
from jupyter_mlws.sdk.jobs import with_components

BINDER = Path(__file__).parents[3] / "binder" / "pipeline"

FLOW: dict[str, Any] = {
    "type": "pipeline",
    "display_name": "Flow",
    "tags": {"team": "a"},
    "inputs": {"rate": 0.1, "rows": {"type": "uri_file", "path": "https://example.org/rows.csv"}},
    "outputs": {"best": {"type": "uri_folder", "name": "best"}},
    "settings": {"cache": "refresh", "max_concurrency": 2, "default_compute": "local"},
    "jobs": {
        "last": {
            "type": "command",
            "command": "cp ${{inputs.n}} ${{outputs.o}}\necho done",
            "inputs": {"n": {"path": "${{parent.jobs.ask.outputs.n}}", "mode": "download"}},
            "outputs": {"o": "${{parent.outputs.best}}"},
            "depends_on": ["other"],
        },
        "ask": {
            "type": "command",
            "command": "cat ${{inputs.rows}} > ${{outputs.n}}; echo true > ${{outputs.more}}",
            "inputs": {"rows": "${{parent.inputs.rows}}", "rate": "${{parent.inputs.rate}}"},
            "outputs": {"n": {"type": "uri_file"}, "more": {"type": "boolean"}},
            "cache": "off",
        },
        "choose": {
            "type": "if_else",
            "condition": "${{parent.jobs.ask.outputs.more}}",
            "true_block": ["${{parent.jobs.yes}}"],
            "false_block": ["${{parent.jobs.other}}"],
        },
        "yes": {"type": "command", "command": "echo yes", "environment": {"pip": ["rich"]}},
        "other": {"type": "command", "command": "echo no", "compute": "local"},
    },
}


def made_by(text: str, folder: Path) -> dict[str, Any]:
    """The job that a script makes."""
    (folder / "script.py").write_text(text)
    show = (
        "import json, runpy; job = runpy.run_path('script.py')['job'];"
        " print(job.model_dump_json(by_alias=True, exclude_unset=True, exclude_none=True))"
    )
    done = subprocess.run(
        [sys.executable, "-c", show],
        check=False,
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, f"{done.stderr}\n{text}"
    found: dict[str, Any] = yaml.safe_load(done.stdout)
    return found


def test_a_script_makes_the_pipeline_that_it_was_made_of(tmp_path: Path) -> None:
    made = made_by(script(FLOW, "flow"), tmp_path)

    jobs = made["jobs"]
    assert jobs["ask"] == FLOW["jobs"]["ask"]
    assert jobs["choose"] == FLOW["jobs"]["choose"]
    assert jobs["yes"] == FLOW["jobs"]["yes"]
    last = {**FLOW["jobs"]["last"], "outputs": {"o": {"path": "${{parent.outputs.best}}"}}}
    assert jobs["last"] == last
    assert made["inputs"] == FLOW["inputs"]
    assert made["outputs"] == FLOW["outputs"]
    assert made["settings"] == FLOW["settings"]
    assert (made["display_name"], made["tags"]) == ("Flow", {"team": "a"})


def test_the_example_as_a_script_is_the_example() -> None:
    document, origin = read(BINDER / "life.pipeline.yml")
    text = script(document.data, "life_exported")
    written = with_components(document, origin).data

    code = compile(text, str(origin / "life_exported.py"), "exec")
    names: dict[str, Any] = {"__name__": "life_exported"}
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(origin)
        exec(code, names)
    job = names["job"].model_dump(mode="json", exclude_unset=True, exclude_none=True)

    assert list(job["jobs"]) == list(written["jobs"])
    for key, said in written["jobs"].items():
        assert job["jobs"][key].get("inputs") == said.get("inputs"), key
    assert job["inputs"] == written["inputs"]
    assert job["outputs"] == written["outputs"]
    assert (
        job["jobs"]["linear"]["component"]["command"]
        == written["jobs"]["linear"]["component"]["command"]
    )
    assert text.count("load_component('./train.yml')") == 1, "one function for both steps"


@pytest.mark.parametrize(
    ("document", "field"),
    [
        ({"component": "azureml:x:1"}, "jobs"),
        ({"jobs": {"class": {"command": "x"}}}, "jobs.class"),
        ({"jobs": {"a": {"command": "x"}}, "inputs": {"a": 1}}, "jobs.a"),
        ({"jobs": {"job": {"command": "x"}}}, "jobs.job"),
    ],
)
def test_what_cannot_be_a_script_is_told(document: dict[str, Any], field: str) -> None:
    with pytest.raises(Invalid) as error:
        script(document)
    assert error.value.problems[0].field == field


def test_what_azure_ml_has_no_word_for_is_translated_or_told() -> None:
    made, warnings = azureml(FLOW, FLOW, Graph())

    jobs = made["jobs"]
    assert made["settings"] == {"default_compute": "serverless", "force_rerun": True}
    assert "cache" not in jobs["ask"]
    assert jobs["ask"]["environment"] == CURATED
    assert jobs["yes"]["environment"]["conda_file"]["dependencies"][-1] == {"pip": ["rich"]}
    assert "compute" not in jobs["other"]
    assert "depends_on" not in jobs["last"]
    assert jobs["last"]["inputs"]["after_other"] == {
        "type": "uri_folder",
        "path": "${{parent.jobs.other.outputs.artifacts}}",
    }
    for word in ("step 'ask': `cache`", "max_concurrency", "serverless", "step 'other': has no en"):
        assert any(word in warning for warning in warnings), word
