"""Registries from outside: commands and the client, with services of two workspaces."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from jupyter_mlws import Data, MLClient
from jupyter_mlws.cli.main import main
from jupyter_mlws.entities.access import TokenSpec
from jupyter_mlws.entities.errors import Denied, NotFound
from jupyter_mlws.sdk.service import Running
from jupyter_mlws.testing.service import running_service

REGISTRY = """\
$schema: https://azuremlschemas.azureedge.net/latest/registry.schema.json
name: team
location: westeurope
"""


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """The service of another workspace of this machine."""
    with running_service(tmp_path_factory.mktemp("elsewhere") / "workspace") as running:
        yield running


def test_a_registry_from_the_command_line(
    service: Running, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "x.csv").write_text("x")
    (tmp_path / "registry.yml").write_text(REGISTRY)
    where = ["--url", service.url, "--token", service.token]

    def run(*arguments: str) -> Any:
        with pytest.raises(SystemExit) as left:
            main([*arguments, *where])
        assert left.value.code in (0, None)
        return json.loads(capsys.readouterr().out)

    def data(verb: str, *arguments: str) -> Any:
        return run("data", verb, *arguments, "--registry-name", "team")

    assert run("validate", str(tmp_path / "registry.yml"))["passed"]
    made = run("registry", "create", "-f", str(tmp_path / "registry.yml"))
    assert (made["name"], made["role"]) == ("team", "Owner")
    given = ["-n", "rows", "-p", str(tmp_path / "x.csv"), "-t", "uri_file"]
    created = data("create", *given)
    assert created["id"] == "azureml://registries/team/data/rows/versions/1"
    run("data", "create", "-n", "own", "-p", str(tmp_path / "x.csv"), "-t", "uri_file")
    shared = data("share", "--name", "own", "--share-with-name", "ours")
    assert shared["id"] == "azureml://registries/team/data/ours/versions/1"
    assert {asset["name"] for asset in data("list")} == {"rows", "ours"}
    assert data("show", "-n", "ours")["path"] == created["path"]
    (file,) = data("download", "-n", "rows", "-p", str(tmp_path / "got"))
    assert Path(file).read_text() == "x"
    assert "team" in {registry["name"] for registry in run("registry", "list")}
    assert data("archive", "-n", "rows")[0]["archived"]


def test_a_client_of_a_registry(service: Running, elsewhere: Running, tmp_path: Path) -> None:
    (tmp_path / "w.bin").write_text("weights")
    (tmp_path / "r.csv").write_text("rows")
    with (
        MLClient(url=service.url, token=service.token) as ours,
        MLClient(url=elsewhere.url, token=elsewhere.token) as theirs,
        MLClient(registry_name="lab", url=service.url, token=service.token) as lab,
    ):
        with pytest.raises(NotFound, match="no registry 'lab'"):
            lab.data.create_or_update(Data(name="d", type="uri_file", path=str(tmp_path / "r.csv")))
        ours.registries.begin_create({"name": "lab", "location": "here"}).result()
        lab.data.create_or_update(Data(name="d", type="uri_file", path=str(tmp_path / "r.csv")))
        made: Any = ours.models.create_or_update({"name": "net", "path": str(tmp_path / "w.bin")})
        ours.models.share("net", registry_name="lab", share_with_version="3")

        listed: Any = next(lab.models.list())
        assert (listed.name, listed.version, listed.path) == ("net", "3", made.path)
        with pytest.raises(NotFound, match="they hold assets"):
            list(lab.jobs.list())
        job = theirs.jobs.create_or_update(
            {
                "type": "command",
                "command": "cat ${{inputs.model}} ${{inputs.rows}}",
                "inputs": {
                    "model": {
                        "type": "custom_model",
                        "path": "azureml://registries/lab/models/net/versions/3",
                    },
                    "rows": {"type": "uri_file", "path": "azureml://registries/lab/data/d"},
                },
            }
        )
        assert theirs.jobs.wait(job.name).status == "Completed"
        log = theirs.call("jobs.read_log", name=job.name)
        assert "weightsrows" in log.text


def test_a_registry_answers_only_to_those_it_knows(service: Running) -> None:
    with MLClient(url=service.url, token=service.token) as owner:
        owner.registries.create_or_update({"name": "private", "location": "here", "access": {}})
        token = owner.tokens.create(TokenSpec(name="eve", user="eve", role="Contributor")).token
    url = f"{service.url}/registries/private/api"

    assert httpx.get(f"{url}/data").status_code == 401
    with MLClient(registry_name="private", url=service.url, token=token) as eve:
        with pytest.raises(Denied, match="'eve' has no role"):
            list(eve.data.list())
        blob = "0" * 64
        denied = httpx.put(
            f"{url}/blobs/{blob}", content=b"", headers={"Authorization": f"Bearer {token}"}
        )
        assert denied.status_code == 403
