"""The error tree: one class for each thing a caller can do about it.

MlwsError
├── Invalid            fix the input
├── Unauthenticated    send a valid token
├── Denied             ask for access
├── NotFound           check the name
├── AlreadyExists      choose another name
├── Conflict           look again: the state has moved on
├── Unavailable        try again
└── PluginMissing      install it
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong with an input.

    Attributes:
        message: what is wrong and the way out.
        field: dotted path of the field, such as `inputs.lr`; empty for the whole.
        line: line in `file`, counted from 1; None where the input was no file.
        file: path of the file as the user gave it.
        here: whether the input is right as such, and only this workspace cannot do it.
    """

    message: str
    field: str = ""
    line: int | None = None
    file: str | None = None
    here: bool = False

    def __str__(self) -> str:
        where = ":".join(str(part) for part in (self.file, self.line) if part is not None)
        return ": ".join(part for part in (where, self.field, self.message) if part)


class MlwsError(Exception):
    """Something a caller can act on; `code` names it on the wire."""

    code = "INTERNAL"

    def __init__(self, message: str, *, problems: Sequence[Problem] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.problems = tuple(problems)

    def to_dict(self) -> dict[str, Any]:
        """The error as the wire carries it."""
        body: dict[str, Any] = {"code": self.code, "message": self.message}
        if self.problems:
            body["problems"] = [asdict(problem) for problem in self.problems]
        return body


class Invalid(MlwsError):
    """The input is wrong; `problems` says where."""

    code = "INVALID"

    @classmethod
    def of(cls, problems: Sequence[Problem]) -> Invalid:
        """One error that tells all of `problems`."""
        return cls("\n".join(str(problem) for problem in problems), problems=problems)

    def below(self, field: str) -> Invalid:
        """The same error of a part that stands at `field` of something larger."""
        problems = self.problems or (Problem(self.message),)
        return Invalid.of(
            [replace(p, field=".".join(filter(None, (field, p.field)))) for p in problems]
        )

    @classmethod
    def field(cls, field: str, message: str) -> Invalid:
        """The error of a single field."""
        return cls.of([Problem(message, field)])


class Unauthenticated(MlwsError):
    """Nobody is known by this token."""

    code = "UNAUTHENTICATED"


class Denied(MlwsError):
    """The caller is known and may not do this."""

    code = "DENIED"


class NotFound(MlwsError):
    """There is no such thing."""

    code = "NOT_FOUND"


class AlreadyExists(MlwsError):
    """The name is taken."""

    code = "ALREADY_EXISTS"


class Conflict(MlwsError):
    """The thing is not in a state in which this can be done."""

    code = "CONFLICT"


class Unavailable(MlwsError):
    """It cannot be done now; it may be possible later."""

    code = "UNAVAILABLE"


class PluginMissing(MlwsError):
    """The record is of a type whose plug-in is not installed."""

    code = "PLUGIN_MISSING"


BY_CODE: dict[str, type[MlwsError]] = {
    cls.code: cls
    for cls in (
        MlwsError,
        Invalid,
        Unauthenticated,
        Denied,
        NotFound,
        AlreadyExists,
        Conflict,
        Unavailable,
        PluginMissing,
    )
}


def from_dict(body: dict[str, Any]) -> MlwsError:
    """The error that `to_dict` wrote, as the same class."""
    cls = BY_CODE.get(str(body.get("code")), MlwsError)
    problems = [Problem(**problem) for problem in body.get("problems", ())]
    return cls(str(body.get("message", "")), problems=problems)
