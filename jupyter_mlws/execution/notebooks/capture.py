"""What a cell prints and shows: joined, kept within a limit, without secrets, and into the log."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
from nbformat import NotebookNode

from jupyter_mlws.execution.notebooks.failures import plain
from jupyter_mlws.execution.notebooks.redaction import Redactor

LIMIT_BYTES = 10_000_000
"""Most that one cell may put into the executed notebook."""

_SUFFIXES = {
    "image/png": "png",
    "text/html": "html",
    "image/svg+xml": "svg",
    "application/json": "json",
}


class Capture:
    """Takes the outputs of one cell after the other.

    Pieces of a stream become one output. What exceeds `limit_bytes` goes to a file in `side_folder`, and
    the notebook says so; the log gets everything.
    """

    def __init__(
        self,
        redactor: Redactor,
        log: Callable[[str], None],
        side_folder: Path | None = None,
        limit_bytes: int = LIMIT_BYTES,
    ) -> None:
        self.redactor = redactor
        self._log = log
        self._side_folder = side_folder
        self._limit = limit_bytes
        self.begin("")

    def begin(self, cell_id: str) -> None:
        """The outputs that follow are those of this cell."""
        self._cell_id = cell_id
        self.clear()

    def clear(self) -> None:
        """The outputs of the cell so far are gone."""
        self._size = 0
        self._stream: NotebookNode | None = None
        self._parts: list[str] = []
        self._cut: set[str] = set()

    def add(self, outputs: list[NotebookNode]) -> None:
        """Take in the output that was just appended to `outputs`."""
        last = outputs[-1]
        if last.output_type == "stream":
            self._add_text(outputs, last)
            return
        self.close()
        if last.output_type == "error":
            self._log(plain("\n".join(last.traceback)) + "\n")
        else:
            self._limit_data(last, len(outputs))

    def settle(self) -> None:
        """Bring the text of the open stream up to date."""
        if self._stream is not None:
            self._parts = [last_drawn("".join(self._parts))]
            self._stream.text = self._parts[0]

    def close(self) -> None:
        """The open stream is complete: nothing of it is held back."""
        if self._stream is not None:
            self._take(self.redactor.flush(self._stream.name))
            self.settle()
            self._stream = None

    def _add_text(self, outputs: list[NotebookNode], piece: NotebookNode) -> None:
        text = piece.text
        is_next = len(outputs) > 1 and outputs[-2] is self._stream
        if self._stream is not None and is_next and self._stream.name == piece.name:
            outputs.pop()
        else:
            self.close()
            self._stream, self._parts = piece, []
            piece.text = ""
        self._take(self.redactor.feed(piece.name, text))

    def _take(self, text: str) -> None:
        if self._stream is not None and text:
            self._log(text)
            self._parts.append(self._within_limit(self._stream.name, text))

    def _within_limit(self, name: str, text: str) -> str:
        """The part of a stream's text that still fits; the rest goes to its file."""
        room = max(0, self._limit - self._size)
        self._size += len(text)
        if len(text) <= room:
            return text
        path = self._side_file(f"{name}.txt")
        if path is not None:
            with path.open("a", encoding="utf-8", errors="replace") as file:
                file.write(text[room:])
        if name in self._cut:
            return ""
        self._cut.add(name)
        return f"{text[:room]}\n[{self._note(path)}]\n"

    def _limit_data(self, output: NotebookNode, position: int) -> None:
        data: dict[str, Any] = output.get("data", {})
        for mime, body in list(data.items()):
            raw = body.encode("utf-8", "replace") if isinstance(body, str) else orjson.dumps(body)
            if self._size + len(raw) <= self._limit:
                self._size += len(raw)
                continue
            path = self._side_file(f"{position}.{_SUFFIXES.get(mime, 'txt')}")
            if path is not None:
                is_binary = mime.startswith("image/") and mime != "image/svg+xml"
                path.write_bytes(base64.b64decode(raw) if is_binary else raw)
            del data[mime]
            data["text/plain"] = f"[{mime} of {len(raw):,} bytes: {self._note(path)}]"

    def _note(self, path: Path | None) -> str:
        where = f"the rest is in '{path.parent.name}/{path.name}'" if path else "the rest was cut"
        return f"output above {self._limit:,} bytes; {where}"

    def _side_file(self, suffix: str) -> Path | None:
        if self._side_folder is None:
            return None
        self._side_folder.mkdir(mode=0o700, exist_ok=True)
        safe = re.sub(r"[^A-Za-z0-9_-]", "_", self._cell_id)[:64]
        return self._side_folder / f"{safe}-{suffix}"


def last_drawn(text: str) -> str:
    """`text` with each line as it was drawn last; progress bars redraw theirs after a carriage return."""
    if "\r" not in text:
        return text
    *lines, open_line = text.split("\n")
    drawn = [line.rstrip("\r").rpartition("\r")[2] for line in (*lines, open_line)]
    # The open line may still be redrawn by what comes next.
    return "\n".join(drawn) + ("\r" if open_line.endswith("\r") else "")
