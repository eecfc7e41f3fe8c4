"""Letters: what people are sent, as it was written, with its form for paper when there is one."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import bindparam, func, insert, select

from fhir_server.authorization.caller import Role
from fhir_server.authorization.events import LetterKind
from fhir_server.errors import NotFound
from fhir_server.store.outgoing_tables import letter, letter_pdf
from fhir_server.store.repository import Repository
from fhir_server.store.statements import Statement
from fhir_server.store.values import utc_text


@dataclass(frozen=True, slots=True)
class Letter:
    """A letter about the event ``about`` of ``case``, or about an exemption, which belongs to no case.

    ``document_reference`` is its FHIR DocumentReference as JSON. The store fills in ``owner``.
    """

    number: str
    kind: LetterKind
    created_at: str
    text: str = field(repr=False)
    html: str = field(repr=False)
    document_reference: str = field(repr=False)
    case: str | None = None
    about: int | None = None
    owner: str = ""


_columns = letter.c
_READ = select(
    _columns.number,
    _columns.kind,
    _columns.created_at,
    _columns.text,
    _columns.html,
    _columns.document_reference,
    _columns.case_number,
    _columns.about_event,
    _columns.owner,
)
_KEEP = Statement(insert(letter))
_GET = Statement(_READ.where(_columns.number == bindparam("sought")))
_OF_CASE = Statement(
    _READ.where(_columns.case_number == bindparam("case")).order_by(_columns.created_at, _columns.number)
)
_COUNT = Statement(select(func.count()).select_from(letter).where(_columns.case_number == bindparam("case")))
_KNOWN = Statement(
    select(_columns.number).where(
        _columns.case_number == bindparam("case"),
        _columns.kind == bindparam("sought"),
        _columns.about_event == bindparam("about"),
    )
)
_KEEP_PDF = Statement(insert(letter_pdf))
_PDF = Statement(select(letter_pdf.c.content).where(letter_pdf.c.number == bindparam("sought")))
_WITHOUT_PDF = Statement(
    select(_columns.number)
    .where(~select(letter_pdf.c.number).where(letter_pdf.c.number == _columns.number).exists())
    .order_by(_columns.created_at, _columns.number)
    .limit(bindparam("most"))
)


class Letters(Repository):
    """The letters of the store. They are added and never changed."""

    __slots__ = ()

    def next_number(self, case: str) -> str:
        """Return the number that the next letter of *case* has: the case's, and how many there are."""
        self._unit.heads.of(case)
        [[count]] = self._rows(_COUNT, {"case": case})
        return f"{case}-L{count + 1}"

    def keep(self, written: Letter) -> bool:
        """Store a letter for the owner of its case, else for the caller.

        Returns False where a letter of this kind about this event was written before. Raises `ConstraintBroken` for one
        that tells another decision than the event does.
        """
        unit = self._unit
        owner = unit.heads.of(written.case).owner if written.case else unit.guard(unit.caller.client)
        about = {"case": written.case, "sought": written.kind, "about": written.about}
        if written.case and self._row(_KNOWN, about) is not None:
            return False
        self._run(
            _KEEP,
            {
                "number": written.number,
                "case_number": written.case,
                "owner": owner,
                "kind": written.kind,
                "about_event": written.about,
                "created_at": written.created_at,
                "text": written.text,
                "html": written.html,
                "document_reference": written.document_reference,
            },
        )
        return True

    def get(self, number: str) -> Letter:
        """Return the letter; raise `NotFound` where there is none, `NotAllowed` where it is another client's."""
        row = self._row(_GET, {"sought": number})
        if row is None:
            raise NotFound.because("There is no such letter.", "Ask for the letters of the case.")
        found = Letter(*row)
        self._unit.guard(found.owner)
        return found

    def of(self, case: str) -> tuple[Letter, ...]:
        """Return the letters of *case* in the order in which they were written."""
        self._unit.heads.of(case)
        return tuple(Letter(*row) for row in self._rows(_OF_CASE, {"case": case}))

    def keep_pdf(self, number: str, pdf: bytes, at: datetime) -> bool:
        """Store the letter's form for paper; return False where it has one."""
        self.get(number)
        if self.pdf(number) is not None:
            return False
        self._run(_KEEP_PDF, {"number": number, "made_at": utc_text(at), "content": pdf})
        return True

    def pdf(self, number: str) -> bytes | None:
        """Return the letter's form for paper, ``None`` before it was made."""
        self.get(number)
        row = self._row(_PDF, {"sought": number})
        return None if row is None else bytes(row[0])

    def without_pdf(self, most: int = 100) -> tuple[str, ...]:
        """Return the numbers of letters that have no form for paper yet, oldest first. For operators."""
        self._unit.caller.require(Role.OPERATOR)
        return tuple(row[0] for row in self._rows(_WITHOUT_PDF, {"most": most}))
