"""Letters, kept: one about an event, with its event, its PDF and its DocumentReference."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import pytest

from fhir_server.authorization.caller import Caller, Role, operator
from fhir_server.authorization.clocks import clock_of
from fhir_server.authorization.determination import Decider, Determination
from fhir_server.authorization.events import (
    Determined,
    EventData,
    EventKind,
    LetterKind,
    LetterMade,
    Received,
    Reclassified,
    Reopened,
    TrackingNumber,
)
from fhir_server.authorization.states import State
from fhir_server.authorization.values import Code, Concept
from fhir_server.errors import NotAllowed
from fhir_server.fhir import json
from fhir_server.letters.office import LetterOffice
from fhir_server.pas.letters import document_reference
from fhir_server.policy.systems import CERTIFICATION_TYPE
from fhir_server.store.cases import CaseRecord
from fhir_server.store.database import Database
from fhir_server.store.exemptions import ExemptionNotice
from fhir_server.workflow.letters import (
    NO_REASON,
    Correspondence,
    Written,
    keep_notice,
    make_missing_pdfs,
    notice_number,
    write_letter,
)
from tests.letters.contents import (
    AFFIRMED,
    CASE,
    DISMISSED,
    EXEMPTION,
    IN_REVIEW,
    NON_AFFIRMED,
    PACKS,
    PARTIAL,
    RECLASSIFIED,
    REQUEST,
    UTN,
)

AT = datetime(2026, 6, 2, 15, 0, tzinfo=UTC)
SENDER = Caller("clinic", roles=frozenset({Role.SUBMITTER}))
WORKER = operator("worker")
OFFICE = LetterOffice(PACKS, {"TX"}, sandbox=True)
SIMULATED = Decider(kind="simulated", reviewer="Simulated Reviewer", licence="SIMULATED-0001", specialty="208D00000X")
DOWNGRADED = clock_of(AT, "America/Chicago", downgraded=True)


def pretended_pdf(html: str) -> bytes:
    """Stand in for WeasyPrint, which tests/letters/test_pdf.py tries."""
    return b"%PDF-1.7 " + html.encode()


BY_HAND = Correspondence(OFFICE.about_case, document_reference, pretended_pdf, sandbox=True)


@dataclass
class Desk:
    """A sandbox store with one case, and what can happen to it."""

    database: Database
    determined: int = 0
    hours: int = field(default=0)

    def happens(self, kind: EventKind, data: EventData, state: State | None = None) -> int:
        """Append an event and return its number; the case stays in its state unless *state* is told."""
        self.hours += 1
        with self.database.write(WORKER) as unit:
            known = state or unit.cases.get(CASE).state
            return unit.events.append(CASE, "clinic", kind, data, known, AT + timedelta(hours=self.hours)).number

    def write(self, about: int, correspondence: Correspondence = BY_HAND, caller: Caller = WORKER) -> LetterMade | None:
        return write_letter(self.database, caller, CASE, about, correspondence, AT)

    def issue(self, **changes: Any) -> int:
        issued = TrackingNumber("issued", self.determined, 1, UTN)
        return self.happens(EventKind.TRACKING_NUMBER, replace(issued, **changes))

    def made(self) -> list[LetterMade]:
        with self.database.read(WORKER) as unit:
            return [each.data for each in unit.events.of(CASE) if isinstance(each.data, LetterMade)]

    def words(self, number: str) -> str:
        with self.database.read(WORKER) as unit:
            return " ".join(unit.letters.get(number).text.split())


@pytest.fixture
def store(store_url: str) -> Iterator[Database]:
    """A store made as sandbox, where a simulated reviewer may decide."""
    opened = Database(store_url, sandbox=True)
    opened.upgrade()
    yield opened
    opened.close()


def opened(store: Database, determination: Determination, **received: Any) -> Desk:
    """Return a desk whose case was received and determined."""
    desk = Desk(store)
    with store.write(SENDER) as unit:
        unit.cases.create(CaseRecord(CASE, "pas-2.2.1", AT))
        data = replace(Received("pas-2.2.1", "0" * 64, REQUEST), **received)
        unit.events.append(CASE, "clinic", EventKind.RECEIVED, data, State.RECEIVED, AT)
        if determination.decider.kind == "clinician":
            determination = replace(determination, decider=SIMULATED)
        desk.determined = unit.events.append(
            CASE, "clinic", EventKind.DETERMINED, Determined(determination), determination.state, AT
        ).number
    return desk


@pytest.mark.parametrize(
    ("determination", "kind"),
    [
        (AFFIRMED, "affirmation"),
        (NON_AFFIRMED, "non-affirmation"),
        (PARTIAL, "partial"),
        (DISMISSED, "dismissal"),
    ],
)
def test_a_decision_gets_its_letter_once(store: Database, determination: Determination, kind: str) -> None:
    desk = opened(store, determination)

    first, second = desk.write(desk.determined), desk.write(desk.determined)

    assert first == second == LetterMade(f"{CASE}-L1", kind, desk.determined)  # type: ignore[arg-type]
    assert desk.made() == [first]
    with store.read(SENDER) as unit:
        (kept,) = unit.letters.of(CASE)
        assert (kept.owner, kept.kind, kept.about) == ("clinic", kind, desk.determined)
        assert unit.letters.pdf(kept.number) == pretended_pdf(kept.html)
        assert unit.cases.get(CASE).state is determination.state


def test_a_letter_is_told_in_fhir_with_all_its_forms(store: Database) -> None:
    desk = opened(store, AFFIRMED)
    desk.write(desk.determined)

    with store.read(WORKER) as unit:
        kept = unit.letters.get(f"{CASE}-L1")
    told = json.loads(kept.document_reference.encode())

    assert (told["resourceType"], told["id"], told["date"]) == ("DocumentReference", kept.number, kept.created_at)
    sizes = [each["attachment"]["size"] for each in told["content"]]
    assert sizes == [len(kept.text.encode()), len(kept.html.encode()), len(pretended_pdf(kept.html))]


def test_a_case_that_waits_for_a_person_gets_no_letter(store: Database) -> None:
    desk = opened(store, IN_REVIEW)

    assert desk.write(desk.determined) is None
    assert desk.write(1) is None
    assert desk.made() == []


def test_an_event_that_is_not_there_is_named(store: Database) -> None:
    desk = opened(store, AFFIRMED)

    with pytest.raises(LookupError, match="no event 9"):
        desk.write(9)


def test_a_case_of_another_client_is_out_of_reach(store: Database) -> None:
    desk = opened(store, AFFIRMED)

    with pytest.raises(NotAllowed):
        desk.write(desk.determined, caller=Caller("other"))


class TestTrackingNumber:
    def test_that_is_there_stands_in_the_letter(self, store: Database) -> None:
        desk = opened(store, AFFIRMED)
        desk.issue(number="SIM00000000001", simulated=True)

        assert desk.write(desk.determined) is not None
        assert "SIM00000000001 (simulated)" in desk.words(f"{CASE}-L1")

    def test_that_comes_later_gets_a_letter_that_names_the_first(self, store: Database) -> None:
        desk = opened(store, AFFIRMED)
        desk.write(desk.determined)
        came = desk.issue()

        second = desk.write(came)

        assert second == LetterMade(f"{CASE}-L2", "affirmation", came) == desk.write(came)
        assert "follows" in desk.words(f"{CASE}-L1")
        assert f"repeats our letter {CASE}-L1, now with the tracking number" in desk.words(f"{CASE}-L2")
        assert UTN in desk.words(f"{CASE}-L2")

    def test_gets_no_letter_of_its_own_where_the_first_one_has_it_or_will(self, store: Database) -> None:
        desk = opened(store, AFFIRMED)
        came = desk.issue()

        assert desk.write(came) is None
        desk.write(desk.determined)
        assert desk.write(came) is None
        assert len(desk.made()) == 1

    def test_that_was_asked_for_or_failed_gets_no_letter(self, store: Database) -> None:
        desk = opened(store, AFFIRMED)
        desk.write(desk.determined)

        assert desk.write(desk.issue(step="requested", number=None)) is None
        assert desk.write(desk.issue(step="failed", number=None)) is None

    def test_of_a_script_is_simulated(self, store: Database) -> None:
        desk = opened(store, replace(AFFIRMED, authorization_number="AUTH-1"))
        desk.write(desk.determined)

        assert "AUTH-1 (simulated)" in desk.words(f"{CASE}-L1")


class TestReclassification:
    def test_by_a_reviewer_is_told_with_the_reason_and_the_new_times(self, store: Database) -> None:
        desk = opened(store, IN_REVIEW)
        event = desk.happens(EventKind.RECLASSIFIED, RECLASSIFIED)

        assert desk.write(event) == LetterMade(f"{CASE}-L1", "expedited-to-standard", event)
        assert RECLASSIFIED.reason in desk.words(f"{CASE}-L1")

    def test_at_once_is_told_once(self, store: Database) -> None:
        desk = opened(store, replace(IN_REVIEW, clock=DOWNGRADED))
        again = desk.happens(EventKind.DETERMINED, Determined(replace(IN_REVIEW, clock=DOWNGRADED)), State.IN_REVIEW)

        assert desk.write(desk.determined) == LetterMade(f"{CASE}-L1", "expedited-to-standard", desk.determined)
        assert NO_REASON in desk.words(f"{CASE}-L1")
        assert desk.write(again) is None

    def test_does_not_matter_where_the_decision_is_there(self, store: Database) -> None:
        desk = opened(store, replace(AFFIRMED, clock=DOWNGRADED))

        made = desk.write(desk.determined)

        assert made is not None
        assert made.kind == "affirmation"

    def test_and_decision_are_two_letters(self, store: Database) -> None:
        desk = opened(store, IN_REVIEW)
        desk.write(
            desk.happens(EventKind.RECLASSIFIED, Reclassified("No risk.", RECLASSIFIED.due, RECLASSIFIED.latest))
        )
        decided = desk.happens(EventKind.DETERMINED, Determined(AFFIRMED), State.AFFIRMED)

        assert desk.write(decided) == LetterMade(f"{CASE}-L2", "affirmation", decided)
        assert "repeats" not in desk.words(f"{CASE}-L2")


def test_a_decision_that_was_taken_back_is_not_told(store: Database) -> None:
    desk = opened(store, AFFIRMED)
    desk.happens(EventKind.REOPENED, Reopened("R-12", "The wrong records.", desk.determined), State.IN_REVIEW)

    assert desk.write(desk.determined) is None


@pytest.mark.parametrize(
    "changes",
    [
        {"administrative_reference_number": UTN},
        {"authorization_number": UTN},
        {"certification_type": Concept((Code(CERTIFICATION_TYPE, "R"),))},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_a_dismissed_resubmission_is_told_as_one(store: Database, changes: dict[str, Any]) -> None:
    desk = opened(store, DISMISSED, request=replace(REQUEST, **changes))
    desk.write(desk.determined)

    assert "Mark it as a resubmission again" in desk.words(f"{CASE}-L1")


def test_what_happens_while_a_letter_is_written_is_in_it(store: Database) -> None:
    desk = opened(store, AFFIRMED)
    written: list[str] = []

    def slowly(html: str) -> bytes:
        if not written:
            desk.issue()
        written.append(html)
        return pretended_pdf(html)

    made = desk.write(desk.determined, replace(BY_HAND, make_pdf=slowly))

    assert made is not None
    assert len(written) == 2
    assert UTN in desk.words(made.letter)


def test_a_letter_whose_writer_fails_leaves_nothing(store: Database) -> None:
    desk = opened(store, AFFIRMED)

    def fails(html: str) -> bytes:
        raise OSError("no space left")

    with pytest.raises(OSError, match="no space"):
        desk.write(desk.determined, replace(BY_HAND, make_pdf=fails))

    assert desk.made() == []
    assert desk.write(desk.determined) is not None


def test_two_workers_write_one_letter(store: Database) -> None:
    desk = opened(store, AFFIRMED)
    both = threading.Barrier(2, timeout=30)
    results: list[LetterMade | None] = []

    def together(html: str) -> bytes:
        if len(results) == 0 and both.n_waiting < 2 and not both.broken:
            both.wait()
        return pretended_pdf(html)

    def write() -> None:
        results.append(desk.write(desk.determined, replace(BY_HAND, make_pdf=together)))

    workers = [threading.Thread(target=write) for _ in range(2)]
    for each in workers:
        each.start()
    for each in workers:
        each.join()

    assert results[0] == results[1] == LetterMade(f"{CASE}-L1", "affirmation", desk.determined)
    assert len(desk.made()) == 1


def test_without_a_maker_letters_are_kept_and_their_pdfs_made_later(store: Database) -> None:
    desk = opened(store, AFFIRMED)
    desk.write(desk.determined, replace(BY_HAND, make_pdf=None))

    with store.read(WORKER) as unit:
        kept = unit.letters.get(f"{CASE}-L1")
        assert unit.letters.pdf(kept.number) is None
        assert len(json.loads(kept.document_reference.encode())["content"]) == 2
    assert make_missing_pdfs(store, WORKER, pretended_pdf, AT) == 1
    assert make_missing_pdfs(store, WORKER, pretended_pdf, AT) == 0
    with store.read(WORKER) as unit:
        assert unit.letters.pdf(kept.number) == pretended_pdf(kept.html)


@pytest.mark.parametrize(("kind", "letter_kind"), [("granted", "exemption-granted"), ("removed", "exemption-removed")])
def test_a_notice_about_an_exemption_is_kept_once_and_named(
    store: Database, kind: Literal["granted", "removed"], letter_kind: LetterKind
) -> None:
    with store.write(WORKER) as unit:
        notice = ExemptionNotice(EXEMPTION.npi, kind, "2027-01-01", "2026-Q3", 24, 23, state="TX")
        notice = replace(notice, id=unit.exemptions_log.notify(notice, AT))
        letter = OFFICE.about_exemption(letter_kind, number=notice_number(notice), at=AT, matter=EXEMPTION, state="TX")
        number = keep_notice(unit, notice, letter, AT)
        assert keep_notice(unit, replace(notice, letter=number), letter, AT) == number

    with store.read(WORKER) as unit:
        (stored,) = unit.exemptions_log.of(EXEMPTION.npi)
        kept = unit.letters.get(number)
    assert stored.letter == kept.number == f"E{notice.id}-L1"
    assert (kept.kind, kept.case, kept.document_reference) == (letter_kind, None, "")


def test_writers_are_told_what_the_log_says(store: Database) -> None:
    told: list[Mapping[str, Any]] = []

    def write(kind: str, **facts: Any) -> Written:
        told.append({"kind": kind, **facts})
        return OFFICE.about_case(kind, **facts)  # type: ignore[arg-type]

    desk = opened(store, AFFIRMED)
    desk.write(desk.determined, replace(BY_HAND, write=write))

    assert told == [
        {
            "kind": "affirmation",
            "number": f"{CASE}-L1",
            "at": AT,
            "case": CASE,
            "request": REQUEST,
            "determination": AFFIRMED,
            "tracking_number": None,
            "earlier_letter": None,
            "resubmission": False,
            "reclassified": None,
        }
    ]
