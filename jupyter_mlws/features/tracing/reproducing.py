"""Runs made again: what will be the same, the new job, and how it compares, bit for bit."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Any

from jupyter_mlws.entities.errors import Conflict, Invalid, NotFound
from jupyter_mlws.entities.job import GitState
from jupyter_mlws.entities.lineage import (
    ArtifactVerdict,
    Likeness,
    MetricVerdict,
    Relation,
    Reproduction,
    ReproductionPlan,
    Verdict,
)
from jupyter_mlws.entities.run import Status
from jupyter_mlws.execution import artifacts, assets, kernelspecs, names, packages, records
from jupyter_mlws.execution.environments.choice import Choice
from jupyter_mlws.execution.kernelspecs import Runtime
from jupyter_mlws.features.comparing.subjects import Subject
from jupyter_mlws.features.tracing import likeness
from jupyter_mlws.features.workspace import Workspace
from jupyter_mlws.store.base import Doc, Transaction

TAG = "mlws.reproduces"
"""Tag of a reproduction: the job that it reproduces."""
OWN = frozenset({"name", "parent_job_name", "cache"})
"""Fields of a job that its reproduction does not share."""
LOGS = ("user_logs/", "system_logs/", "logs/")
"""What tells of time and machine, and is no result."""
SYSTEM = "system/"


def plan(ws: Workspace, name: str) -> ReproductionPlan:
    """What a reproduction would hold fast, and what it cannot.

    Raises:
        NotFound: there is no such job.
        Conflict: it has not ended.
    """
    subject = _ended(ws, name)
    items = [*_likenesses(ws, subject)]
    try:
        ws.dispatcher.desk.check(_job(ws, subject), user=ws.principal.name)
    except Invalid as error:
        return ReproductionPlan(name=name, possible=False, reason=error.message, items=items)
    return ReproductionPlan(name=name, possible=True, items=items)


def submit(ws: Workspace, name: str) -> str:
    """Run a job again as it was; answers the name of the new job.

    Raises:
        NotFound: there is no such job.
        Conflict: it has not ended.
        Invalid: it cannot run any more.
    """
    subject = _ended(ws, name)
    assert subject.doc is not None
    git = GitState.model_validate(subject.doc["git"]) if subject.doc.get("git") else None
    again = names.make()

    def link(tx: Transaction) -> None:
        tx.link(f"run:{name}", Relation.REPRODUCED_BY, f"run:{again}")

    job = {**_job(ws, subject), "name": again}
    return ws.dispatcher.desk.submit(job, user=ws.principal.name, git=git, also=link)


def report(ws: Workspace, name: str) -> Reproduction:
    """How a reproduction compares with its original.

    Raises:
        NotFound: there is no such job, or it reproduces none.
    """
    again = Subject(ws, ws.store.get_run(name))
    original = again.row.tags.get(TAG)
    if not original:
        raise NotFound(
            f"Run '{name}' is no reproduction: `mlws job reproduce -n {name}` makes one."
        )
    before = Subject(ws, ws.store.get_run(original))
    status = Status(again.row.status)
    facts = {"original": original, "name": name, "status": status.value}
    if not status.is_final:
        return Reproduction(**facts, ended=False, summary="It has not ended yet.")
    metrics, files = list(_metrics(before, again)), list(_files(before, again))
    verdicts = {*(item.verdict for item in metrics), *(item.verdict for item in files)}
    identical = status is Status.COMPLETED and verdicts <= {"equal", "same_content"}
    return Reproduction(
        **facts,
        ended=True,
        identical=identical,
        summary=_summary(status, metrics, files, identical=identical),
        metrics=metrics,
        artifacts=files,
    )


def _ended(ws: Workspace, name: str) -> Subject:
    records.get(ws.store, name)
    subject = Subject(ws, ws.store.get_run(name))
    if not Status(subject.row.status).is_final:
        raise Conflict(f"Job '{name}' is {subject.row.status}: only an ended job is reproduced.")
    return subject


def _job(ws: Workspace, subject: Subject) -> Doc:
    """The job as it was, with what it meant in the place of what it said."""
    assert subject.doc is not None
    spec = {key: value for key, value in subject.spec.items() if key not in OWN}
    opened = {
        key: ws.dispatcher.desk.seal.open(value) for key, value in subject.doc["secrets"].items()
    }
    choice = _choice(subject)
    if choice.version:
        spec["environment"] = f"azureml:{choice.name}:{choice.version}"
    # A result is compared, not published: no asset gets a version, no datastore is written to.
    outputs = {
        key: {k: v for k, v in value.items() if k not in ("name", "version", "path")}
        for key, value in (spec.get("outputs") or {}).items()
    }
    return {
        "type": subject.row.type,
        **spec,
        "display_name": f"{subject.row.name} (reproduced)"[:256],
        "inputs": {**spec.get("inputs", {}), **opened},
        "outputs": outputs,
        "tags": {**spec.get("tags", {}), TAG: subject.run_id},
    }


def _choice(subject: Subject) -> Choice:
    used = (subject.doc or {}).get("environment")
    return Choice.of_doc(used) if used else Choice()


def _likenesses(ws: Workspace, subject: Subject) -> Iterator[Likeness]:
    assert subject.doc is not None
    if subject.code is not None:
        n_files = len(subject.code.files)
        yield Likeness(what="code", same=True, detail=f"the snapshot of {n_files} files")
    elif subject.spec.get("code"):
        yield Likeness(what="code", same=False, detail="the snapshot is gone")
    if git := subject.doc.get("git"):
        changed = (
            ", with uncommitted changes, which are in the snapshot" if git.get("dirty") else ""
        )
        yield Likeness(what="git", same=True, detail=f"commit {git['commit'][:12]}{changed}")
    yield _environment(ws, subject)
    inputs = subject.spec.get("inputs") or {}
    literals = [key for key, value in inputs.items() if not _path(value)]
    if literals:
        yield Likeness(what="parameters", same=True, detail=", ".join(literals))
    for key, value in inputs.items():
        if path := _path(value):
            yield _input(ws, key, path, value)
    if subject.row.type == "import":
        detail = "it lies outside of the workspace, and may have changed since"
        yield Likeness(what="source", same=False, detail=detail)
    yield _seed(subject)
    if any(
        value.get("name") or value.get("path")
        for value in (subject.spec.get("outputs") or {}).values()
    ):
        detail = "kept with the new run; no version is registered and no datastore written to"
        yield Likeness(what="outputs", same=False, detail=detail)


def _environment(ws: Workspace, subject: Subject) -> Likeness:
    choice = _choice(subject)
    if choice.version:
        return Likeness(what="environment", same=True, detail=f"{choice.label}, locked")
    digest = (subject.doc or {}).get("packages")
    record = ws.store.find_record(packages.KIND, digest) if digest else None
    if record is None:
        detail = f"{choice.label}: its packages were not recorded"
        return Likeness(what="environment", same=False, detail=detail)
    now = _packages_now(choice)
    if now is None:
        detail = f"{choice.label}: its packages of today cannot be listed"
        return Likeness(what="environment", same=False, detail=detail)
    before, after = record.doc["packages"], now["packages"]
    changed = [
        f"{key} {before.get(key, 'absent')} → {after.get(key, 'absent')}"
        for key in sorted({*before, *after})
        if before.get(key) != after.get(key)
    ]
    if record.doc["python"] != now["python"]:
        changed.insert(0, f"Python {record.doc['python']} → {now['python']}")
    if changed:
        more = f" and {len(changed) - 5} more" if len(changed) > 5 else ""
        detail = f"{choice.label}: {', '.join(changed[:5])}{more}"
        return Likeness(what="environment", same=False, detail=detail)
    detail = f"{choice.label}: Python {now['python']} and {len(after)} packages, all as they were"
    return Likeness(what="environment", same=True, detail=detail)


def _packages_now(choice: Choice) -> Doc | None:
    runtime = Runtime() if choice.name == kernelspecs.DEFAULT else kernelspecs.find(choice.name)
    found = packages.of(runtime.python) if runtime else None
    return found[1] if found else None


def _path(value: Any) -> str | None:
    return value.get("path") if isinstance(value, dict) else None


def _input(ws: Workspace, key: str, path: str, value: dict[str, Any]) -> Likeness:
    what = f"input {key}"
    try:
        record = assets.resolve(ws.store, assets.kind_of(str(value.get("type", ""))), path)
        where = assets.path_of(record) if record else path
        if artifacts.REFERENCE.match(where):
            artifacts.load(ws.store, where)
    except (NotFound, Invalid) as error:
        return Likeness(what=what, same=False, detail=error.message)
    if where.startswith(("snapshot:", assets.SCHEME, "azureml://jobs/", "runs:/")):
        return Likeness(what=what, same=True, detail=path)
    detail = f"{path}: it lies outside of the workspace, and may have changed since"
    return Likeness(what=what, same=False, detail=detail)


def _seed(subject: Subject) -> Likeness:
    named = {
        **(subject.spec.get("environment_variables") or {}),
        **(subject.spec.get("inputs") or {}),
    }
    known = {**subject.row.params, **named}
    found = [key for key in known if "seed" in key.lower() or key == "random_state"]
    if found:
        detail = ", ".join(f"{key} = {_plain(known[key])}" for key in sorted(set(found)))
        return Likeness(what="seed", same=True, detail=detail)
    detail = "no seed was given or logged: what the code draws at random without one will differ"
    return Likeness(what="seed", same=False, detail=detail)


def _plain(value: Any) -> Any:
    return value.get("value") if isinstance(value, dict) else value


def _metrics(before: Subject, again: Subject) -> Iterator[MetricVerdict]:
    keys = before.ws.store.metric_keys([before.run_id, again.run_id])
    for key in keys:
        if key.startswith(SYSTEM):
            continue
        old, new = _points(before, key), _points(again, key)
        yield MetricVerdict(
            key=key,
            verdict=_verdict(old, new),
            n_points=max(len(old), len(new)),
            before=old[-1][1] if old else None,
            after=new[-1][1] if new else None,
        )


def _points(subject: Subject, key: str) -> list[tuple[int, float]]:
    """All values of a metric, by step and in the order in which they were logged."""
    found: list[tuple[int, float]] = []
    token: str | None = None
    while True:
        points, token = subject.ws.store.history(subject.run_id, key, page_token=token)
        found += [(point.step, point.value) for point in points]
        if token is None:
            return found


def _verdict(old: list[tuple[int, float]], new: list[tuple[int, float]]) -> Verdict:
    if not old or not new:
        return "missing" if old else "extra"
    return "equal" if sorted(map(_bits, old)) == sorted(map(_bits, new)) else "differs"


def _bits(point: tuple[int, float]) -> tuple[int, bytes]:
    return point[0], struct.pack(">d", point[1])


def _files(before: Subject, again: Subject) -> Iterator[ArtifactVerdict]:
    for path in sorted({*before.artifacts, *again.artifacts}):
        if path.startswith(LOGS):
            continue
        old, new = before.artifacts.get(path), again.artifacts.get(path)
        verdict: Verdict
        if not old or not new:
            verdict = "missing" if old else "extra"
        elif old.blob == new.blob:
            verdict = "equal"
        else:
            verdict = "same_content" if _alike(before.ws, path, old.blob, new.blob) else "differs"
        yield ArtifactVerdict(
            path=path,
            verdict=verdict,
            before=old.blob if old else None,
            after=new.blob if new else None,
        )


def _alike(ws: Workspace, path: str, old: str | None, new: str | None) -> bool:
    try:
        return likeness.alike(path, ws.blobs.get(old or ""), ws.blobs.get(new or ""))
    except NotFound:
        return False


def _summary(
    status: Status,
    metrics: list[MetricVerdict],
    files: list[ArtifactVerdict],
    *,
    identical: bool,
) -> str:
    if status is not Status.COMPLETED:
        return f"It was {status.value}: there is nothing to hold against the original."
    equal = sum(item.verdict == "equal" for item in metrics)
    same = sum(item.verdict in ("equal", "same_content") for item in files)
    what = f"{equal} of {len(metrics)} metrics bit for bit, {same} of {len(files)} files"
    if alike := sum(item.verdict == "same_content" for item in files):
        what += f" ({alike} of them but for the times and ids that they carry)"
    return f"The same: {what}." if identical else f"Not the same: {what} are equal."
