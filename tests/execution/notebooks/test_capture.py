"""Outputs of cells: joined, limited, logged."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_output

from jupyter_mlws.execution.notebooks.capture import Capture, last_drawn
from jupyter_mlws.execution.notebooks.redaction import Redactor


class Cell:
    """A cell whose outputs are captured."""

    def __init__(self, folder: Path | None = None, **options: Any) -> None:
        self.logged = ""
        self.outputs: list[NotebookNode] = []
        self.capture = Capture(Redactor(["secret"]), self._log, folder, **options)
        self.capture.begin("cell")

    def _log(self, text: str) -> None:
        self.logged += text

    def prints(self, text: str, name: str = "stdout") -> None:
        self._add(new_output("stream", name=name, text=text))

    def shows(self, **data: Any) -> None:
        mimes = {key.replace("_", "/"): body for key, body in data.items()}
        self._add(new_output("display_data", data=mimes))

    def _add(self, output: NotebookNode) -> None:
        self.outputs.append(output)
        self.capture.add(self.outputs)


def test_pieces_of_a_stream_become_one_output() -> None:
    cell = Cell()

    for text in ("a", "b"):
        cell.prints(text)
    cell.prints("c", "stderr")
    cell.prints("d")
    cell.capture.close()

    assert [(out.name, out.text) for out in cell.outputs] == [
        ("stdout", "ab"),
        ("stderr", "c"),
        ("stdout", "d"),
    ]
    assert cell.logged == "abcd"


def test_what_could_be_a_secret_is_shown_at_the_end_at_the_latest() -> None:
    cell = Cell()

    cell.prints("the sec")
    cell.capture.settle()
    before = cell.outputs[0].text
    cell.capture.close()

    assert (before, cell.outputs[0].text) == ("the ", "the sec")


def test_text_above_the_limit_goes_to_a_file_and_the_notebook_says_so(tmp_path: Path) -> None:
    cell = Cell(tmp_path / "side", limit_bytes=4)

    cell.prints("abcdef")
    cell.prints("ghi")
    cell.capture.close()

    assert cell.outputs[0].text == (
        "abcd\n[output above 4 bytes; the rest is in 'side/cell-stdout.txt']\n"
    )
    assert (tmp_path / "side" / "cell-stdout.txt").read_text() == "efghi"
    assert cell.logged == "abcdefghi"


def test_data_above_the_limit_goes_to_a_file(tmp_path: Path) -> None:
    cell = Cell(tmp_path / "side", limit_bytes=4)
    image = base64.b64encode(b"image bytes").decode()

    cell.shows(image_png=image, text_plain="ok")

    assert (tmp_path / "side" / "cell-1.png").read_bytes() == b"image bytes"
    assert "image/png" not in cell.outputs[0].data


def test_cleared_outputs_do_not_count() -> None:
    cell = Cell(limit_bytes=4)

    for _ in range(5):
        cell.prints("abc")
        cell.outputs.clear()
        cell.capture.clear()
    cell.prints("abc")
    cell.capture.close()

    assert cell.outputs[0].text == "abc"


@pytest.mark.parametrize(
    ("text", "drawn"),
    [
        ("10%\r20%\rdone\nnext", "done\nnext"),
        ("10%\r20%\r", "20%\r"),
        ("line\r\nline\r\n", "line\nline\n"),
        ("plain\n", "plain\n"),
    ],
)
def test_lines_that_redraw_themselves_show_their_last_state(text: str, drawn: str) -> None:
    assert last_drawn(text) == drawn
