"""The grammar of FHIRPath (N1), as the HL7 validator reads it, by recursive descent."""

from __future__ import annotations

from fhir_server.fhir.fhirpath.errors import ExpressionError
from fhir_server.fhir.fhirpath.lexer import Token, tokens
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

_CALENDAR_WORDS = ("year", "month", "week", "day", "hour", "minute", "second", "millisecond")
CALENDAR_UNITS = frozenset((*_CALENDAR_WORDS, *(f"{word}s" for word in _CALENDAR_WORDS)))
_CONTEXTS = frozenset(("this", "index", "total"))
# From the loosest to the tightest binding (FHIRPath N1, operator precedence).
_PRECEDENCE: tuple[frozenset[str], ...] = (
    frozenset(("implies",)),
    frozenset(("or", "xor")),
    frozenset(("and",)),
    frozenset(("in", "contains", "memberOf")),
    frozenset(("=", "~", "!=", "!~")),
    frozenset(("<", ">", "<=", ">=")),
    frozenset(("|",)),
    frozenset(("is", "as")),
    frozenset(("+", "-", "&")),
    frozenset(("*", "/", "div", "mod")),
)
_LEVELS = {operator: level for level, operators in enumerate(_PRECEDENCE) for operator in operators}
# No guide comes near these; Python's own stack is not for a text to fill.
_DEEPEST, _LONGEST = 50, 200


def parse(text: str) -> Syntax:
    """Return the parsed expression. Raises ``ExpressionError`` with the position where it is no FHIRPath."""
    return _Parser(text).parsed()


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = tokens(text)
        self._next = 0
        self._depth = 0

    def parsed(self) -> Syntax:
        expression = self._expression()
        if self._token.kind != "end":
            raise self._unexpected()
        return expression

    @property
    def _token(self) -> Token:
        return self._tokens[self._next]

    def _take(self) -> Token:
        token = self._tokens[self._next]
        self._next += 1
        return token

    def _is(self, *symbols: str) -> bool:
        token = self._token
        return token.kind == "symbol" and token.text in symbols

    def _expect(self, symbol: str) -> Token:
        if not self._is(symbol):
            raise self._unexpected(f", expected {symbol!r}")
        return self._take()

    def _unexpected(self, expected: str = "") -> ExpressionError:
        token = self._token
        found = "the end" if token.kind == "end" else repr(token.text)
        return ExpressionError(self._text, token.position, f"unexpected {found}{expected}")

    def _expression(self) -> Syntax:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise self._too_long()
        expression = self._operation(0)
        self._depth -= 1
        return expression

    def _operation(self, minimum: int) -> Syntax:
        """Read operands as far as operators bind them at least as tightly as the level *minimum*."""
        left = self._signed()
        for _ in range(_LONGEST):
            token = self._token
            level = _LEVELS.get(token.text, -1) if token.kind in ("symbol", "name") else -1
            if level < minimum:
                return left
            self._take()
            if token.text in ("is", "as"):
                left = TypeOperation(token.text, left, self._type_name(), token.position)
            else:
                left = Binary(token.text, left, self._operation(level + 1), token.position)
        raise self._too_long()

    def _too_long(self) -> ExpressionError:
        return ExpressionError(self._text, self._token.position, "nested too deeply")

    def _type_name(self) -> str:
        grouped = self._is("(")
        if grouped:
            self._take()
        name = self._name()
        if self._is("."):
            self._take()
            name = f"{name}.{self._name()}"
        if grouped:
            self._expect(")")
        return name

    def _name(self) -> str:
        if self._token.kind not in ("name", "quoted"):
            raise self._unexpected(", expected a name")
        return self._take().text

    def _signed(self) -> Syntax:
        signs: list[Token] = []
        while self._is("+", "-"):
            signs.append(self._take())
        if len(signs) > _DEEPEST:
            raise self._too_long()
        operand = self._path()
        for sign in reversed(signs):
            operand = Sign(sign.text, operand, sign.position)
        return operand

    def _path(self) -> Syntax:
        source = self._term()
        for _ in range(_LONGEST):
            if self._is("."):
                position = self._take().position
                source = Path(source, self._step(), position)
            elif self._is("["):
                position = self._take().position
                source = Path(source, Call("item", (self._expression(),), position), position)
                self._expect("]")
            else:
                return source
        raise self._too_long()

    def _step(self) -> Member | Call:
        token = self._token
        quoted = token.kind == "quoted"
        name = self._name()
        if self._is("(") and not quoted:
            return Call(name, self._arguments(), token.position)
        return Member(name, token.position)

    def _arguments(self) -> tuple[Syntax, ...]:
        self._expect("(")
        arguments: list[Syntax] = []
        while not self._is(")"):
            if arguments:
                self._expect(",")
            arguments.append(self._expression())
        self._take()
        return tuple(arguments)

    def _term(self) -> Syntax:
        token = self._token
        match token.kind:
            case "string":
                return Literal(self._take().text, "String", token.position)
            case "number":
                return self._number()
            case "date":
                self._take()
                return Literal(token.text, "DateTime" if "T" in token.text else "Date", token.position)
            case "time":
                return Literal(self._take().text[1:], "Time", token.position)
            case "variable":
                return Variable(self._take().text, token.position)
            case "context":
                return self._context()
            case "name" if token.text in ("true", "false"):
                return Literal(self._take().text, "Boolean", token.position)
            case "name" | "quoted":
                return self._step()
        return self._group()

    def _group(self) -> Syntax:
        if self._is("("):
            self._take()
            expression = self._expression()
            self._expect(")")
            return expression
        if self._is("{"):
            position = self._take().position
            self._expect("}")
            return Empty(position)
        raise self._unexpected()

    def _context(self) -> Syntax:
        token = self._take()
        if token.text not in _CONTEXTS:
            raise ExpressionError(self._text, token.position, f"unknown ${token.text}")
        return Context(token.text, token.position)

    def _number(self) -> Syntax:
        token = self._take()
        unit = self._token
        if unit.kind == "string" or (unit.kind == "name" and unit.text in CALENDAR_UNITS):
            self._take()
            return QuantityLiteral(token.text, unit.text, unit.kind == "name", token.position)
        return Literal(token.text, "Decimal" if "." in token.text else "Integer", token.position)
