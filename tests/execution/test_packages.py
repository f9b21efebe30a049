"""What an interpreter can import, asked for once."""

from __future__ import annotations

import sys
from pathlib import Path

from jupyter_mlws.execution import packages


def test_an_interpreter_tells_its_packages_and_version() -> None:
    found = packages.of(sys.executable)

    assert found is not None
    digest, facts = found
    assert facts["python"] == ".".join(map(str, sys.version_info[:3]))
    assert facts["packages"]["pydantic"]
    assert packages.of(sys.executable) == (digest, facts)


def test_a_package_that_comes_later_is_noticed(tmp_path: Path) -> None:
    before = packages.of(sys.executable, str(tmp_path))
    info = tmp_path / "late_comer-1.2.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: late_comer\nVersion: 1.2\n")

    after = packages.of(sys.executable, str(tmp_path))

    assert before is not None
    assert after is not None
    assert after[0] != before[0]
    assert after[1]["packages"]["late-comer"] == "1.2"


def test_what_is_no_interpreter_has_no_packages(tmp_path: Path) -> None:
    assert packages.of(str(tmp_path / "python")) is None


def test_requirements_are_read_as_pip_writes_them() -> None:
    text = "A_b==1.0\nx[extra]>=2 ; python_version > '3'\n# no\n-r other.txt\n\nbare\n"

    assert packages.parsed(text, "requirements.txt")["packages"] == {
        "a-b": "1.0",
        "x": ">=2",
        "bare": "",
    }
