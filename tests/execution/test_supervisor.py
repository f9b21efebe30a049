from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from jupyter_mlws.execution import supervisor
from jupyter_mlws.execution.supervisor import MASK, Redactor, short_path

SECRETS = st.lists(st.text("ab", min_size=2, max_size=6), min_size=1, max_size=3)
CHUNKS = st.lists(st.text("abc", max_size=8), max_size=12)


def redacted(secrets: list[str], chunks: list[str]) -> bytes:
    redactor = Redactor(secrets)
    return b"".join([*(redactor.feed(chunk.encode()) for chunk in chunks), redactor.flush()])


class TestRedactor:
    @given(SECRETS, CHUNKS)
    def test_it_makes_no_difference_where_chunks_end(
        self, secrets: list[str], chunks: list[str]
    ) -> None:
        assert redacted(secrets, chunks) == redacted(secrets, ["".join(chunks)])

    @given(SECRETS, CHUNKS)
    def test_no_secret_is_left(self, secrets: list[str], chunks: list[str]) -> None:
        pieces = redacted(secrets, chunks).split(MASK)

        assert not [piece for piece in pieces for secret in secrets if secret.encode() in piece]

    @given(st.lists(st.binary(max_size=8), max_size=12))
    def test_bytes_without_secrets_pass_unchanged(self, chunks: list[bytes]) -> None:
        redactor = Redactor([])

        assert [redactor.feed(chunk) for chunk in chunks] == chunks
        assert redactor.flush() == b""

    def test_the_longest_secret_counts(self) -> None:
        assert redacted(["abc", "abcdef"], ["x abc", "def y"]) == b"x [REDACTED] y"

    def test_only_what_may_be_a_secret_is_kept_back(self) -> None:
        redactor = Redactor(["token-1234"])

        assert redactor.feed(b"a line\n") == b"a line\n"
        assert redactor.feed(b"a tok") == b"a "
        assert redactor.feed(b"yo\n") == b"tokyo\n"

    def test_empty_secrets_hide_nothing(self) -> None:
        assert redacted([""], ["text"]) == b"text"


def test_it_needs_nothing_but_the_standard_library() -> None:
    code = f"import runpy; runpy.run_path({str(Path(supervisor.__file__))!r})"

    found = subprocess.run([sys.executable, "-I", "-S", "-c", code], check=False)

    assert found.returncode == 0


def test_end_of_input_ends_it() -> None:
    program = [sys.executable, "-I", "-S", str(Path(supervisor.__file__))]

    found = subprocess.run(program, input=b"", capture_output=True, timeout=30, check=False)

    assert (found.returncode, found.stdout, found.stderr) == (0, b"", b"")


def test_a_path_that_is_too_long_for_a_socket_gets_a_short_name(tmp_path: Path) -> None:
    deep = tmp_path / ("a" * 100) / ("b" * 100)
    deep.mkdir(parents=True)

    with short_path(str(deep)) as short:
        Path(short, "file").write_text("here")
        length = len(short)

    assert (deep / "file").read_text() == "here"
    assert length < 90 or sys.platform != "linux"


def test_an_attempt_runs_though_nobody_hears_that_it_was_taken(tmp_path: Path) -> None:
    for name in ("supervisor", "user_logs", "system_logs"):
        (tmp_path / name).mkdir()
    order = {
        "folder": str(tmp_path), "argv": ["bash", "-c", "echo here"], "cwd": str(tmp_path), "env": {},
        "stdin": False, "timeout_s": None, "memory_bytes": None, "redact": [],
        "remove": [],
        "bell": str(tmp_path / "bell"), "grace_s": 1,
    }  # fmt: skip
    read_end, write_end = os.pipe()
    os.close(read_end)  # as when the service was killed after it had given the order

    found = subprocess.run(
        [sys.executable, "-I", "-S", str(Path(supervisor.__file__))],
        input=json.dumps(order).encode() + b"\n",
        stdout=write_end,
        timeout=60,
        check=False,
    )
    os.close(write_end)

    assert found.returncode == 0
    assert (tmp_path / "user_logs" / "std_log.txt").read_bytes() == b"here\n"
    assert json.loads((tmp_path / "supervisor" / "state.json").read_bytes())["exit_code"] == 0
