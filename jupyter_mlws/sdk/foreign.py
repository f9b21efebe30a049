"""Entities of the `azure-ai-ml` package: what they say, in the words of their YAML.

The package is not imported; its objects are known by their classes' names.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

NOUNS = {
    "Component": "components",
    "Data": "data",
    "Model": "models",
    "Environment": "environments",
    "Job": "jobs",
}
"""The noun of an entity, by a class that it inherits from; a component's node is a job."""
PACKAGE = "azure.ai.ml."
LOCAL = re.compile(r"^azureml:(?=\.{1,2}(?:/|$)|/(?!/|subscriptions/))")
"""The prefix that the package puts before local paths."""


def noun_of(entity: object) -> str | None:
    """The noun of an entity of azure-ai-ml; None for anything else."""
    names = {cls.__name__ for cls in type(entity).__mro__ if cls.__module__.startswith(PACKAGE)}
    if "BaseNode" in names:
        return "jobs"
    return next((noun for name, noun in NOUNS.items() if name in names), None)


def described(entity: Any) -> tuple[dict[str, Any], Path] | None:
    """What an entity of azure-ai-ml says, and from where its paths start; None for anything else."""
    if noun_of(entity) is None:
        return None
    origin = Path(getattr(entity, "base_path", None) or Path.cwd())
    whole = entity._to_job() if hasattr(entity, "_to_job") else entity
    return _plain(whole._to_dict()), origin


def _plain(value: Any) -> Any:
    """Plain data, with local paths as people write them."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return LOCAL.sub("", value) if isinstance(value, str) else value
