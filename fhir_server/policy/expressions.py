"""The tests of a checklist: small expressions that come out true, false or unknown.

    pain_weeks >= 4 and (conservative_weeks >= 4 or not_tolerated) or zoster_refractory

A name is a field of the element itself; ``ES1.indication`` is one of another element; ``line.``, ``request.`` and
``beneficiary.`` name what the request holds (`fhir_server.policy.request_facts`). What nobody said is ``None``, and a
comparison with it is unknown; ``and``, ``or`` and ``not`` are those of Kleene's three-valued logic. Python's own
grammar is used to read an expression; nothing of Python is run.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, TypeAlias

Value: TypeAlias = Any
"""bool, int, float, str, date, a tuple of str, or ``None`` for unknown."""
Name: TypeAlias = tuple[str, str]
"""An element (or ``line``, ``request``, ``beneficiary``) and its field."""
Scope: TypeAlias = Mapping[Name, Value]
Evaluation: TypeAlias = Callable[[Scope], Value]

REQUEST_PARTS = frozenset({"line", "request", "beneficiary"})


class ExpressionInvalid(ValueError):
    """The text is no expression of this language; the message says why."""


@dataclass(frozen=True, slots=True)
class Expression:
    """A test, ready to run. ``names`` are all that it looks at, in their order."""

    text: str
    names: tuple[Name, ...]
    evaluate: Evaluation

    def __call__(self, scope: Scope) -> bool | None:
        """Return whether the test is passed; ``None`` where what is known does not tell."""
        value = self.evaluate(scope)
        return None if value is None else bool(value)


def compile_expression(text: str, element: str) -> Expression:
    """Return *text* as a test of *element*; raise `ExpressionInvalid`."""
    try:
        tree = ast.parse(text.strip(), mode="eval")
    except (SyntaxError, ValueError, RecursionError):
        raise ExpressionInvalid(f"{text!r} cannot be read") from None
    compiler = _Compiler(element)
    evaluate = compiler.compile(tree.body)
    return Expression(text, tuple(dict.fromkeys(compiler.names)), evaluate)


# Kleene's logic: false decides an `and`, true decides an `or`, whatever is unknown beside it.


def all_of(values: Iterator[Value] | Sequence[Value]) -> bool | None:
    """Return whether every value is true."""
    unknown = False
    for value in values:
        if value is None:
            unknown = True
        elif not value:
            return False
    return None if unknown else True


def any_of(values: Iterator[Value] | Sequence[Value]) -> bool | None:
    """Return whether a value is true."""
    unknown = False
    for value in values:
        if value is None:
            unknown = True
        elif value:
            return True
    return None if unknown else False


def at_least(least: int, *values: Value) -> bool | None:
    """Return whether *least* or more of the values are true."""
    true = sum(1 for value in values if value)
    unknown = sum(1 for value in values if value is None)
    if true >= least:
        return True
    return None if true + unknown >= least else False


def _days(earlier: date, later: date) -> int:
    return (later - earlier).days


def _weeks(earlier: date, later: date) -> float:
    return (later - earlier).days / 7


def _within_months(earlier: date, later: date, months: float) -> bool:
    """Whether *later* is not before *earlier*, and not after the same day of the month so many months on."""
    return earlier <= later <= _months_after(earlier, int(months))


def _months_after(day: date, months: int) -> date:
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    for last in (day.day, 30, 29, 28):
        try:
            return date(year, month + 1, last)
        except ValueError:
            continue
    raise ValueError("no such month")


def _at_least_months(earlier: date, later: date, months: float) -> bool:
    """Whether *later* is so many months after *earlier*, or more."""
    return later >= _months_after(earlier, int(months))


def _count(chosen: tuple[str, ...]) -> int:
    return len(chosen)


def _some(chosen: tuple[str, ...], *among: str) -> bool:
    """Whether a choice was made that is not ``none``; where *among* is given, one of those."""
    return bool(set(chosen) & set(among)) if among else bool(set(chosen) - {"none"})


def _has(codes: tuple[str, ...], *wanted: str) -> bool:
    """Whether one of the codes is wanted; a wanted code that ends in a dash takes in all that begin with it."""
    exact = {code for code in wanted if not code.endswith("-")}
    families = tuple(code[:-1] for code in wanted if code.endswith("-"))
    return any(code in exact or (families and code.startswith(families)) for code in codes)


def _same_text(one: str, other: str) -> bool:
    """Whether two texts are the same but for case and blanks."""
    return " ".join(one.split()).casefold() == " ".join(other.split()).casefold()


# Functions of known values: unknown as soon as one argument is.
STRICT: dict[str, Callable[..., Value]] = {
    "days": _days,
    "weeks": _weeks,
    "within_months": _within_months,
    "at_least_months": _at_least_months,
    "count": _count,
    "some": _some,
    "has": _has,
    "same_text": _same_text,
}
# Functions that say themselves what they make of the unknown.
LENIENT: dict[str, Callable[..., Value]] = {
    "all": lambda *values: all_of(values),
    "any": lambda *values: any_of(values),
    "none": lambda *values: _negated(any_of(values)),
    "at_least": at_least,
    "answered": lambda value: value is not None,
    "stated": lambda value: True if value is not None and value not in ("", ()) else None,
}
_ARITHMETIC: dict[type[ast.operator], Callable[[Value, Value], Value]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}
_COMPARISONS: dict[type[ast.cmpop], Callable[[Value, Value], bool]] = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.In: lambda value, among: value in among,
    ast.NotIn: lambda value, among: value not in among,
}
_CONSTANTS: dict[str, bool] = {"true": True, "false": False}


def _negated(value: bool | None) -> bool | None:
    return None if value is None else not value


class _Compiler:
    """Turns a syntax tree into one closure; notes the names on the way."""

    def __init__(self, element: str) -> None:
        self._element = element
        self.names: list[Name] = []

    def compile(self, node: ast.expr) -> Evaluation:
        match node:
            case ast.Constant(value=bool() | int() | float() | str() as constant):
                return lambda scope: constant
            case ast.Name(id=name) if name in _CONSTANTS:
                constant = _CONSTANTS[name]
                return lambda scope: constant
            case ast.Name(id=name):
                return self._lookup((self._element, name))
            case ast.Attribute(value=ast.Name(id=part), attr=field):
                return self._lookup((part, field))
            case ast.BoolOp(op=op, values=values):
                return self._junction(op, [self.compile(each) for each in values])
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                inner = self.compile(operand)
                return lambda scope: _negated(_truth(inner(scope)))
            case ast.Compare():
                return self._comparison(node)
            case ast.BinOp(left=left, op=binary, right=right) if type(binary) in _ARITHMETIC:
                return _strict(_ARITHMETIC[type(binary)], [self.compile(left), self.compile(right)])
            case ast.Tuple(elts=items) | ast.List(elts=items):
                return _constant_tuple(items)
            case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]):
                return self._call(name, [self.compile(each) for each in arguments])
        raise ExpressionInvalid(f"{ast.unparse(node)!r} is not part of this language")

    def _lookup(self, name: Name) -> Evaluation:
        self.names.append(name)
        return lambda scope: scope.get(name)

    def _junction(self, op: ast.boolop, parts: list[Evaluation]) -> Evaluation:
        join = all_of if isinstance(op, ast.And) else any_of
        return lambda scope: join(part(scope) for part in parts)

    def _comparison(self, node: ast.Compare) -> Evaluation:
        sides = [self.compile(each) for each in (node.left, *node.comparators)]
        tests = [_COMPARISONS.get(type(op)) for op in node.ops]
        if None in tests:
            raise ExpressionInvalid(f"{ast.unparse(node)!r} compares in a way that is not part of this language")
        pairs = [
            _strict(test, [left, right]) for test, left, right in zip(tests, sides, sides[1:], strict=False) if test
        ]
        return pairs[0] if len(pairs) == 1 else lambda scope: all_of(pair(scope) for pair in pairs)

    def _call(self, name: str, arguments: list[Evaluation]) -> Evaluation:
        if name in STRICT:
            return _strict(STRICT[name], arguments)
        if name in LENIENT:
            function = LENIENT[name]
            return lambda scope: function(*(argument(scope) for argument in arguments))
        raise ExpressionInvalid(f"the function {name} is unknown")


def _truth(value: Value) -> bool | None:
    return None if value is None else bool(value)


def _strict(function: Callable[..., Value], arguments: list[Evaluation]) -> Evaluation:
    """Return the function of the arguments' values; what cannot be worked out (another type) is unknown."""

    def evaluate(scope: Scope) -> Value:
        values = [argument(scope) for argument in arguments]
        if any(value is None for value in values):
            return None
        try:
            return function(*values)
        except (TypeError, ValueError, ArithmeticError):
            return None

    return evaluate


def _constant_tuple(items: list[ast.expr]) -> Evaluation:
    values: list[Value] = []
    for item in items:
        if not isinstance(item, ast.Constant):
            raise ExpressionInvalid("a list may only hold constants")
        values.append(item.value)
    constant = tuple(values)
    return lambda scope: constant
