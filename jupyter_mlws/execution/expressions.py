"""`${{…}}` in commands and environment variables: which names it uses, and what becomes of it.

Source: Azure ML v2 expressions; text is put in as it is, no quotes are added.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from jupyter_mlws.entities.errors import Problem
from jupyter_mlws.entities.job import JobSpec
from jupyter_mlws.entities.validation import did_you_mean

EXPRESSION = re.compile(r"\$\{\{\s*(.*?)\s*\}\}", re.DOTALL)

ELSEWHERE = {
    "parent": "only steps of a pipeline have a parent",
    "search_space": "only trials of a sweep have a search space",
}

SECRETS_ELSEWHERE = (
    "a command line can be read by everybody on the machine: give the secret by"
    " `environment_variables`."
)


def problems(
    text: str, field: str, spec: JobSpec, missing_secret: Callable[[str], str | None] | None = None
) -> Iterator[Problem]:
    """What in `text` stands for nothing that `spec` declares.

    Args:
        missing_secret: what is wrong with a secret's name; None where no secret may stand.
    """
    for match in EXPRESSION.finditer(text):
        if match[1].startswith("secrets."):
            message = SECRETS_ELSEWHERE
            if missing_secret:
                message = missing_secret(match[1].partition(".")[2]) or ""
        else:
            message = _problem(match[1], spec) or ""
        if message:
            yield Problem(f"{match[0]}: {message}", field)


def fill(
    text: str,
    *,
    name: str,
    inputs: Mapping[str, Any],
    outputs: Mapping[str, Any],
    secrets: Mapping[str, str] = {},
) -> str:
    """`text` with the job's name and the values of inputs and outputs in place.

    Args:
        inputs, outputs: literals with their types, data as paths; booleans become `True` and `False`.
    """
    spaces: dict[str, Mapping[str, Any]] = {
        "inputs": inputs,
        "outputs": outputs,
        "secrets": secrets,
    }

    def value(match: re.Match[str]) -> str:
        space, _, key = match[1].partition(".")
        return name if match[1] == "name" else str(spaces[space][key])

    return EXPRESSION.sub(value, text)


def _problem(expression: str, spec: JobSpec) -> str | None:
    space, _, key = expression.partition(".")
    if expression == "name":
        return None
    if space in ELSEWHERE:
        return f"{ELSEWHERE[space]}."
    spaces: dict[str, Mapping[str, Any]] = {"inputs": spec.inputs, "outputs": spec.outputs}
    declared = spaces.get(space)
    if declared is None:
        return "there are `inputs.NAME`, `outputs.NAME` and `name`."
    if key not in declared:
        known = ", ".join(declared) or "none"
        what = space.removesuffix("s")
        return f"there is no {what} '{key}' (there are: {known}).{did_you_mean(key, declared)}"
    return None
