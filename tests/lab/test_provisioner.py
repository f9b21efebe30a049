"""Notebooks' kernels on a compute, through a real Jupyter server and the real service."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import psutil
import pytest
from tornado.httpclient import HTTPClientError, HTTPResponse

from jupyter_mlws import MLClient
from jupyter_mlws.entities.compute import Compute
from jupyter_mlws.sdk.service import Running
from jupyter_mlws.testing.service import running_service

Fetch = Callable[..., Awaitable[HTTPResponse]]
PATIENCE_S = 60


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with (
        pytest.MonkeyPatch.context() as patch,
        running_service(tmp_path_factory.mktemp("notebooks") / "workspace") as running,
    ):
        for name in running.env():  # the extension sets them, and this service ends with this file
            patch.setenv(name, "")
            patch.delenv(name)
        yield running


@pytest.fixture
def client(service: Running) -> Iterator[MLClient]:
    with MLClient(url=service.url, token=service.token) as client:
        yield client


@pytest.fixture
def jp_server_config(service: Running) -> dict[str, Any]:
    return {
        "ServerApp": {"jpserver_extensions": {"jupyter_mlws.lab": True}},
        "MLWorkspace": {"workspace": service.workspace},
        "ComputeProvisioner": {"renew_s": 0.2},
    }


def compute(client: MLClient, name: str, **more: Any) -> str:
    """A compute with one slot, and the kernel that runs on it."""
    client.call("computes.create_or_update", compute={"name": name, "slots": 1, **more})
    return str(client.call("computes.add_kernel", name=name).name)


async def start(fetch: Fetch, kernel: str) -> str:
    answer = await fetch(
        "api", "kernels", method="POST", body=json.dumps({"name": kernel}), request_timeout=60
    )
    return str(json.loads(answer.body)["id"])


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    async def wait() -> None:
        while not await condition():  # noqa: ASYNC110 - another process brings it about
            await asyncio.sleep(0.05)

    await asyncio.wait_for(wait(), PATIENCE_S)


async def shown(client: MLClient, name: str) -> Compute:
    return await asyncio.to_thread(client.compute.get, name)


async def is_free(client: MLClient, name: str) -> bool:
    return (await shown(client, name)).slots_used == 0


async def waits(client: MLClient, name: str, job: str) -> bool:
    return job in (await shown(client, name)).queued


async def runs(client: MLClient, name: str, job: str) -> bool:
    return job in (await shown(client, name)).running


async def nothing_runs(fetch: Fetch) -> bool:
    return not await running(fetch)


async def running(fetch: Fetch) -> list[str]:
    return [kernel["id"] for kernel in json.loads((await fetch("api", "kernels")).body)]


async def test_a_kernel_takes_a_slot_and_gives_it_back(jp_fetch: Fetch, client: MLClient) -> None:
    kernel = compute(client, "one-slot")

    specs = json.loads((await jp_fetch("api", "kernelspecs")).body)["kernelspecs"]
    assert specs[kernel]["spec"]["display_name"] == "Python on one-slot"
    first = await start(jp_fetch, kernel)
    found = client.compute.get("one-slot")
    assert (found.sessions, found.slots_used, found.kernels) == ([first], 1, [kernel])
    with pytest.raises(HTTPClientError) as refused:
        await start(jp_fetch, kernel)
    assert refused.value.code == 503
    assert refused.value.response
    said = json.loads(refused.value.response.body)["message"]
    assert "No slot is free on compute 'one-slot': 1 of 1 are in use by" in said
    assert f"kernel {first[:8]}" in said

    job = client.jobs.create_or_update(
        {"type": "command", "command": "true", "compute": "one-slot"}
    )
    await until(partial(waits, client, "one-slot", job.name))
    await jp_fetch("api", "kernels", first, "restart", method="POST", body="")
    assert client.compute.get("one-slot").sessions == [first]
    await jp_fetch("api", "kernels", first, method="DELETE")

    done = await asyncio.to_thread(client.jobs.wait, job.name, timeout_s=PATIENCE_S)
    assert done.status == "Completed"
    await until(partial(is_free, client, "one-slot"))


async def test_a_running_job_leaves_no_slot(
    jp_fetch: Fetch, client: MLClient, tmp_path: Path
) -> None:
    kernel, gate = compute(client, "busy"), tmp_path / "gate"
    command = f"while [ ! -e {gate} ]; do sleep 0.05; done"
    job = client.jobs.create_or_update({"type": "command", "command": command, "compute": "busy"})
    await until(partial(runs, client, "busy", job.name))

    with pytest.raises(HTTPClientError) as refused:
        await start(jp_fetch, kernel)
    assert refused.value.response
    assert f"in use by job {job.name}" in json.loads(refused.value.response.body)["message"]
    assert await running(jp_fetch) == []
    gate.touch()
    await asyncio.to_thread(client.jobs.wait, job.name, timeout_s=PATIENCE_S)


async def test_an_idle_kernel_is_shut_down_and_frees_its_slot(
    jp_fetch: Fetch, client: MLClient
) -> None:
    kernel = compute(client, "restful", idle_time_before_shutdown_minutes=0.02)

    await start(jp_fetch, kernel)

    await until(partial(is_free, client, "restful"))
    await until(partial(nothing_runs, jp_fetch))
    events = client.call("events.list", limit=5000)
    ended = [event.change.get("ended") for event in events if event.subject.startswith("session:")]
    assert "nothing was executed for 0.02 minutes" in ended


async def test_a_session_that_is_ended_takes_its_kernel_along(
    jp_fetch: Fetch, client: MLClient
) -> None:
    kernel = compute(client, "ended")
    name = await start(jp_fetch, kernel)
    (session,) = client.call("sessions.list", compute="ended")
    assert (session.name, session.kernel) == (name, kernel)

    await asyncio.to_thread(client.call, "sessions.delete", name=name)

    await until(partial(nothing_runs, jp_fetch))


async def test_a_kernel_sees_only_the_gpus_of_its_compute(
    jp_fetch: Fetch, client: MLClient
) -> None:
    kernel = compute(client, "graphics", gpus=[1, 3])

    name = await start(jp_fetch, kernel)

    (process,) = [
        process
        for process in psutil.Process().children(recursive=True)
        if process.status() != psutil.STATUS_ZOMBIE
        and any(f"kernel-{name}" in part for part in process.cmdline())
    ]
    assert process.environ()["CUDA_VISIBLE_DEVICES"] == "1,3"
    await jp_fetch("api", "kernels", name, method="DELETE")
