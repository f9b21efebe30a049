"""From what a job says of its environment to what that means here, decided when it is submitted."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from jupyter_mlws.entities.asset import environment_spec
from jupyter_mlws.entities.environment import (
    ANONYMOUS,
    EnvironmentFields,
    InlineEnvironment,
    fields_of,
)
from jupyter_mlws.entities.errors import Invalid, NotFound
from jupyter_mlws.entities.registry import REFERENCE as REGISTRY
from jupyter_mlws.entities.validation import did_you_mean
from jupyter_mlws.execution import assets, kernelspecs
from jupyter_mlws.execution.environments import curated, recipe
from jupyter_mlws.execution.environments.recipe import Recipe
from jupyter_mlws.execution.kernelspecs import DEFAULT
from jupyter_mlws.store.base import Blobs, Record, Store

KIND = "environment"
_REGISTRY = re.compile(
    r"^azureml://registries/[^/]+/environments/(?P<name>[^/]+)"
    r"(?:/versions/(?P<version>[^/]+)|/labels/(?P<label>[^/]+))?$"
)
_ARM = re.compile(
    r"^(?:azureml:)?/subscriptions/.+/environments/(?P<name>[^/]+)/(?:versions/(?P<version>[^/]+)"
    r"|labels/(?P<label>[^/]+))$",
    re.IGNORECASE,
)
_NAME = re.compile(
    r"^(?:azureml:)?(?P<name>[^:/@]+)(?::(?P<version>[^:/@]+)|@(?P<label>[^:/@]+))?$"
)


@dataclass(frozen=True, slots=True)
class Choice:
    """What a job runs in.

    Attributes:
        name: as people call it.
        version: of our own environments only.
        recipe: what must be there first; None for the service's own Python.
    """

    name: str = DEFAULT
    version: str | None = None
    recipe: Recipe | None = None

    @property
    def node(self) -> str:
        """Its name in the lineage."""
        return f"{KIND}:{self.name}@{self.version}" if self.version else f"{KIND}:{self.name}"

    @property
    def label(self) -> str:
        """Its name with its version."""
        return f"{self.name}:{self.version}" if self.version else self.name

    def to_doc(self) -> dict[str, Any]:
        """As JSON."""
        made = self.recipe.to_doc() if self.recipe else None
        return {"name": self.name, "version": self.version, "recipe": made}

    @classmethod
    def of_doc(cls, doc: dict[str, Any]) -> Choice:
        """What `to_doc` wrote."""
        made = Recipe.of_doc(doc["recipe"]) if doc["recipe"] else None
        return cls(doc["name"], doc["version"], made)


@dataclass(frozen=True, slots=True)
class Chosen:
    """A choice, what is worth telling of it, and the version that it makes when it is new."""

    choice: Choice
    warnings: tuple[str, ...] = ()
    draft: assets.Draft | None = None


def choose(
    given: str | InlineEnvironment | None,
    store: Store,
    blobs: Blobs,
    *,
    has_containers: Callable[[], bool],
) -> Chosen:
    """What `given` means here and now.

    Raises:
        Invalid: there is none of this name, or it cannot run here.
    """
    if given is None:
        return Chosen(Choice())
    if isinstance(given, InlineEnvironment):
        return _inline(given, store, blobs, has_containers)
    reference = given.strip()
    if REGISTRY.match(reference) and (kept := _shared(reference, store)):
        return of_record(kept, has_containers=has_containers)
    if match := _REGISTRY.match(reference):
        if found := curated.find(match["name"]):
            return _mapped(found)
    else:
        match = _ARM.match(reference) or _NAME.match(reference)
    name = match["name"] if match else reference
    if match and store.find_record(KIND, name):
        try:
            record = assets.find(store, KIND, name, match["version"], match["label"])
        except NotFound as error:
            raise Invalid.field("environment", error.message) from None
        return of_record(record, has_containers=has_containers)
    return _named(name, given, store)


def _shared(reference: str, store: Store) -> Record | None:
    """A version of a registry of this machine; None of one of Azure's, whose names mean ours."""
    try:
        found = assets.resolve(store, KIND, reference)
    except NotFound:
        return None
    return found if found and found.kind == KIND else None


def of_record(record: Record, *, has_containers: Callable[[], bool]) -> Chosen:
    """What a version of ours means.

    Raises:
        Invalid: it cannot run here.
    """
    fields = fields_of(record.doc["content"])
    made, warnings = recipe.of_fields(fields, has_containers=has_containers)
    return Chosen(Choice(record.name, record.version, made), tuple(warnings))


def check(fields: EnvironmentFields, *, has_containers: Callable[[], bool]) -> list[str]:
    """Why an environment does not run here or runs otherwise than it says, as warnings."""
    try:
        return recipe.of_fields(fields, has_containers=has_containers, field="")[1]
    except Invalid as error:
        return [f"It cannot run on this machine: {problem}" for problem in error.problems]


def _inline(
    given: InlineEnvironment, store: Store, blobs: Blobs, has_containers: Callable[[], bool]
) -> Chosen:
    made, warnings = recipe.of_fields(given, has_containers=has_containers)
    document = given.model_dump(mode="json", exclude_unset=True, exclude_none=True)
    name = given.name or ANONYMOUS
    spec = environment_spec({**document, "name": name})
    draft = assets.draft(store, blobs, KIND, spec)
    version = given.version or draft.digest[:24]
    choice = Choice(name, version, made)
    known = store.find_record(KIND, name, version)
    if known is None:
        return Chosen(choice, tuple(warnings), draft)
    if known.doc["digest"] != draft.digest:
        message = f"there is an environment '{name}' version '{version}' with other content."
        raise Invalid.field("environment.version", message)
    return Chosen(choice, tuple(warnings))


def _named(name: str, given: str, store: Store) -> Chosen:
    if name == DEFAULT:
        return Chosen(Choice())
    if kernelspecs.find(name):
        return Chosen(Choice(name, None, Recipe(kernel=name)))
    if found := curated.find(name):
        return _mapped(found)
    own = {record.name for record in store.list_records(KIND)} - {ANONYMOUS}
    known = [*sorted(own), *(choice.name for choice in kernelspecs.installed())]
    raise Invalid.field(
        "environment",
        f"there is no environment '{given}' here (there are: {', '.join(known)}, and the curated"
        f" {', '.join(curated.names())}).{did_you_mean(name, [*known, *curated.names()])}",
    )


def _mapped(found: curated.Curated) -> Chosen:
    note = f"environment: '{found.name}' is made on this machine with {found.note}."
    return Chosen(
        Choice(found.name, None, recipe.plain(found.requirements)), (note,) if found.note else ()
    )
