"""Schedules from files and from Python, against a real service."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nbformat
import pytest
from click.testing import CliRunner

from jupyter_mlws import (
    CronTrigger,
    Invalid,
    JobSchedule,
    MLClient,
    RecurrencePattern,
    RecurrenceTrigger,
    command,
    load_schedule,
)
from jupyter_mlws.cli.main import app, main
from jupyter_mlws.sdk.service import Running
from jupyter_mlws.testing.transport import MemoryTransport

AZURE = """\
$schema: https://azuremlschemas.azureedge.net/latest/schedule.schema.json
name: simple_cron_job_schedule
display_name: Simple cron job schedule
description: a simple hourly cron job schedule
trigger:
  type: cron
  expression: "0 * * * *"
  start_time: "2036-07-10T10:00:00" # optional - default will be schedule creation time
  time_zone: "Pacific Standard Time" # optional - default will be UTC
create_job:
  type: command
  job: ./train/job.yml
  inputs:
    day: ${{creation_context.trigger_time}}
"""
JOB = """\
$schema: https://azuremlschemas.azureedge.net/latest/commandJob.schema.json
command: python hello.py ${{inputs.day}}
code: src
inputs:
  day: ""
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "train" / "src").mkdir(parents=True)
    (tmp_path / "train" / "src" / "hello.py").write_text("import sys; print(sys.argv)")
    (tmp_path / "train" / "job.yml").write_text(JOB)
    (tmp_path / "schedule.yml").write_text(AZURE)
    book = nbformat.v4.new_notebook()
    book.cells = [nbformat.v4.new_code_cell("n = 1", metadata={"tags": ["parameters"]})]
    nbformat.write(book, tmp_path / "weekly report.ipynb")
    return tmp_path


@pytest.fixture
def client(service: Running) -> MLClient:
    return MLClient(url=service.url, token=service.token)


def test_an_azure_ml_file_is_a_schedule(client: MLClient, project: Path) -> None:
    made = client.schedules.create_or_update(project / "schedule.yml")

    assert made.time_zone == "America/Los_Angeles"
    assert made.next_run
    assert made.next_run.isoformat() == "2036-07-10T17:00:00+00:00"
    assert made.create_job
    assert made.create_job["code"].startswith("snapshot:")
    assert made.create_job["inputs"] == {"day": "${{creation_context.trigger_time}}"}
    client.schedules.disable("simple_cron_job_schedule")
    client.schedules.delete("simple_cron_job_schedule")


def test_scripts_for_azure_ml_run(client: MLClient) -> None:
    trigger = RecurrenceTrigger(
        frequency="day",
        interval=1,
        schedule=RecurrencePattern(hours=[10], minutes=[0, 1]),
        time_zone="Tokyo Standard Time",
    )
    job = command(command="echo hello", experiment_name="daily")
    schedule = JobSchedule(name="from-python", trigger=trigger, create_job=job)

    made = client.schedules.begin_create_or_update(schedule).result()
    fire = client.schedules.trigger("from-python")
    disabled = client.schedules.begin_disable(name=made.name).result()

    assert client.jobs.wait(fire.job or "", timeout_s=60).experiment_name == "daily"
    assert made.sentence == "Every day at 10:00, 10:01"
    assert not disabled.is_enabled
    client.schedules.begin_delete(made.name).result()
    assert made.name not in {item.name for item in client.schedules.list()}


def test_a_loaded_schedule_changes_before_it_is_created(project: Path) -> None:
    spec = load_schedule(project / "schedule.yml", params_override=[{"overlap": "skip"}])

    assert spec.overlap == "skip"
    assert isinstance(spec.trigger, CronTrigger)


def test_a_wrong_file_is_located(project: Path) -> None:
    (project / "schedule.yml").write_text(AZURE.replace("0 * * * *", "0 25 * * *"))

    with pytest.raises(Invalid) as refused:
        load_schedule(project / "schedule.yml")

    (problem,) = refused.value.problems
    assert (problem.field, problem.line) == ("trigger.expression", 7)


@pytest.mark.parametrize(
    ("file", "text", "field"),
    [
        ("train/job.yml", JOB.replace("code: src", "code: nowhere"), "code"),
        ("train/job.yml", JOB + "nonsense: 1\n", "nonsense"),
        ("schedule.yml", AZURE.replace("./train/job.yml", "./no.yml"), "create_job.job"),
    ],
)
def test_a_wrong_job_of_a_schedule_is_located_in_its_own_file(
    project: Path, file: str, text: str, field: str
) -> None:
    (project / file).write_text(text)
    client = MLClient(transport=MemoryTransport())

    with pytest.raises(Invalid) as refused:
        client.schedules.create_or_update(project / "schedule.yml")

    (problem,) = refused.value.problems
    assert problem.field == field
    assert str(problem.file).endswith(file)
    assert problem.line


def run(service: Running, *arguments: str) -> Any:
    at = ["--url", service.url, "--token", service.token]
    answer = CliRunner().invoke(app, [*arguments, *at], catch_exceptions=False)
    assert answer.exit_code == 0, answer.output
    return answer.output


def test_a_notebook_is_scheduled_in_one_line(service: Running, project: Path) -> None:
    import json

    book = str(project / "weekly report.ipynb")
    made = json.loads(
        run(
            service, "schedule", "create", "--notebook", book, "--cron", "0 7 * * 1-5",
            "--time-zone", "Asia/Tokyo", "-p", "n=3", "--overlap", "skip",
        )
    )  # fmt: skip

    assert (made["name"], made["overlap"], made["time_zone"]) == (
        "weekly-report",
        "skip",
        "Asia/Tokyo",
    )
    assert made["create_job"]["inputs"] == {"n": 3}
    assert made["next_run"].endswith("T22:00:00.000Z")
    times = json.loads(
        run(service, "schedule", "next-times", "-n", "weekly-report", "--count", "2")
    )
    assert [time["local"][11:] for time in times["times"]] == ["07:00:00+09:00"] * 2
    run(service, "schedule", "disable", "-n", "weekly-report")
    run(service, "schedule", "delete", "-n", "weekly-report")


def test_a_file_is_checked_whatever_it_is(service: Running, project: Path) -> None:
    assert '"passed": true' in run(service, "validate", str(project / "schedule.yml"))


def test_a_wrong_schedule_leaves_with_1_and_names_the_field(
    service: Running, project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["schedule", "create", "--notebook", str(project / "weekly report.ipynb")]
    at = ["--url", service.url, "--token", service.token]

    with pytest.raises(SystemExit) as left:
        main([*arguments, "--cron", "0 7 * * 9", *at])

    assert left.value.code == 1
    assert "day of week" in capsys.readouterr().err
