"""Many writers, and a service that dies in the middle: what was acknowledged is there, once."""

from __future__ import annotations

import ssl
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from jupyter_mlws.sdk.service import Running
from jupyter_mlws.testing.service import kill, running_service

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

N_WRITERS = 64
N_STEPS = 40
N_KILLS = 2


def test_nothing_acknowledged_is_lost_and_nothing_retried_is_twice(tmp_path: Path) -> None:
    """Every writer sends each batch until it is acknowledged, as MLflow's client does."""
    halfway = threading.Semaphore(0)
    back = threading.Condition()
    address: list[Running] = []
    context = ssl.create_default_context()  # made once: it takes long

    def send(http: httpx.Client, path: str, body: object) -> httpx.Response:
        while True:
            with back:
                assert back.wait_for(lambda: address, timeout=120)
                running = address[0]
            headers = {"Authorization": f"Bearer {running.token}"}
            url = f"{running.url}/mlflow/api/2.0/mlflow/{path}"
            try:
                answer = http.post(url, json=body, headers=headers)
            except httpx.HTTPError:
                continue  # it is dying; the next look at `address` waits until it is back
            assert answer.status_code == 200, answer.text
            return answer

    def write(number: int) -> str:
        with httpx.Client(timeout=60, verify=context) as http:
            return write_with(http, number)

    def write_with(http: httpx.Client, number: int) -> str:
        made = send(http, "runs/create", {"run_name": f"writer {number}", "start_time": 1}).json()
        run_id = str(made["run"]["info"]["run_id"])
        for step in range(N_STEPS):
            point = {"key": "loss", "value": number + step / 100, "timestamp": step, "step": step}
            param = {"key": f"p{step}", "value": f"{number}/{step}"}
            send(http, "runs/log-batch", {"run_id": run_id, "metrics": [point], "params": [param]})
            halfway.release()
        send(http, "runs/update", {"run_id": run_id, "status": "FINISHED", "end_time": 2})
        return run_id

    with ThreadPoolExecutor(N_WRITERS) as pool:
        writers = [pool.submit(write, number) for number in range(N_WRITERS)]
        for _ in range(N_KILLS):
            with running_service(tmp_path) as running:
                with back:
                    address[:] = [running]
                    back.notify_all()
                for _ in range(N_WRITERS * N_STEPS // (N_KILLS + 2)):
                    assert halfway.acquire(timeout=120)
                with back:
                    address.clear()
                kill(running)
        with running_service(tmp_path) as running:
            with back:
                address[:] = [running]
                back.notify_all()
            run_ids = [writer.result(240) for writer in writers]
            _check(running, run_ids)


def _check(running: Running, run_ids: list[str]) -> None:
    headers = {"Authorization": f"Bearer {running.token}"}
    with httpx.Client(base_url=f"{running.url}/mlflow/api/2.0/mlflow", headers=headers) as http:
        assert len(set(run_ids)) == N_WRITERS
        for number, run_id in enumerate(run_ids):
            run = http.get("/runs/get", params={"run_id": run_id}).json()["run"]
            assert run["info"]["status"] == "FINISHED"
            params = {param["key"]: param["value"] for param in run["data"]["params"]}
            assert params == {f"p{step}": f"{number}/{step}" for step in range(N_STEPS)}
            query = {"run_id": run_id, "metric_key": "loss"}
            points = http.get("/metrics/get-history", params=query).json()["metrics"]
            seen = Counter((point["step"], point["value"]) for point in points)
            assert seen == {(step, number + step / 100): 1 for step in range(N_STEPS)}
