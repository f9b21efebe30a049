"""Filters of MLTable, `col("age") > 20 and not (col("x") == "a")`, as SQL. Parsed, never evaluated."""

from __future__ import annotations

import ast
import math
from collections.abc import Collection

from jupyter_mlws.entities.errors import Invalid
from jupyter_mlws.entities.validation import did_you_mean

COMPARED = {
    ast.Eq: "=",
    ast.NotEq: "<>",
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
}
COUNTED = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.Mod: "%"}
MAX_LENGTH = 10_000


def quoted(name: str) -> str:
    """A name of a column in SQL."""
    return '"' + name.replace('"', '""') + '"'


def text(value: str) -> str:
    """A text in SQL."""
    return "'" + value.replace("'", "''") + "'"


def to_sql(expression: str, columns: Collection[str]) -> str:
    """A filter as a condition in SQL.

    Raises:
        Invalid: it is no such expression, or names a column that is not there.
    """
    if len(expression) > MAX_LENGTH:
        raise Invalid.field("filter", "is too long.")
    try:
        tree = ast.parse(expression.strip(), mode="eval")
        return _Condition(columns).sql(tree.body)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        reason = getattr(error, "msg", "") or str(error)
        raise Invalid.field("filter", f"'{expression:.200}' is no filter: {reason}.") from None


class _Condition:
    def __init__(self, columns: Collection[str]) -> None:
        self._columns = columns

    def sql(self, node: ast.expr) -> str:
        match node:
            case ast.BoolOp(op=op, values=values):
                word = " AND " if isinstance(op, ast.And) else " OR "
                return "(" + word.join(self.sql(value) for value in values) + ")"
            case ast.BinOp(left=left, op=ast.BitAnd() | ast.BitOr() as op, right=right):
                word = "AND" if isinstance(op, ast.BitAnd) else "OR"
                return f"({self.sql(left)} {word} {self.sql(right)})"
            case ast.BinOp(left=left, op=op, right=right) if type(op) in COUNTED:
                return f"({self.sql(left)} {COUNTED[type(op)]} {self.sql(right)})"
            case ast.UnaryOp(op=ast.Not() | ast.Invert(), operand=inner):
                return f"(NOT {self.sql(inner)})"
            case ast.UnaryOp(op=ast.USub(), operand=inner):
                return f"(-{self.sql(inner)})"
            case ast.Compare(left=left, ops=ops, comparators=others):
                parts = []
                for compared, other in zip(ops, others, strict=True):
                    parts.append(self._compared(left, compared, other))
                    left = other
                return "(" + " AND ".join(parts) + ")"
            case ast.Call(
                func=ast.Name(id="col"), args=[ast.Constant(value=str(name))], keywords=[]
            ):
                return self._column(name)
            case ast.Subscript(value=ast.Name(), slice=ast.Constant(value=str(name))):
                return self._column(name)
            case ast.Call(func=ast.Attribute(value=inner, attr=method), args=args, keywords=[]):
                return self._called(inner, method, args)
            case ast.Constant(value=value):
                return _constant(value)
        raise ValueError(f"'{ast.unparse(node):.80}' cannot stand in it")

    def _column(self, name: str) -> str:
        if name not in self._columns:
            known = ", ".join(list(self._columns)[:20])
            raise Invalid.field(
                "filter",
                f"there is no column '{name}' (there are: {known}).{did_you_mean(name, self._columns)}",
            )
        return quoted(name)

    def _compared(self, left: ast.expr, op: ast.cmpop, right: ast.expr) -> str:
        here = self.sql(left)
        is_none = isinstance(right, ast.Constant) and right.value is None
        if isinstance(op, (ast.Eq, ast.Is)) and is_none:
            return f"({here} IS NULL)"
        if isinstance(op, (ast.NotEq, ast.IsNot)) and is_none:
            return f"({here} IS NOT NULL)"
        if isinstance(op, (ast.In, ast.NotIn)) and isinstance(
            right, (ast.List, ast.Tuple, ast.Set)
        ):
            values = ", ".join(self.sql(item) for item in right.elts)
            return f"({here} {'NOT ' if isinstance(op, ast.NotIn) else ''}IN ({values}))"
        if type(op) in COMPARED:
            return f"({here} {COMPARED[type(op)]} {self.sql(right)})"
        raise ValueError("this comparison cannot stand in it")

    def _called(self, inner: ast.expr, method: str, args: list[ast.expr]) -> str:
        here = self.sql(inner)
        names = {"startswith": "starts_with", "endswith": "ends_with", "contains": "contains"}
        if method in names and len(args) == 1:
            return f"{names[method]}(CAST({here} AS VARCHAR), {self.sql(args[0])})"
        if method in ("is_null", "isnull") and not args:
            return f"({here} IS NULL)"
        raise ValueError(f"there is no '.{method}' in it")


def _constant(value: object) -> str:
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, str):
        return text(value)
    if isinstance(value, int) or (isinstance(value, float) and math.isfinite(value)):
        return repr(value)
    raise ValueError(f"{value!r:.80} cannot stand in it")
