"""`mlws validate FILE`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from jupyter_mlws.cli.main import main
from jupyter_mlws.sdk.service import Running

AT = "$schema: https://azuremlschemas.azureedge.net/latest"
FILES = [
    (f"{AT}/data.schema.json\nname: d\ntype: uri_file\npath: x.csv\n", "type: uri_flie", 3),
    (f"{AT}/Model.json\nname: m\npath: x.csv\ntype: custom_model\n", "type: pickle", 4),
    (f"{AT}/commandComponent.schema.json\nname: c\ncommand: 'true'\n", "command: []", 3),
    (f"{AT}/commandJob.schema.json\ncommand: 'true'\n", "command: []", 2),
    ("name: d\npath: x.csv\ntype: uri_file\n", "type: [mltable]", 1),
    ("type: command\ncommand: 'true'\n", "command: ''", 2),
]


@pytest.mark.parametrize(("text", "wrong", "line"), FILES)
def test_right_and_wrong_files(
    service: Running,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    text: str,
    wrong: str,
    line: int,
) -> None:
    (tmp_path / "x.csv").write_text("x")
    file = tmp_path / "it.yml"
    where = ["--url", service.url, "--token", service.token]
    file.write_text(text)
    with pytest.raises(SystemExit) as left:
        main(["validate", str(file), *where])
    assert left.value.code in (0, None)
    assert json.loads(capsys.readouterr().out)["passed"]

    key = wrong.partition(":")[0]
    lines = [wrong if row.startswith(f"{key}:") else row for row in text.splitlines()]
    file.write_text("\n".join(lines))
    with pytest.raises(SystemExit) as left:
        main(["validate", str(file), *where])
    assert left.value.code == 1
    said = capsys.readouterr().err
    if key == "type" and "[" in wrong:
        assert "says what this file is" in said
    else:
        assert f"{file}:{line}: {key}: " in said


def test_a_schema_that_is_none_of_ours(
    service: Running, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "it.yml"
    file.write_text("# a\n$schema: https://example.org/unicorn.schema.json\n")
    with pytest.raises(SystemExit):
        main(["validate", str(file), "--url", service.url, "--token", service.token])
    assert f"{file}:2: $schema: 'unicorn' is nothing" in capsys.readouterr().err
