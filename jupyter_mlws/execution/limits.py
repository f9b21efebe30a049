"""What ends a job before its time, in plain units."""

from __future__ import annotations

import re

from jupyter_mlws.entities.compute import ComputeSpec
from jupyter_mlws.entities.job import JobSpec

POWERS = {"": 0, "k": 1, "m": 2, "g": 3, "t": 4}


def memory_bytes(spec: JobSpec) -> int | None:
    """The job's memory limit; `2g`, `2gb` and `2GiB` are 2 * 1024**3, as in Docker's `shm_size`."""
    return None if spec.limits.memory is None else parsed(spec.limits.memory)


def share_bytes(compute: ComputeSpec, slots: int) -> int | None:
    """What a job of so many slots gets of a compute whose memory is limited."""
    if compute.memory is None:
        return None
    return int(parsed(compute.memory) * min(slots, compute.slots) / compute.slots)


def parsed(text: str) -> int:
    """An amount of memory in bytes."""
    match = re.match(r"([\d.]+)\s*([kmgt]?)", text.lower())
    assert match  # the entity has checked it
    return int(float(match[1]) * 1024 ** POWERS[match[2]])
