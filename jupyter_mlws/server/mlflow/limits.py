"""Names and sizes that the protocol allows.

Source: `mlflow/utils/validation.py` of MLflow 3.17; message texts are kept word for word, since
users and tests match on them.
"""

from __future__ import annotations

import posixpath
import re
from functools import lru_cache

from jupyter_mlws.server.mlflow.wire import bad_value, invalid

MAX_METRICS = 1000
MAX_PARAMS = 100
MAX_TAGS = 100
MAX_ENTITIES = 1000
"""Most of each, and of all together, in one batch."""

KEY_LENGTH = 250
PARAM_LENGTH = 6000
TAG_LENGTH = 8000
EXPERIMENT_NAME_LENGTH = 500
EXPERIMENT_TAG_LENGTH = 20_000
REGISTRY_TAG_LENGTH = 100_000
ALIAS_LENGTH = 255
OURS = "mlflow-artifacts:"
"""Scheme of the addresses that are served here."""
LOCATION_LENGTH = 2048
RUN_NAME_LENGTH = 5000
DATASET_LENGTHS = {
    "name": 500,
    "digest": 36,
    "source": 65_535,
    "schema": 1_048_575,
    "profile": 16_777_215,
}
INPUT_TAG_KEY_LENGTH = 255
INPUT_TAG_LENGTH = 500

_KEY = re.compile(r"[/\w.\- :]*")
_BAD_CHARACTERS = (
    "Names may only contain alphanumerics, underscores (_), dashes (-), periods (.), spaces ( )"
    ", colon(:) and slashes (/)."
)
_NOT_IN_MODEL_NAMES = ("/", ":", ".", "%", '"', "'")
_ALIAS = re.compile(r"[\w-]*")
_VERSION_ALIAS = re.compile(r"[vV]\d+")


def check_length(what: str, value: str, limit: int) -> None:
    """Refuse a value that is longer than `limit` characters."""
    if len(value) > limit:
        raise invalid(f"'{what}' exceeds the maximum length of {limit} characters")


def check_key(key: str, field: str, what: str) -> None:
    """Refuse what cannot be the name of a metric, param or tag.

    Args:
        field: full name of the field that holds it, such as `tags[0].key`.
        what: how messages about its length call it, such as `Param key`.
    """
    if is_key(key):
        return
    why = _key_fault(key)
    if why:
        raise bad_value(field, key, why)
    check_length(what, key, KEY_LENGTH)


def is_key(key: str) -> bool:
    """Whether `key` can be the name of a metric, param or tag."""
    return 0 < len(key) <= KEY_LENGTH and _good(key)


def check_batch(n_metrics: int, n_params: int, n_tags: int) -> None:
    """Refuse a batch that is too large."""
    total = n_metrics + n_params + n_tags
    for what, limit, length in (
        ("metrics", MAX_METRICS, n_metrics),
        ("params", MAX_PARAMS, n_params),
        ("tags", MAX_TAGS, n_tags),
        ("metrics, params, and tags", MAX_ENTITIES, total),
    ):
        if length > limit:
            raise invalid(
                f"A batch logging request can contain at most {limit} {what}. Got {length} {what}. "
                f"Please split up {what} across multiple requests and try again."
            )


def check_experiment_name(name: str) -> None:
    """Refuse what cannot be the name of an experiment."""
    if not name.strip():
        raise invalid(f"Invalid experiment name: '{name}'")
    check_length("name", name, EXPERIMENT_NAME_LENGTH)


def check_location(location: str) -> None:
    """Refuse what cannot be an experiment's artifact location."""
    if location.startswith("runs:"):
        raise invalid(f"Artifact location cannot be a runs:/ URI. Given: '{location}'")
    if any(mark in location for mark in "#;"):
        raise invalid("'artifact_location' URL can't include fragments or params.")
    if location.startswith(OURS) and (".." in location.split("/") or "?" in location):
        raise bad_value("artifact_location", location, "It must be a plain address without '..'.")
    if len(location) > LOCATION_LENGTH:
        raise invalid(
            "Invalid artifact path length. The length of the artifact path cannot be greater than"
            f" {LOCATION_LENGTH} characters."
        )


def check_model_name(name: str) -> None:
    """Refuse what cannot be the name of a registered model."""
    if not name.strip():
        raise invalid("Missing value for required parameter 'name'.")
    if "/" in name or ":" in name:
        raise invalid(f"Invalid model name '{name}'. Names cannot contain '/' or ':'.")
    if name in {".", ".."}:
        raise bad_value("name", name, _resolves(name))
    check_length("name", name, 256)


def check_alias(alias: str) -> None:
    """Refuse what cannot be an alias of a model version."""
    if not _ALIAS.fullmatch(alias):
        raise invalid(
            f"Invalid alias name: '{alias}'. "
            "Names may only contain alphanumerics, underscores (_), and dashes (-)."
        )
    check_length("Registered model alias name", alias, ALIAS_LENGTH)
    if alias.lower() == "latest":
        raise invalid("'latest' alias name (case insensitive) is reserved.")
    if _VERSION_ALIAS.fullmatch(alias):
        raise invalid(f"Version alias name '{alias}' is reserved.")


def check_logged_model_name(name: str) -> None:
    """Refuse what cannot be the name of a logged model."""
    if not name or any(mark in name for mark in _NOT_IN_MODEL_NAMES):
        raise invalid(
            f"Invalid model name ({name!r}) provided. Model name must be a non-empty string and "
            f"cannot contain the following characters: {_NOT_IN_MODEL_NAMES}"
        )


@lru_cache(maxsize=8192)
def _good(key: str) -> bool:
    return _key_fault(key) is None


def _key_fault(key: str) -> str | None:
    if not _KEY.fullmatch(key):
        return _BAD_CHARACTERS
    normal = posixpath.normpath(key)
    if normal != key or normal == "." or normal.startswith(("..", "/")):
        return _resolves(key)
    return None


def _resolves(key: str) -> str:
    return (
        "Names may be treated as files in certain cases, and must not resolve to other names"
        f" when treated as such. This name would resolve to {posixpath.normpath(key)!r}"
    )
