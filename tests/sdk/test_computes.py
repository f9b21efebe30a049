"""Computes from Python and the command line, with the names of Azure ML's client."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from jupyter_mlws import AmlCompute, load_compute
from jupyter_mlws.cli.main import app
from jupyter_mlws.entities.errors import Invalid
from jupyter_mlws.sdk.client import MLClient
from jupyter_mlws.sdk.service import Running

CLUSTER = """\
$schema: https://azuremlschemas.azureedge.net/latest/amlCompute.schema.json
name: {name}
type: amlcompute
size: STANDARD_DS3_v2
max_instances: 1
"""


@pytest.fixture
def client(service: Running) -> Iterator[MLClient]:
    with MLClient(url=service.url, token=service.token) as client:
        yield client


def run(service: Running, *arguments: str) -> tuple[int, str]:
    given = [*arguments, "--url", service.url, "--token", service.token]
    answer = CliRunner().invoke(app, given)
    return answer.exit_code, str(answer.exception or answer.stdout)


def test_the_verbs_of_azure_ml_are_done_at_once(client: MLClient) -> None:
    made = client.compute.begin_create_or_update(AmlCompute(name="of-sdk", max_instances=1))
    assert (made.done(), made.result().slots) == (True, 1)

    assert client.compute.begin_stop("of-sdk").result().state == "Stopped"
    assert client.compute.begin_start("of-sdk").result().state == "Running"
    assert client.compute.begin_restart("of-sdk").result().state == "Running"
    client.compute.begin_delete("of-sdk").wait()

    assert "of-sdk" not in {compute.name for compute in client.compute.list()}


def test_a_file_is_read_with_its_lines(client: MLClient, tmp_path: Path) -> None:
    file = tmp_path / "compute.yml"
    file.write_text(CLUSTER.format(name="of-file"))
    assert load_compute(file).name == "of-file"

    assert client.compute.create_or_update(file).type == "amlcompute"
    file.write_text(CLUSTER.format(name="of-file") + "max_nodes: 2\n")
    with pytest.raises(Invalid, match=r"yml:6: max_nodes: unknown key"):
        client.compute.create_or_update(file)


def test_the_command_line_creates_shows_and_deletes(service: Running, tmp_path: Path) -> None:
    file = tmp_path / "compute.yml"
    file.write_text(CLUSTER.format(name="of-cli"))

    assert run(service, "validate", str(file))[0] == 0
    code, text = run(service, "compute", "create", "-f", str(file), "--query", "slots")
    assert (code, json.loads(text)) == (0, 1)
    code, text = run(service, "compute", "stop", "-n", "of-cli", "--query", "state")
    assert json.loads(text) == "Stopped"
    code, text = run(service, "compute", "show", "-n", "of-cli", "--query", "type")
    assert json.loads(text) == "amlcompute"
    assert run(service, "compute", "delete", "-n", "of-cli")[0] == 0
    code, text = run(service, "compute", "show", "-n", "of-cli")
    assert (code, "no compute 'of-cli'" in text) == (1, True)


def test_a_compute_of_another_engine_is_right_as_such(service: Running, tmp_path: Path) -> None:
    file = tmp_path / "compute.yml"
    file.write_text("name: k8s\ntype: kubernetes\nnamespace: default\n")

    code, text = run(service, "validate", str(file))
    assert (code, "no engine of type 'kubernetes'" in text) == (0, True)
    code, text = run(service, "compute", "attach", "-f", str(file))
    assert (code, "no engine of type 'kubernetes'" in text) == (1, True)
