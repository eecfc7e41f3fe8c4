"""From a parsed expression to functions that Python calls: made once, evaluated often.

Every part becomes an ``Evaluate``; a part whose result is a truth value becomes a ``Truth``, and is wrapped where a
collection is wanted. Nothing is looked up by name while an expression is evaluated but the children of a node.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import TypeVar

from fhir_server.fhir.fhirpath import comparing
from fhir_server.fhir.fhirpath.arithmetic import calculate, negative
from fhir_server.fhir.fhirpath.errors import EvaluationFailed, ExpressionError
from fhir_server.fhir.fhirpath.functions import FILTERS, FUNCTIONS, PREDICATE_FILTERS, PREDICATES
from fhir_server.fhir.fhirpath.functions.filters import sort
from fhir_server.fhir.fhirpath.nodes import Items, Node
from fhir_server.fhir.fhirpath.operators import COMPARISONS, LOGIC, equals_text, member_of
from fhir_server.fhir.fhirpath.patterns import pattern
from fhir_server.fhir.fhirpath.running import Evaluate, Run, Truth
from fhir_server.fhir.fhirpath.syntax import (
    Binary,
    Call,
    Context,
    Empty,
    Literal,
    Member,
    Path,
    QuantityLiteral,
    Sign,
    Syntax,
    TypeOperation,
    Variable,
)
from fhir_server.fhir.fhirpath.temporal import moment
from fhir_server.fhir.fhirpath.type_operators import as_operator, is_function, is_operator, of_type
from fhir_server.fhir.fhirpath.values import EMPTY, Values, truth

Result = TypeVar("Result")

_URL = "http://hl7.org/fhir/"
_CONSTANTS = {
    "sct": "http://snomed.info/sct",
    "loinc": "http://loinc.org",
    "ucum": "http://unitsofmeasure.org",
    "us-zip": "[0-9]{5}(-[0-9]{4}){0,1}",
}
# What `%` before a name in quotes abbreviates (R4, 2.9.3.2).
_ABBREVIATED = {"vs-": _URL + "ValueSet/", "cs-": _URL, "ext-": _URL + "StructureDefinition/"}
_REGULAR = frozenset(("matches", "matchesFull", "replaceMatches"))
_CALENDAR_CODES = {"week": "wk", "day": "d", "hour": "h", "minute": "min", "second": "s", "millisecond": "ms"}


class Compiler:
    """Compiles the parts of one expression; ``text`` is for its errors."""

    def __init__(self, text: str, values: Values) -> None:
        self._text = text
        self._values = values

    def evaluation(self, syntax: Syntax) -> Evaluate:
        """Return what evaluates a part to a collection. Raises ``ExpressionError``."""
        predicate = self._predicate(syntax)
        if predicate is not None:
            return _wrapped(predicate, self._values)
        match syntax:
            case Path(source, step):
                return _chained(self.evaluation(source), self._step(step))
            case Member():
                return self._entry(syntax)
            case Call():
                return self._call(syntax)
            case Binary():
                return self._binary(syntax)
            case Sign("-", operand):
                values, inner = self._values, self.evaluation(operand)
                return lambda focus, this, run: negative(inner(focus, this, run), values)
            case Sign(_, operand):
                return self.evaluation(operand)
            case TypeOperation(_, operand, type_name):
                return as_operator(self.evaluation(operand), type_name, self._values.types)
            case Context(name):
                return _CONTEXTS[name]
            case Variable(name):
                return self._variable(name)
        return self._constant(syntax)

    def truth(self, syntax: Syntax) -> Truth:
        """Return what evaluates a part to a truth value. Raises ``ExpressionError``."""
        predicate = self._predicate(syntax)
        if predicate is not None:
            return predicate
        evaluation = self.evaluation(syntax)
        return lambda focus, this, run: truth(evaluation(focus, this, run))

    def _predicate(self, syntax: Syntax) -> Truth | None:
        """Return the truth of a part that is one, ``None`` for any other part."""
        match syntax:
            case Binary(operator, left, right) if operator in LOGIC:
                return LOGIC[operator](self.truth(left), self.truth(right))
            case Binary("memberOf", left, right):
                return _member_of(self.evaluation(left), self.evaluation(right))
            case Binary("=" | "!=" as operator, left, Literal(text, "String")):
                wanted = self._values.string(text)
                return equals_text(self.evaluation(left), wanted, negated=operator == "!=")
            case Binary(operator, left, right) if operator in COMPARISONS:
                return _compared(COMPARISONS[operator], self.evaluation(left), self.evaluation(right))
            case TypeOperation("is", operand, type_name):
                return is_operator(self.evaluation(operand), type_name)
            case Path(source, Call() as call):
                test = self._predicate_call(call)
                return None if test is None else _tested(self.evaluation(source), test)
            case Call():
                return self._predicate_call(syntax)
        return None

    def _predicate_call(self, call: Call) -> Truth | None:
        """Return the truth of a function on the focus."""
        name, arguments = call.name, call.arguments
        if name in PREDICATE_FILTERS and len(arguments) == 1:
            apply_filter, criterion = PREDICATE_FILTERS[name].apply, self.truth(arguments[0])
            return lambda focus, this, run: apply_filter(focus, this, run, criterion)
        if name == "is" and len(arguments) == 1:
            return is_function(self._type_name(arguments[0]))
        predicate = PREDICATES.get(name)
        if predicate is None:
            return None
        self._check(call, predicate.minimum, predicate.maximum)
        return _applied(predicate.apply, self._arguments(call))

    def _step(self, step: Member | Call) -> Evaluate:
        return self._member(step.name) if isinstance(step, Member) else self._call_of(step)

    def _call_of(self, call: Call) -> Evaluate:
        predicate = self._predicate_call(call)
        return self._call(call) if predicate is None else _wrapped(predicate, self._values)

    @staticmethod
    def _member(name: str) -> Evaluate:
        def members(focus: Items, this: Node, run: Run) -> Items:
            found: list[Node] = []
            for node in focus:
                node.type.readers[name](node, found)
            return found

        return members

    def _entry(self, member: Member) -> Evaluate:
        """A name at the beginning: with a capital letter it is the type that the focus must be of."""
        name = member.name
        if not name[:1].isupper():
            return self._member(name)
        return lambda focus, this, run: [node for node in focus if name in node.type.lineage]

    def _call(self, call: Call) -> Evaluate:
        name = call.name
        if name in ("as", "ofType"):
            self._check(call, 1, 1)
            return of_type(self._type_name(call.arguments[0]), self._values.types, any_case=name == "as")
        if name == "sort":
            return self._sort(call)
        if name in FILTERS:
            return self._filter(call)
        function = FUNCTIONS.get(name)
        if function is None:
            raise ExpressionError(self._text, call.position, f"unknown function {name!r}")
        self._check(call, function.minimum, function.maximum)
        return _applied(function.apply, self._arguments(call))

    def _filter(self, call: Call) -> Evaluate:
        row = FILTERS[call.name]
        self._check(call, row.minimum, row.maximum)
        compiled = self.truth if row.criteria else self.evaluation
        apply = row.apply
        arguments = [compiled(each) for each in call.arguments]
        if len(arguments) == 1:
            only = arguments[0]
            return lambda focus, this, run: apply(focus, this, run, only)
        return lambda focus, this, run: apply(focus, this, run, *arguments)

    def _sort(self, call: Call) -> Evaluate:
        keys = tuple(
            (self.evaluation(each.operand), True)
            if isinstance(each, Sign) and each.operator == "-"
            else (self.evaluation(each), False)
            for each in call.arguments
        )
        return lambda focus, this, run: sort(focus, run, keys)

    def _arguments(self, call: Call) -> tuple[Evaluate, ...]:
        if call.name in _REGULAR and isinstance(call.arguments[0], Literal):
            try:
                pattern(call.arguments[0].text)
            except EvaluationFailed as problem:
                raise ExpressionError(self._text, call.arguments[0].position, str(problem)) from None
        return tuple(self.evaluation(each) for each in call.arguments)

    def _check(self, call: Call, minimum: int, maximum: int) -> None:
        if not minimum <= len(call.arguments) <= maximum:
            wanted = str(minimum) if minimum == maximum else f"{minimum} to {maximum}"
            raise ExpressionError(self._text, call.position, f"{call.name} takes {wanted} arguments")

    def _type_name(self, syntax: Syntax) -> str:
        match syntax:
            case Member(name):
                return name
            case Path(Member(namespace), Member(name)):
                return f"{namespace}.{name}"
        raise ExpressionError(self._text, syntax.position, "expected the name of a type")

    def _binary(self, binary: Binary) -> Evaluate:
        operator, values = binary.operator, self._values
        left, right = self.evaluation(binary.left), self.evaluation(binary.right)
        if operator == "|":
            return lambda focus, this, run: comparing.distinct([*left(focus, this, run), *right(focus, this, run)])
        return lambda focus, this, run: calculate(operator, left(focus, this, run), right(focus, this, run), values)

    def _variable(self, name: str) -> Evaluate:
        if name in _VARIABLES:
            return _VARIABLES[name]
        text = _CONSTANTS.get(name)
        for prefix, url in _ABBREVIATED.items():
            if name.startswith(prefix):
                text = url + name.removeprefix(prefix)
        if text is not None:
            return _always(self._values.string(text))
        return lambda focus, this, run: run.variables.get(name, EMPTY) if run.variables else EMPTY

    def _constant(self, syntax: Syntax) -> Evaluate:
        values = self._values
        match syntax:
            case Empty():
                return _always(EMPTY)
            case QuantityLiteral(number, unit, calendar):
                code = _CALENDAR_CODES.get(unit.removesuffix("s")) if calendar else unit
                return _always(values.quantity(Decimal(number), unit if calendar else None, code))
            case Literal(text, "Boolean"):
                return _always(values.boolean(text == "true"))
            case Literal(text, "Integer", position):
                try:
                    return _always(values.integer(int(text)))
                except EvaluationFailed as problem:
                    raise ExpressionError(self._text, position, str(problem)) from None
            case Literal(text, "Decimal"):
                return _always(values.decimal(Decimal(text)))
            case Literal(text, "Date" | "DateTime" as type_name, position):
                try:
                    moment(text)
                except EvaluationFailed as problem:
                    raise ExpressionError(self._text, position, str(problem)) from None
                return _always(values.of(type_name, text))
            case Literal(text, type_name):
                return _always(values.of(type_name, text))
        raise ExpressionError(self._text, syntax.position, "no expression")


def _compared(compare: Callable[[Items, Items], bool | None], left: Evaluate, right: Evaluate) -> Truth:
    return lambda focus, this, run: compare(left(focus, this, run), right(focus, this, run))


def _member_of(left: Evaluate, right: Evaluate) -> Truth:
    return lambda focus, this, run: member_of(left(focus, this, run), right(focus, this, run), run)


_CONTEXTS: Mapping[str, Evaluate] = {
    "this": lambda focus, this, run: (this,),
    "index": lambda focus, this, run: run.values.integer(run.index),
    "total": lambda focus, this, run: run.total,
}
_VARIABLES: Mapping[str, Evaluate] = {
    "context": lambda focus, this, run: (run.context,),
    "resource": lambda focus, this, run: run.resource(run.scope.resource),
    "rootResource": lambda focus, this, run: run.resource(run.scope.root),
}


def _always(items: Items) -> Evaluate:
    return lambda focus, this, run: items


def _wrapped(test: Truth, values: Values) -> Evaluate:
    boolean = values.boolean
    return lambda focus, this, run: boolean(test(focus, this, run))


def _chained(source: Evaluate, step: Evaluate) -> Evaluate:
    return lambda focus, this, run: step(source(focus, this, run), this, run)


def _tested(source: Evaluate, test: Truth) -> Truth:
    return lambda focus, this, run: test(source(focus, this, run), this, run)


def _applied(apply: Callable[..., Result], arguments: tuple[Evaluate, ...]) -> Callable[[Items, Node, Run], Result]:
    """Call a function with the values of its arguments, which are evaluated on ``$this``."""
    if not arguments:
        return lambda focus, this, run: apply(run, focus)
    if len(arguments) == 1:
        only = arguments[0]
        return lambda focus, this, run: apply(run, focus, only((this,), this, run))
    return lambda focus, this, run: apply(run, focus, *[each((this,), this, run) for each in arguments])
