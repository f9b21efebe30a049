"""Values of expressions that are the same whenever they are read."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable
from datetime import date, datetime
from typing import Any

_OPERATORS: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
}
_DATES: dict[str, type[date]] = {"date": date, "datetime": datetime}


class NotConstant(ValueError):
    """The value is known only when the code runs."""


def constant(node: ast.expr) -> Any:
    """The value of a literal, of arithmetic of numbers, of `date(…)`, `datetime(…)` or `Path("…")`.

    Raises:
        NotConstant: it is anything else, or it is no value that JSON has.
    """
    try:
        return _value(node)
    except (ArithmeticError, TypeError, ValueError) as error:
        raise NotConstant(f"'{ast.unparse(node)}' is not a constant") from error


def _value(node: ast.expr) -> Any:
    match node:
        case ast.Constant(value=None | bool() | int() | float() | str() as value):
            return value
        case ast.List(elts=items):
            return [_value(item) for item in items]
        case ast.Tuple(elts=items):
            return tuple(_value(item) for item in items)
        case ast.Dict(keys=keys, values=values) if None not in keys:
            return {
                str(_value(k)): _value(v)
                for k, v in zip(keys, values, strict=True)
                if k is not None
            }
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return -_number(operand)
        case ast.UnaryOp(op=ast.UAdd(), operand=operand):
            return _number(operand)
        case ast.BinOp(left=left, op=ast.Pow(), right=right):
            return _power(_number(left), _number(right))
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _OPERATORS:
            return _OPERATORS[type(op)](_number(left), _number(right))
        case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name), args=args, keywords=[]):
            return _call(name, [_value(argument) for argument in args])
    raise NotConstant(ast.unparse(node))


def _number(node: ast.expr) -> int | float:
    value = _value(node)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise NotConstant(ast.unparse(node))
    return value


def _power(base: float, exponent: float) -> int | float:
    """A power small enough to be computed while somebody waits."""
    if abs(exponent) > 64 or abs(base) > 1e6:
        raise NotConstant("the power is too large")
    made = base**exponent
    if isinstance(made, complex):
        raise NotConstant("the power is no real number")
    return float(made) if isinstance(made, float) else int(made)


def _call(name: str, arguments: list[Any]) -> Any:
    if name in _DATES:
        return _DATES[name](*arguments)
    if name == "Path" and len(arguments) == 1 and isinstance(arguments[0], str):
        return arguments[0]
    raise NotConstant(name)
