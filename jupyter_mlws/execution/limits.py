"""What ends a job before its time, in plain units."""

from __future__ import annotations

import re

from jupyter_mlws.entities.job import JobSpec

POWERS = {"": 0, "k": 1, "m": 2, "g": 3, "t": 4}


def memory_bytes(spec: JobSpec) -> int | None:
    """The job's memory limit; `2g`, `2gb` and `2GiB` are 2 * 1024**3, as in Docker's `shm_size`."""
    if spec.limits.memory is None:
        return None
    match = re.match(r"([\d.]+)\s*([kmgt]?)", spec.limits.memory.lower())
    assert match  # the entity has checked it
    return int(float(match[1]) * 1024 ** POWERS[match[2]])
