"""What a job does, printed while it does it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from jupyter_mlws.sdk.client import MLClient
from jupyter_mlws.sdk.jobs import JobFailed
from jupyter_mlws.sdk.service import Running


@pytest.fixture
def client(service: Running) -> Iterator[MLClient]:
    with MLClient(url=service.url, token=service.token) as client:
        yield client


def created(client: MLClient, **job: object) -> str:
    return client.jobs.create_or_update(job).name


def test_a_command_is_told_by_its_log(client: MLClient, capsys: pytest.CaptureFixture[str]) -> None:
    name = created(client, type="command", command="echo one; echo two")

    client.jobs.stream(name)

    printed = capsys.readouterr().out
    assert f"RunId: {name}" in printed
    assert "Streaming user_logs/std_log.txt" in printed
    assert "one\ntwo\n" in printed
    assert "Status: Completed" in printed


def test_a_pipeline_is_told_by_what_its_steps_do(
    client: MLClient, capsys: pytest.CaptureFixture[str]
) -> None:
    steps = {
        "first": {"type": "command", "command": "echo 1"},
        "gate": {"type": "command", "command": "exit 3"},
    }
    name = created(client, type="pipeline", jobs=steps)

    with pytest.raises(JobFailed, match="gate"):
        client.jobs.stream(name)

    lines = capsys.readouterr().out.splitlines()
    assert "Streaming user_logs/std_log.txt" not in lines
    assert "first: Completed" in lines
    assert "gate: Failed" in lines
    assert "Status: Failed" in lines


def test_what_ended_long_ago_is_told_too(
    client: MLClient, capsys: pytest.CaptureFixture[str]
) -> None:
    steps = {"only": {"type": "command", "command": "true"}}
    name = created(client, type="pipeline", jobs=steps)
    client.jobs.wait(name)

    client.jobs.stream(name)

    assert capsys.readouterr().out.splitlines().count("only: Completed") == 1
