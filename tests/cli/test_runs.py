"""`mlws run compare`: what a person reads of two jobs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from jupyter_mlws.sdk.client import MLClient
from jupyter_mlws.sdk.service import Running
from tests.cli.test_main import run


@pytest.fixture(scope="module")
def jobs(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Two folders of code."""
    folders = []
    for name, line in (("a", "print(1)\n"), ("b", "print(2)\n")):
        folder = tmp_path_factory.mktemp(name)
        (folder / "train.py").write_text(f"import sys\n{line}")
        (folder / "same.py").write_text("pass\n")
        folders.append(folder)
    return folders


@pytest.fixture
def names(service: Running, jobs: list[Path], monkeypatch: pytest.MonkeyPatch) -> tuple[str, str]:
    """Two jobs that have ended."""
    monkeypatch.setenv("MLWS_WORKSPACE", service.workspace)
    with MLClient(workspace=service.workspace) as client:
        made = [
            client.jobs.create_or_update(
                {
                    "command": "python train.py ${{inputs.lr}}",
                    "code": str(folder),
                    "inputs": {"lr": lr},
                }
            )
            for folder, lr in zip(jobs, (0.1, 0.2), strict=True)
        ]
        for job in made:
            client.jobs.wait(job.name, timeout_s=60)
    return made[0].name, made[1].name


def test_two_jobs_are_compared_section_by_section(
    names: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, _ = run(capsys, "run", "compare", *names, "--diff")

    assert code == 0
    assert out.splitlines()[0].startswith(f"{names[1]}: ")
    assert "differs in lr, train.py" in out.splitlines()[0]
    assert [
        line for line in out.splitlines() if line and line[0].isupper() and " " not in line
    ] == [
        "Metrics",
        "Parameters",
        "Code",
        "Environment",
        "Data",
        "Artifacts",
    ]
    assert "-print(1)\n+print(2)\n" in out
    assert "same.py" not in out


def test_all_of_it_is_json(names: tuple[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = run(capsys, "run", "compare", *names, "-o", "json")

    told = json.loads(out)
    assert told["verdicts"][0]["files"] == ["train.py"]
    assert {row["key"] for row in told["environments"]["packages"]} >= {"pydantic"}


@pytest.mark.usefixtures("names")
def test_a_run_that_is_not_there_is_an_error(capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = run(capsys, "run", "compare", "nobody", "noone")

    assert code == 1
    assert "nobody" in err
