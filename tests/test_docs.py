"""What the README says is so, and nothing that can be asked is left out of it."""

from __future__ import annotations

import re
from importlib.metadata import distribution
from pathlib import Path

import click
import pytest

from jupyter_mlws.cli.main import app
from jupyter_mlws.features.operations import load

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
COMMANDS = sorted(set(re.findall(r"(?<!%)\bmlws ([a-z]+ [a-z-]+)", README)))


@pytest.mark.parametrize("name", sorted(load()))
def test_every_operation_is_in_the_readme(name: str) -> None:
    noun, verb = name.split(".")
    rows = [line for line in README.splitlines() if line.startswith(f"| `{noun}` |")]

    assert any(f"`{verb}`" in row for row in rows)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_in_the_readme_is_there(command: str) -> None:
    noun, verb = command.split()
    with click.Context(app) as context:
        group = app.get_command(context, noun)

        assert isinstance(group, click.Group)
        assert group.get_command(context, verb) is not None


def test_every_kind_of_plugin_is_in_the_readme() -> None:
    groups = {point.group for point in distribution("jupyter_mlws").entry_points}

    ours = {group for group in groups if group.startswith("jupyter_mlws.")}
    assert {group for group in ours if f"`{group}`" not in README} == set()


def test_ci_runs_the_commands_of_the_readme() -> None:
    ci = (ROOT / ".ci" / "run").read_text()

    assert "python3 -m jupyter_mlws.dev demo" in README
    assert "python3 -m jupyter_mlws.dev test" in README
    assert "python3 -m jupyter_mlws.dev demo" in ci
    assert "python3 -m jupyter_mlws.dev test" in ci


def test_links_in_the_readme_lead_somewhere() -> None:
    links = re.findall(r"\]\((?!https?:|#)([^)]+)\)", README)

    assert [link for link in links if not (ROOT / link).exists()] == []
