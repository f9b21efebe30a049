"""The table of operations: each is a typed function, said once.

Its module and name give the SDK method (`jobs.create_or_update`), the route (`POST /jobs`), the command
(`mlws job create`) and the audit action; its signature gives the types; its docstring the help.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar, get_type_hints

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, create_model

from jupyter_mlws import plugins
from jupyter_mlws.entities.errors import Denied, Invalid, NotFound
from jupyter_mlws.entities.record import SchemaGenerator
from jupyter_mlws.entities.validation import did_you_mean, problems
from jupyter_mlws.features.workspace import Workspace

F = TypeVar("F", bound=Callable[..., Any])

KEYS = ("name", "run_id", "experiment_id", "id", "type")
"""A first argument of one of these names says which item is meant and stands in the path."""


@dataclass(frozen=True, slots=True)
class Download:
    """What an operation answers when it gives a file: the door streams it."""

    path: Path
    name: str
    media_type: str | None = None
    is_temporary: bool = False
    """Whether the file was made for this answer and goes when it is sent."""


@dataclass(frozen=True, slots=True)
class Stream:
    """What an operation answers when it makes a file piece by piece while the door sends it."""

    pieces: Iterator[bytes]
    name: str
    media_type: str


@dataclass(frozen=True)
class Operation:
    """One thing that can be asked of a workspace."""

    noun: str
    verb: str
    action: str
    function: Callable[..., Any]
    in_registries: bool = False
    """Whether a registry answers it as a workspace does."""

    @property
    def name(self) -> str:
        """Such as `jobs.create_or_update`."""
        return f"{self.noun}.{self.verb}"

    @property
    def singular(self) -> str:
        """The noun as the command line has it."""
        return self.noun[:-3] + "y" if self.noun.endswith("ies") else self.noun.removesuffix("s")

    @property
    def summary(self) -> str:
        """First line of the docstring."""
        return inspect.getdoc(self.function).partition("\n")[0]  # type: ignore[union-attr]

    @property
    def description(self) -> str:
        """The docstring without its sections."""
        text = inspect.getdoc(self.function) or ""
        return re.split(r"\n(?:Args|Raises|Source):", text)[0].strip()

    @cached_property
    def hints(self) -> dict[str, Any]:
        """Types of the arguments and of the answer."""
        return get_type_hints(self.function, include_extras=True)

    @cached_property
    def arguments(self) -> type[BaseModel]:
        """The arguments as one model."""
        helps = dict(
            re.findall(
                r"^\s+(\w+): (.+(?:\n {8,}.+)*)", inspect.getdoc(self.function) or "", re.MULTILINE
            )
        )
        fields: dict[str, Any] = {}
        for parameter in list(inspect.signature(self.function).parameters.values())[1:]:
            default = ... if parameter.default is parameter.empty else parameter.default
            text = re.sub(r"\s+", " ", helps.get(parameter.name, "")) or None
            fields[parameter.name] = (
                self.hints[parameter.name],
                Field(default, description=text),
            )
        title = f"{self.noun}_{self.verb}".title().replace("_", "") + "Arguments"
        return create_model(title, __config__=ConfigDict(extra="forbid"), **fields)

    @cached_property
    def answer(self) -> TypeAdapter[Any]:
        """The type of the answer."""
        answer: Any = self.hints.get("return")
        return TypeAdapter(answer)

    @property
    def is_download(self) -> bool:
        """Whether the answer is a file and not JSON."""
        return self.hints.get("return") in (Download, Stream)

    @property
    def is_async(self) -> bool:
        """Whether the function waits without holding a thread."""
        return inspect.iscoroutinefunction(self.function)

    @cached_property
    def key(self) -> str | None:
        """Name of the argument that stands in the path."""
        first = next(iter(self.arguments.model_fields), None)
        return first if first in KEYS and self.verb not in {"create", "create_or_update"} else None

    @cached_property
    def route(self) -> tuple[str, str]:
        """HTTP method, and path with `{key}` where the key stands."""
        item = f"/{self.noun}/{{{self.key}}}" if self.key else f"/{self.noun}"
        match self.verb:
            case "create" | "create_or_update":
                return "POST", item
            case "list" | "get":
                return "GET", item
            case "update":
                return "PATCH", item
            case "delete":
                return "DELETE", item
            case verb:
                return ("GET" if self._is_plain_read else "POST"), f"{item}:{verb}"

    @cached_property
    def list_arguments(self) -> frozenset[str]:
        """Names of the arguments that may be repeated in a query string."""
        schemas = self.arguments.model_json_schema(schema_generator=SchemaGenerator)["properties"]
        return frozenset(name for name, schema in schemas.items() if schema.get("type") == "array")

    @property
    def _is_plain_read(self) -> bool:
        if not self.action.endswith("/read"):
            return False
        schema = self.arguments.model_json_schema(schema_generator=SchemaGenerator)
        return not any(
            "$ref" in str(field) or "object" in str(field.get("type"))
            for field in schema.get("properties", {}).values()
        )


OPERATIONS: dict[str, Operation] = {}
"""Every operation whose module was imported; `load` imports them all."""


def operation(action: str, *, in_registries: bool = False) -> Callable[[F], F]:
    """Make a function of a noun's module an operation that needs the permission `action`.

    Args:
        in_registries: whether it can be asked of a registry too.
    """

    def register(function: F) -> F:
        noun = function.__module__.rpartition(".")[2]
        made = Operation(noun, function.__name__.rstrip("_"), action, function, in_registries)
        OPERATIONS[made.name] = made
        return function

    return register


def load() -> dict[str, Operation]:
    """All operations of all installed nouns."""
    plugins.load_all("features")
    return OPERATIONS


def find(name: str) -> Operation:
    """The operation of this name.

    Raises:
        NotFound: there is none.
    """
    table = load()
    if name not in table:
        raise NotFound(f"There is no operation '{name}'.{did_you_mean(name, table)}")
    return table[name]


def prepare(op: Operation, ws: Workspace, arguments: dict[str, Any]) -> Callable[[], Any]:
    """The call of `op` with checked permission and arguments.

    Raises:
        Denied: the caller's role does not allow it.
        Invalid: an argument is wrong.
    """
    if not ws.principal.may(op.action):
        raise Denied(
            f"'{ws.principal.name}' has the role {ws.principal.role}, which does not allow"
            f" '{op.action}'. An Owner of the workspace can grant a role that does."
        )
    try:
        checked = op.arguments.model_validate(arguments)
    except ValidationError as error:
        raise Invalid.of(problems(op.arguments, error, arguments)) from None
    values = {field: getattr(checked, field) for field in op.arguments.model_fields}
    bound = ws.acting(op.action)
    return lambda: op.function(bound, **values)
