"""The parts of a parsed expression. ``position`` is where a part begins in the text."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Literal:
    """A value that stands in the expression. ``type_name`` is its type in FHIRPath's own system, e.g. ``Integer``."""

    text: str
    type_name: str
    position: int


@dataclass(frozen=True, slots=True)
class QuantityLiteral:
    """A number with a unit: UCUM (``5 'mg'``) or a word of the calendar (``5 days``)."""

    number: str
    unit: str
    calendar: bool
    position: int


@dataclass(frozen=True, slots=True)
class Empty:
    """The empty collection, ``{}``."""

    position: int


@dataclass(frozen=True, slots=True)
class Variable:
    """What a name with ``%`` stands for."""

    name: str
    position: int


@dataclass(frozen=True, slots=True)
class Context:
    """``$this``, ``$index`` or ``$total``."""

    name: str
    position: int


@dataclass(frozen=True, slots=True)
class Member:
    """The children of a name."""

    name: str
    position: int


@dataclass(frozen=True, slots=True)
class Call:
    """A function on what stands before it."""

    name: str
    arguments: tuple[Syntax, ...]
    position: int


@dataclass(frozen=True, slots=True)
class Path:
    """A step from what a source leads to."""

    source: Syntax
    step: Member | Call
    position: int


@dataclass(frozen=True, slots=True)
class Binary:
    """An operator between two operands."""

    operator: str
    left: Syntax
    right: Syntax
    position: int


@dataclass(frozen=True, slots=True)
class Sign:
    """A number with its sign: ``+`` or ``-``."""

    operator: str
    operand: Syntax
    position: int


@dataclass(frozen=True, slots=True)
class TypeOperation:
    """``operand is Type`` or ``operand as Type``; the type may be qualified (``System.String``)."""

    operator: str
    operand: Syntax
    type_name: str
    position: int


Syntax = Literal | QuantityLiteral | Empty | Variable | Context | Member | Call | Path | Binary | Sign | TypeOperation
