"""How the steps of a pipeline stand, and which start now. Pure: all is told by plan and children."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from jupyter_mlws.entities.errors import Invalid, NotFound
from jupyter_mlws.entities.job import Cause, Job, JobError
from jupyter_mlws.entities.pipeline import PipelineJob, StepState
from jupyter_mlws.entities.run import Status
from jupyter_mlws.execution.base import Family, Outcome, Start
from jupyter_mlws.execution.pipelines import fitting
from jupyter_mlws.execution.pipelines.children import child_document, input_of, settle_options
from jupyter_mlws.execution.pipelines.control import read_items
from jupyter_mlws.execution.pipelines.planning import Plan, PlannedNode
from jupyter_mlws.execution.submission import STEP_PROPERTY

MAX_NAME = 255
ENDED: frozenset[StepState] = frozenset({"completed", "failed", "canceled", "skipped"})


@dataclass(frozen=True, slots=True)
class Standing:
    """How a step stands; `why` says so in words where no job does."""

    state: StepState
    why: str = ""
    job: Job | None = None


def child_name(parent: str, *parts: str) -> str:
    """The name of a step's job; one that would be too long ends in a fingerprint."""
    name = "_".join([parent, *parts])
    if len(name) <= MAX_NAME:
        return name
    tail = hashlib.sha256(name.encode()).hexdigest()[:16]
    return f"{name[: MAX_NAME - 17]}_{tail}"


@dataclass
class Progress:
    """One look at a running pipeline."""

    family: Family
    plan: Plan
    standing: dict[str, Standing] = field(default_factory=dict)
    answers: dict[str, Any] = field(default_factory=dict)
    """What `if_else` nodes have come to."""

    def __post_init__(self) -> None:
        for key in self.plan.order:
            self.standing[key] = self._stand(self.plan.nodes[key])

    @cached_property
    def spec(self) -> PipelineJob:
        """The pipeline as it was asked for."""
        assert isinstance(self.family.spec, PipelineJob)
        return self.family.spec

    # What to do
    def next(self) -> list[Start] | Outcome:
        """The steps to start, or the end."""
        failed = [key for key, found in self.standing.items() if found.state == "failed"]
        settings = self.spec.settings
        stopping = bool(failed) and not settings.continue_on_step_failure
        room = self._room()
        starts: list[Start] = []
        for key in self._ready():
            if (stopping and key != settings.on_finalize) or (room is not None and not room):
                continue
            starts.append(self._start(self.plan.nodes[key]))
            room = None if room is None else room - 1
        if starts or self._is_busy():
            return starts
        if stopping and settings.on_finalize and not self._has_run(settings.on_finalize):
            return [self._start(self.plan.nodes[settings.on_finalize])]
        return self._end(failed)

    def _room(self) -> int | None:
        most = self.spec.settings.max_concurrency
        busy = sum(found.state in ("running", "queued") for found in self.standing.values())
        return None if most is None else max(0, most - busy)

    def _ready(self) -> Iterator[str]:
        final = self.spec.settings.on_finalize
        others = [found.state for key, found in self.standing.items() if key != final]
        for key, found in self.standing.items():
            if found.state != "waiting" or found.why:
                continue
            if key == final and not all(state in ENDED for state in others):
                continue
            yield key

    def _is_busy(self) -> bool:
        return any(found.state in ("running", "queued") for found in self.standing.values())

    def _has_run(self, key: str) -> bool:
        return self.standing[key].state in ENDED

    def _end(self, failed: list[str]) -> Outcome:
        canceled = [key for key, found in self.standing.items() if found.state == "canceled"]
        outcome = Outcome(metrics=self._counts())
        for name, (key, output) in self.plan.sources.items():
            self._bring_up(outcome, name, key, output)
        if failed or canceled:
            outcome.error = JobError(cause=Cause.USER_ERROR, message=self._said(failed, canceled))
        return outcome

    def _counts(self) -> dict[str, float]:
        reused = sum(bool(found.job and found.job.reused_from) for found in self.standing.values())
        done = sum(
            found.state == "completed" and found.job is not None for found in self.standing.values()
        )
        return {"steps_completed": done, "steps_reused": reused}

    def _said(self, failed: list[str], canceled: list[str]) -> str:
        parts = []
        for key in failed:
            found = self.standing[key]
            error = found.job.error.message if found.job and found.job.error else found.why
            parts.append(f"Step '{key}' failed: {error}".rstrip())
        parts += [f"Step '{key}' was canceled." for key in canceled]
        left = [key for key, found in self.standing.items() if found.state == "waiting"]
        if left:
            parts.append(f"Not started: {', '.join(left)}.")
        return " ".join(parts)

    def _bring_up(self, outcome: Outcome, name: str, key: str, output: str) -> None:
        """Make a step's output one of the pipeline's."""
        job = self.standing[key].job
        if job is None or job.status is not Status.COMPLETED:
            return
        if output in job.values:
            outcome.values[name] = job.values[output]
        else:
            outcome.outputs[name] = f"azureml://jobs/{job.name}/outputs/{output}"

    # How each stands
    def _stand(self, node: PlannedNode) -> Standing:
        chosen = self.family.chosen if self.family.chosen is not None else self.spec.steps
        if chosen is not None and node.key not in chosen:
            return self._stand_of_left_out(node)
        if node.control is not None and node.type == "if_else":
            return self._stand_of_condition(node)
        if node.control is not None and node.type == "do_while":
            return self._stand_of_rounds(node)
        loop = self._loop_around(node.key)
        if loop is not None and loop.type == "parallel_for":
            return Standing("skipped", f"runs inside '{loop.key}'")
        job = self._job(child_name(self.family.job.name, node.key))
        if loop is not None and job is not None:
            job = self._rounds(node.key)[-1]
        if job is not None:
            return self._stand_of_job(job)
        return self._stand_of_waiting(node)

    def _stand_of_left_out(self, node: PlannedNode) -> Standing:
        job = self.family.children.get(child_name(self.family.job.name, node.key))
        if job is not None and job.status is Status.COMPLETED:
            return Standing("completed", job=job)
        return Standing("skipped", "was not chosen to run", job)

    def _stand_of_job(self, job: Job) -> Standing:
        match job.status:
            case Status.COMPLETED:
                return Standing("completed", job=job)
            case Status.FAILED:
                return Standing("failed", job=job)
            case Status.CANCELED:
                return Standing("canceled", job=job)
            case Status.QUEUED | Status.NOT_STARTED:
                return Standing("queued", job=job)
            case _:
                return Standing("running", job=job)

    def _stand_of_waiting(self, node: PlannedNode) -> Standing:
        """Of a step without a job: it may start when `why` is empty."""
        for key, control in self._gates(node.key):
            found = self.standing[key]
            if found.state == "completed" and self.answers[key] is not control:
                word = "true" if self.answers[key] else "false"
                return Standing("skipped", f"'{key}' came to {word}")
        waits = []
        for key in node.before:
            state = self.standing[key].state
            if state in ("failed", "canceled", "skipped") and not self._can_do_without(node, key):
                inside = self._loop_around(key)
                if state == "skipped" and inside is not None and inside.key in node.before:
                    continue
                return Standing("skipped", f"step '{key}' {_WORDS[state]}")
            if state not in ENDED:
                waits.append(key)
        return Standing("waiting", f"waits for {_listed(waits)}" if waits else "")

    def _can_do_without(self, node: PlannedNode, key: str) -> bool:
        """Whether all that the step gets from another is optional."""
        if not self.spec.settings.continue_run_on_failed_optional_input:
            return False
        taken = [name for name, given in node.given.items() if given.get("from", [""])[0] == key]
        ports = node.ports.inputs
        return bool(taken) and all(name in ports and not ports[name].required for name in taken)

    def _stand_of_condition(self, node: PlannedNode) -> Standing:
        waiting = self._stand_of_waiting(node)
        if waiting.state != "waiting" or waiting.why:
            return waiting
        assert node.control
        answer = self._value(node.control.answer)
        if not isinstance(answer, bool):
            return Standing("failed", f"its condition is {answer!r:.60}, not true or false.")
        self.answers[node.key] = answer
        return Standing("completed", f"came to {'true' if answer else 'false'}")

    def _stand_of_rounds(self, node: PlannedNode) -> Standing:
        assert node.control
        assert node.control.body
        body = self.standing[node.control.body]
        if body.state != "completed":
            state: StepState = body.state if body.state in ("failed", "canceled") else "waiting"
            state = "skipped" if body.state == "skipped" else state
            return Standing(state, f"step '{node.control.body}' {_WORDS.get(body.state, 'runs')}")
        rounds = len(self._rounds(node.control.body))
        if rounds >= node.control.limit or self._value(node.control.answer) is False:
            return Standing("completed", f"ended after {rounds} rounds", body.job)
        return Standing("waiting")  # for the next round: it is started in its name

    def _rounds(self, body: str) -> list[Job]:
        """The jobs of a loop's body so far; a round that is to run again ends them."""
        found = []
        for number in range(len(self.family.children) + 1):
            job = self._job(self._round_name(body, number))
            if job is None:
                break
            found.append(job)
        return found

    def _round_name(self, body: str, number: int) -> str:
        more = [f"round{number + 1}"] if number else []
        return child_name(self.family.job.name, body, *more)

    def _gates(self, key: str) -> Iterator[tuple[str, bool]]:
        for name, node in self.plan.nodes.items():
            if node.control is not None and key in node.control.gated:
                yield name, node.control.gated[key]

    def _loop_around(self, key: str) -> PlannedNode | None:
        for node in self.plan.nodes.values():
            if node.control is not None and node.control.body == key:
                return node
        return None

    def _job(self, name: str) -> Job | None:
        """The child of this name, unless it is to run again and has not yet begun to."""
        job = self.family.children.get(name)
        if job is None or job.attempt < self.family.wanted.get(name, 1):
            return None
        return job

    # Starting
    def _start(self, node: PlannedNode) -> Start:
        if node.type == "parallel_for":
            return self._start_loop(node)
        if node.type == "do_while":
            assert node.control
            assert node.control.body
            body = self.plan.nodes[node.control.body]
            rounds = self._rounds(body.key)
            given = {**body.given}
            for output, names in node.control.mapping.items():
                given |= {name: {"job": [rounds[-1].name, output]} for name in names}
            return self._start_job(body, given, self._round_name(body.key, len(rounds)))
        return self._start_job(node, node.given, child_name(self.family.job.name, node.key))

    def _start_job(self, node: PlannedNode, given: Mapping[str, Any], name: str) -> Start:
        document = child_document(node.node)
        document["inputs"] = self._inputs(node, given)
        settle_options(document, set(document["inputs"]), node.node)
        return self._with_settings(node, document, name)

    def _with_settings(self, node: PlannedNode, document: dict[str, Any], name: str) -> Start:
        settings = self.spec.settings
        document["name"] = name
        compute = settings.default_compute or self.spec.compute
        if node.type == "pipeline":
            said = settings.model_dump(
                mode="json",
                exclude_unset=True,
                exclude={"on_init", "on_finalize", "max_concurrency"},
            )
            own = document.get("settings") or {}
            document["settings"] = {**said, **own}
            if compute:
                document["settings"].setdefault("default_compute", compute)
        elif compute and not document.get("compute"):
            document["compute"] = compute
        document["cache"] = self._cache(node, document)
        document["properties"] = {**document.get("properties", {}), STEP_PROPERTY: node.key}
        for key, output in document.get("outputs", {}).items():
            if output.get("path"):
                output["path"] = self._address(output["path"], key, name)
        return Start(document, attempt=self.family.wanted.get(name, 1))

    def _cache(self, node: PlannedNode, document: Mapping[str, Any]) -> dict[str, Any]:
        settings = self.spec.settings
        own = document.get("cache")
        found = {"policy": own} if isinstance(own, str) else dict(own or {})
        if isinstance(own, bool):
            found = {"policy": "use" if own else "off"}
        if "policy" not in found:
            deterministic = (node.declared or {}).get("is_deterministic", True)
            found["policy"] = (settings.cache or "use") if deterministic else "off"
        if settings.force_rerun:
            found["policy"] = "off"
        elif found["policy"] == "use" and not self._is_new(document):
            found["policy"] = "refresh"  # somebody asked that it runs again
        return found

    def _is_new(self, document: Mapping[str, Any]) -> bool:
        """Whether the job has not run in an earlier attempt of the pipeline."""
        return document["name"] not in self.family.children

    def _address(self, text: str, output: str, name: str) -> str:
        store = self.spec.settings.default_datastore or "workspaceblobstore"
        store = store.removeprefix("azureml:").removeprefix("azureml://datastores/")
        words = {"name": name, "output_name": output, "default_datastore": store}
        for key, value in words.items():
            text = text.replace(f"${{{{{key}}}}}", value).replace(f"${{{{ {key} }}}}", value)
        return text

    def _start_loop(self, node: PlannedNode) -> Start:
        """A loop is a pipeline of its own: its body once for each item."""
        assert node.control
        assert node.control.body
        body = self.plan.nodes[node.control.body]
        fixed = self._inputs(body, body.given)
        declared = body.node.declared
        said = child_document(body.node)
        jobs, outputs = {}, list(body.ports.outputs)
        for key, item in read_items(self._value(node.control.answer)).items():
            given = {**fixed, **item}
            copy = {**said, "inputs": given, "display_name": f"{body.label} {key}"}
            settle_options(copy, set(given), body.node)
            jobs[f"item_{_plain(key)}"] = copy
        if declared is not None and not declared.is_deterministic:
            for copy in jobs.values():
                copy.setdefault("cache", "off")
        document: dict[str, Any] = {
            "type": "pipeline",
            "display_name": node.label,
            "jobs": jobs,
            "properties": {COLLECTED: json.dumps(outputs)},
        }
        if node.control.max_concurrency:
            document["settings"] = {"max_concurrency": node.control.max_concurrency}
        loop = node.model_copy(update={"type": "pipeline"})
        started = self._with_settings(loop, document, child_name(self.family.job.name, node.key))
        if node.control.max_concurrency:
            started.document["settings"]["max_concurrency"] = node.control.max_concurrency
        return started

    def _inputs(self, node: PlannedNode, given: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for name, said in given.items():
            port = node.ports.inputs.get(name)
            if "from" in said or "job" in said:
                taken = self._taken(said, port.type if port else "any")
                if taken is not None:
                    found[name] = taken
            elif said:
                found[name] = input_of(said)
        return found

    def _taken(self, said: Mapping[str, Any], wanted: str) -> Any:
        """What a step gives, as an input of another; None when there is nothing (it is optional then)."""
        if "job" in said:
            job, output = self.family.children[said["job"][0]], said["job"][1]
        else:
            key, output = said["from"]
            found = self.standing[key]
            if found.job is None or found.state != "completed":
                return None
            job = found.job
        if output in job.values:
            value = job.values[output]
            kind = wanted if wanted != "any" else fitting.literal_type(value)
            return input_of({"value": value, "type": kind})
        address = f"azureml://jobs/{job.name}/outputs/{output}"
        return {**self._as_wanted(address, said, wanted), **_mode(said)}

    def _as_wanted(self, address: str, said: Mapping[str, Any], wanted: str) -> dict[str, Any]:
        """File or folder, as it is; a single file in a folder where a file is wanted."""
        kind = said.get("type") or wanted
        try:
            there = self.family.look(address)
        except NotFound:
            return {"type": fitting.data_type(kind), "path": address}  # its job will say so
        if there.is_file:
            kind = kind if kind in ("uri_file", "custom_model") else "uri_file"
        elif kind in ("uri_file", "file") and len(there.files) == 1:
            address = f"{address}/paths/{there.files[0].path}"
            kind = "uri_file"
        elif kind in ("any", "path", "uri_file", "file"):
            kind = "uri_folder"
        return {"type": fitting.data_type(kind), "path": address}

    def _value(self, answer: Mapping[str, Any]) -> Any:
        """The value that a condition or loop depends on."""
        if "value" in answer:
            return answer["value"]
        if "data" in answer:
            return self._text(answer["data"]["path"])
        key, output = answer["from"]
        job = self.standing[key].job
        if job is None:
            return None
        if output in job.values:
            return job.values[output]
        return self._text(f"azureml://jobs/{job.name}/outputs/{output}")

    def _text(self, address: str) -> str:
        there = self.family.look(address)
        if len(there.files) != 1:
            raise Invalid(f"'{address}' is no single file that could be read.")
        return self.family.read(there.files[0].blob).decode()


COLLECTED = "mlws.pipeline.collected"
"""Property of a loop's job: outputs that are gathered from all its rounds."""
_WORDS = {"failed": "failed", "canceled": "was canceled", "skipped": "was skipped"}


def _mode(said: Mapping[str, Any]) -> dict[str, Any]:
    return {"mode": said["mode"]} if said.get("mode") else {}


def _plain(key: str) -> str:
    return "".join(c if c.isalnum() and c.isascii() else "_" for c in key)


def _listed(words: list[str]) -> str:
    quoted = [f"'{word}'" for word in words]
    more = len(quoted) - 3
    return ", ".join(quoted[:3]) + (f" and {more} more" if more > 0 else "")
