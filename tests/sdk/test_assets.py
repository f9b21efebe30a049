"""Assets from a client: real processes, the real service, the stock MLflow client."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from jupyter_mlws import Data, MLClient, Model, load_component, load_data, load_model
from jupyter_mlws.cli.main import main
from jupyter_mlws.entities.errors import Conflict, Invalid
from jupyter_mlws.sdk.service import Running

RACE = """\
import sys
from jupyter_mlws import Conflict, Data, MLClient
path, name, url, token = sys.argv[1:]
with MLClient(url=url, token=token) as client:
    client.data.list(name=name)
    sys.stdout.write("ready\\n"); sys.stdout.flush(); sys.stdin.readline()
    try:
        client.data.create_or_update(Data(name=name, version="1", type="uri_file", path=path))
        print("won")
    except Conflict as error:
        print("conflict", error)
"""


@pytest.fixture
def client(service: Running) -> Iterator[MLClient]:
    with MLClient(url=service.url, token=service.token) as client:
        yield client


def test_two_processes_cannot_both_make_a_version(
    service: Running, client: MLClient, tmp_path: Path
) -> None:
    for round_ in range(3):
        files = [tmp_path / f"{round_}-{n}.csv" for n in range(2)]
        for file in files:
            file.write_text(file.name)
        arguments = [f"race{round_}", service.url, service.token]
        racers = [
            subprocess.Popen(
                [sys.executable, "-c", RACE, str(file), *arguments],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
            for file in files
        ]
        for racer in racers:
            assert racer.stdout
            assert racer.stdout.readline() == "ready\n"
        for racer in racers:
            assert racer.stdin
            racer.stdin.write("go\n")
            racer.stdin.flush()
        said = [racer.communicate(timeout=60)[0] for racer in racers]

        assert sorted(text.split()[0] for text in said) == ["conflict", "won"], said
        (made,) = client.data.list(name=f"race{round_}")
        kept = client.data.download(made.name, download_path=tmp_path / f"kept{round_}")
        winner = files[[text.startswith("won") for text in said].index(True)]
        assert kept[0].read_text() == winner.name


def test_paths_start_at_the_file(client: MLClient, tmp_path: Path) -> None:
    (tmp_path / "rows").mkdir()
    (tmp_path / "rows" / "a.csv").write_text("a\n1\n")
    (tmp_path / "data.yml").write_text("name: rows\npath: ./rows\ntags: {n: 1}\n")

    loaded = load_data(tmp_path / "data.yml")
    assert isinstance(loaded, Data)
    made = client.data.create_or_update(loaded)
    assert (made.name, made.version, made.type, made.tags) == (
        "rows",
        "1",
        "uri_folder",
        {"n": "1"},
    )
    again: Any = client.create_or_update(load_data(tmp_path / "data.yml"))
    assert again.version == "2"

    (file,) = client.data.download("rows", download_path=tmp_path / "back")
    assert file == tmp_path / "back" / "a.csv"
    assert file.read_text() == "a\n1\n"


def test_a_saved_asset_loads_again(client: MLClient, tmp_path: Path) -> None:
    (tmp_path / "m.bin").write_bytes(b"m")
    made = client.models.create_or_update(
        Model(name="saved", version="1", path=str(tmp_path / "m.bin"))
    )

    again = client.models.create_or_update(
        {k: v for k, v in made.model_dump(mode="json").items() if k not in ("stage", "source")}
    )
    assert again.version == "1"


def test_one_set_of_models(client: MLClient, service: Running, tmp_path: Path) -> None:
    from mlflow import MlflowClient
    from mlflow.artifacts import download_artifacts

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MLFLOW_TRACKING_TOKEN", service.token)
        uri = f"{service.url}/mlflow"
        (tmp_path / "MLmodel").write_text("flavors: {python_function: {loader_module: x}}\n")
        ours: Any = client.models
        made = ours.create_or_update(
            {"name": "both", "type": "mlflow_model", "path": str(tmp_path), "tags": {"by": "us"}}
        )
        assert made.flavors == {"python_function": {"loader_module": "x"}}

        theirs = MlflowClient(tracking_uri=uri, registry_uri=uri)
        version = theirs.get_model_version("both", "1")
        assert (version.tags, version.current_stage) == ({"by": "us"}, "None")
        fetched = download_artifacts(
            artifact_uri=theirs.get_model_version_download_uri("both", "1"), tracking_uri=uri
        )
        assert "python_function" in Path(fetched, "MLmodel").read_text()
        theirs.set_registered_model_alias("both", "champion", "1")
        client.models.set_stage("both", "1", "Production")
        assert theirs.get_model_version_by_alias("both", "champion").current_stage == "Production"
        assert ours.get("both", label="champion").stage == "Production"

        theirs.register_prompt("greeting", "Hi {{name}}")
        assert "greeting" not in {model.name for model in client.models.list()}

        theirs.create_registered_model("theirs")
        run = theirs.create_run("0")
        theirs.log_text(run.info.run_id, "w", "m/w.txt")
        theirs.create_model_version("theirs", f"runs:/{run.info.run_id}/m", run.info.run_id)
        assert ours.get("theirs").job_name == run.info.run_id
        assert [f.path for f in client.models.list_files("theirs")] == ["w.txt"]
        copied = client.models.create_or_update(
            {"name": "theirs", "path": f"runs:/{run.info.run_id}/m"}
        )
        assert copied.version == "2"
        versions = theirs.search_model_versions("name = 'theirs'")
        assert {int(version.version) for version in versions} == {1, 2}


def test_components_are_sent_with_their_code(client: MLClient, tmp_path: Path) -> None:
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "train.py").write_text("print(1)")
    (tmp_path / "c.yml").write_text("name: train\ncommand: python train.py\ncode: ./src\n")

    client.components.create_or_update(load_component(tmp_path / "c.yml"))
    assert [f.path for f in client.components.list_files("train")] == ["train.py"]


def test_commands(service: Running, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "x.csv").write_text("x")
    (tmp_path / "d.yml").write_text("name: cli\ntype: uri_file\npath: x.csv\n")
    where = ["--url", service.url, "--token", service.token]

    def run(*arguments: str) -> Any:
        with pytest.raises(SystemExit) as left:
            main([*arguments, *where])
        assert left.value.code in (0, None)
        return json.loads(capsys.readouterr().out)

    assert run("data", "validate", "-f", str(tmp_path / "d.yml"))["passed"]
    made = run("data", "create", "-f", str(tmp_path / "d.yml"), "-v", "4", "--set", "tags.a=1")
    assert (made["version"], made["tags"]) == ("4", {"a": "1"})
    options = ["--name", "cli2", "--path", str(tmp_path / "x.csv"), "--type", "uri_file"]
    assert run("data", "create", *options)["version"] == "1"
    assert run("data", "show", "-n", "cli")["latest"]
    (file,) = run("data", "download", "-n", "cli", "-p", str(tmp_path / "got"))
    assert Path(file).read_text() == "x"
    assert run("data", "archive", "-n", "cli")[0]["archived"]


def test_a_conflict_reaches_the_client(client: MLClient, tmp_path: Path) -> None:
    file = tmp_path / "x"
    for text, fails in (("1", False), ("1", False), ("2", True)):
        file.write_text(text)
        asset = Data(name="fixed", version="1", type="uri_file", path=str(file))
        if fails:
            with pytest.raises(Conflict, match="differs in: path"):
                client.data.create_or_update(asset)
        else:
            client.data.create_or_update(asset)


DATA = "name: iris\ntype: uri_file\npath: https://example.org/x.csv\n"
MODEL = "name: net\npath: runs:/r/model\n"
COMPONENT = "name: train\ncommand: python train.py\n"
LOAD = {DATA: load_data, MODEL: load_model, COMPONENT: load_component}
LONG = "n" * 256

WRONG = [
    # base, replaced, by, line, field, message
    *[
        (base, *change)
        for base in (DATA, MODEL, COMPONENT)
        for change in (
            ("name: ", "nmae: ", 1, "name", "is required"),
            ("name: ", "name: [1] #", 1, "name", "valid string"),
            ("name: ", "name: '' #", 1, "name", "pattern"),
            ("name: ", "name: a b #", 1, "name", "pattern"),
            ("name: ", "name: a/b #", 1, "name", "pattern"),
            ("name: ", f"name: {LONG} #", 1, "name", "at most 255"),
            ("name: ", "version: {}\nname: ", 1, "version", "valid string"),
            ("name: ", "version: a b\nname: ", 1, "version", "pattern"),
            ("name: ", "version: ''\nname: ", 1, "version", "pattern"),
            ("name: ", "tags: [a]\nname: ", 1, "tags", "valid dictionary"),
            ("name: ", "tags: {a: [1]}\nname: ", 1, "tags.a", "valid string"),
            ("name: ", "tags:\n  a: {b: 1}\nname: ", 2, "tags.a", "valid string"),
            ("name: ", "properties: 3\nname: ", 1, "properties", "valid dictionary"),
            ("name: ", "description: [x]\nname: ", 1, "description", "valid string"),
            ("name: ", "name: x\nname: ", 2, "name", "twice"),
            ("name: ", "a: b: c\nname: ", 1, "", "no YAML"),
        )
    ],
    (DATA, "name: ", "description: 'x\nname: ", 5, "", "no YAML"),
    (DATA, "path: ", "pth: ", 3, "pth", r"unknown key 'pth'. Did you mean 'path'"),
    (DATA, "path: ", "path: '' #", 3, "path", "at least 1"),
    (DATA, "path: ", "path: [a] #", 3, "path", "valid string"),
    (DATA, "uri_file", "uri_flie", 2, "type", "'uri_file', 'uri_folder' or 'mltable'"),
    (DATA, "uri_file", "mlflow_model", 2, "type", "'uri_file', 'uri_folder' or 'mltable'"),
    (DATA, "uri_file", "3", 2, "type", "'uri_file', 'uri_folder' or 'mltable'"),
    (MODEL, "path: ", "type: pickle\npath: ", 2, "type", "'custom_model', 'mlflow_model'"),
    (MODEL, "path: ", "type: uri_file\npath: ", 2, "type", "'custom_model', 'mlflow_model'"),
    (MODEL, "path: ", "stage: ''\npath: ", 2, "stage", "at least 1"),
    (MODEL, "path: ", "stage: [x]\npath: ", 2, "stage", "valid string"),
    (MODEL, "path: ", "version: 1.5\npath: ", 2, "version", "pattern"),
    (MODEL, "path: ", "version: 0\npath: ", 2, "version", "pattern"),
    (MODEL, "path: ", "flavors: x\npath: ", 2, "flavors", "valid dictionary"),
    (MODEL, "path: ", "pfad: ", 2, "pfad", "unknown key"),
    (COMPONENT, "name: train", "name: Train", 1, "name", "pattern"),
    (COMPONENT, "name: train", "name: my-train", 1, "name", "pattern"),
    (COMPONENT, "command: ", "type: comand\ncommand: ", 2, "type", "Did you mean 'command'"),
    (COMPONENT, "command: ", "type: notebook\ncommand: ", 1, "notebook", "is required"),
    (COMPONENT, "command: ", "type: pipeline\ncommand: ", 1, "jobs", "is required"),
    (COMPONENT, "command: ", "type: pipeline\njobs: {}\ncommand: ", 3, "jobs", "at least 1"),
    (COMPONENT, "command: ", "type: parallel\ncommand: ", 1, "task", "is required"),
    (COMPONENT, "command: ", "type: spark\ncommand: ", 1, "entry", "is required"),
    (COMPONENT, "command: ", "command: '' #", 2, "command", "at least 1"),
    (COMPONENT, "command: ", "code: [x]\ncommand: ", 2, "code", "valid string"),
    (COMPONENT, "command: ", "inputs: [x]\ncommand: ", 2, "inputs", "valid dictionary"),
    (COMPONENT, "command: ", "inputs: {x: }\ncommand: ", 2, "inputs.x", "valid dictionary"),
    (
        COMPONENT,
        "command: ",
        "inputs:\n  x: {type: float}\ncommand: ",
        3,
        "inputs.x.type",
        "'uri_file'",
    ),
    (COMPONENT, "command: ", "inputs:\n  a-b: {type: path}\ncommand: ", 2, "inputs", "is no name"),
    (
        COMPONENT,
        "command: ",
        "is_deterministic: maybe\ncommand: ",
        2,
        "is_deterministic",
        "boolean",
    ),
    (COMPONENT, "command: ", "outputs:\n  x: {}\ncommand: ", 3, "outputs.x.type", "is required"),
]


def test_the_corpus_is_large() -> None:
    assert len(WRONG) >= 60


@pytest.mark.parametrize(("base", "old", "new", "line", "field", "message"), WRONG)
def test_wrong_files_are_refused_with_line_and_field(
    tmp_path: Path, base: str, old: str, new: str, line: int, field: str, message: str
) -> None:
    file = tmp_path / "asset.yml"
    file.write_text(base.replace(old, new, 1))

    with pytest.raises(Invalid, match=message) as refused:
        LOAD[base](file)

    found = {(p.field, p.line) for p in refused.value.problems}
    if message == "is required" and line == 1:
        assert field in {f for f, _ in found}
    else:
        assert (field, line) in found, found


@pytest.mark.parametrize("base", LOAD)
def test_the_right_ones_load(tmp_path: Path, base: str) -> None:
    (tmp_path / "asset.yml").write_text(base)
    assert LOAD[base](tmp_path / "asset.yml").name in base
