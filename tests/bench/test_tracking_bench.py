"""Tracking beside `mlflow server` on SQLite: the same raw keep-alive client, the same run of the suite."""

from __future__ import annotations

import http.client
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any
from urllib.parse import urlencode, urlsplit

import httpx
import orjson
import psutil
import pytest

from jupyter_mlws.dev import free_port
from jupyter_mlws.store.base import Point
from jupyter_mlws.store.sqlite import SqliteStore
from jupyter_mlws.testing.service import running_service

pytestmark = [
    pytest.mark.timeout(900),
    pytest.mark.filterwarnings("ignore"),  # mlflow's own, when its database is filled
]

N_RUNS = 10_000
N_METRICS = N_PARAMS = 5
N_POINTS = 100_000
N_TURNS = 3
"""Each is measured so often, and the medians are told."""
AT_LEAST = 3
"""How many times faster than `mlflow server` everything must be that is not in `EXCEPT`."""

Report = Callable[[str, Sequence[str], Sequence[Sequence[object]]], None]


@dataclass(frozen=True)
class Peer:
    """A tracking server that runs.

    Attributes:
        url: tracking URI.
        pid: its first process.
        started_s: seconds from its start to its first answer.
    """

    name: str
    url: str
    token: str
    pid: int
    started_s: float

    def memory_mb(self) -> float:
        """Memory of all its processes, shared pages counted once (PSS)."""
        first = psutil.Process(self.pid)
        tree = [first, *first.children(recursive=True)]
        return sum(process.memory_full_info().pss for process in tree) / 1e6


class Wire:
    """One keep-alive connection that sends as little as a client must."""

    def __init__(self, peer: Peer) -> None:
        address = urlsplit(peer.url)
        self._path = f"{address.path}/api/2.0"
        self._connection = http.client.HTTPConnection(address.hostname or "", address.port)
        self._connection.connect()
        self._connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._headers = {"Authorization": f"Bearer {peer.token}"}

    def send(self, method: str, path: str, body: bytes = b"", kind: str = "") -> bytes:
        headers = {**self._headers, "Content-Type": kind} if kind else self._headers
        self._connection.request(method, f"{self._path}/{path}", body or None, headers)
        answer = self._connection.getresponse()
        received = answer.read()
        assert answer.status == 200, received
        return received

    def post(self, path: str, **fields: Any) -> Any:
        body = orjson.dumps(fields)
        return orjson.loads(self.send("POST", f"mlflow/{path}", body, "application/json"))

    def get(self, path: str, **fields: Any) -> Any:
        return orjson.loads(self.send("GET", f"mlflow/{path}?{urlencode(fields)}"))

    def close(self) -> None:
        self._connection.close()


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Peer]:
    """The workspace service, with experiment 1 filled."""
    workspace = tmp_path_factory.mktemp("ours") / "workspace"
    workspace.mkdir(mode=0o700)
    _fill_ours(workspace / "workspace.db")
    begun = time.perf_counter()
    with running_service(workspace) as running:
        peer = Peer("jupyter_mlws", f"{running.url}/mlflow", running.token, running.pid, 0.0)
        _wait(peer)
        took = time.perf_counter() - begun
        yield Peer(peer.name, peer.url, peer.token, peer.pid, took)


@pytest.fixture(scope="module")
def theirs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Peer]:
    """`mlflow server` with one worker (it is fastest so), with experiment 1 filled."""
    folder = tmp_path_factory.mktemp("theirs")
    _fill_theirs(folder)
    with mlflow_server(folder) as peer:
        yield peer


@contextmanager
def mlflow_server(folder: Path) -> Iterator[Peer]:
    """`mlflow server` over the database in `folder`."""
    port = free_port(0)
    command = [sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--workers", "1"]
    command += ["--port", str(port), "--backend-store-uri", f"sqlite:///{folder}/mlflow.db"]
    command += ["--artifacts-destination", str(folder / "artifacts")]
    begun = time.perf_counter()
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, cwd=folder, env=os.environ)
    try:
        peer = Peer("mlflow server", f"http://127.0.0.1:{port}", "none", process.pid, 0.0)
        _wait(peer)
        started_s = time.perf_counter() - begun
        _settle(process.pid)
        yield Peer(peer.name, peer.url, peer.token, process.pid, started_s)
    finally:
        tree = psutil.Process(process.pid).children(recursive=True)
        process.terminate()
        process.wait(30)
        for child in tree:
            if child.is_running():
                child.kill()


def test_tracking_is_faster_than_mlflow_server(ours: Peer, theirs: Peer, report: Report) -> None:
    rows: list[list[object]] = []
    ratios: dict[str, float] = {}
    for name, unit, measure, *gentler in MEASURES:
        # In turns, and compared turn by turn: what else the machine does hits both alike.
        turns = [(measure(ours), (gentler or [measure])[0](theirs)) for _ in range(N_TURNS)]
        mine, other = (median(values) for values in zip(*turns, strict=True))
        ratio = median(a / b if unit.endswith("/s") else b / a for a, b in turns)
        ratios[name] = ratio
        rows.append([name, f"{_short(other)} {unit}", f"{_short(mine)} {unit}", f"{ratio:.1f}"])
    rows.append(["start to first answer", *_pair(theirs.started_s, ours.started_s, "s")])
    rows.append(["memory (PSS)", *_pair(theirs.memory_mb(), ours.memory_mb(), "MB")])

    report(
        f"Tracking, {N_RUNS:,} runs in the experiment",
        ["what", "mlflow server, SQLite", "jupyter_mlws", "times better"],
        rows,
    )
    slow = {name: ratio for name, ratio in ratios.items() if ratio < EXCEPT.get(name, AT_LEAST)}
    assert not slow


# What is measured
def cycles(n_clients: int, n_cycles: int) -> Callable[[Peer], float]:
    """Runs made, logged to and ended, a second."""

    def one(wire: Wire) -> None:
        tags = [{"key": "mlflow.user", "value": "ana"}, {"key": "mlflow.source.name", "value": "x"}]
        made = wire.post("runs/create", experiment_id="0", start_time=_now_ms(), tags=tags)
        run_id = made["run"]["info"]["run_id"]
        wire.post(
            "runs/log-metric", run_id=run_id, key="loss", value=0.5, timestamp=_now_ms(), step=1
        )
        wire.post("runs/update", run_id=run_id, status="FINISHED", end_time=_now_ms())

    return lambda peer: _rate(peer, n_clients, n_cycles, lambda: one)


def batches(n_clients: int, n_batches: int) -> Callable[[Peer], float]:
    """Metrics a second, in batches of 1,000: 10 keys, 100 steps each."""

    def make() -> Callable[[Wire], None]:
        run_id, step = "", 0

        def one(wire: Wire) -> None:
            nonlocal run_id, step
            if not run_id:
                run_id = wire.post("runs/create", experiment_id="0")["run"]["info"]["run_id"]
            now_ms = _now_ms()
            metrics = [
                {"key": f"m{k}", "value": i / 3, "timestamp": now_ms + i, "step": step + i}
                for i in range(100)
                for k in range(10)
            ]
            step += 100
            wire.post("runs/log-batch", run_id=run_id, metrics=metrics)

        return one

    return lambda peer: _rate(peer, n_clients, n_batches, make) * 1000


def search(**fields: Any) -> Callable[[Peer], float]:
    """Milliseconds of a search for 100 runs of experiment 1, until all of the answer is there."""
    query = {"experiment_ids": ["1"], "max_results": 100, **fields}
    body = orjson.dumps(query)

    def measure(peer: Peer) -> float:
        wire = Wire(peer)
        assert len(wire.post("runs/search", **query)["runs"]) == query["max_results"]
        wire.close()
        return _median_ms(peer, 5, lambda wire: wire.send("POST", SEARCH, body, JSON))

    return measure


def next_pages(peer: Peer) -> float:
    """Milliseconds of a page of 1,000 runs that were not asked for before; on average over three.

    The pages of each turn begin where those of the last ended.
    """
    wire = Wire(peer)
    query: dict[str, Any] = {"experiment_ids": ["1"], "max_results": 1000, "order_by": OLDEST}
    token = NEXT_PAGE.get(peer.name)
    took = 0.0
    for _ in range(3):
        body = orjson.dumps({**query, "page_token": token} if token else query)
        begun = time.perf_counter()
        answer = wire.send("POST", SEARCH, body, JSON)
        took += time.perf_counter() - begun
        page = orjson.loads(answer)
        assert len(page["runs"]) == 1000
        token = page["next_page_token"]
    assert token is not None
    NEXT_PAGE[peer.name] = token
    wire.close()
    return took / 3 * 1000


def nothing(peer: Peer) -> float:
    """Milliseconds of a call that does nothing but ask who is there: less none can take."""
    path = urlsplit(peer.url).path

    def one(wire: Wire) -> None:
        wire._connection.request("GET", f"{path}/health", headers=wire._headers)
        assert wire._connection.getresponse().read() == b"OK"

    return _median_ms(peer, 100, one)


def history(peer: Peer) -> float:
    """Milliseconds to fetch the long metric, in the client's pages of 25,000."""

    def one(wire: Wire) -> None:
        query, n_points = {"run_id": _run_id(0), "metric_key": "long", "max_results": 25_000}, 0
        while True:
            page = wire.get("metrics/get-history", **query)
            n_points += len(page["metrics"])
            if "next_page_token" not in page:
                break
            query["page_token"] = page["next_page_token"]
        assert n_points == N_POINTS

    return _median_ms(peer, 1, one)


def get_run(peer: Peer) -> float:
    """Milliseconds to fetch one run."""
    return _median_ms(peer, 100, lambda wire: wire.get("runs/get", run_id=_run_id(7)))


def upload(peer: Peer) -> float:
    """Megabytes a second, up and down again, in files of 1 MB."""

    def one(wire: Wire) -> None:
        path = "mlflow-artifacts/artifacts/0/bench/file"
        content = os.urandom(16) * 62_500
        wire.send("PUT", path, content, "application/octet-stream")
        assert len(wire.send("GET", path)) == len(content)

    return 2000 / _median_ms(peer, 20, one)


SEARCH, JSON = "mlflow/runs/search", "application/json"
OLDEST = ["attributes.start_time ASC"]
NEXT_PAGE: dict[str, str] = {}
"""Where `next_pages` goes on with each peer."""
NOTHING = "a call that does nothing"
FILES = "artifacts of 1 MB, up (flushed to disk) and down"
EXCEPT = {FILES: 1.0, NOTHING: 0.0}  # our files are on the disk when they are acknowledged
BEST = {
    "filter": "metrics.m1 > 0.5 AND params.p0 = 'value 3'",
    "order_by": ["metrics.m1 DESC"],
}
Measure = Callable[[Peer], float]
MEASURES: list[tuple[str, str, Measure] | tuple[str, str, Measure, Measure]] = [
    ("run cycle, 1 client", "cycles/s", cycles(1, 90)),
    ("run cycle, 8 clients", "cycles/s", cycles(8, 120)),
    # `mlflow server` answers 32 clients with "QueuePool limit of size 5 overflow 10 reached".
    ("run cycle, 32 clients (8 there)", "cycles/s", cycles(32, 320), cycles(8, 120)),
    ("log-batch of 1,000, 1 client", "metrics/s", batches(1, 12)),
    ("log-batch of 1,000, 8 clients", "metrics/s", batches(8, 24)),
    (NOTHING, "ms", nothing),
    ("get run", "ms", get_run),
    # First, as no other search may have found these runs before.
    ("search: pages of 1,000, each for the first time", "ms", next_pages),
    ("search: metric and param, by metric", "ms", search(**BEST)),
    ("search: all, by metric", "ms", search(order_by=["metrics.m1 DESC"])),
    ("search: newest", "ms", search()),
    ("search: a page of 1,000", "ms", search(max_results=1000)),
    (f"history of {N_POINTS:,} points", "ms", history),
    (FILES, "MB/s", upload),
]


def _rate(
    peer: Peer, n_clients: int, n_times: int, make: Callable[[], Callable[[Wire], None]]
) -> float:
    """How often a second something is done by all clients together."""
    wires = [Wire(peer) for _ in range(n_clients)]
    begun: list[float] = []
    ready = threading.Barrier(n_clients, lambda: begun.append(time.perf_counter()))

    def work(wire: Wire) -> None:
        one = make()
        one(wire)
        ready.wait(60)
        for _ in range(n_times // n_clients):
            one(wire)

    with ThreadPoolExecutor(n_clients) as pool:
        list(pool.map(work, wires))
    took = time.perf_counter() - begun[0]
    for wire in wires:
        wire.close()
    return n_times // n_clients * n_clients / took


def _median_ms(peer: Peer, n_times: int, one: Callable[[Wire], object]) -> float:
    wire = Wire(peer)
    one(wire)
    times = []
    for _ in range(n_times):
        begun = time.perf_counter()
        one(wire)
        times.append(time.perf_counter() - begun)
    wire.close()
    return sorted(times)[n_times // 2] * 1000


def _wait(peer: Peer) -> None:
    deadline = time.monotonic() + 120
    while True:
        try:
            headers = {"Authorization": f"Bearer {peer.token}"}
            if httpx.get(f"{peer.url}/health", headers=headers).text == "OK":
                return
        except httpx.HTTPError:
            assert time.monotonic() < deadline, f"{peer.name} does not answer"
            time.sleep(0.05)


def _settle(pid: int) -> None:
    """Wait until the processes that it starts besides have started too, and are quiet."""
    first = psutil.Process(pid)
    deadline = time.monotonic() + 90
    used_s, before_s = 1.0, 0.0
    while used_s > 0.1 and time.monotonic() < deadline:
        time.sleep(1)
        spent = [p.cpu_times() for p in [first, *first.children(recursive=True)]]
        now_s = sum(times.user + times.system for times in spent)
        used_s, before_s = now_s - before_s, now_s


# The same rows for both
def _run_id(number: int) -> str:
    return f"{number:032x}"


def _rows() -> Iterator[tuple[str, int, dict[str, float], dict[str, str]]]:
    for number in range(N_RUNS):
        metrics = {f"m{k}": (number * (k + 7919) % 10_007) / 10_007 for k in range(N_METRICS)}
        params = {f"p{k}": f"value {number * (k + 1) % 10}" for k in range(N_PARAMS)}
        yield _run_id(number), 1_700_000_000_000 + number * 1000, metrics, params


def _fill_ours(path: Path) -> None:
    store = SqliteStore(path)
    with store.change("bench", "experiments/write", "experiment:filled") as tx:
        tx.create_experiment("filled")
    with store.change("bench", "runs/write", "runs") as tx:
        for run_id, start_ms, metrics, params in _rows():
            tx.create_run(
                run_id, 1, name="run", user="ana", status="Completed", start_ms=start_ms,
                params=params, tags={"mlflow.user": "ana"},
            )  # fmt: skip
            tx.log(run_id, metrics=[Point(key, v, start_ms, 0) for key, v in metrics.items()])
        tx.log(_run_id(0), metrics=[Point("long", i / 7, i, i) for i in range(N_POINTS)])
    store.close()


def _fill_theirs(folder: Path) -> None:
    from mlflow.store.tracking import sqlalchemy_store
    from mlflow.store.tracking.dbmodels import models

    make: Any = sqlalchemy_store.SqlAlchemyStore
    store = make(f"sqlite:///{folder}/mlflow.db", str(folder / "artifacts"))
    assert store.create_experiment("filled") == "1"
    tables: dict[Any, list[dict[str, Any]]] = {
        models.SqlRun: [], models.SqlTag: [], models.SqlParam: [], models.SqlMetric: [],
        models.SqlLatestMetric: [],
    }  # fmt: skip
    for run_id, start_ms, metrics, params in _rows():
        run = {"run_uuid": run_id, "name": "run", "user_id": "ana", "status": "FINISHED"}
        run |= {"source_type": "LOCAL", "lifecycle_stage": "active", "source_name": "x"}
        uri = f"mlflow-artifacts:/1/{run_id}/artifacts"
        tables[models.SqlRun].append(
            {**run, "start_time": start_ms, "experiment_id": 1, "artifact_uri": uri}
        )
        tags = {"mlflow.user": "ana", "mlflow.runName": "run"}
        words = ((models.SqlTag, tags), (models.SqlParam, params))
        for table, values in words:
            tables[table] += [
                {"run_uuid": run_id, "key": key, "value": value} for key, value in values.items()
            ]
        for key, value in metrics.items():
            point = {"run_uuid": run_id, "key": key, "value": value, "timestamp": start_ms}
            tables[models.SqlMetric].append({**point, "step": 0, "is_nan": False})
            tables[models.SqlLatestMetric].append({**point, "step": 0, "is_nan": False})
    tables[models.SqlMetric] += [
        {"run_uuid": _run_id(0), "key": "long", "value": i / 7, "timestamp": i, "step": i,
         "is_nan": False}
        for i in range(N_POINTS)
    ]  # fmt: skip
    with store.engine.begin() as connection:
        for table, found in tables.items():
            connection.execute(table.__table__.insert(), found)
    store.engine.dispose()


def _pair(theirs: float, ours: float, unit: str) -> list[object]:
    return [f"{_short(theirs)} {unit}", f"{_short(ours)} {unit}", f"{theirs / ours:.1f}"]


def _short(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
