"""What many schedules cost: at rest, at the start, and when they fire."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from jupyter_mlws.entities.record import to_ms
from jupyter_mlws.execution.automation.scheduler import KIND, STATE, Scheduler, fresh_state
from jupyter_mlws.execution.computes.local import LocalCompute
from jupyter_mlws.execution.jobs.command import CommandJobType
from jupyter_mlws.execution.places import Places
from jupyter_mlws.execution.registries import Registries
from jupyter_mlws.execution.sealing import Seal
from jupyter_mlws.execution.submission import Desk
from jupyter_mlws.store.blobs import FileBlobs
from jupyter_mlws.store.sqlite import SqliteStore
from jupyter_mlws.testing.clock import Clock

pytestmark = pytest.mark.timeout(600)

N = 10_000
HOURS = 24
ZONES = ("UTC", "Asia/Tokyo", "America/New_York", "Europe/Berlin")


def test_ten_thousand_schedules(tmp_path: Path, report: Callable[..., None]) -> None:
    store = SqliteStore(tmp_path / "workspace.db")
    clock = Clock("2026-03-28T00:00Z")
    with store.change("bench", "schedules/write", "schedule:all") as tx:
        for number in range(N):
            name = f"s{number}"
            # Each fires once a day, at a minute of its own; a tenth in the hour that Berlin skips.
            trigger = {
                "type": "cron",
                "expression": f"{number % 60} {2 if number % 10 == 0 else number // 60 % 24} * * *",
                "time_zone": ZONES[number % len(ZONES)],
            }
            plan = {
                "job": {"command": "true", "experiment_name": "bench"},
                "secrets": {},
                "git": None,
            }
            doc = {
                "spec": {"name": name, "trigger": trigger},
                "plan": plan,
                "enabled": True,
                "created_ms": to_ms(clock()),
                "created_by": "bench",
                "modified_by": "bench",
            }
            tx.put_record(KIND, name, doc)
            tx.put_record(STATE, name, fresh_state(clock()))
    seal = Seal(tmp_path / "key")
    desk = Desk(
        store,
        FileBlobs(tmp_path / "blobs"),
        {"command": CommandJobType()},
        {"local": LocalCompute(tmp_path)},
        seal,
        Places(store, seal, tmp_path),
        Registries(tmp_path / "registries", SqliteStore, FileBlobs),
    )
    scheduler = Scheduler(store, desk, wake=lambda: None, clock=clock)

    began = time.process_time()
    scheduler.load()
    load_s = time.process_time() - began
    began = time.process_time()
    for _ in range(3600 // 30):
        scheduler.turn()  # what an hour without a due time costs: it looks each half minute
    rest_s = time.process_time() - began
    began = time.process_time()
    for _ in range(HOURS * 60):
        clock.forward(timedelta(minutes=1))
        while (due := scheduler.turn()) and due <= clock():
            pass
    day_s = time.process_time() - began
    names = [record.name for record in store.list_records("job")]

    report(
        f"{N:,} schedules that fire once a day, in four zones, over the night of a change",
        ["what", "CPU"],
        [
            ["start of the service: all are read and planned", f"{load_s:.2f} s"],
            ["an hour at rest", f"{rest_s * 1000:.1f} ms ({rest_s / 36:.4f} %)"],
            [f"a day, {len(names):,} jobs made", f"{day_s:.1f} s ({day_s / 864:.3f} %)"],
            ["one fire with its job", f"{day_s / len(names) * 1000:.2f} ms"],
        ],
    )
    assert len(names) == len(set(names)) == N
    store.close()
