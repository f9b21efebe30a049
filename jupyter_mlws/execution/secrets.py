"""The secrets that a job asks for by name, and those that were sealed with it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from jupyter_mlws.entities.errors import NotFound, Problem
from jupyter_mlws.entities.job import Input, JobSpec
from jupyter_mlws.execution.expressions import EXPRESSION
from jupyter_mlws.execution.vault import Vault

PREFIX = "secrets."


@dataclass(frozen=True, slots=True)
class JobSecrets:
    """What a job may know.

    Attributes:
        named: the workspace's secrets that it asks for, by name.
        inputs: its own secret inputs.
    """

    named: dict[str, str]
    inputs: dict[str, str]

    @property
    def all(self) -> dict[str, str]:
        """By name of the input, or `secrets.NAME`."""
        return {**{f"{PREFIX}{name}": value for name, value in self.named.items()}, **self.inputs}


def names_in(text: object) -> list[str]:
    """The names of the secrets that a text asks for."""
    if not isinstance(text, str):
        return []
    found = (match[1] for match in EXPRESSION.finditer(text))
    return [inner.removeprefix(PREFIX) for inner in found if inner.startswith(PREFIX)]


def asked_for(spec: JobSpec) -> set[str]:
    """The names of all secrets that a job asks for."""
    texts = [
        *spec.environment_variables.values(),
        *(_value(given) for given in spec.inputs.values()),
    ]
    return {name for text in texts for name in names_in(text)}


def problems(spec: JobSpec, secret_inputs: set[str], vault: Vault) -> Iterator[Problem]:
    """Secrets in inputs that are none, and secrets that are not there."""
    for name, given in spec.inputs.items():
        field = f"inputs.{name}"
        asked = names_in(_value(given))
        if asked and name not in secret_inputs:
            message = "a secret is given by environment_variables, or to an input of type Secret."
            yield Problem(message, field)
            continue
        for secret in asked:
            if problem := vault.missing(secret):
                yield Problem(problem, field)


def job_secrets(
    spec: JobSpec, sealed: Mapping[str, str], vault: Vault, *, strict: bool
) -> JobSecrets:
    """The secrets of a job.

    Args:
        strict: whether one that is gone is an error; for an ended job it is not.
    Raises:
        NotFound: one is gone.
    """
    inputs = {name: vault.seal.open(text) for name, text in sealed.items()}
    wanted = {name for text in inputs.values() for name in names_in(text)}
    named: dict[str, str] = {}
    for name in sorted(wanted | asked_for(spec)):
        try:
            named[name] = vault.secret(name)
        except NotFound:
            if strict:
                raise
            named[name] = ""
    filled = {
        name: EXPRESSION.sub(lambda match: named[match[1].removeprefix(PREFIX)], text)
        if names_in(text)
        else text
        for name, text in inputs.items()
    }
    return JobSecrets(named, filled)


def _value(given: object) -> object:
    return given.value if isinstance(given, Input) else given
