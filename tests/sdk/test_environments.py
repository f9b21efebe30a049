"""Environments from Python and the command line: files that they name are read and sent along."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from jupyter_mlws import BuildContext, Environment, command, load_environment
from jupyter_mlws.cli.main import app
from jupyter_mlws.entities.errors import Invalid
from jupyter_mlws.sdk.client import MLClient
from jupyter_mlws.sdk.service import Running

CONDA = """\
name: model-env
channels: [conda-forge]
dependencies:
  - pip=23.0
  - pip:
      - -r more.txt
      - attrs
"""


@pytest.fixture
def client(service: Running) -> Iterator[MLClient]:
    with MLClient(url=service.url, token=service.token) as client:
        yield client


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """A folder with an environment, its conda file and requirements."""
    (tmp_path / "more.txt").write_text("# small\nsix==1.16.0  # old\n-r last.txt\n")
    (tmp_path / "last.txt").write_text("idna\n-r more.txt\n")
    (tmp_path / "conda.yml").write_text(CONDA)
    (tmp_path / "env.yml").write_text(
        "$schema: https://azuremlschemas.azureedge.net/latest/environment.schema.json\n"
        "name: from-conda\nversion: 3\nconda_file: conda.yml\n"
        "image: mcr.microsoft.com/azureml/openmpi4.1.0-ubuntu20.04:latest\n"
    )
    return tmp_path


def run(service: Running, *arguments: str) -> tuple[int, str]:
    given = [*arguments, "--url", service.url, "--token", service.token]
    answer = CliRunner().invoke(app, given, catch_exceptions=True)
    return answer.exit_code, str(answer.exception or answer.output)


def test_the_conda_file_is_read_with_all_that_it_names(client: MLClient, files: Path) -> None:
    made = client.environments.create_or_update(files / "env.yml")

    assert (made.name, made.version, made.type) == ("from-conda", "3", "image")
    extra = made.model_extra or {}
    assert extra["conda_file"]["dependencies"] == [
        "pip=23.0",
        {"pip": ["six==1.16.0", "idna", "attrs"]},
    ]
    assert client.environments.get_build("from-conda").requirements == [
        "six==1.16.0",
        "idna",
        "attrs",
        "ipykernel",
    ]


def test_a_requirements_file_is_read(client: MLClient, files: Path) -> None:
    spec = Environment(name="from-requirements", requirements=str(files / "more.txt"))

    client.create_or_update(spec)

    wanted = client.environments.get_build("from-requirements").requirements
    assert wanted == ["six==1.16.0", "idna", "ipykernel"]


def test_an_entity_of_a_file_remembers_where_it_lay(client: MLClient, files: Path) -> None:
    spec = load_environment(files / "env.yml")
    assert spec.version == "3"

    assert client.environments.create_or_update(spec).version == "3"


def test_a_build_context_is_sent(client: MLClient, files: Path) -> None:
    folder = files / "docker"
    folder.mkdir()
    build = BuildContext(path=str(folder))
    with pytest.raises(Invalid, match=r"build\.dockerfile_path: there is no 'Dockerfile'"):
        client.create_or_update(Environment(name="built", build=build))
    (folder / "Dockerfile").write_text("FROM scratch\n")

    made = client.environments.create_or_update(Environment(name="built", build=build))

    assert (made.model_extra or {})["build"]["path"].startswith("snapshot:")
    assert [file.path for file in client.environments.list_files("built")] == ["Dockerfile"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("name: a\n", "give one of"),
        ("name: a\nconda_file: gone.yml\n", r"yml:2: conda_file: there is no 'gone\.yml'"),
        ("name: a\nimages: x\n", r"yml:2: images: unknown key .*Did you mean 'image'"),
        ("name: a\nimage: x\nos_type: mac\n", "yml:3: os_type"),
        ("name: a b\nimage: x\n", "yml:1: name"),
        ("name: a\nbuild: {}\n", r"yml:2: build\.path: is required"),
        ("name: a\npip: pandas\n", "yml:2: pip"),
        ("name: a\npip: [x]\nkernel: ir\n", "'kernel' stands alone"),
    ],
)
def test_a_wrong_file_is_refused_with_its_line(
    client: MLClient, files: Path, text: str, said: str
) -> None:
    (files / "wrong.yml").write_text(text)

    with pytest.raises(Invalid, match=said):
        client.environments.create_or_update(files / "wrong.yml")


def test_a_job_takes_its_environment_from_a_file(client: MLClient, files: Path) -> None:
    (files / "job.yml").write_text("command: 'true'\nenvironment: file:./env.yml\n")

    job = client.jobs.create_or_update(files / "job.yml")

    use = client.environments.of_job(job.name)
    assert (use.name, use.version) == ("from-conda", "3")
    client.jobs.wait(job.name, timeout_s=100)


def test_a_job_built_in_python_takes_an_entity(client: MLClient, files: Path) -> None:
    spec = Environment(name="of-python", pip=["six==1.16.0"])

    job = client.create_or_update(command(command="true", environment=spec))

    assert client.environments.of_job(job.name).name == "of-python"
    client.jobs.wait(job.name, timeout_s=100)


def test_a_build_is_waited_for(client: MLClient, capsys: pytest.CaptureFixture[str]) -> None:
    client.create_or_update(Environment(name="waited", pip=["six==1.16.0"]))

    made = client.environments.build_and_wait("waited", stream=True)

    assert (made.state, made.kernel) == ("ready", "waited-1")
    client.create_or_update(
        Environment(name="conflict", pip=["jupyter-client==8.6.3", "jupyter-core<4"])
    )
    with pytest.raises(Invalid, match="unsatisfiable"):
        client.environments.build_and_wait("conflict", stream=True)
    assert "No solution found" in capsys.readouterr().out


def test_the_command_line_creates_builds_lists_and_archives(service: Running, files: Path) -> None:
    code, text = run(service, "environment", "create", "-n", "cli", "--pip", "six==1.16.0")
    assert code == 0, text
    code, text = run(service, "environment", "build", "-n", "cli")
    assert (code, json.loads(text)["state"]) == (0, "ready")
    code, text = run(service, "environment", "packages", "-n", "cli", "--query", "[].name")
    assert "six" in json.loads(text)

    code, text = run(service, "environment", "archive", "-n", "cli")
    assert code == 0, text
    code, text = run(service, "environment", "list", "--query", "[].name")
    assert "cli" not in json.loads(text)


def test_the_command_line_freezes_a_kernel(service: Running) -> None:
    code, text = run(
        service, "environment", "create", "-n", "frozen", "--from-kernel", "python3",
        "--query", "pip",
    )  # fmt: skip

    assert code == 0, text
    assert any("ipykernel==" in line for line in text.splitlines())


def test_validate_finds_out_that_a_file_is_an_environment(service: Running, files: Path) -> None:
    plain = files / "plain.yml"
    plain.write_text("name: a\npip: [six]\n")

    assert run(service, "validate", str(files / "env.yml"))[0] == 0
    assert run(service, "validate", str(plain))[0] == 0
    plain.write_text("name: a\npip: [six]\npython: x\n")
    code, text = run(service, "validate", str(plain))
    assert (code, "yml:3: python" in text) == (1, True)
