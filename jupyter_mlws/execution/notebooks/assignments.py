"""Ports from the assignments of a Python cell: annotations, defaults and trailing comments."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from datetime import date, datetime
from typing import Any, cast

from jupyter_mlws.entities.interface import ASSET_TYPES, Port, PortType, Unreadable
from jupyter_mlws.execution.notebooks.constants import NotConstant, constant

_NAMES: dict[str, PortType] = {
    "bool": "boolean",
    "int": "integer",
    "float": "number",
    "complex": "any",
    "str": "string",
    "date": "date",
    "datetime": "datetime",
    "list": "list",
    "List": "list",
    "Sequence": "list",
    "tuple": "list",
    "Tuple": "list",
    "dict": "object",
    "Dict": "object",
    "Mapping": "object",
    "Path": "path",
    "PathLike": "path",
    "File": "file",
    "Folder": "folder",
    "Dataset": "dataset",
    "DataFrame": "dataset",
    "Model": "model",
    "Figure": "figure",
    "Secret": "secret",
    "Any": "any",
    "object": "any",
}
_GUESSES: tuple[tuple[type, PortType], ...] = (
    (bool, "boolean"),
    (int, "integer"),
    (float, "number"),
    (str, "string"),
    (datetime, "datetime"),
    (date, "date"),
    (list, "list"),
    (tuple, "list"),
    (dict, "object"),
)
_BRACKET = re.compile(r"^\[([^\]]*)\]\s*")
_RANGE = re.compile(r"^(?P<low>[^.\s]*(?:\.\d+)?[^.\s]*)\.\.(?P<high>\S*)(?P<log>\s+log)?$")
_LIMIT = re.compile(r"^(>=|<=|>|<)\s*(\S+)$")


class _Unknown(ValueError):
    """An annotation that says no type we know."""


class CellReader:
    """Reads the ports that the assignments of one cell declare.

    Attributes:
        ports: in the order of the cell; a name that stands twice counts as its last assignment.
        unreadable: what the cell says that declares nothing, with the reason.
    """

    def __init__(self, cell_id: str, source: str, *, outputs: bool = False) -> None:
        self._cell_id = cell_id
        self._lines = source.splitlines()
        self._outputs = outputs
        self._found: dict[str, Port] = {}
        self.unreadable: list[Unreadable] = []
        tree = self._parse(source)
        if tree is not None:
            self._comments = _comments("\n".join(self._lines))
            for statement in tree.body:
                self._read(statement)

    @property
    def ports(self) -> list[Port]:
        """What was found."""
        return list(self._found.values())

    def _parse(self, source: str) -> ast.Module | None:
        try:
            return ast.parse(source)
        except SyntaxError:
            self._lines = [
                "" if line.lstrip()[:1] in {"%", "!", "?"} or line.rstrip().endswith("?") else line
                for line in self._lines
            ]
        try:
            return ast.parse("\n".join(self._lines))
        except SyntaxError as error:
            self._refuse(error.lineno or 1, f"the cell is not Python: {error.msg}.")
        except ValueError as error:
            self._refuse(1, f"the cell is not Python: {error}.")
        return None

    def _refuse(self, line: int, reason: str) -> None:
        text = self._lines[line - 1].strip() if line <= len(self._lines) else ""
        self.unreadable.append(
            Unreadable(cell_id=self._cell_id, line=line, text=text, reason=reason)
        )

    def _read(self, statement: ast.stmt) -> None:
        match statement:
            case ast.Import() | ast.ImportFrom() | ast.Pass() | ast.Expr(value=ast.Constant()):
                return
            case ast.AnnAssign(target=ast.Name(id=name)):
                self._add(name, statement, statement.value, statement.annotation)
            case ast.Assign(targets=targets):
                for target in targets:
                    self._assign(target, statement)
            case ast.Expr(value=ast.Name(id=name)) if self._outputs:
                self._add(name, statement, None, None)
            case ast.Expr(value=ast.Tuple(elts=names)) if self._outputs:
                for element in names:
                    if isinstance(element, ast.Name):
                        self._add(element.id, statement, None, None)
            case _:
                self._refuse(statement.lineno, "only plain assignments are read here.")

    def _assign(self, target: ast.expr, statement: ast.Assign) -> None:
        match target, statement.value:
            case ast.Name(id=name), value:
                self._add(name, statement, value, None)
            case ast.Tuple(elts=names), ast.Tuple(elts=values) if len(names) == len(values):
                for element, value in zip(names, values, strict=True):
                    if isinstance(element, ast.Name):
                        self._add(element.id, statement, value, None)
            case _:
                self._refuse(statement.lineno, "only assignments to plain names are read.")

    def _add(
        self, name: str, statement: ast.stmt, value: ast.expr | None, annotation: ast.expr | None
    ) -> None:
        if name.startswith("_"):
            return
        port = Port(name=name)
        is_typed = self._annotate(port, annotation)
        if self._outputs:
            is_known = True
        elif value is None or (isinstance(value, ast.Constant) and value.value is ...):
            port.required = is_known = True
        else:
            is_known = self._default(port, value, is_typed)
        self._describe(port, statement)
        if is_known or is_typed:
            self._found[name] = port
        else:
            self._refuse(
                statement.lineno,
                f"'{name}' is computed: give it a type, such as '{name}: float = …', to make it an input.",
            )

    def _annotate(self, port: Port, annotation: ast.expr | None) -> bool:
        """Whether the annotation gave the type."""
        if annotation is None:
            return False
        try:
            port.type, port.choices = _type_of(annotation)
        except _Unknown as error:
            self._refuse(annotation.lineno, f"{error}; '{port.name}' takes any value.")
        return True

    def _default(self, port: Port, value: ast.expr, is_typed: bool) -> bool:
        """Whether the default's value can be told."""
        try:
            made = constant(value)
        except NotConstant:
            return False
        if not is_typed:
            is_path = isinstance(value, ast.Call) and _last_name(value.func) == "Path"
            guess = next((name for kind, name in _GUESSES if isinstance(made, kind)), "any")
            port.type = "path" if is_path else cast("PortType", guess)
        if isinstance(made, (date, datetime)):
            made = made.isoformat()
        if port.type != "secret":
            port.default = list(made) if isinstance(made, tuple) else made
        return True

    def _describe(self, port: Port, statement: ast.stmt) -> None:
        """Help and limits from the last comment beside the statement."""
        lines = range(statement.end_lineno or statement.lineno, statement.lineno - 1, -1)
        text = next((self._comments[line] for line in lines if line in self._comments), "")
        bracket = _BRACKET.match(text)
        if bracket and _limit(port, bracket[1].strip()):
            text = text[bracket.end() :]
        port.description = text


def _comments(source: str) -> dict[int, str]:
    """Comments that stand behind code, by line."""
    found: dict[int, str] = {}
    try:
        for token in tokenize.generate_tokens(io.StringIO(source).readline):
            if token.type == tokenize.COMMENT and token.line[: token.start[1]].strip():
                found[token.start[0]] = token.string.lstrip("#").strip()
    except (tokenize.TokenError, IndentationError):
        pass
    return found


def _type_of(node: ast.expr) -> tuple[PortType, list[Any] | None]:
    """Type and choices that an annotation says.

    Raises:
        _Unknown: it says neither.
    """
    match node:
        case ast.Constant(value=str(text)):
            try:
                return _type_of(ast.parse(text, mode="eval").body)
            except SyntaxError:
                raise _Unknown(f"'{text}' is no type") from None
        case ast.Constant(value=None):
            return "any", None
        case ast.Name(id=name) | ast.Attribute(attr=name) if name in _NAMES:
            return _NAMES[name], None
        case ast.BinOp(left=left, op=ast.BitOr(), right=right):
            return _union([left, right])
        case ast.Subscript(value=base, slice=index):
            return _generic(_last_name(base), index)
    raise _Unknown(f"'{ast.unparse(node)}' is not a type that inputs and outputs can have")


def _generic(name: str, index: ast.expr) -> tuple[PortType, list[Any] | None]:
    arguments = list(index.elts) if isinstance(index, ast.Tuple) else [index]
    if name == "Literal":
        try:
            choices = [constant(argument) for argument in arguments]
        except NotConstant as error:
            raise _Unknown(str(error)) from None
        kinds = {next((t for k, t in _GUESSES if isinstance(c, k)), "any") for c in choices}
        return (cast("PortType", kinds.pop()) if len(kinds) == 1 else "any"), choices
    if name in {"Annotated", "Optional", "Final", "ClassVar"}:
        return _type_of(arguments[0])
    if name == "Union":
        return _union(arguments)
    if name in _NAMES:
        return _NAMES[name], None
    raise _Unknown(f"'{name}[…]' is not a type that inputs and outputs can have")


def _union(members: list[ast.expr]) -> tuple[PortType, list[Any] | None]:
    found = [
        _type_of(member)
        for member in members
        if not (isinstance(member, ast.Constant) and member.value is None)
    ]
    kinds = {kind for kind, _ in found}
    if len(found) == 1:
        return found[0]
    if kinds == {"integer", "number"}:
        return "number", None
    assets = kinds & ASSET_TYPES
    if len(assets) == 1 and kinds <= assets | {"string", "path"}:
        return assets.pop(), None
    return "any", None


def _last_name(node: ast.expr) -> str:
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
    return ""


def _limit(port: Port, text: str) -> bool:
    """Whether the text between brackets is a range, a limit or choices, which then hold for `port`."""
    if "|" in text:
        port.choices = [_choice(port, word.strip()) for word in text.split("|")]
        return True
    made: dict[str, Any] = {}
    for part in (part.strip() for part in text.split(",")):
        span, limit = _RANGE.match(part), _LIMIT.match(part)
        try:
            if span and (span["low"] or span["high"]):
                made["minimum"] = float(span["low"]) if span["low"] else None
                made["maximum"] = float(span["high"]) if span["high"] else None
                made["log"] = span["log"] is not None
            elif limit:
                made[_LIMITS[limit[1]]] = float(limit[2])
            else:
                return False
        except ValueError:
            return False
    for name, value in made.items():
        setattr(port, name, value)
    return True


_LIMITS = {
    ">=": "minimum",
    "<=": "maximum",
    ">": "exclusive_minimum",
    "<": "exclusive_maximum",
}


def _choice(port: Port, word: str) -> Any:
    """A choice in the type of its input; words in quotation marks lose them."""
    if port.type in {"integer", "number", "any"}:
        try:
            return int(word) if re.fullmatch(r"[+-]?\d+", word) else float(word)
        except ValueError:
            pass
    return word.strip("'\"")
