"""`mlws`: what a person types, and what comes back."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import CliRunner

from jupyter_mlws.cli.main import app, main
from jupyter_mlws.cli.output import render
from jupyter_mlws.cli.own import FOR_PROGRAMS
from jupyter_mlws.features.operations import load
from jupyter_mlws.sdk.client import MLClient
from jupyter_mlws.sdk.service import Running


@pytest.fixture
def workspace(service: Running, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("MLWS_WORKSPACE", service.workspace)
    return service.workspace


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as left:
        main(arguments)
    captured = capsys.readouterr()
    code = left.value.code
    return (code if isinstance(code, int) else 0), captured.out, captured.err


@pytest.mark.parametrize(
    "op", sorted(name for name, op in load().items() if op.singular not in FOR_PROGRAMS)
)
def test_every_operation_has_a_command_with_help(
    op: str, capsys: pytest.CaptureFixture[str]
) -> None:
    verbs = {"create_or_update": "create", "get": "show", "import_data": "import"}
    operation = load()[op]
    verb = verbs.get(operation.verb, operation.verb.replace("_", "-"))

    code, out, _ = run(capsys, operation.singular, verb, "--help")

    assert code == 0
    assert "Usage: mlws" in out


@pytest.mark.usefixtures("workspace")
def test_an_answer_is_json_unless_asked_otherwise(capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = run(capsys, "experiment", "list")

    assert "Default" in {experiment["name"] for experiment in json.loads(out)}


@pytest.mark.usefixtures("workspace")
def test_a_query_and_tsv_give_a_bare_value(capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = run(capsys, "experiment", "list", "--query", "[-1].experiment_id", "-o", "tsv")

    assert out == "0\n"


@pytest.mark.usefixtures("workspace")
def test_an_error_is_words_on_standard_error_and_exit_code_1(
    capsys: pytest.CaptureFixture[str],
) -> None:
    code, out, err = run(capsys, "job", "show", "-n", "nobody")

    assert (code, out) == (1, "")
    assert err.startswith("error: ")
    assert "nobody" in err


@pytest.mark.usefixtures("workspace")
def test_a_wrong_file_is_told_by_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "job.yml").write_text("command: true\ncompute: local\ninput: {}\n")

    code, _, err = run(capsys, "job", "create", "-f", str(tmp_path / "job.yml"))

    assert code == 1
    assert "job.yml:3: input: unknown key 'input'. Did you mean 'inputs'?" in err


def test_create_needs_a_file_or_a_notebook(capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = run(capsys, "job", "create")

    assert code == 2
    assert "--file or --notebook" in err


def test_the_status_of_no_service_is_exit_code_3(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, _ = run(capsys, "service", "status", "-w", str(tmp_path / "none"))

    assert code == 3
    assert json.loads(out)["running"] is False
    assert not (tmp_path / "none").exists()


def test_status_tells_where_the_service_is_and_not_its_token(
    workspace: str, service: Running, capsys: pytest.CaptureFixture[str]
) -> None:
    _, out, _ = run(capsys, "service", "status")

    told = json.loads(out)
    assert (told["url"], told["pid"], told["workspace"]) == (service.url, service.pid, workspace)
    assert service.token not in out


@pytest.mark.usefixtures("workspace")
def test_env_can_be_evaluated_by_a_shell(service: Running) -> None:
    line = f'eval "$({sys.executable} -m jupyter_mlws.cli.main service env)" && echo $MLFLOW_TRACKING_URI'

    out = subprocess.check_output(["bash", "-c", line], text=True)

    assert out.strip() == f"{service.url}/mlflow"


def test_commands_start_without_what_only_jobs_need() -> None:
    heavy = ("nbformat", "nbclient", "jsonschema", "papermill", "mlflow", "pandas", "numpy")
    code = (
        "import sys; from jupyter_mlws.features.operations import load; load();"
        " import jupyter_mlws.cli.main, jupyter_mlws.cli.commands, jupyter_mlws.sdk.client;"
        f" print(*(set({heavy}) & set(sys.modules)))"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.split() == []


def at_a_terminal(answer: str, *words: str) -> subprocess.CompletedProcess[str]:
    """Run a command as a person does, who answers what it asks."""
    ours, theirs = os.openpty()
    os.write(ours, f"{answer}\n".encode())
    command = [sys.executable, "-m", "jupyter_mlws.cli.main", *words]
    done = subprocess.run(command, stdin=theirs, capture_output=True, text=True, check=False)
    os.close(ours)
    os.close(theirs)
    return done


def test_a_person_is_asked_before_something_is_deleted_and_a_script_is_not(
    workspace: str, capsys: pytest.CaptureFixture[str]
) -> None:
    client = MLClient(workspace=workspace)
    for name in ("one", "two", "three"):
        client.secrets.set(name, "value")

    kept = at_a_terminal("n", "secret", "delete", "-n", "one", "-w", workspace)
    gone = at_a_terminal("y", "secret", "delete", "-n", "one", "-w", workspace)
    sure = at_a_terminal("n", "secret", "delete", "-n", "two", "--yes", "-w", workspace)
    code, out, _ = run(capsys, "secret", "delete", "-n", "three")

    assert (kept.returncode, kept.stdout) == (1, "")
    assert "Delete secret 'one'?" in kept.stderr
    assert (gone.returncode, gone.stdout) == (0, "")
    assert (sure.returncode, sure.stdout, sure.stderr) == (0, "", "")
    assert (code, out) == (0, "")
    assert not {"one", "two", "three"} & {secret.name for secret in client.secrets.list()}


def test_help_names_every_noun() -> None:
    import click

    nouns = app.list_commands(click.Context(app))

    assert {"job", "run", "experiment", "compute", "service", "workspace", "token"} <= set(nouns)


def test_a_table_shows_what_there_is_and_aligns_it() -> None:
    rows = [{"name": "a", "status": "Running", "spec": {}}, {"name": "long", "status": None}]

    assert render(rows, "table") == "Name  Status\n----  -------\na     Running\nlong"


def test_a_table_of_runs_shows_the_metrics_that_most_of_them_have() -> None:
    rows = [
        {"run_id": "a", "metrics": {"auc": 0.123456789, "system/cpu": 1.0}},
        {"run_id": "b", "metrics": {"auc": 0.5, "rare": 1.0}},
    ]

    head, _, first, second = render(rows, "table").splitlines()

    assert head.split() == ["Run", "id", "auc", "rare"]
    assert (first.split(), second.split()) == (["a", "0.12346"], ["b", "0.5", "1"])


@pytest.mark.parametrize("output", ["json", "yaml", "table", "tsv", "none"])
def test_nothing_is_shown_as_nothing_in_every_format(output: str) -> None:
    assert render([], output) in {"", "[]"}


@pytest.mark.usefixtures("workspace")
def test_runs_are_exported_to_a_file(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    target = tmp_path / "runs.csv"

    code, out, _ = run(capsys, "run", "export", "--format", "csv", "--download-path", str(target))

    assert (code, json.loads(out)["path"]) == (0, str(target))
    assert target.read_text().startswith("run_id,name,experiment")


@pytest.mark.usefixtures("workspace")
def test_a_refused_export_leaves_no_file(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    target = tmp_path / "runs.csv"

    code, _, err = run(capsys, "run", "export", "--filter", "metrics.x >", "-p", str(target))

    assert code == 1
    assert "error:" in err
    assert list(tmp_path.iterdir()) == []


def test_triggers_and_webhooks_come_from_files(service: Running, tmp_path: Path) -> None:
    (tmp_path / "trigger.yml").write_text(
        "name: from-file\ntype: http\nparameters: {n: {type: integer}}\n"
        "create_job: {command: 'echo ${{inputs.n}}', inputs: {n: 1}}\n"
    )
    (tmp_path / "webhook.yml").write_text(
        "name: from-file\nurl: https://example.org/hook\nevents: [job.failed]\n"
    )
    at = ["--url", service.url, "--token", service.token]

    def run(*arguments: str) -> Any:
        answer = CliRunner().invoke(app, [*arguments, *at], catch_exceptions=False)
        assert answer.exit_code == 0, answer.output
        return json.loads(answer.output or "null")

    trigger = run("trigger", "create", "-f", str(tmp_path / "trigger.yml"))
    webhook = run("webhook", "create", "-f", str(tmp_path / "webhook.yml"))
    answer = httpx.post(
        trigger["url"],
        json={"inputs": {"n": 3}},
        headers={"Authorization": f"Bearer {trigger['token']}"},
    )

    assert (answer.status_code, webhook["events"]) == (200, ["job.failed"])
    assert answer.json()["job"].startswith("from-file-")
    assert run("delivery", "list") == []
    for noun in ("trigger", "webhook"):
        run(noun, "delete", "-n", "from-file")


@pytest.mark.usefixtures("workspace")
def test_a_pipeline_is_written_for_others_with_the_files_that_it_names(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "part.yml").write_text("name: part\ntype: command\ncommand: echo\n")
    file = tmp_path / "p.pipeline.yml"
    file.write_text("type: pipeline\njobs: {a: {component: ./part.yml}}\n")

    code, out, error = run(capsys, "pipeline", "convert", "-f", str(file), "--format", "azureml")

    assert code == 0, error
    assert "warning: step 'a': has no environment" in error
    assert "environment: azureml://" in Path(json.loads(out)["path"]).read_text()
    code, _, error = run(capsys, "pipeline", "convert", "-f", str(file), "--format", "azureml")
    assert (code, "is there already" in error) == (1, True)
    code, out, _ = run(capsys, "pipeline", "convert", "-f", str(file), "--format", "python")
    assert "load_component('./part.yml')" in (tmp_path / "p.py").read_text()


@pytest.mark.usefixtures("workspace")
def test_a_pipeline_of_elyra_becomes_a_file_beside_it(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    node = {"id": "n", "type": "execution_node", "app_data": {"filename": "a.ipynb"}}
    drawn = {"primary_pipeline": "p", "pipelines": [{"id": "p", "nodes": [node]}]}
    file = tmp_path / "old.pipeline"
    file.write_text(json.dumps(drawn))

    code, _, error = run(capsys, "pipeline", "import-elyra", "-f", str(file))

    assert code == 0, error
    assert "notebook: a.ipynb" in (tmp_path / "old.pipeline.yml").read_text()
