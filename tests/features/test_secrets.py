"""Secrets are given to those who need them, and are to be seen nowhere else."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from jupyter_mlws.entities.errors import Invalid, NotFound
from jupyter_mlws.entities.run import Status
from jupyter_mlws.features.workspace import Workspace
from jupyter_mlws.testing.jobs import Workroom

Call = Callable[..., Any]
VALUE = "hunter2-5f3a-very-secret"
ENV = {"API_KEY": "${{secrets.api_key}}"}
NOTEBOOK = {
    "nbformat": 4,
    "nbformat_minor": 5,
    "metadata": {"kernelspec": {"name": "python3", "display_name": "", "language": "python"}},
    "cells": [
        {
            "id": "p",
            "cell_type": "code",
            "metadata": {"tags": ["parameters"]},
            "execution_count": None,
            "outputs": [],
            "source": "token: 'Secret' = ''",
        },
        {
            "id": "c",
            "cell_type": "code",
            "metadata": {},
            "execution_count": None,
            "outputs": [],
            "source": "import os\nkey = os.environ['API_KEY']\nprint(token, key)\nassert token == key\n"
            "os.environ['API_KEY']",
        },
    ],
}


@pytest.fixture
def api_key(call: Call) -> str:
    """The name of a secret that is kept."""
    call("secrets.set", name="api_key", value=VALUE, description="of the weather service")
    return "api_key"


def everything(path: Path) -> dict[str, bytes]:
    """All files of a workspace."""
    return {str(file): file.read_bytes() for file in path.rglob("*") if file.is_file()}


def test_a_job_gets_a_secret_as_environment_variable_and_nobody_sees_it(
    api_key: str, room: Workroom, call: Call, ws: Workspace
) -> None:
    line = 'echo "$API_KEY"; echo $API_KEY > outputs/kept.txt; test ${#API_KEY} = 24; cat'
    name = room.submit(command=f"{line} < /dev/null; sleep 0.3", environment_variables=ENV)
    seen: list[str] = []

    def has_ended() -> bool:
        seen.extend(commands())
        return room.job(name).status.is_final

    room.until(has_ended, lambda: "no end")
    job = room.wait(name)

    assert job.error is None
    assert room.log(name) == b"[REDACTED]\n"
    assert not any(VALUE in line for line in seen)
    # What a job itself writes into its files is its own affair; all else is ours.
    own = {"outputs/kept.txt"}
    blobs = {room.store.get_artifact(f"0/{name}/artifacts/{path}").blob for path in own}
    held = [path for path, data in everything(room.path).items() if VALUE.encode() in data]
    assert [p for p in held if Path(p).name not in blobs and "kept.txt" not in p] == []
    answers = [
        call("jobs.get", name=name).model_dump_json(),
        call("runs.get", run_id=name).model_dump_json(),
        str(call("secrets.list")),
        str(call("secrets.get", name=api_key)),
        str(room.store.events(limit=10_000)),
    ]
    assert not any(VALUE in answer for answer in answers)


def test_a_notebook_gets_it_as_a_parameter_and_its_copy_shows_a_mask(
    api_key: str, room: Workroom
) -> None:
    code = room.snapshot({"n.ipynb": json.dumps(NOTEBOOK).encode()})
    job = room.run(
        type="notebook",
        notebook="n.ipynb",
        code=code,
        inputs={"token": "${{secrets.api_key}}"},
        environment_variables=ENV,
    )

    assert job.error is None
    held = [path for path, data in everything(room.path).items() if VALUE.encode() in data]
    assert held == []
    shown = b"".join(room.artifacts(job.name).values())
    assert b"*** ***" in shown


def test_where_and_when_it_was_used_is_known(api_key: str, room: Workroom, call: Call) -> None:
    before = call("secrets.get", name=api_key)
    assert (before.n_uses, before.last_used_at) == (0, None)

    job = room.run(command="true", environment_variables=ENV)

    after = call("secrets.get", name=api_key)
    assert after.used_by == [job.name]
    assert after.last_used_at is not None
    used = [event for event in room.store.events() if event.action == "secrets/use"]
    assert [event.change["job"] for event in used] == [job.name]


def test_a_replaced_secret_is_given_anew_and_a_forgotten_one_is_refused(
    api_key: str, room: Workroom, call: Call
) -> None:
    call("secrets.set", name=api_key, value="other-secret-value")
    job = room.run(command="test $API_KEY = other-secret-value", environment_variables=ENV)
    assert job.status is Status.COMPLETED
    assert call("secrets.get", name=api_key).description == "of the weather service"

    call("secrets.delete", name=api_key)

    with pytest.raises(Invalid, match="no secret 'api_key'"):
        room.submit(command="true", environment_variables=ENV)


@pytest.mark.parametrize(
    ("name", "value", "field"),
    [
        ("1st", "x", "name"),
        ("a b", "x", "name"),
        ("a" * 200, "x", "name"),
        ("ok", "", "value"),
        ("ok", "x" * 100_001, "value"),
    ],
)
def test_what_is_no_secret_is_refused(call: Call, name: str, value: str, field: str) -> None:
    with pytest.raises(Invalid) as refused:
        call("secrets.set", name=name, value=value)
    assert refused.value.problems[0].field == field
    assert call("secrets.list") == []


def test_credentials_of_datastores_and_connections_are_in_no_file_and_no_answer(
    ws: Workspace, call: Call
) -> None:
    call(
        "datastores.create_or_update",
        datastore={
            "name": "d",
            "type": "s3",
            "bucket": "b",
            "credentials": {"access_key_id": "AKIA1", "secret_access_key": VALUE},
        },
    )
    call(
        "connections.create_or_update",
        connection={
            "name": "c",
            "type": "git",
            "target": "https://example.org",
            "credentials": {"type": "pat", "pat": VALUE},
        },
    )
    shown = [
        call("datastores.get", name="d"),
        call("datastores.list"),
        call("connections.get", name="c"),
        call("connections.list"),
    ]
    assert not any(VALUE in str(answer) for answer in shown)
    assert shown[0].credentials == {"access_key_id": "AKIA1"}
    assert shown[0].secrets == ["secret_access_key"]
    assert [p for p, data in everything(ws.path).items() if VALUE.encode() in data] == []


def test_a_secret_of_a_wrong_form_is_not_repeated(call: Call) -> None:
    for document in (
        {"name": "d", "type": "s3", "bucket": "b", "credentials": {"account_key": VALUE}},
        {"name": "d", "type": "azure_blob", "account_name": "a", "container_name": "c",
         "credentials": {"account_key": [VALUE]}},
    ):  # fmt: skip
        with pytest.raises(Invalid) as refused:
            call("datastores.create_or_update", datastore=document)
        assert VALUE not in str(refused.value.problems)
    with pytest.raises(Invalid) as refused:
        call(
            "connections.create_or_update",
            connection={"name": "c", "type": "git", "credentials": {"type": "pat", "key": VALUE}},
        )
    assert VALUE not in str(refused.value.problems)


def test_what_is_not_there_is_not_found(call: Call) -> None:
    for operation in ("secrets.get", "secrets.delete", "connections.get", "connections.delete"):
        with pytest.raises(NotFound):
            call(operation, name="none")


def commands() -> list[str]:
    """The command lines of all processes."""
    found = []
    for process in psutil.process_iter():
        try:
            found.append(" ".join(process.cmdline()))
        except psutil.Error:
            continue
    return found
