"""Jobs on the caller's side: read, checked, sent."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from jupyter_mlws.entities.errors import Invalid, NotFound
from jupyter_mlws.entities.job import NotebookJob
from jupyter_mlws.entities.snapshot import is_local
from jupyter_mlws.sdk.builders import command, notebook
from jupyter_mlws.sdk.client import MLClient
from jupyter_mlws.sdk.jobs import load_job, submission
from jupyter_mlws.testing.transport import MemoryTransport

COMMAND = """\
$schema: https://example.org/commandJob.schema.json
command: python train.py --data ${{inputs.data}} --lr ${{inputs.lr}}
code: ./src
inputs:
  data:
    type: uri_file
    path: data.csv
  lr: 0.1
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "train.py").write_text("print(1)")
    (tmp_path / "data.csv").write_text("a,b\n1,2\n")
    (tmp_path / "job.yml").write_text(COMMAND)
    (tmp_path / "train.ipynb").write_text("{}")
    return tmp_path


def sent(source: Any, **options: Any) -> tuple[dict[str, Any], MemoryTransport]:
    transport = MemoryTransport()
    with submission(source, {}, check=True, **options) as made:
        made.send(transport)
        return made.document, transport


def test_code_and_data_are_sent_and_referred_to(project: Path) -> None:
    document, transport = sent(project / "job.yml")

    assert document["code"] in transport.snapshots
    assert transport.snapshots[document["inputs"]["data"]["path"]].is_file
    assert document["inputs"]["lr"] == 0.1


def test_paths_start_at_the_file_and_not_at_the_working_directory(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)

    document, _ = sent(project / "job.yml")

    assert document["experiment_name"] == project.name


def test_a_notebook_brings_its_folder(project: Path) -> None:
    document, transport = sent(notebook(project / "train.ipynb", inputs={"lr": 0.5}))

    assert document["notebook"] == "train.ipynb"
    assert "data.csv" in {file.path for file in transport.snapshots[document["code"]].files}


def test_a_mistake_in_a_file_is_told_with_its_line(project: Path) -> None:
    (project / "job.yml").write_text(COMMAND.replace("lr: 0.1", "lr: 0.1\nlimit: {timeout: 3}"))

    with pytest.raises(Invalid) as caught, submission(project / "job.yml", {}, check=True):
        pass

    assert "job.yml:9: limit: unknown key 'limit'. Did you mean 'limits'?" in str(caught.value)


def test_a_missing_data_file_is_told_with_its_line(project: Path) -> None:
    (project / "data.csv").unlink()

    with pytest.raises(Invalid, match=r"job\.yml:7: inputs\.data\.path: there is no 'data\.csv'"):
        sent(project / "job.yml")


def test_a_folder_given_as_a_file_is_told(project: Path) -> None:
    with pytest.raises(Invalid, match="say 'type: uri_folder'"):
        sent(project / "job.yml", assignments=["inputs.data.path=src"])


def test_set_comes_before_the_check(project: Path) -> None:
    document, _ = sent(project / "job.yml", assignments=["inputs.lr=0.9", "display_name=best"])

    assert (document["inputs"]["lr"], document["display_name"]) == (0.9, "best")


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="cannot be read"):
        load_job(tmp_path / "none.yml")


def test_load_job_gives_the_spec_and_remembers_its_place(project: Path) -> None:
    job = load_job(project / "job.yml", params_override=[{"inputs.lr": 2}])

    document, transport = sent(job)

    assert document["inputs"]["lr"] == 2
    assert document["code"] in transport.snapshots


def test_builders_refuse_what_a_file_could_not_say() -> None:
    with pytest.raises(Invalid, match="Did you mean 'inputs'"):
        command(command="true", input={})


def test_builders_fill_the_blocks_of_the_yaml() -> None:
    job = command(command="true", timeout=60, priority="high", instance_count=1)

    assert (job.limits.timeout, job.queue_settings.priority) == (60, "high")
    assert isinstance(notebook("a.ipynb"), NotebookJob)


@pytest.mark.parametrize("path", ["./x", "../x", "x/y", "/abs", "file:./x", "C.csv"])
def test_a_local_path_is_one(path: str) -> None:
    assert is_local(path)


@pytest.mark.parametrize(
    "path",
    [
        "https://x/y",
        "azureml://jobs/j/outputs/o",
        "azureml:a:1",
        "runs:/r/p",
        f"snapshot:{'0' * 64}",
        "git+https://x",
    ],
)
def test_an_address_is_no_local_path(path: str) -> None:
    assert not is_local(path)


def test_an_unprepared_answer_is_not_invented() -> None:
    with pytest.raises(NotFound):
        MemoryTransport().call("jobs.get", {"name": "x"})


def test_an_address_in_the_place_of_the_credential_is_told() -> None:
    with pytest.raises(Invalid, match="say `url=…` and `token=…`"):
        MLClient("http://127.0.0.1:8890/mlws", "mlws_token")
