from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_mlws.entities.errors import NotFound
from jupyter_mlws.entities.run import Status
from jupyter_mlws.execution.logs import STANDARD, Logs, _decode
from jupyter_mlws.testing.jobs import Workroom

GATE = "while [ ! -e gate ]; do sleep 0.02; done"


def logs_of(room: Workroom, name: str, attempt: int | None = None) -> Logs:
    return Logs.of(room.store, room.blobs, name, attempt, room.dispatcher.folder)


def whole(logs: Logs, limit: int) -> str:
    text, offset = "", 0
    while True:
        chunk = logs.read(STANDARD, offset, limit)
        text, offset = text + chunk.text, chunk.next_offset
        if chunk.ended:
            return text


@given(st.binary(max_size=40), st.integers(4, 9))
def test_pieces_make_the_same_text_as_the_whole(data: bytes, limit: int) -> None:
    text, offset = "", 0
    while offset < len(data):
        piece = data[offset : offset + limit]
        part, used = _decode(piece, final=offset + len(piece) == len(data))
        text, offset = text + part, offset + used

    assert text == data.decode("utf-8", "replace")


def test_a_log_is_read_in_pieces(room: Workroom) -> None:
    job = room.run(command="printf 'äöü %.0s' {1..50}")

    assert whole(logs_of(room, job.name), 7) == "äöü " * 50


def test_broken_text_and_nul_are_shown_as_far_as_can_be(room: Workroom) -> None:
    job = room.run(command=r"printf 'a\xff\x00b\xc3'")

    assert whole(logs_of(room, job.name), 100) == "a\ufffd\0b\ufffd"


def test_a_running_log_has_not_ended(room: Workroom) -> None:
    name = room.submit(command=rf"printf 'up\xc3'; {GATE}; printf '\xa4'")
    room.wait_for_log(name, b"up\xc3")
    logs = logs_of(room, name)

    chunk = logs.read(STANDARD, 0, 100)

    assert (chunk.text, chunk.next_offset, chunk.size_bytes, chunk.ended) == ("up", 2, 3, False)
    (room.folder(name) / "work" / "gate").touch()
    room.wait(name)
    assert logs.read(STANDARD, 2, 100).text == "ä"
    assert logs.read(STANDARD, 4, 100).ended


def test_a_waiting_job_has_an_empty_log(room: Workroom) -> None:
    room.set_slots(1)
    first = room.submit(command=GATE)
    room.wait(first, Status.RUNNING)
    name = room.submit(command="true")

    chunk = logs_of(room, name).read(STANDARD, 0, 100)

    assert (chunk.text, chunk.next_offset, chunk.ended) == ("", 0, False)


@pytest.mark.parametrize(("offset", "text"), [(-3, "llo"), (-100, "hello"), (100, ""), (2, "llo")])
def test_offsets_may_lie_anywhere(room: Workroom, offset: int, text: str) -> None:
    job = room.run(command="printf hello")

    assert logs_of(room, job.name).read(STANDARD, offset, 100).text == text


def test_the_end_of_a_log_begins_with_a_character(room: Workroom) -> None:
    job = room.run(command="printf 'aä€'")

    assert logs_of(room, job.name).read(STANDARD, -4, 100).text == "€"


@pytest.mark.parametrize(
    "path",
    [
        "../secret",
        "user_logs/../../1/context.json",
        "/etc/passwd",
        "work/x",
        "",
        "user_logs/\0",
        "user_logs",
    ],
)
def test_only_logs_are_read(room: Workroom, path: str) -> None:
    job = room.run(command="echo x > x")

    with pytest.raises(NotFound):
        logs_of(room, job.name).read(path, 0, 100)


def test_a_link_out_of_the_logs_is_no_log(room: Workroom, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("secret")
    job = room.run(command=f"ln -s {tmp_path}/secret $AZUREML_CR_HT_CAP_user_logs_PATH/link")

    with pytest.raises(NotFound):
        logs_of(room, job.name).read("user_logs/link", 0, 100)


def test_each_attempt_has_its_logs(room: Workroom) -> None:
    job = room.run(command="pwd; exit 1", retry_settings={"max_retries": 1})

    assert logs_of(room, job.name, 1).read(STANDARD, 0, 1000).text.endswith("/1/work\n")
    assert logs_of(room, job.name).read(STANDARD, 0, 1000).text.endswith("/2/work\n")
    with pytest.raises(NotFound, match="has no attempt 3"):
        logs_of(room, job.name, 3)


def test_logs_are_listed(room: Workroom) -> None:
    job = room.run(command="echo 12345; echo x > $AZUREML_CR_HT_CAP_user_logs_PATH/more.txt")

    assert [(log.path, log.size_bytes) for log in logs_of(room, job.name).files()] == [
        ("user_logs/more.txt", 2),
        ("user_logs/std_log.txt", 6),
    ]


def test_logs_are_there_when_the_folder_is_gone(room: Workroom) -> None:
    job = room.run(command="echo kept")
    room.folder(job.name).rename(room.path / "elsewhere")

    logs = logs_of(room, job.name)

    assert [log.path for log in logs.files()] == [STANDARD]
    assert whole(logs, 100) == "kept\n"


def test_lines_know_when_they_were_written(room: Workroom) -> None:
    name = room.submit(command=f"echo one; echo -n tw; {GATE}; sleep 0.2; echo o; echo three")
    room.wait_for_log(name, b"one\ntw")
    logs = logs_of(room, name)
    (first,) = logs.read(STANDARD, 0, 100).times
    (room.folder(name) / "work" / "gate").touch()
    room.wait(name)

    chunk = logs.read(STANDARD, 0, 100)
    tail = logs.read(STANDARD, 4, 100)

    assert chunk.text == "one\ntwo\nthree\n"
    assert first.line == 0
    assert [time.line for time in chunk.times] == [0, 2]
    assert chunk.times[0] == first
    assert chunk.times[1].time_ms >= first.time_ms
    assert [(time.line, time.time_ms) for time in tail.times] == [
        (0, first.time_ms),
        (1, chunk.times[1].time_ms),
    ]


def test_a_log_whose_times_are_gone_is_read_without(room: Workroom) -> None:
    job = room.run(command="echo one")
    logs = logs_of(room, job.name)
    (logs.folder / "supervisor" / "times").unlink()

    chunk = logs.read(STANDARD, 0, 100)

    assert (chunk.text, chunk.times) == ("one\n", [])
