"""The service is killed while jobs run, and nothing is lost."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from jupyter_mlws.entities.run import Status
from jupyter_mlws.testing.jobs import Workroom

SERVICE = """
import sys
from pathlib import Path
from jupyter_mlws.testing.jobs import Workroom

room = Workroom(Path(sys.argv[1]))
room.set_slots(4)
line = "echo $$ >> ../../starts; for i in $(seq 100); do echo line $i; sleep 0.01; done; echo x > outputs/x"
names = [room.submit(command=line) for _ in range(4)]
for name in names:
    room.wait_for_log(name, b"line 5\\n")
print(*names, flush=True)
sys.stdin.read()
"""


def test_four_running_jobs_survive_the_service(tmp_path: Path) -> None:
    service = subprocess.Popen(
        [sys.executable, "-c", SERVICE, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert service.stdout
    names = service.stdout.readline().decode().split()
    assert len(names) == 4

    service.kill()
    service.communicate()
    with Workroom(tmp_path) as room:
        jobs = [room.wait(name) for name in names]

        lines = b"".join(b"line %d\n" % i for i in range(1, 101))
        assert [job.status for job in jobs] == [Status.COMPLETED] * 4
        assert [room.log(name) for name in names] == [lines] * 4
        assert [room.artifacts(name)["user_logs/std_log.txt"] for name in names] == [lines] * 4
        assert [room.artifacts(name)["outputs/x"] for name in names] == [b"x\n"] * 4
        starts = [(room.folder(name).parent / "starts").read_text() for name in names]
        assert [start.count("\n") for start in starts] == [1] * 4
        assert room.store.check().clean
