"""The runner: real processes, real kernels."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

import pytest

from jupyter_mlws.entities.job import Cause
from jupyter_mlws.execution.notebooks.plan import FILE as PLAN
from tests.execution.notebooks.making import RUNNER, Ended, code, prepare, run, text

SECRET = "open-sesame-0815"


@pytest.fixture(scope="module")
def completed(tmp_path_factory: pytest.TempPathFactory) -> Ended:
    """An attempt in which everything goes well."""
    return run(
        prepare(
            tmp_path_factory.mktemp("attempt"),
            text("# Title"),
            code(
                'import datetime\nlr: float = 0.1\nday: "date" = None\nkey: "Secret" = ""',
                "parameters",
                id="parameters-cell",
            ),
            code(
                "import os, sys, helper\n"
                "print(lr, day.year, helper.NAME, os.environ['EXTRA'],"
                " 'PYTHONDONTWRITEBYTECODE' in os.environ)\n"
                "print(key); print('to stderr', file=sys.stderr)\nkey",
                id="work",
            ),
            code("for part in (key[:4], key[4:]): print(part, end='', flush=True)", id="pieces"),
            code("1 / 0", "raises-exception", id="allowed"),
            code("raise SystemError('not in a run')", "skip-in-run", id="skipped"),
            code(
                "import sys\nmlws = sys.modules['_mlws_job']\nassert mlws.output('called', 7) == 7\n"
                "opened = open('left-open.txt', 'w'); _ = opened.write('kept')\n"
                "import atexit; _ = atexit.register(lambda: open('atexit.txt', 'w').close())\n"
                "from IPython.display import display\n"
                "display({'application/scrapbook.scrap.json+json':"
                " {'name': 'glued', 'data': [1, 2], 'encoder': 'json', 'version': 1}}, raw=True)\n"
                "display({'application/papermill.record+json': {'recorded': 'yes'}}, raw=True)",
                id="calls",
            ),
            code(
                "import numpy, pandas\nfrom pathlib import Path\n"
                'accuracy: float = numpy.float64(0.5)\nnot_a_number = float("nan")\n'
                'table: "Dataset" = pandas.DataFrame({"a": [1, 2]})\n'
                'report: "File" = Path("helper.py")',
                "outputs",
                id="outputs-cell",
            ),
            parameters={"lr": 0.5, "day": "2026-01-31"},
            secrets={"key": SECRET},
            env={"EXTRA": "from the job"},
            files={"helper.py": "NAME = 'a module beside the notebook'"},
        )
    )


def test_a_notebook_runs_to_its_end(completed: Ended) -> None:
    assert completed.exit_code == 0, completed.log
    assert completed.record.error is None
    assert completed.record.ended


def test_values_arrive_in_their_types_and_modules_beside_the_notebook_are_found(
    completed: Ended,
) -> None:
    printed = completed.printed("work")

    assert printed.startswith("0.5 2026 a module beside the notebook from the job False\n")


def test_the_values_stand_in_a_cell_behind_the_parameters(completed: Ended) -> None:
    ids = [cell["id"] for cell in completed.executed["cells"]]

    assert ids[1:3] == ["parameters-cell", "injected-parameters"]
    assert "lr = 0.5\n" in completed.cell("injected-parameters")["source"]


def test_cells_are_known_by_id_and_by_their_place_in_the_source(completed: Ended) -> None:
    places = {cell.cell_id: cell.index for cell in completed.record.cells}

    assert places["parameters-cell"] == 1
    assert places["work"] == 2
    assert "injected-parameters" not in places


def test_an_expected_exception_does_not_end_the_notebook(completed: Ended) -> None:
    assert completed.states["allowed"] == "done"
    assert completed.cell("allowed")["outputs"][0]["ename"] == "ZeroDivisionError"


def test_a_cell_tagged_skip_in_run_is_passed_over(completed: Ended) -> None:
    assert completed.states["skipped"] == "skipped"
    assert completed.cell("skipped")["execution_count"] is None


def test_what_cells_print_is_in_the_log(completed: Ended) -> None:
    assert "0.5 2026 a module beside the notebook" in completed.log
    assert "to stderr" in completed.log


def test_a_secret_reaches_the_notebook_and_nothing_else(completed: Ended) -> None:
    assert "***\n" in completed.printed("work")
    assert completed.printed("pieces") == "***"
    assert SECRET not in completed.log
    for path in (path for path in completed.folder.rglob("*") if path.is_file()):
        assert SECRET.encode() not in path.read_bytes(), path


def test_outputs_come_from_the_tagged_cell_from_calls_and_from_older_tools(
    completed: Ended,
) -> None:
    outputs = completed.record.outputs
    values = {name: record.value for name, record in outputs.items() if record.path is None}

    assert values == {
        "accuracy": 0.5,
        "not_a_number": "NaN",
        "called": 7,
        "glued": [1, 2],
        "recorded": "yes",
    }
    assert {name: record.source for name, record in outputs.items()} | {} == {
        "accuracy": "outputs",
        "not_a_number": "outputs",
        "table": "outputs",
        "report": "outputs",
        "called": "call",
        "glued": "scrapbook",
        "recorded": "papermill",
    }


def test_tables_and_files_become_named_outputs(completed: Ended) -> None:
    named = completed.folder / "named-outputs"

    assert (named / "table" / "data.parquet").read_bytes().startswith(b"PAR1")
    assert (named / "report" / "helper.py").exists()


def test_the_kernel_ends_as_a_process_does(completed: Ended) -> None:
    work = completed.folder / "work"

    assert (work / "left-open.txt").read_text() == "kept"
    assert (work / "atexit.txt").exists()


def test_the_plan_is_gone_once_it_was_read(completed: Ended) -> None:
    assert not (completed.folder / PLAN).exists()


def test_a_failing_cell_is_named_with_its_line(tmp_path: Path) -> None:
    ended = run(
        prepare(
            tmp_path / "attempt",
            code("x = 1", id="first"),
            text("between"),
            code("def divide(a):\n    return a / 0\n\nprint('so far')\ndivide(x)", id="bad"),
            code("x = 2", id="after"),
        )
    )

    error = ended.record.error
    assert ended.exit_code == 1
    assert error is not None
    assert error.cause is Cause.USER_ERROR
    assert error.cell is not None
    assert (error.cell.cell_id, error.cell.index, error.cell.code_index) == ("bad", 2, 2)
    assert (error.cell.line, error.cell.source_line) == (2, "    return a / 0")
    assert (error.cell.ename, error.cell.output_tail) == ("ZeroDivisionError", "so far")
    assert ended.log.splitlines()[-2:] == [
        "Cell 2 (line 2) failed: ZeroDivisionError: division by zero",
        "    return a / 0",
    ]
    assert ended.states == {"first": "done", "bad": "failed", "after": "waiting"}
    assert [cell["id"] for cell in ended.executed["cells"]] == ["first", "text", "bad", "after"]


def test_a_kernel_that_is_killed_is_told_apart_from_an_error(tmp_path: Path) -> None:
    ended = run(
        prepare(tmp_path / "attempt", code("import os; os.kill(os.getpid(), 9)", id="suicide"))
    )

    error = ended.record.error
    assert ended.exit_code == 3
    assert error is not None
    assert error.cause is Cause.KERNEL_DIED
    assert "SIGKILL" in error.message
    assert error.cell is not None
    assert error.cell.cell_id == "suicide"


def test_a_cell_that_takes_too_long_ends_the_notebook(tmp_path: Path) -> None:
    ended = run(
        prepare(
            tmp_path / "attempt",
            code("import threading; threading.Event().wait()", id="endless"),
            cell_timeout_s=1,
        )
    )

    error = ended.record.error
    assert ended.exit_code == 5
    assert error is not None
    assert error.cause is Cause.CELL_TIMEOUT
    assert error.message == "Cell 1 failed: CellTimeout: ran longer than 1 s"


@pytest.mark.parametrize(
    ("source", "cause", "words"),
    [
        ("accuracy: float", Cause.MISSING_OUTPUT, "no variable of this name"),
        ("accuracy: float = 'high'", Cause.WRONG_TYPE, "declared as number and is str"),
        ("model: 'Model' = object()", Cause.WRONG_TYPE, "none that MLflow keeps"),
    ],
)
def test_an_output_that_falls_short_fails_at_the_outputs_cell(
    tmp_path: Path, source: str, cause: Cause, words: str
) -> None:
    ended = run(prepare(tmp_path / "attempt", code(source, "outputs", id="out")))

    error = ended.record.error
    assert ended.exit_code == 6
    assert error is not None
    assert error.cause is cause
    assert words in error.message
    assert error.cell is not None
    assert error.cell.cell_id == "out"


def test_leaving_with_exit_code_0_ends_the_notebook_well(tmp_path: Path) -> None:
    ended = run(
        prepare(
            tmp_path / "attempt",
            code("import sys; sys.exit(0)", id="leave"),
            code("1 / 0", id="never"),
        )
    )

    assert ended.exit_code == 0
    assert ended.states == {"leave": "done", "never": "waiting"}


def test_an_output_of_absurd_size_is_cut_in_the_notebook_and_kept_beside_it(
    tmp_path: Path,
) -> None:
    ended = run(prepare(tmp_path / "attempt", code("print('x' * 11_000_000, '\\0')", id="big")))

    printed = ended.printed("big")
    assert ended.exit_code == 0
    assert len(printed) < 10_001_000
    assert "the rest is in 'cell-outputs/big-stdout.txt'" in printed
    assert (ended.folder / "cell-outputs" / "big-stdout.txt").stat().st_size > 999_000
    assert len(ended.log) > 11_000_000
    assert ended.log.endswith(" \0\n")


def test_no_line_is_lost_however_fast_a_cell_prints(tmp_path: Path) -> None:
    ended = run(
        prepare(
            tmp_path / "attempt", code("for i in range(5000): print(i, flush=True)", id="flood")
        )
    )

    assert ended.log.split() == [str(n) for n in range(5000)]
    assert ended.printed("flood").split() == [str(n) for n in range(5000)]


def test_running_out_of_memory_is_told_apart_from_an_error(tmp_path: Path) -> None:
    ended = run(prepare(tmp_path / "attempt", code("[0] * 10**18", id="huge")))

    assert ended.record.error is not None
    assert ended.record.error.cause is Cause.OUT_OF_MEMORY
    assert ended.exit_code == 8


def test_a_process_on_standby_takes_over_the_attempt_it_is_told(tmp_path: Path) -> None:
    standby = subprocess.Popen(
        RUNNER, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd="/"
    )
    folder = prepare(
        tmp_path / "attempt",
        code("import os\nprint(os.getcwd(), os.environ['LATE'], 'HOME' in os.environ)", id="where"),
        env={"LATE": "set after the start"},
    )

    log, _ = standby.communicate(f"{folder}\n", timeout=60)

    assert standby.returncode == 0
    assert log == f"{folder / 'work'} set after the start True\n"


def test_a_process_on_standby_ends_by_itself_when_nobody_is_left(tmp_path: Path) -> None:
    standby = subprocess.Popen(RUNNER, stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    standby.communicate(timeout=60)

    assert standby.returncode == 0


def test_a_kernel_that_does_not_start_is_a_failure_of_preparation(tmp_path: Path) -> None:
    folder = prepare(tmp_path / "attempt", code("1", id="one"))

    done = subprocess.run(
        [*RUNNER[:-1], "no-such-kernel", "--folder", str(folder)],
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )

    assert done.returncode == 2
    assert "There is no kernel 'no-such-kernel'" in done.stdout


def test_a_terminated_runner_takes_its_kernel_along(tmp_path: Path) -> None:
    source = "import os\nprint(os.getpid(), flush=True)\nimport threading; threading.Event().wait()"
    folder = prepare(tmp_path / "attempt", code(source, id="endless"))
    runner = subprocess.Popen([*RUNNER, "--folder", str(folder)], stdout=subprocess.PIPE, text=True)
    assert runner.stdout is not None
    kernel = int(runner.stdout.readline())

    runner.send_signal(signal.SIGTERM)
    runner.communicate(timeout=60)

    assert runner.returncode == 128 + signal.SIGTERM
    with pytest.raises(ProcessLookupError):
        os.kill(kernel, 0)
