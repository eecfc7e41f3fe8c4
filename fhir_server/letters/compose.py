"""A letter, composed from its content by the words of ``letters.yaml`` and ``sections.yaml``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial

from fhir_server.authorization.events import LetterKind
from fhir_server.letters.content import CaseMatter, ExemptionMatter, LetterContent
from fhir_server.letters.fields import FIELDS
from fhir_server.letters.letter import Block, Item, Items, Letter, Paragraph, Particular, Party, Section, Table
from fhir_server.letters.shown import SHOWN
from fhir_server.letters.wording import BlockRow, LetterRow, SectionRow, Sentence, fields_in, wording
from fhir_server.letters.words import clean, day, day_of, person_lines, person_name, provider_lines
from fhir_server.policy.extraction import member_id

SANDBOX_NOTICE = "SANDBOX: this is a test. It is no real decision about anybody."
SHOWN_OF_MEMBER = 4
EXEMPTIONS: frozenset[LetterKind] = frozenset({"exemption-granted", "exemption-removed"})


class LetterIncomplete(Exception):
    """A letter lacks what it must hold; the message names the fields, never their content."""


def compose_letter(kind: LetterKind, content: LetterContent) -> Letter:
    """Return the letter of *kind*; the same content makes the same letter.

    Raises `LetterIncomplete` where a fact that the letter must hold is not known.
    """
    words = wording()
    row = words.letters[kind]
    if (kind in EXEMPTIONS) is not isinstance(content.matter, ExemptionMatter):
        raise LetterIncomplete(f"A letter of kind {kind} is not made from {type(content.matter).__name__}.")
    known = {name: value for name, field in FIELDS.items() if (value := field(content)) is not None}
    if missing := [name for name in row.needs if name not in known]:
        raise LetterIncomplete(f"A letter of kind {kind} cannot be without {', '.join(missing)}.")
    sections = (_section(each, content, known) for each in words.sections_of(row))
    return Letter(
        number=clean(content.number),
        kind=kind,
        subject=row.subject,
        sender=Party("From", (clean(content.sender.name),)),
        recipient=_recipient(content),
        particulars=tuple(_particulars(content)),
        sections=tuple(each for each in sections if each.blocks),
        copies=_copies(row, content),
        notice=SANDBOX_NOTICE if content.sandbox else None,
    )


def _recipient(content: LetterContent) -> Party:
    matter = content.matter
    return Party("To", provider_lines(matter.request.requester if isinstance(matter, CaseMatter) else matter.provider))


def _copies(row: LetterRow, content: LetterContent) -> tuple[Party, ...]:
    if row.copy_to_beneficiary and isinstance(content.matter, CaseMatter):
        return (Party("Copy to the beneficiary", person_lines(content.matter.request.beneficiary)),)
    return ()


def _particulars(content: LetterContent) -> Iterator[Particular]:
    """Yield the facts by which the letter is filed."""
    yield Particular("Date", day(content.dated))
    yield Particular("Letter number", clean(content.number))
    if isinstance(content.matter, ExemptionMatter):
        yield Particular("Provider", f"NPI {clean(content.matter.npi)}")
        return
    matter = content.matter
    yield Particular("Case number", clean(matter.case))
    if sent := next((each.value for each in matter.request.identifiers if each.value), None):
        yield Particular("Your request number", clean(sent))
    if matter.determination.clock:
        yield Particular("Received", day_of(matter.determination.clock.received_on) or "")
    yield Particular("Beneficiary", person_name(matter.request.beneficiary.names) or "not named")
    if member := member_id(matter.request):
        yield Particular("Medicare number", f"ending in {clean(member)[-SHOWN_OF_MEMBER:]}")
    if given := FIELDS["tracking_number"](content):
        yield Particular("Tracking number (UTN)", given)


def _section(row: SectionRow, content: LetterContent, known: Mapping[str, str]) -> Section:
    return Section(row.heading, tuple(block for each in row.blocks for block in _blocks(each, content, known)))


def _blocks(row: BlockRow, content: LetterContent, known: Mapping[str, str]) -> Iterator[Block]:
    if row.table:
        yield Table(row.table.caption, row.table.columns, row.table.rows)
    elif row.show:
        yield from SHOWN[row.show](content)
    else:
        told = _told(row.sentences, known)
        if row.text:
            yield from map(Paragraph, told)
        elif told:
            yield Items(tuple(map(Item, told)), numbered=bool(row.steps))


def _told(sentences: Sequence[Sentence], known: Mapping[str, str]) -> tuple[str, ...]:
    """Return the sentences that stand, filled in."""
    stands = partial(_stands, known=known)
    return tuple(each.text.format_map(known) for each in sentences if stands(each))


def _stands(sentence: Sentence, known: Mapping[str, str]) -> bool:
    needed = (*sentence.when, *fields_in(sentence.text))
    return all(name in known for name in needed) and not any(name in known for name in sentence.unless)
