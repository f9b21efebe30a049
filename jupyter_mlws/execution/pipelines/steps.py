"""How the steps of a pipeline job stand, for people."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from jupyter_mlws.entities.errors import NotFound
from jupyter_mlws.entities.job import Job
from jupyter_mlws.entities.pipeline import PipelineJob, StepState, StepView
from jupyter_mlws.entities.run import Status
from jupyter_mlws.execution import records
from jupyter_mlws.execution.families import Families
from jupyter_mlws.execution.pipelines.order import around
from jupyter_mlws.execution.pipelines.planning import Plan
from jupyter_mlws.execution.pipelines.running import Progress, Standing
from jupyter_mlws.execution.submission import STEP_PROPERTY

Explain = Callable[[Job], str]


def steps(families: Families, name: str, explain: Explain) -> list[StepView]:
    """The steps of a pipeline job, in the order in which they can run.

    Args:
        explain: says why a job ran or was reused.
    Raises:
        NotFound: there is no such job, or it is no pipeline.
    """
    return list(_steps(families, name, explain, ""))


def progress(families: Families, name: str) -> Progress:
    """A look at a pipeline job.

    Raises:
        NotFound: there is no such job, or it is no pipeline.
    """
    if records.get(families.store, name).doc["spec"]["type"] != "pipeline":
        raise NotFound(f"Job '{name}' is no pipeline: it has no steps.")
    family = families.of(name, PipelineJob)
    return Progress(family, Plan.model_validate(family.plan))


def jobs_of(found: Progress, keys: set[str]) -> list[str]:
    """The jobs that run these steps, rounds of loops included."""
    children = found.family.children.values()
    return [job.name for job in children if job.properties.get(STEP_PROPERTY) in keys]


def chosen(found: Progress, step: str, scope: str) -> tuple[set[str], set[str] | None]:
    """The steps that run again, and those that alone may run (None: all).

    Raises:
        NotFound: there is no such step.
    """
    before = {key: node.before for key, node in found.plan.nodes.items()}
    if step not in before:
        raise NotFound(f"There is no step '{step}' (there are: {', '.join(before)}).")
    if scope == "only":
        return {step}, {step}
    if scope == "from":
        return around(before, step, upwards=False), None
    needed = around(before, step, upwards=True)
    return {key for key in needed if found.standing[key].state != "completed"}, needed


def _steps(families: Families, name: str, explain: Explain, path: str) -> Iterator[StepView]:
    found = progress(families, name)
    over = found.family.job.status.is_final
    for key in found.plan.order:
        node, standing = found.plan.nodes[key], found.standing[key]
        job = standing.job or _earlier(found, key)
        here = f"{path}{key}"
        yield StepView(
            key=key,
            path=here,
            type=node.type,
            label=node.label,
            state=_state(standing, over),
            why=standing.why or (explain(job) if job and job.type != "pipeline" else ""),
            depends_on=node.before,
            steps=_inner(families, job, explain, here),
            **_facts(job),
        )


def _inner(families: Families, job: Job | None, explain: Explain, path: str) -> list[StepView]:
    if job is None or job.type != "pipeline":
        return []
    return list(_steps(families, job.name, explain, f"{path}/"))


def _earlier(found: Progress, key: str) -> Job | None:
    """The job of an earlier attempt, while the step waits to run again."""
    for job in found.family.children.values():
        if job.properties.get(STEP_PROPERTY) == key:
            return job
    return None


def _state(standing: Standing, over: bool) -> StepState:
    if standing.state == "completed" and standing.job and standing.job.reused_from:
        return "reused"
    if standing.state == "waiting" and over:
        return "skipped"
    return standing.state


def _facts(job: Job | None) -> dict[str, Any]:
    if job is None:
        return {}
    return {
        "job": job.name,
        "status": Status(job.status),
        "attempt": job.attempt,
        "started_at": job.started_at,
        "ended_at": job.ended_at,
        "progress": job.progress,
        "reused_from": job.reused_from,
        "error": job.error.message if job.error else "",
    }
