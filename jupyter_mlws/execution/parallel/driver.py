"""Runs a script over mini batches, in worker processes: the one process of a parallel job.

Run as `python driver.py PLAN`, and by itself as `python driver.py --worker` for each worker. Standard library
only, so that it runs in any environment; tables need pandas there. A worker is given a mini batch as one line
of JSON and answers with one; whatever the script prints goes to its own log.

Source: Azure ML parallel jobs: `init()`, `run(mini_batch[, context])`, `shutdown()`.
"""

from __future__ import annotations

import contextlib
import importlib.util
import inspect
import json
import os
import pathlib
import queue
import re
import select
import subprocess
import sys
import threading
import time
import traceback
from typing import Any

START_S = 600
"""Seconds that a worker may take for `init()`."""
SPREAD = ("parquet", "csv", "tsv", "json", "jsonl")
UNITS = {"kb": 1 << 10, "mb": 1 << 20, "gb": 1 << 30}


class Context:
    """What `run` is told of its mini batch."""

    def __init__(self, index: int, keys: dict[str, Any]) -> None:
        self.minibatch_index = index
        self.partition_key_value = keys


# The worker
def work() -> None:
    """Answer mini batches until the input ends."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    plan = json.loads(sys.stdin.readline())
    sys.argv = [plan["script"], *plan["arguments"]]
    sys.path.insert(0, str(pathlib.Path(plan["script"]).parent))
    table = None
    try:
        spec = importlib.util.spec_from_file_location("entry_script", plan["script"])
        assert spec
        assert spec.loader
        module = importlib.util.module_from_spec(spec)
        sys.modules["entry_script"] = module
        spec.loader.exec_module(module)
        if hasattr(module, "init"):
            module.init()
        if plan["is_table"]:
            table = read_table(plan["data"])
        _say(answers, {"ready": True, "batches": _batches(plan, table)})
    except BaseException as error:  # noqa: BLE001 (the script is foreign code)
        traceback.print_exc()
        _say(answers, {"error": f"{type(error).__name__}: {error}"})
        return
    takes_context = len(inspect.signature(module.run).parameters) > 1
    for line in sys.stdin:
        batch = json.loads(line)
        try:
            items, n_items = _items(batch, table)
            context = Context(batch["index"], batch.get("keys", {}))
            found = module.run(items, context) if takes_context else module.run(items)
            rows = _rows(found)
            _say(answers, {"rows": rows, "n_items": n_items})
        except BaseException as error:  # noqa: BLE001
            traceback.print_exc()
            _say(answers, {"error": f"{type(error).__name__}: {error}"})
        sys.stderr.flush()
    if hasattr(module, "shutdown"):
        module.shutdown()


def read_table(path: str) -> Any:
    """The table at a path: Parquet, CSV, TSV or JSON lines, one file or a folder of such."""
    import pandas as pd

    place = pathlib.Path(path)
    files = [place] if place.is_file() else sorted(p for p in place.rglob("*") if p.is_file())
    readers = {
        "parquet": pd.read_parquet,
        "csv": pd.read_csv,
        "tsv": lambda file: pd.read_csv(file, sep="\t"),
        "json": lambda file: pd.read_json(file, lines=True),
        "jsonl": lambda file: pd.read_json(file, lines=True),
    }
    parts = [readers[p.suffix[1:]](p) for p in files if p.suffix[1:] in SPREAD]
    if not parts:
        raise FileNotFoundError(f"there is no table in '{path}' ({', '.join(SPREAD)})")
    return pd.concat(parts, ignore_index=True)


def _batches(plan: dict[str, Any], table: Any) -> list[dict[str, Any]]:
    """All mini batches, of a table only: files are told without a worker."""
    if table is None or not plan["tell_batches"]:
        return []
    keys = plan["partition_keys"]
    if keys:
        missing = [key for key in keys if key not in table.columns]
        if missing:
            raise KeyError(
                f"the table has no column {missing[0]!r} (it has: {', '.join(table.columns)})"
            )
        groups = table.groupby(keys, sort=True).indices
        return [
            {"keys": dict(zip(keys, _plain(key), strict=True)), "rows": [int(i) for i in places]}
            for key, places in groups.items()
        ]
    step = _rows_at_once(plan["size"], table)
    return [
        {"span": [start, min(start + step, len(table))]} for start in range(0, len(table), step)
    ]


def _plain(key: Any) -> list[Any]:
    values = key if isinstance(key, tuple) else (key,)
    return [
        value.item()
        if hasattr(value, "item")
        else value
        if isinstance(value, (int, float, str, bool))
        else str(value)
        for value in values
    ]


def _rows_at_once(size: str, table: Any) -> int:
    match = re.match(r"(\d+)\s*([a-z]*)", size.lower())
    assert match
    if match[2] in UNITS:
        row_bytes = table.memory_usage(deep=True).sum() / max(len(table), 1)
        return max(1, int(int(match[1]) * UNITS[match[2]] / max(row_bytes, 1)))
    return int(match[1])


def _items(batch: dict[str, Any], table: Any) -> tuple[Any, int]:
    if "files" in batch:
        return batch["files"], len(batch["files"])
    if "rows" in batch:
        return table.iloc[batch["rows"]].reset_index(drop=True), len(batch["rows"])
    start, stop = batch["span"]
    return table.iloc[start:stop].reset_index(drop=True), stop - start


def _rows(found: Any) -> list[str]:
    """What `run` answered, as lines."""
    if found is None:
        raise TypeError("run() must answer a list, a tuple, a DataFrame or a Series")
    if hasattr(found, "to_csv") and hasattr(found, "columns"):
        return [str(line) for line in found.to_csv(sep=" ", header=False, index=False).splitlines()]
    return [str(item) for item in found]


def _say(answers: Any, body: dict[str, Any]) -> None:
    answers.write(json.dumps(body) + "\n")
    answers.flush()


# The driver
class Worker:
    """One process that answers mini batches, one after the other."""

    def __init__(self, plan: dict[str, Any], number: int, *, tell: bool = False) -> None:
        logs = pathlib.Path(plan["logs"]) / "user" / "stdout" / "0"
        logs.mkdir(parents=True, exist_ok=True)
        self.log = (logs / f"process{number:03}.stdout.txt").open("ab")
        self.process = subprocess.Popen(
            [sys.executable, __file__, "--worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.log,
        )
        self._kept = b""
        self.first = self.ask({**plan, "tell_batches": tell}, START_S)

    def ask(self, body: dict[str, Any], timeout_s: float) -> dict[str, Any]:
        """The answer; one with `error` when it fails, takes too long or the process ends."""
        assert self.process.stdin
        try:
            self.process.stdin.write(json.dumps(body).encode() + b"\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            return {"error": "its process has ended"}
        return self._answer(time.monotonic() + timeout_s, timeout_s)

    def _answer(self, deadline: float, timeout_s: float) -> dict[str, Any]:
        assert self.process.stdout
        fd = self.process.stdout.fileno()
        while b"\n" not in self._kept:
            left_s = deadline - time.monotonic()
            if left_s <= 0 or not select.select([fd], [], [], left_s)[0]:
                self.end(kill=True)
                return {"error": f"took longer than {timeout_s:g} s"}
            piece = os.read(fd, 1 << 16)
            if not piece:
                return {"error": f"its process ended with exit code {self.process.wait()}"}
            self._kept += piece
        line, _, self._kept = self._kept.partition(b"\n")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def end(self, *, kill: bool = False) -> None:
        """Let it finish, or kill it."""
        if kill:
            self.process.kill()
        assert self.process.stdin
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.close()
        self.process.wait()
        self.log.close()


class Driver:
    """Hands out mini batches until none is left or too many have failed."""

    def __init__(self, plan: dict[str, Any]) -> None:
        self.plan = plan
        self.lock = threading.Lock()
        self.todo: queue.Queue[dict[str, Any]] = queue.Queue()
        self.total = self.done = self.failed_batches = self.failed_items = self.items = 0
        self.stopped = ""
        self.written = 0.0
        self.errors: list[str] = []

    def run(self) -> int:
        """Run all; the exit code."""
        first = Worker(self.plan, 0, tell=True)
        if error := first.first.get("error"):
            print(f"The script cannot start: {error}", flush=True)
            print(pathlib.Path(first.log.name).read_text(errors="replace")[-4000:], flush=True)
            return 1
        batches = first.first["batches"] if self.plan["is_table"] else self._file_batches()
        for index, batch in enumerate(batches):
            self.todo.put({**batch, "index": index})
        self.total = len(batches)
        print(f"{self.total} mini batches, {self.plan['n_workers']} at the same time", flush=True)
        self._note()
        n_more = max(0, min(self.plan["n_workers"], self.total) - 1)
        threads = [threading.Thread(target=self._serve, args=(0, first))]
        threads += [threading.Thread(target=self._serve, args=(n + 1, None)) for n in range(n_more)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self._note(final=True)
        print(self._summary(), flush=True)
        return 1 if self.stopped else 0

    def _file_batches(self) -> list[dict[str, Any]]:
        place = pathlib.Path(self.plan["data"])
        files = [place] if place.is_file() else sorted(p for p in place.rglob("*") if p.is_file())
        step = int(re.match(r"\d+", self.plan["size"])[0])  # type: ignore[index]
        names = [str(file) for file in files]
        return [{"files": names[at : at + step]} for at in range(0, len(names), step)]

    def _serve(self, number: int, worker: Worker | None) -> None:
        while not self.stopped:
            try:
                batch = self.todo.get_nowait()
            except queue.Empty:
                break
            worker = self._finish_batch(number, worker, batch)
        if worker is not None and worker.process.poll() is None:
            worker.end()

    def _finish_batch(
        self, number: int, worker: Worker | None, batch: dict[str, Any]
    ) -> Worker | None:
        answer: dict[str, Any] = {}
        for _ in range(self.plan["max_retries"] + 1):
            if worker is None or worker.process.poll() is not None:
                worker = Worker(self.plan, number)
                if error := worker.first.get("error"):
                    answer = {"error": error}
                    worker.end()
                    worker = None
                    continue
            answer = worker.ask(batch, self.plan["timeout_s"])
            if "error" not in answer:
                break
        self._count(batch, answer)
        return worker

    def _count(self, batch: dict[str, Any], answer: dict[str, Any]) -> None:
        size = len(batch.get("files") or batch.get("rows") or range(*batch.get("span", (0, 0))))
        with self.lock:
            self.done += 1
            self.items += size
            if "error" in answer:
                self.failed_batches += 1
                self.failed_items += size
                line = (
                    f"Mini batch {batch['index']} {batch.get('keys', '')} failed: {answer['error']}"
                )
                self.errors.append(line)
                print(line, flush=True)
            else:
                by_file = "files" in batch
                if by_file:
                    self.failed_items += max(0, size - len(answer["rows"]))
                if self.plan["append_to"]:
                    with open(self.plan["append_to"], "a", encoding="utf-8") as file:  # noqa: PTH123
                        file.writelines(f"{row}\n" for row in answer["rows"])
            self._check()
            self._note()

    def _check(self) -> None:
        for count, most, what in (
            (self.failed_items, self.plan["error_threshold"], "items"),
            (self.failed_batches, self.plan["batch_error_threshold"], "mini batches"),
        ):
            if most >= 0 and count > most and not self.stopped:
                self.stopped = f"{count} {what} have failed, at most {most} may"

    def _note(self, *, final: bool = False) -> None:
        if not final and time.monotonic() - self.written < 0.2:
            return
        self.written = time.monotonic()
        state = {
            "done": self.done,
            "total": self.total,
            "items": self.items,
            "failed_items": self.failed_items,
            "failed_batches": self.failed_batches,
            "stopped": self.stopped,
            "errors": self.errors[:20],
        }
        place = pathlib.Path(self.plan["state"])
        part = place.with_suffix(".part")
        part.write_text(json.dumps(state))
        part.replace(place)

    def _summary(self) -> str:
        told = f"{self.done} of {self.total} mini batches, {self.items} items"
        failed = f"{self.failed_batches} mini batches and {self.failed_items} items failed"
        return f"{told}; {failed}." + (f" Stopped: {self.stopped}." if self.stopped else "")


if __name__ == "__main__":
    if sys.argv[1] == "--worker":
        work()
    else:
        sys.exit(Driver(json.loads(pathlib.Path(sys.argv[1]).read_text())).run())
