"""The criteria of a category held against the evidence: met, not met or unknown, each with what it rests on.

Pure. An element that counts and is not met in the three-valued sense leaves a gap; a line without gaps may be affirmed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from fhir_server.authorization.determination import CriterionFinding, CriterionGap, CriterionResult
from fhir_server.policy.answers import Answers
from fhir_server.policy.criteria import Checklist, Criterion, Field
from fhir_server.policy.expressions import REQUEST_PARTS, Expression, Name, Value, compile_expression
from fhir_server.policy.request_facts import REQUEST_FACTS, Asked

CLINICAL_RECORDS = "clinical-records"
"""The element that stands for the records as such: at least one has to come with the answers (S-04)."""


@dataclass(frozen=True, slots=True)
class PreparedElement:
    """An element with its expressions compiled. ``own`` are the names of its fields."""

    criterion: Criterion
    test: Expression | None
    applies: Expression | None
    own: tuple[Name, ...]
    defaults: tuple[tuple[Name, Value], ...]
    from_request: tuple[tuple[Name, Name], ...]

    def in_force(self, today: date) -> bool:
        """Return whether the row counts for a request of *today*: policies go by the day of the request (G6 6.2)."""
        row = self.criterion
        return row.effective_from <= today and (row.effective_to is None or today <= row.effective_to)


@dataclass(frozen=True, slots=True)
class PreparedChecklist:
    """A checklist, ready to be held against evidence.

    ``asks_of_request`` are the names of what its tests ask of the request itself: lines that agree on all of them come
    to the same findings.
    """

    category: str
    checklist: Checklist
    elements: tuple[PreparedElement, ...]
    fields: Mapping[Name, Field]
    asks_of_request: tuple[Name, ...]


def prepare(category: str, checklist: Checklist) -> PreparedChecklist:
    """Return *checklist* with its expressions compiled; raise `ExpressionInvalid`."""
    elements = tuple(_prepared(each) for each in checklist.elements)
    fields = {(row.id, each.name): each for row in checklist.elements for each in row.fields}
    names = dict.fromkeys(name for each in elements for name in _asks_of_request(each))
    return PreparedChecklist(category, checklist, elements, fields, tuple(names))


def _asks_of_request(element: PreparedElement) -> Iterator[Name]:
    for expression in (element.test, element.applies):
        yield from (name for name in (expression.names if expression else ()) if name in REQUEST_FACTS)
    yield from (fact for _, fact in element.from_request)


def _prepared(row: Criterion) -> PreparedElement:
    return PreparedElement(
        criterion=row,
        test=compile_expression(row.test, row.id) if row.test else None,
        applies=compile_expression(row.applies_if, row.id) if row.applies_if else None,
        own=tuple((row.id, each.name) for each in row.fields),
        defaults=tuple(((row.id, each.name), each.default) for each in row.fields if each.default is not None),
        from_request=tuple(
            ((row.id, each.name), _dotted(each.from_request)) for each in row.fields if each.from_request
        ),
    )


def _dotted(name: str) -> Name:
    part, _, field = name.partition(".")
    return part, field


def weigh(prepared: PreparedChecklist, asked: Sequence[Asked], answers: Answers) -> tuple[CriterionFinding, ...]:
    """Return what every element comes to for the lines *asked*, all of the checklist's category.

    What comes out the same for several lines is one finding that names them.
    """
    groups: dict[tuple[Value, ...], list[Asked]] = {}
    for line in asked:
        groups.setdefault(_of_request(prepared, line), []).append(line)
    found = [_weigh_lines(prepared, lines, answers) for lines in groups.values()]
    findings = found[0] if len(found) == 1 else _merged(prepared, found)
    return (_records(prepared, asked, answers), *findings)


def _of_request(prepared: PreparedChecklist, asked: Asked) -> tuple[Value, ...]:
    return tuple(REQUEST_FACTS[name](asked) for name in prepared.asks_of_request)


def _merged(prepared: PreparedChecklist, found: Sequence[Sequence[CriterionFinding]]) -> list[CriterionFinding]:
    """Return the findings of several groups of lines in the order of the checklist, equal ones as one."""
    merged: dict[CriterionFinding, tuple[int, ...]] = {}
    for finding in (each for group in found for each in group):
        bare = replace(finding, lines=())
        merged[bare] = (*merged.get(bare, ()), *finding.lines)
    order = {row.criterion.id: place for place, row in enumerate(prepared.elements)}
    findings = [replace(bare, lines=lines) for bare, lines in merged.items()]
    return sorted(findings, key=lambda each: order[each.element])


def _records(prepared: PreparedChecklist, asked: Sequence[Asked], answers: Answers) -> CriterionFinding:
    return CriterionFinding(
        element=CLINICAL_RECORDS,
        category=prepared.category,
        kind="R",
        result="met" if answers.clinical else "unknown",
        found="at least one record" if answers.clinical else "no record",
        source="G6 3.1; S-04",
        label="Clinical records",
        lines=tuple(each.line.sequence for each in asked),
        gap=None if answers.clinical else "missing",
    )


def _weigh_lines(prepared: PreparedChecklist, lines: Sequence[Asked], answers: Answers) -> list[CriterionFinding]:
    """Return what the elements come to for *lines*, which agree on all that the checklist asks of the request."""
    asked, numbers = lines[0], tuple(each.line.sequence for each in lines)
    elements = [each for each in prepared.elements if each.in_force(asked.today)]
    known = _known(prepared, elements, asked, answers)
    found: dict[str, CriterionFinding] = {}
    waiting = []
    for element in elements:
        applies = element.applies(known.scope) if element.applies else True
        if applies is None:
            waiting.append(element)
        else:
            found[element.criterion.id] = _held(prepared.category, element, known, numbers, applies=applies)
    for element in waiting:
        applies = not _open_before(element, found)
        found[element.criterion.id] = _held(prepared.category, element, known, numbers, applies=applies)
    return _grouped([found[each.criterion.id] for each in elements])


def _open_before(element: PreparedElement, found: Mapping[str, CriterionFinding]) -> bool:
    """Return whether what tells if the element counts is itself still open: then that is what is missing, not this."""
    names = element.applies.names if element.applies else ()
    before = [found.get(part) for part, _ in names if part not in REQUEST_PARTS]
    return any(each is None or each.gap or each.result == "not applicable" for each in before)


@dataclass(frozen=True, slots=True)
class _Known:
    """All that the tests of a checklist may look at; ``doubts`` are fields without a value, and why."""

    scope: Mapping[Name, Value]
    answers: Answers
    doubts: Mapping[Name, CriterionGap]


def _known(prepared: PreparedChecklist, elements: Iterable[PreparedElement], asked: Asked, answers: Answers) -> _Known:
    scope = {name: value for name in prepared.asks_of_request if (value := REQUEST_FACTS[name](asked)) is not None}
    scope.update(answers.values)
    doubts: dict[Name, CriterionGap] = dict.fromkeys(answers.unreadable, "unreadable")
    doubts.update(dict.fromkeys(answers.conflicting, "conflicting"))
    for element in elements:
        for name, fact in element.from_request:
            told = scope.get(fact)
            if told is not None and scope.setdefault(name, told) != told:
                doubts[name] = "conflicting"
                del scope[name]
        if element.defaults and any(name in scope for name in element.own):
            for name, default in element.defaults:
                if name not in doubts:
                    scope.setdefault(name, default)
    return _Known(scope, answers, doubts)


def _held(
    category: str, element: PreparedElement, known: _Known, lines: tuple[int, ...], *, applies: bool
) -> CriterionFinding:
    row = element.criterion
    result, gap = _outcome(element, known) if applies else ("not applicable", None)
    rationale = known.scope.get((row.id, "rationale"))
    return CriterionFinding(
        element=row.id,
        category=category,
        kind=row.kind,
        result=result,
        found=_found(element, known),
        source=row.source,
        label=row.label,
        lines=lines,
        gap=gap,
        group=row.group,
        rationale=rationale if isinstance(rationale, str) else None,
        evidence=known.answers.pointers.get(row.id, ()),
    )


def _outcome(element: PreparedElement, known: _Known) -> tuple[CriterionResult, CriterionGap | None]:
    row = element.criterion
    if row.kind == "I" or row.basis == "route-only":
        return _informational(element, known)
    if doubt := _doubt(element, known):
        return "unknown", doubt
    passed = element.test(known.scope) if element.test else True
    if passed is False:
        return "not met", "failing"
    if passed is None or (row.document and not known.answers.records.get(row.id)):
        return "unknown", "missing"
    return "met", None


def _informational(element: PreparedElement, known: _Known) -> tuple[CriterionResult, CriterionGap | None]:
    """Nothing is asked for; what was said and speaks against the request goes to a person (S-07)."""
    if _doubt(element, known):
        return "unknown", "doubtful"
    attached = bool(element.criterion.document and known.answers.records.get(element.criterion.id))
    passed = attached or (element.test(known.scope) if element.test else None)
    if passed is False:
        return "not met", "doubtful"
    return ("met" if passed else "unknown"), None


def _doubt(element: PreparedElement, known: _Known) -> CriterionGap | None:
    """Sources that differ say more than one that cannot be read."""
    found = [known.doubts[name] for name in element.own if name in known.doubts] if known.doubts else []
    return "conflicting" if "conflicting" in found else found[0] if found else None


def _found(element: PreparedElement, known: _Known) -> str:
    scope = known.scope
    told = [f"{name[1]} {_words(scope[name])}" for name in element.own if name in scope]
    if known.doubts:
        told += [f"{name[1]} {known.doubts[name]}" for name in element.own if name in known.doubts]
    if element.criterion.document:
        told.append("record attached" if known.answers.records.get(element.criterion.id) else "no record")
    return ", ".join(told) or "nothing stated"


def _words(value: Value) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple):
        return " and ".join(value) or "none"
    return value.isoformat() if isinstance(value, date) else str(value)


def _grouped(findings: Sequence[CriterionFinding]) -> list[CriterionFinding]:
    """Settle groups: where one element is met the others are not asked for; else only those that help are named."""
    named = {name: _named(members) for name, members in _groups(findings)}
    if not named:
        return list(findings)
    return [
        replace(each, gap=None) if each.group and each.gap and each.element not in named[each.group] else each
        for each in findings
    ]


def _groups(findings: Iterable[CriterionFinding]) -> Iterator[tuple[str, list[CriterionFinding]]]:
    members: dict[str, list[CriterionFinding]] = {}
    for each in findings:
        if each.group and each.result != "not applicable":
            members.setdefault(each.group, []).append(each)
    yield from members.items()


def _named(members: Sequence[CriterionFinding]) -> frozenset[str]:
    """Return whose gaps count: none where one is met; else those that were answered, else the required, else all."""
    if any(each.result == "met" for each in members):
        return frozenset()
    answered = [each for each in members if each.gap not in (None, "missing")]
    required = [each for each in members if each.kind == "R"]
    return frozenset(each.element for each in answered or required or members)
