"""The commands that set up a checkout."""

from __future__ import annotations

import socket
import sys
from pathlib import Path

import pytest

from jupyter_mlws import dev


def test_a_fingerprint_changes_with_content_and_with_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dev, "ROOT", tmp_path)
    file = tmp_path / "folder" / "file"
    file.parent.mkdir()
    file.write_text("one")
    before = dev.fingerprint(file.parent)

    file.write_text("two")
    changed = dev.fingerprint(file.parent)
    file.rename(file.with_name("other"))
    renamed = dev.fingerprint(file.parent)

    assert len({before, changed, renamed}) == 3


def test_a_fingerprint_of_the_same_is_the_same(root: Path) -> None:
    assert dev.fingerprint(root / "labextension" / "style") == dev.fingerprint(
        root / "labextension" / "style"
    )


def test_a_port_that_is_taken_is_not_given() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]

        assert dev.free_port(port) != port


def test_a_program_that_is_missing_does_not_work(tmp_path: Path) -> None:
    assert dev.works(Path(sys.executable))
    assert not dev.works(tmp_path / "missing")


def test_a_failing_check_shows_what_it_printed(capsys: pytest.CaptureFixture[str]) -> None:
    failing = [sys.executable, "-c", "print('this is why'); raise SystemExit(3)"]

    assert not dev.passes("mine", failing)

    assert "FAIL mine" in (printed := capsys.readouterr().out)
    assert "this is why" in printed


def test_a_passing_check_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert dev.passes("mine", [sys.executable, "-c", "print('chatter')"])

    assert capsys.readouterr().out.startswith("ok   mine")


def test_an_unknown_option_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        dev.main(["demo", "--nonsense"])

    assert "--nonsense" in capsys.readouterr().err


def test_all_tests_run_in_two_parts_and_chosen_ones_in_one() -> None:
    rest, browser = dev.pytest_runs([], fast=False)

    assert (rest[-1], browser[-1]) == ("not browser and not bench", "browser")
    assert dev.pytest_runs(["-m", "bench"], fast=False) == [["-m", "not bench", "-m", "bench"]]
    assert dev.pytest_runs(["-k", "x"], fast=True)[0][-2:] == ["-k", "x"]
