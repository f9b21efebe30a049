"""The service is killed in the middle of a pipeline, several times, and every step runs once."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from jupyter_mlws.entities.run import Status
from jupyter_mlws.testing.jobs import Workroom

SERVICE = """
import sys
from pathlib import Path
from jupyter_mlws.testing.jobs import Workroom

path, wanted, first = Path(sys.argv[1]), int(sys.argv[2]), len(sys.argv) > 3
room = Workroom(path)
if first:
    import json
    room.set_slots(4)
    room.submit(json.loads(sys.argv[3]))
starts = lambda: sum(1 for _ in path.glob("jobs/p_*/starts"))
room.until(lambda: starts() >= wanted, lambda: "too few steps")
print("now", flush=True)
sys.stdin.read()
"""
CHAINS, LENGTH = 5, 6
N_KILLS = 4


def thirty() -> dict[str, Any]:
    """Five chains of six steps; each adds one to what it got. Equal steps would else be reused."""
    jobs: dict[str, Any] = {}
    for chain in range(CHAINS):
        for place in range(LENGTH):
            before = f"${{{{parent.jobs.s{chain}_{place - 1}.outputs.n}}}}" if place else 0
            jobs[f"s{chain}_{place}"] = {
                "command": "echo x >> ../../starts; echo $((${{inputs.n}} + 1)) > ${{outputs.n}}",
                "inputs": {"n": before},
                "outputs": {"n": {"type": "integer"}},
            }
    return {"type": "pipeline", "name": "p", "jobs": jobs, "settings": {"force_rerun": True}}


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_no_step_runs_twice_and_none_is_left_out(tmp_path: Path) -> None:
    moments = sorted(random.sample(range(1, CHAINS * LENGTH - 2), N_KILLS))
    for number, moment in enumerate(moments):
        more = [json.dumps(thirty())] if number == 0 else []
        service = subprocess.Popen(
            [sys.executable, "-c", SERVICE, str(tmp_path), str(moment), *more],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert service.stdout
        assert service.stdout.readline() == b"now\n", moments
        service.kill()
        service.communicate()

    with Workroom(tmp_path) as room:
        job = room.wait("p")

        assert job.error is None, moments
        names = [f"p_{key}" for key in thirty()["jobs"]]
        starts = [(tmp_path / "jobs" / name / "starts").read_text() for name in names]
        assert starts == ["x\n"] * len(names), moments
        assert {room.job(name).attempt for name in names} == {1}
        lasts = [room.job(f"p_s{chain}_{LENGTH - 1}").values for chain in range(CHAINS)]
        assert lasts == [{"n": LENGTH}] * CHAINS
        assert job.status is Status.COMPLETED
        assert room.store.check().clean
