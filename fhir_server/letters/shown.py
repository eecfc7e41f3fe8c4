"""What a letter shows of the case itself: the services line by line, the reasons, the open items."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from fhir_server.authorization.determination import LineDetermination, LineOutcome
from fhir_server.authorization.request import ServiceLine
from fhir_server.authorization.values import Concept, Quantity
from fhir_server.letters.content import CaseMatter, LetterContent
from fhir_server.letters.items import open_items
from fhir_server.letters.letter import Block, Item, Items, Table
from fhir_server.letters.wording import Shown
from fhir_server.letters.words import amount, clean, code_words, joined, service_day

OUTCOMES: dict[LineOutcome, str] = {
    "affirmed": "Affirmed",
    "modified": "Affirmed in part",
    "non-affirmed": "Not affirmed",
    "in-review": "In review",
    "not-required": "No authorization needed",
    "cancelled": "Withdrawn",
    "contact-payer": "Ask the payer",
    "unanswered": "Not reviewed",
}
UNLABELLED = "service without a label of ours"


def services(content: LetterContent) -> Iterator[Block]:
    """Yield the table of the lines: what was asked, and what was decided."""
    if not isinstance(content.matter, CaseMatter):
        return
    matter = content.matter
    decided = {each.sequence: each for each in matter.determination.lines}
    columns: tuple[str, ...] = ("Line", "Code", "Service", "Planned for", "Units asked", "Decision")
    rows = [_row(matter, line, decided.get(line.sequence)) for line in matter.request.lines]
    if any(each.outcome in ("affirmed", "modified") for each in decided.values()):
        columns = (*columns, "Units affirmed")
        rows = [
            (*row, _affirmed(line, decided.get(line.sequence)))
            for row, line in zip(rows, matter.request.lines, strict=True)
        ]
    if rows:
        yield Table("Services, line by line", columns, tuple(rows))


def _row(matter: CaseMatter, line: ServiceLine, decided: LineDetermination | None) -> tuple[str, ...]:
    return (
        str(line.sequence),
        code_words(line.service, line.modifiers),
        _label(matter, line.service),
        service_day(line.serviced),
        amount(line.quantity),
        OUTCOMES[decided.outcome if decided else "unanswered"],
    )


def _label(matter: CaseMatter, service: Concept) -> str:
    """Return our label of a service; the sender's own words stand only where there is no code at all."""
    labels = (matter.labels.get(code.value) for code in service.codes if code.value)
    label = next((each for each in labels if each), None)
    return clean(label or ("" if service.value else service.text or "")) or UNLABELLED


def _affirmed(line: ServiceLine, decided: LineDetermination | None) -> str:
    """Return the affirmed units; what a reduced line comes to is told by what was added in its place."""
    if decided is not None and decided.outcome == "affirmed":
        return amount(line.quantity)
    if decided is not None and decided.outcome == "modified":
        added: list[Quantity | None] = [each.quantity for each in decided.added]
        return ", ".join(map(amount, added)) or "not stated"
    return "none"


def reasons(content: LetterContent) -> Iterator[Block]:
    """Yield the reasons of the lines with their review reason codes, and what else explains the decision.

    Lines with the same reason are told together. Of one that was not reviewed the table says enough, and of a
    dismissal of all lines its own words do.
    """
    if not isinstance(content.matter, CaseMatter):
        return
    determination = content.matter.determination
    lines: dict[tuple[str, tuple[str, ...]], list[int]] = {}
    for line in determination.lines:
        why = (clean(line.reason or ""), tuple(_statements(content.matter, line)))
        if any(why) and line.outcome != "unanswered":
            lines.setdefault(why, []).append(line.sequence)
    dismissed = _dismissed(content.matter)
    told = [
        Item(_told(content.matter, sequences, reason), notes)
        for (reason, notes), sequences in lines.items()
        if notes or reason not in dismissed or len(sequences) < len(determination.lines)
    ]
    said = " ".join((*(each.text for each in told), dismissed))
    told += [Item(text) for each in determination.explanations if (text := clean(each)) and text not in said]
    if told:
        yield Items(tuple(told))


def _told(matter: CaseMatter, sequences: Sequence[int], reason: str) -> str:
    """Return a reason with the lines that it is about."""
    codes = {line.sequence: code_words(line.service, line.modifiers) for line in matter.request.lines}
    word = "Line" if len(sequences) == 1 else "Lines"
    named = ", ".join(codes.get(each, "no code") for each in sequences)
    return f"{word} {joined(map(str, sequences))} ({named}): {reason or 'see the code'}"


def _dismissed(matter: CaseMatter) -> str:
    dismissal = matter.determination.dismissal
    return clean(f"{dismissal.reason} {dismissal.mend}") if dismissal else ""


def _statements(matter: CaseMatter, line: LineDetermination) -> Iterator[str]:
    """Yield the review reason codes of a line, with their texts where these were loaded (wiser.md 4.5)."""
    for code in (code.value for concept in line.reason_codes for code in concept.codes):
        if code:
            statement = matter.statements.get(code)
            yield f"Review reason code {clean(code)}" + (f": {clean(statement)}" if statement else "")


def items(content: LetterContent) -> Iterator[Block]:
    """Yield the list of what is missing or fails."""
    if isinstance(content.matter, CaseMatter) and (found := open_items(content.matter.determination)):
        yield Items(found)


SHOWN: dict[Shown, Callable[[LetterContent], Iterator[Block]]] = {
    "services": services,
    "reasons": reasons,
    "items": items,
}
