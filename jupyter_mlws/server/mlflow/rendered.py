"""Runs as JSON, in memory: a run that has not changed is not read and written out again."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence

from orjson import Fragment

from jupyter_mlws.store.base import RunMark

MOST_BYTES = 16 << 20
"""What is kept in all."""

Kept = dict[str, tuple[int, bytes]]
"""By run the number of its last change, and its JSON."""


class Rendered:
    """The JSON of the runs that were asked for last, each under its mark.

    Nothing has to be told of a change: a run that changes has another mark. What is kept lies in two
    halves; when the newer one is full it becomes the older one, whose runs are forgotten but for those
    that were asked for meanwhile.
    """

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self._half_bytes = most_bytes // 2
        self._lock = threading.Lock()
        self._newer: Kept = {}
        self._older: Kept = {}
        self._n_bytes = 0

    def all(
        self,
        marks: Sequence[RunMark],
        render: Callable[[Sequence[str]], Iterable[tuple[RunMark, bytes]]],
    ) -> list[Fragment]:
        """The JSON of runs, in their order.

        Args:
            render: gives the runs of some ids as they are now. One that changed since is shown so, one
                that is gone is left out.
        """
        with self._lock:
            found = {run_id: self._get(run_id, changed) for run_id, changed in marks}
        lacking = [run_id for run_id, text in found.items() if text is None]
        if lacking:
            made = list(render(lacking))
            found.update((run_id, text) for (run_id, _), text in made)
            with self._lock:
                for (run_id, changed), text in made:
                    self._put(run_id, changed, text)
        return [Fragment(text) for text in found.values() if text is not None]

    def _get(self, run_id: str, changed: int) -> bytes | None:
        kept = self._newer.get(run_id)
        if kept is None:
            kept = self._older.get(run_id)
            if kept is not None and kept[0] == changed:
                self._put(run_id, *kept)
        return kept[1] if kept is not None and kept[0] == changed else None

    def _put(self, run_id: str, changed: int, text: bytes) -> None:
        before = self._newer.get(run_id)
        if before is not None:
            if before[0] >= changed:
                return
            self._n_bytes -= len(before[1])
        self._newer[run_id] = changed, text
        self._n_bytes += len(text)
        if self._n_bytes > self._half_bytes:
            self._newer, self._older, self._n_bytes = {}, self._newer, 0
