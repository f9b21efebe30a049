"""From what a person asks for to a job in the store: all checks first, then one transaction."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from jupyter_mlws.entities.errors import AlreadyExists, Conflict, Invalid, NotFound, Problem
from jupyter_mlws.entities.import_job import ImportJob
from jupyter_mlws.entities.job import LITERAL_TYPES, CommandJob, GitState, Input, JobSpec
from jupyter_mlws.entities.kinds import JOBS, type_name
from jupyter_mlws.entities.lineage import Relation
from jupyter_mlws.entities.pipeline import NodePort
from jupyter_mlws.entities.registry import EVERYBODY
from jupyter_mlws.entities.run import FINAL, Status
from jupyter_mlws.entities.snapshot import is_local
from jupyter_mlws.entities.validation import did_you_mean, validated
from jupyter_mlws.execution import (
    artifacts,
    assets,
    expressions,
    imports,
    inputs,
    names,
    outputs,
    portability,
    records,
    snapshots,
)
from jupyter_mlws.execution import secrets as secrets_
from jupyter_mlws.execution.base import Catalog, JobType, ParentJobType
from jupyter_mlws.execution.caching import key as keys
from jupyter_mlws.execution.caching import shelf
from jupyter_mlws.execution.environments import containers
from jupyter_mlws.execution.environments.choice import Choice, Chosen, choose
from jupyter_mlws.execution.places import Places
from jupyter_mlws.execution.queueing import PRIORITIES
from jupyter_mlws.execution.registries import Registries, Shelf
from jupyter_mlws.execution.sealing import MASK, Seal

if TYPE_CHECKING:
    from jupyter_mlws.store.base import Blobs, Record, RunRow, Store, Transaction

DEFAULT_TYPE = "command"
DEFAULT_COMPUTE = "local"
DEFAULT_EXPERIMENT = "Default"
MANAGED_COMPUTES = frozenset({"local", "serverless"})
"""Names by which Azure ML means: take whatever is there."""

Types = Mapping[str, JobType | ParentJobType]
STEP_PROPERTY = "mlws.pipeline.step"
"""Property of a step's job: the step's key in its pipeline."""
LATER = "azureml://jobs/later/outputs/later"
"""Where an input lies whose value comes later."""
NOTHING: Mapping[str, NodePort] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Checked:
    """A job that can be submitted, and what is worth telling about it.

    Attributes:
        plan: of a parent, what it needs to know to start its children.
    """

    spec: JobSpec
    compute: str
    warnings: list[str]
    secrets: set[str]
    environment: Chosen
    plan: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Reused:
    """The run whose result is taken, and the assets that its outputs still become."""

    source: RunRow
    drafts: list[assets.Draft]


@dataclass(frozen=True, slots=True)
class Desk:
    """Where jobs are handed in.

    Attributes:
        types: job types by name.
        computes: names of the computes.
        seal: for the secrets among a job's inputs.
        places: where data may lie.
        registries: what jobs may name beside the workspace's own.
        files: texts by path, where a draft is checked whose files were not sent.
    """

    store: Store
    blobs: Blobs
    types: Types
    computes: Collection[str]
    seal: Seal
    places: Places
    registries: Registries
    files: Mapping[str, str] | None = None

    def check(self, job: Mapping[str, Any], *, user: str = EVERYBODY) -> Checked:
        """The job, when nothing is wrong with it.

        Args:
            user: who must be allowed to read what it names of registries.
        Raises:
            Invalid: with a problem for each field that is wrong.
            AlreadyExists: there is a job or run of this name.
        """
        checked = self._checked(self.brought(job, user), NOTHING)
        self._require_free(checked.spec.name)
        return checked

    def brought(self, job: Mapping[str, Any], user: str) -> dict[str, Any]:
        """The job with exact references to registries, after keeping here what they mean.

        Raises:
            Invalid: there is no such version, or `user` may not read it; with the field.
        """
        return self.registries.bring(job, Shelf(self.store, self.blobs), user)

    def check_child(self, job: Mapping[str, Any], pending: Mapping[str, NodePort]) -> list[str]:
        """Refuse a parent's child that cannot run; answers warnings.

        Args:
            pending: inputs whose values come later, beside those that the job has.
        Raises:
            Invalid: with a problem for each field that is wrong.
        """
        later = {name: {"type": _later_type(port), "path": LATER} for name, port in pending.items()}
        return self._checked(
            {**job, "inputs": {**job.get("inputs", {}), **later}}, pending
        ).warnings

    @property
    def catalog(self) -> Catalog:
        """What parents' checks need."""
        known = {*self.computes, *MANAGED_COMPUTES}
        return Catalog(self.store, self.blobs, self.types, known, self.check_child, self.reader)

    def _checked(self, job: Mapping[str, Any], pending: Mapping[str, NodePort]) -> Checked:
        spec, kind = self._typed(job)
        found = list(self._problems(spec, pending))
        if isinstance(kind, ParentJobType):
            found += kind.problems(spec)
        chosen = Chosen(Choice())
        try:
            chosen = choose(
                spec.environment, self.store, self.blobs, has_containers=containers.answers
            )
        except Invalid as error:
            found += [replace(problem, here=True) for problem in error.problems]
        recipe = chosen.choice.recipe
        in_container = recipe is not None and recipe.is_container
        if in_container and not getattr(kind, "runs_in_containers", False):
            message = (
                f"a {spec.type} job does not run in a container: describe a Python environment."
            )
            found.append(Problem(message, "environment", here=True))
        if found:
            raise Invalid.of(found)
        warnings = [*portability.warnings(spec, in_container=in_container), *chosen.warnings]
        if isinstance(kind, JobType):
            read = self.reader(spec)
            warnings += kind.check(spec, read, pending=pending)
            secrets = kind.secret_inputs(spec, read)
            if found := list(secrets_.problems(spec, secrets, self.places.vault)):
                raise Invalid.of(found)
            return Checked(spec, self._compute(spec), warnings, secrets - set(pending), chosen)
        prepared = kind.prepare(spec, self.catalog, pending=pending)
        warnings += prepared.warnings
        compute = self._compute(spec)
        return Checked(prepared.spec, compute, warnings, set(), chosen, prepared.plan)

    def submit(
        self,
        job: Mapping[str, Any],
        *,
        user: str,
        git: GitState | None = None,
        also: Callable[[Transaction], None] | None = None,
    ) -> str:
        """Put a job into the queue; answers its name.

        Args:
            also: writes more in the same transaction; its errors undo the whole.
        Raises:
            Invalid: with a problem for each field that is wrong; nothing is stored.
            AlreadyExists: there is a job or run of this name.
        """
        checked = self.check(job, user=user)
        if git and git.diff:
            snapshots.load(self.store, self.blobs, git.diff)
        spec, name = checked.spec, checked.spec.name or names.make()
        consumed = inputs.pinned(spec, self.store)
        doc = self._document(checked, user, git)
        result = self._result(doc, spec, name)
        status = Status.COMPLETED if result else Status.QUEUED
        with self.store.change(user, "jobs/write", f"job:{name}", type=spec.type) as tx:
            experiment_id = self._experiment(tx, spec.experiment_name or DEFAULT_EXPERIMENT)
            tx.create_run(
                name,
                experiment_id,
                name=spec.display_name or name,
                type=spec.type,
                user=user,
                status=status.value,
                parent_id=spec.parent_job_name,
                tags=_tags(spec, user, git),
            )
            self._keep_environment(checked.environment, name, user, tx)
            tx.add_record(records.KIND, name, doc)
            tx.note(status=status.value, experiment_id=str(experiment_id))
            if spec.code:
                tx.link(f"code:{spec.code.partition(':')[2]}", Relation.CODE_OF, f"run:{name}")
            for secret in sorted(secrets_.asked_for(spec)):
                tx.link(f"secret:{secret}", Relation.SECRET_OF, f"run:{name}")
            for asset, names_ in _by_asset(consumed).items():
                tx.link(asset, Relation.INPUT, f"run:{name}", {"inputs": names_})
            for source, names_ in _by_run(spec).items():
                tx.link(f"run:{source}", Relation.INPUT, f"run:{name}", {"inputs": names_})
            if also is not None:
                also(tx)
            if result:
                self._take_over(tx, result, spec, name, experiment_id, user)
        return name

    def _result(self, doc: dict[str, Any], spec: JobSpec, name: str) -> Reused | None:
        """What an earlier, equal job came to; notes in the document what the result depends on."""
        if spec.cache is None or isinstance(self.types[spec.type], ParentJobType):
            return None
        policy, step = spec.cache.policy, spec.properties.get(STEP_PROPERTY)
        experiment = spec.experiment_name or DEFAULT_EXPERIMENT
        cache: dict[str, Any] = {"policy": policy}
        cache["step"] = shelf.identity(experiment, spec, step)
        doc["cache"] = cache
        kind = self.types[spec.type]
        assert isinstance(kind, JobType)
        if policy == "off":
            return None
        marks = {
            key: self.seal.fingerprint(self.seal.open(text)) for key, text in doc["secrets"].items()
        }
        choice = Choice.of_doc(doc["environment"])
        key = keys.of(spec, kind, choice, marks, self.store, self.blobs)
        if key is None:
            return None
        cache |= {"key": key.digest, "parts": key.parts}
        found = None
        if policy == "use":
            found, cache["too_old"] = shelf.find(self.store, key, spec.cache.max_age)
        if found is None:
            cache["nearest"] = shelf.nearest(self.store, cache["step"], key, name)
            return None
        source = self.store.get_run(found)
        drafts = [
            draft
            for draft in outputs.drafts(spec, found, self.store, self.blobs)
            if not assets.is_newest(self.store, draft)
        ]
        doc.update(
            reused_from=found,
            values=records.get(self.store, found).doc.get("values", {}),
        )
        return Reused(source, drafts)

    def _take_over(
        self,
        tx: Transaction,
        result: Reused,
        spec: JobSpec,
        name: str,
        experiment_id: int,
        user: str,
    ) -> None:
        at_ms = time.time_ns() // 1_000_000
        tx.update_run(name, start_ms=at_ms, end_ms=at_ms)
        location = self.store.get_experiment(experiment_id).artifact_location
        shelf.copy(self.store, tx, result.source, artifacts.place(location, name), name)
        tx.link(f"run:{result.source.run_id}", Relation.REUSED_AS, f"run:{name}")
        outputs.register(result.drafts, user, self.store, self.blobs, tx)

    def _keep_environment(self, chosen: Chosen, name: str, user: str, tx: Transaction) -> None:
        """Link the job to its environment; one that stands inside the job becomes a version."""
        choice = chosen.choice
        if chosen.draft:
            assets.add(
                self.store, self.blobs, tx, chosen.draft, who=user, version=choice.version or ""
            )
        tx.link(choice.node, Relation.ENVIRONMENT_OF, f"run:{name}")

    def submit_again(self, job: Mapping[str, Any], *, user: str, attempt: int) -> None:
        """Begin the next attempt of an ended job, with inputs that may have changed.

        Args:
            attempt: its number; nothing is done when it has begun.
        Raises:
            Invalid: with a problem for each field that is wrong.
            Conflict: it has not ended.
        """
        name = str(job["name"])
        checked = self._checked(self.brought(job, user), NOTHING)
        before = records.get(self.store, name).doc
        if before["attempt"] >= attempt:
            return
        kept = {key: before[key] for key in ("git", "turn", "created_by")}
        fresh = {**self._document(checked, user, None), **kept, "attempt": attempt}
        fresh["wanted"] = records.wanted_again(self.store, name)
        self._result(fresh, checked.spec, name)
        fresh.update(reused_from=None, values={})
        place = artifacts.root(self.store, self.store.get_run(name, with_data=False))

        def forget(tx: Transaction) -> None:
            tx.delete_artifacts(f"{place}/named-outputs")

        if not records.move(
            self.store,
            name,
            Status.QUEUED,
            of=FINAL,
            who=user,
            action="jobs/retry",
            doc=fresh,
            clear_end=True,
            also=forget,
        ):
            raise Conflict(f"Job '{name}' has not ended: it cannot run again.")

    def _typed(self, job: Mapping[str, Any]) -> tuple[JobSpec, JobType | ParentJobType]:
        name = job.get("type", DEFAULT_TYPE)
        if (plain := type_name(name)) in self.types:
            name = plain
        if not isinstance(name, str) or name not in self.types:
            if shape := JOBS.get(type_name(name)):
                problems = shape.check({**job, "type": type_name(name)})
                raise Invalid.of([*problems, Problem(f"{shape.reason}.", "type", here=True)])
            known = ", ".join(sorted(self.types))
            hint = did_you_mean(str(name), {**self.types, **JOBS})
            raise Invalid.field(
                "type", f"no installed job type is called {name!r:.80} (there are: {known}).{hint}"
            )
        kind = self.types[name]
        return validated(kind.spec, {**job, "type": name}), kind

    def _problems(self, spec: JobSpec, pending: Collection[str]) -> Iterator[Problem]:
        refused = list(portability.refusals(spec))
        yield from (replace(problem, here=True) for problem in refused)
        unknown = self._unknown(spec, skip={problem.field for problem in refused})
        yield from (replace(problem, here=problem.field != "code") for problem in unknown)
        yield from _expression_problems(spec, self.places.vault.missing)
        pending = {*pending, *self._unsent(spec)}
        for problem in inputs.problems(spec, self.store, self.blobs, self.places, pending=pending):
            if problem.field not in {refusal.field for refusal in refused}:
                yield _as_written(spec, problem)
        yield from outputs.problems(spec, self.store, self.places)
        if isinstance(spec, ImportJob):
            yield from imports.problems(spec, self.places)

    def _unknown(self, spec: JobSpec, skip: Collection[str]) -> Iterator[Problem]:
        """What the job names and the workspace has not."""
        if spec.code and "code" not in skip:
            try:
                snapshots.load(self.store, self.blobs, spec.code)
            except (NotFound, Invalid) as error:
                yield Problem(error.message, "code")
        if (compute := self._compute(spec)) not in self.computes:
            known = ", ".join(self.computes)
            hint = did_you_mean(compute, self.computes)
            yield Problem(f"there is no compute '{compute}' (there are: {known}).{hint}", "compute")
        parent = spec.parent_job_name
        if parent and self.store.find_record(records.KIND, parent) is None:
            yield Problem(f"there is no job '{parent}'.", "parent_job_name")
        experiment = self.store.find_experiment(spec.experiment_name or DEFAULT_EXPERIMENT)
        if experiment and experiment.archived:
            message = f"experiment '{experiment.name}' is archived: restore it or choose another."
            yield Problem(message, "experiment_name")

    def _unsent(self, spec: JobSpec) -> Iterator[str]:
        """Of a draft, the inputs that are files on the caller's machine."""
        for name, given in spec.inputs.items() if self.files is not None else ():
            if isinstance(given, Input) and given.path and is_local(given.path):
                yield name

    def _compute(self, spec: JobSpec) -> str:
        name = (spec.compute or DEFAULT_COMPUTE).removeprefix("azureml:")
        return DEFAULT_COMPUTE if name.lower() in MANAGED_COMPUTES else name

    def reader(self, spec: JobSpec) -> Callable[[str], bytes]:
        """The function from a path inside a job's code to its bytes; it raises NotFound."""
        if self.files is not None and not spec.code:
            return partial(_draft_file, self.files)
        code = snapshots.load(self.store, self.blobs, spec.code) if spec.code else None
        return snapshots.read(code or snapshots.EMPTY, self.blobs)

    def _require_free(self, name: str | None) -> None:
        if name is None:
            return
        try:
            run = self.store.get_run(name, with_data=False)
        except NotFound:
            return
        what = "run" if run.type == "mlflow" else "job"
        raise AlreadyExists(f"There is a {what} '{name}' already: choose another name.")

    def _experiment(self, tx: Transaction, name: str) -> int:
        found = self.store.find_experiment(name)
        return found.experiment_id if found else tx.create_experiment(name)

    def _document(self, checked: Checked, user: str, git: GitState | None) -> dict[str, Any]:
        """What is kept of a job; secret values are sealed, and a mask stands in their place."""
        spec = checked.spec
        said = spec.model_dump(
            mode="json", by_alias=True, exclude_unset=True, exclude={"schema_", "services"}
        )
        sealed = {}
        for name in checked.secrets:
            given = spec.inputs[name]
            value = given.value if isinstance(given, Input) else given
            sealed[name] = self.seal.close(str(value))
            said["inputs"][name] = MASK
        return {
            "spec": said,
            "environment": checked.environment.choice.to_doc(),
            "secrets": sealed,
            "compute": checked.compute,
            "git": git.model_dump(mode="json") if git else None,
            "priority": PRIORITIES[spec.queue_settings.priority],
            "slots": spec.resources.slots,
            "turn": self.store.last_event() + 1,
            "attempt": 1,
            "retries": 0,
            "handle": None,
            "error": None,
            "progress": None,
            "warnings": checked.warnings,
            "plan": checked.plan,
            "values": {},
            "created_by": user,
            "modified_by": user,
        }


def _as_written(spec: JobSpec, problem: Problem) -> Problem:
    """A problem of an input where the file says it: some types have fields of their own for data."""
    field = (problem.field or "").removeprefix("inputs.")
    is_own = field.partition(".")[0] in spec.data_fields
    return replace(problem, field=field) if is_own else problem


def _draft_file(files: Mapping[str, str], path: str) -> bytes:
    if path not in files:
        raise NotFound(f"There is no '{path}'.")
    return files[path].encode()


def _by_run(spec: JobSpec) -> dict[str, list[str]]:
    """The names of the inputs by the run that left them."""
    found: dict[str, list[str]] = {}
    for name, given in spec.inputs.items():
        match = artifacts.REFERENCE.match(given.path or "") if isinstance(given, Input) else None
        if match:
            found.setdefault(match["job"] or match["run"], []).append(name)
    return found


def _later_type(port: NodePort) -> str:
    """Any type of files: what comes later is compared by its port, not by this."""
    return "uri_file" if port.type in LITERAL_TYPES or port.type == "uri_file" else "uri_folder"


def _by_asset(consumed: Mapping[str, Record]) -> dict[str, list[str]]:
    """The names of the inputs by the version that they mean."""
    found: dict[str, list[str]] = {}
    for name, record in consumed.items():
        found.setdefault(f"{record.kind}:{record.name}@{record.version}", []).append(name)
    return found


def _expression_problems(
    spec: JobSpec, missing_secret: Callable[[str], str | None]
) -> Iterator[Problem]:
    for key, value in spec.environment_variables.items():
        yield from expressions.problems(value, f"environment_variables.{key}", spec, missing_secret)
    if isinstance(spec, CommandJob):
        yield from expressions.problems(spec.command, "command", spec)


def _tags(spec: JobSpec, user: str, git: GitState | None) -> dict[str, str]:
    found = {**spec.tags, "mlflow.user": user, "mlflow.source.type": "JOB"}
    source = getattr(spec, "notebook", None) or getattr(spec, "command", None)
    if source:
        found["mlflow.source.name"] = source[:500]
    if spec.description:
        found[records.NOTE] = spec.description
    if git:
        properties = records.git_properties(git.model_dump(mode="json"))
        found.update({k: v for k, v in properties.items() if k.startswith("mlflow.")})
    return found
