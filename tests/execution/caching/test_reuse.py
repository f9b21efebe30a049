"""A pipeline runs a second time: what is equal is taken again, and each step says why it ran."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest

from jupyter_mlws.entities.run import Status
from jupyter_mlws.execution.caching.words import why
from jupyter_mlws.execution.computes.local import LocalCompute
from jupyter_mlws.execution.jobs.command import CommandJobType
from jupyter_mlws.execution.jobs.notebook import NotebookJobType
from jupyter_mlws.execution.jobs.pipeline import PipelineJobType
from jupyter_mlws.execution.submission import Types
from jupyter_mlws.testing.jobs import Workroom

TYPES: Types = {
    "command": CommandJobType(),
    "notebook": NotebookJobType(),
    "pipeline": PipelineJobType(),
}


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Workroom]:
    path = tmp_path / "workspace"
    computes = {"local": LocalCompute(path, grace_s=0.5)}
    with Workroom(path, types=TYPES, computes=computes) as room:
        room.set_slots(2)
        yield room


def notebook(*cells: tuple[str, str]) -> bytes:
    made = nbformat.v4.new_notebook()
    for number, (tag, source) in enumerate(cells):
        if tag == "text":
            made.cells.append(nbformat.v4.new_markdown_cell(source, id=f"c{number}"))
        else:
            made.cells.append(nbformat.v4.new_code_cell(source, id=f"c{number}"))
        made.cells[-1].metadata["tags"] = [tag] if tag not in ("", "text") else []
    return str(nbformat.writes(made)).encode()


FILES = {
    "prepare.ipynb": notebook(
        ("text", "# Prepare"),
        ("parameters", "rows: int = 3"),
        ("", "from tools.shape import double\nnumbers = [double(i) for i in range(rows)]"),
        ("outputs", "numbers: list = numbers"),
    ),
    "sum.py": b"import sys\nfrom helper import total\n"
    b"open(sys.argv[2], 'w').write(str(total(sys.argv[1])))\n",
    "helper.py": b"import json\ndef total(text):\n    return sum(json.loads(text))\n",
    "tools/__init__.py": b"",
    "tools/shape.py": b"def double(n):\n    return 2 * n\n",
    "unused.py": b"x = 1\n",
    "README.md": b"hello",
}


def steps(room: Workroom, changed: dict[str, bytes] | None = None, **inputs: Any) -> dict[str, Any]:
    code = room.snapshot({**FILES, **(changed or {})})
    jobs = {
        "prepare": {"notebook": "prepare.ipynb", "code": code, "inputs": inputs},
        "sum": {
            "command": "python sum.py '${{inputs.numbers}}' ${{outputs.total}}",
            "code": code,
            "inputs": {"numbers": "${{parent.jobs.prepare.outputs.numbers}}"},
            "outputs": {"total": {"type": "integer"}},
        },
        "say": {
            "command": "echo ${{inputs.total}} | tee ${{outputs.text}}",
            "inputs": {"total": "${{parent.jobs.sum.outputs.total}}"},
            "outputs": {"text": {"type": "uri_file"}},
        },
    }
    return {"type": "pipeline", "jobs": jobs}


def ran(room: Workroom, name: str) -> list[str]:
    return [key for key in ("prepare", "sum", "say") if not room.job(f"{name}_{key}").reused_from]


def reasons(room: Workroom, job: str) -> list[str]:
    return why(room.store, job).reasons


@pytest.fixture
def first(room: Workroom) -> Workroom:
    job = room.run(steps(room), name="one")
    assert job.error is None
    assert ran(room, "one") == ["prepare", "sum", "say"]
    return room


def test_all_is_reused_when_nothing_changed(first: Workroom) -> None:
    job = first.run(steps(first), name="two")

    assert job.error is None
    assert ran(first, "two") == []
    say = first.job("two_say")
    assert (say.status, say.reused_from) == (Status.COMPLETED, "one_say")
    assert say.properties["azureml.reusedrunid"] == "one_say"
    assert first.artifacts("two_say")["named-outputs/text"] == b"6\n"
    assert first.artifacts("two_say")["user_logs/std_log.txt"] == b"6\n"
    assert first.job("two_sum").values == {"total": 6}
    assert why(first.store, "two_say").sentence == "reused: same as job 'one_say'"
    assert {p.key: p.value for p in first.store.get_run("two").metrics} == {
        "steps_completed": 3,
        "steps_reused": 3,
    }


def test_the_first_time_says_so(first: Workroom) -> None:
    assert why(first.store, "one_sum").sentence == "ran: no earlier result of this step"


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("README.md", b"other"),
        ("unused.py", b"x = 2\n"),
        ("helper.py", FILES["helper.py"] + b"# a comment changes the file\n"),
    ],
)
def test_what_is_not_used_does_not_count(first: Workroom, name: str, content: bytes) -> None:
    first.run(steps(first, {name: content}), name="two")

    assert ran(first, "two") == (["sum"] if name == "helper.py" else [])


def test_text_comments_and_layout_of_a_notebook_do_not_count(first: Workroom) -> None:
    changed = notebook(
        ("text", "# Prepare, better"),
        ("parameters", "rows: int = 3  # How many"),
        (
            "",
            "# doubled\nfrom tools.shape import double\n\nnumbers = [double(i) for i in range(rows)]",
        ),
        ("outputs", "numbers: list = numbers"),
    )

    first.run(steps(first, {"prepare.ipynb": changed}), name="two")

    assert ran(first, "two") == []


def test_a_default_counts_as_the_value_that_it_is(first: Workroom) -> None:
    first.run(steps(first, rows=3), name="two")

    assert ran(first, "two") == []


def test_a_changed_cell_runs_its_step_and_what_depends_on_it(first: Workroom) -> None:
    changed = FILES["prepare.ipynb"].replace(b"double(i)", b"double(i) + 1")

    first.run(steps(first, {"prepare.ipynb": changed}), name="two")

    assert ran(first, "two") == ["prepare", "sum", "say"]
    assert reasons(first, "two_prepare") == ["code cell 2 changed"]
    assert reasons(first, "two_sum") == ["`numbers` [0, 2, 4] to [1, 3, 5]"]
    assert reasons(first, "two_say") == ["`total` 6 to 9"]


def test_a_change_that_gives_the_same_ends_there(first: Workroom) -> None:
    changed = FILES["prepare.ipynb"].replace(b"double(i) for", b"double(i) * 1 for")

    first.run(steps(first, {"prepare.ipynb": changed}), name="two")

    assert ran(first, "two") == ["prepare"]


def test_a_changed_module_runs_who_imports_it(first: Workroom) -> None:
    changed = {"tools/shape.py": b"def double(n):\n    return n + n\n"}

    first.run(steps(first, changed), name="two")

    assert ran(first, "two") == ["prepare"]
    assert reasons(first, "two_prepare") == ["tools/shape.py changed"]


def test_a_changed_value_says_from_what_to_what(first: Workroom) -> None:
    first.run(steps(first, rows=4), name="two")

    assert reasons(first, "two_prepare") == ["`rows` 3 to 4"]


def test_new_and_lost_cells_are_told(first: Workroom) -> None:
    cells = [
        ("parameters", "rows: int = 3"),
        ("", "print('new')"),
        ("", "from tools.shape import double\nnumbers = [double(i) for i in range(rows)]"),
        ("outputs", "numbers: list = numbers"),
    ]

    first.run(steps(first, {"prepare.ipynb": notebook(*cells)}), name="two")

    assert reasons(first, "two_prepare") == ["code cell 2 is new"]


def test_a_forced_run_runs_all_and_is_no_source(first: Workroom) -> None:
    forced = {**steps(first), "settings": {"force_rerun": True}}

    first.run(forced, name="two")
    first.run(steps(first), name="three")

    assert ran(first, "two") == ["prepare", "sum", "say"]
    assert why(first.store, "two_sum").sentence == "ran: reuse is off"
    assert first.job("three_sum").reused_from == "one_sum"


def test_a_refresh_runs_and_is_the_next_source(first: Workroom) -> None:
    first.run({**steps(first), "settings": {"cache": "refresh"}}, name="two")
    first.run(steps(first), name="three")

    assert ran(first, "two") == ["prepare", "sum", "say"]
    assert why(first.store, "two_sum").sentence == "ran: asked to run again"
    assert first.job("three_sum").reused_from == "two_sum"


def test_a_step_has_a_policy_of_its_own(first: Workroom) -> None:
    made = steps(first)
    made["jobs"]["say"]["cache"] = False  # YAML 1.1 reads `off` so

    first.run(made, name="two")

    assert ran(first, "two") == ["say"]


def test_another_salt_makes_another_result(first: Workroom) -> None:
    made = steps(first)
    made["jobs"]["say"]["cache"] = {"salt": "2"}

    first.run(made, name="two")

    assert ran(first, "two") == ["say"]
    assert reasons(first, "two_say") == ["the salt changed"]


def test_a_result_gets_too_old(first: Workroom) -> None:
    record = first.store.get_record("job", "one_say")
    key = record.doc["cache"]["key"]
    with first.store.change("test", "test", "cache") as tx:
        tx.put_record("cache", key, {"job": "one_say", "ended_ms": 1})
    made = steps(first)
    made["jobs"]["say"]["cache"] = {"max_age": 3600}

    first.run(made, name="two")

    assert ran(first, "two") == ["say"]
    assert reasons(first, "two_say") == ["the result of job 'one_say' is too old"]


def test_what_is_not_deterministic_is_not_reused(room: Workroom) -> None:
    component = {"name": "dice", "command": "echo $RANDOM", "is_deterministic": False}
    made = {"type": "pipeline", "jobs": {"roll": {"component": component}}}

    room.run(made, name="one")
    room.run(made, name="two")

    assert room.job("two_roll").reused_from is None


def test_a_failed_step_is_no_source(room: Workroom) -> None:
    made = {"type": "pipeline", "jobs": {"bad": {"command": "exit 1"}}}

    room.run(made, name="one")

    assert room.run(made, name="two").status is Status.FAILED
    assert room.job("two_bad").reused_from is None


def test_a_job_of_its_own_is_reused_when_it_asks_for_it(room: Workroom) -> None:
    room.run(command="echo $RANDOM", name="one", cache="use")

    asked, plain = room.run(command="echo $RANDOM", cache="use"), room.run(command="echo $RANDOM")

    assert (asked.reused_from, plain.reused_from) == ("one", None)
    assert room.artifacts(asked.name)["user_logs/std_log.txt"] == room.log("one")


def test_equal_data_of_another_name_is_the_same(room: Workroom) -> None:
    def read(data: str) -> dict[str, Any]:
        given = {"x": {"type": "uri_file", "path": data}}
        return {"command": "cat ${{inputs.x}}", "inputs": given, "cache": "use"}

    room.run(read(room.snapshot({"a.txt": b"same"}, is_file=True)), name="one")

    again = room.run(read(room.snapshot({"b.txt": b"same"}, is_file=True)))
    other = room.run(read(room.snapshot({"a.txt": b"other"}, is_file=True)))

    assert (again.reused_from, other.reused_from) == ("one", None)


def test_an_output_that_is_an_asset_already_is_not_registered_again(room: Workroom) -> None:
    made = {
        "command": "echo x > ${{outputs.kept}}/x",
        "outputs": {"kept": {"type": "uri_folder", "name": "kept"}},
        "cache": "use",
    }

    room.run(made)
    room.run(made)

    versions = [r.version for r in room.store.list_records("data", name="kept") if r.version]
    assert versions == ["1"]


def test_a_result_whose_job_ran_again_with_other_inputs_is_not_taken(first: Workroom) -> None:
    record = first.store.get_record("job", "one_say")
    changed = {**record.doc, "cache": {**record.doc["cache"], "key": "another"}}
    with first.store.change("test", "test", "job:one_say") as tx:
        tx.put_record("job", "one_say", changed)

    first.run(steps(first), name="two")

    assert ran(first, "two") == ["say"]
