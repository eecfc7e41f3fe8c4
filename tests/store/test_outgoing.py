"""What follows a decision: its tracking number, claims, letters; exemption notices, samples and periodic jobs."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest

from fhir_server.authorization.caller import Caller
from fhir_server.authorization.events import ClaimRecorded
from fhir_server.authorization.states import State
from fhir_server.errors import NotAllowed, NotFound
from fhir_server.store.database import Database
from fhir_server.store.exemptions import ExemptionNotice
from fhir_server.store.letters import Letter
from fhir_server.store.tracking import TrackingLine
from fhir_server.store.translating import ConstraintBroken
from fhir_server.store.unit import UnitOfWork
from tests.store.reviews import CLINIC, OPERATOR, decide, review
from tests.store.submissions import ALICE, BOB, NOW, SOFTWARE, Submission, submit

CASE = "WP-0001"
DECISION = 2
LATER = NOW + timedelta(hours=1)
LINES = (TrackingLine(1, "64561", True, 2), TrackingLine(2, "64590", True))
CLAIM = ClaimRecorded("C-1", 1, "64561", "2026-04-01", 1, "paid")


@pytest.fixture
def affirmed(database: Database) -> Database:
    """A case that was affirmed by its second event."""
    with database.write(ALICE) as unit:
        submit(unit, Submission(state=State.AFFIRMED))
    return database


@pytest.fixture
def denied(database: Database) -> Database:
    """A case that was denied in part, then wholly, by its sixth and seventh event."""
    review(database)
    with database.write(CLINIC) as unit:
        decide(unit, State.PARTIAL)
        decide(unit, State.IN_REVIEW, SOFTWARE)
        decide(unit, State.NON_AFFIRMED)
    return database


def ask(
    unit: UnitOfWork, decision: int = DECISION, *, yes: bool = True, lines: tuple[TrackingLine, ...] = LINES
) -> int:
    return unit.tracking.request(
        CASE, decision, NOW, affirmed=yes, member_id="1EG4", valid_from="2026-03-01", valid_to="2026-06-28", lines=lines
    )


class TestATrackingNumber:
    def test_is_asked_for_then_given(self, affirmed: Database) -> None:
        with affirmed.write(ALICE) as unit:
            assert ask(unit) == 1
            record = unit.tracking.get(CASE, DECISION)
            assert (record.status, record.attempts, record.number, record.affirmed) == ("pending", 1, None, True)
            assert (record.member_id, record.valid_from, record.valid_to) == ("1EG4", "2026-03-01", "2026-06-28")
            assert unit.tracking.lines(CASE, DECISION) == LINES
        with affirmed.write(OPERATOR) as unit:
            assert unit.tracking.issued(CASE, DECISION, "U1", LATER, simulated=True)
            assert not unit.tracking.issued(CASE, DECISION, "U2", LATER)
            assert not unit.tracking.failed(CASE, DECISION, LATER)
            assert ask(unit) == 1
        with affirmed.read(ALICE) as unit:
            record = unit.tracking.find("U1")
            assert (record.case, record.decision, record.status, record.simulated) == (CASE, DECISION, "issued", True)
            assert record.changed_at == "2026-03-01T16:00:00.000Z"
            assert unit.tracking.of(CASE) == (record,)

    def test_is_asked_for_again_after_a_failure(self, affirmed: Database) -> None:
        with affirmed.write(OPERATOR) as unit:
            assert [ask(unit), ask(unit)] == [1, 1]
            assert unit.tracking.failed(CASE, DECISION, LATER)
            assert not unit.tracking.failed(CASE, DECISION, LATER)
            assert not unit.tracking.issued(CASE, DECISION, "U1", LATER)
            assert [each.case for each in unit.tracking.with_status("failed")] == [CASE]
            assert [ask(unit), ask(unit)] == [2, 2]
            assert unit.tracking.with_status("failed") == ()
            assert [each.attempts for each in unit.tracking.with_status("pending")] == [2]

    def test_is_no_other_decisions(self, affirmed: Database) -> None:
        with affirmed.write(ALICE) as unit:
            submit(unit, Submission("WP-2", b"2", state=State.AFFIRMED))
            ask(unit)
            unit.tracking.request("WP-2", 2, NOW, affirmed=True, member_id=None)
            unit.tracking.issued(CASE, DECISION, "U1", NOW)
        with pytest.raises(ConstraintBroken), affirmed.write(ALICE) as unit:
            unit.tracking.issued("WP-2", 2, "U1", NOW)

    def test_is_not_found_by_another_client(self, affirmed: Database) -> None:
        with affirmed.write(ALICE) as unit:
            ask(unit)
            unit.tracking.issued(CASE, DECISION, "U1", NOW)
        for caller, number in ((BOB, "U1"), (ALICE, "U2")):
            with affirmed.read(caller) as unit, pytest.raises(NotFound):
                unit.tracking.find(number)
        with affirmed.read(CLINIC) as unit:
            assert unit.tracking.find("U1").owner == "alice"

    @pytest.mark.parametrize(
        ("decision", "yes", "lines"),
        [(1, True, ()), (3, True, ()), (9, True, ()), (2, False, ()), (2, True, (TrackingLine(1, "x", False),))],
    )
    def test_says_what_was_decided(
        self, affirmed: Database, decision: int, yes: bool, lines: tuple[TrackingLine, ...]
    ) -> None:
        with pytest.raises(ConstraintBroken), affirmed.write(ALICE) as unit:
            ask(unit, decision, yes=yes, lines=lines)

    def test_of_a_denial(self, denied: Database) -> None:
        no = (TrackingLine(1, "64561", False),)
        with denied.write(OPERATOR) as unit:
            assert ask(unit, 6, yes=True, lines=(*no, LINES[1])) == 1
            assert ask(unit, 8, yes=False, lines=no) == 1
            assert [each.affirmed for each in unit.tracking.of(CASE)] == [True, False]
            assert unit.tracking.lines(CASE, 8) == no
        with pytest.raises(ConstraintBroken, match="what was decided"), denied.write(OPERATOR) as unit:
            unit.tracking.request(CASE, 7, NOW, affirmed=False, member_id=None)

    def test_is_past_after_its_last_day(self, affirmed: Database) -> None:
        with affirmed.write(OPERATOR) as unit:
            ask(unit)
            assert unit.tracking.past("2026-06-28") == ()
            assert [each.case for each in unit.tracking.past("2026-06-29")] == [CASE]
            decide(unit, State.EXPIRED, SOFTWARE)
        with affirmed.read(OPERATOR) as unit:
            assert unit.tracking.past("2026-06-29") == ()

    def test_lists_are_an_operators(self, affirmed: Database) -> None:
        with affirmed.read(ALICE) as unit:
            with pytest.raises(NotAllowed):
                unit.tracking.with_status("pending")
            with pytest.raises(NotAllowed):
                unit.tracking.past("2026-06-29")
            with pytest.raises(NotFound):
                unit.tracking.get(CASE, DECISION)


class TestAClaim:
    def test_is_recorded_once(self, affirmed: Database) -> None:
        second = replace(CLAIM, line=2, units=3)
        unpaid = replace(CLAIM, line=3, outcome="denied")
        other = replace(CLAIM, line=4, service_code="64590", units=2**40)
        with affirmed.write(ALICE) as unit:
            ask(unit)
            recorded = [unit.claims.record(CASE, DECISION, each, NOW) for each in (CLAIM, second, CLAIM, unpaid, other)]
            assert recorded == [True, True, False, True, True]
            assert unit.tracking.units_used(CASE, DECISION) == {"64561": 4, "64590": 2**40}
            found = unit.claims.of(CASE)
        assert [each.line for each in found] == [1, 2, 3, 4]
        assert (found[0].claim, found[0].service_code, found[0].date_of_service) == ("C-1", "64561", "2026-04-01")
        assert (found[2].outcome, found[0].recorded_at) == ("denied", "2026-03-01T15:00:00.000Z")

    def test_needs_a_tracking_number(self, affirmed: Database) -> None:
        with pytest.raises(ConstraintBroken), affirmed.write(ALICE) as unit:
            unit.claims.record(CASE, DECISION, CLAIM, NOW)

    def test_that_many_record_at_once_is_there_once(self, affirmed: Database) -> None:
        with affirmed.write(ALICE) as unit:
            ask(unit)

        def record(_: int) -> bool:
            with affirmed.write(ALICE) as unit:
                return unit.claims.record(CASE, DECISION, CLAIM, NOW)

        with ThreadPoolExecutor(4) as pool:
            assert sorted(pool.map(record, range(4))) == [False, False, False, True]


def written(number: str, kind: str, about: int | None, case: str | None = CASE) -> Letter:
    return Letter(number, kind, "2026-03-01T15:00:00.000Z", "text", "<p>", "{}", case, about)  # type: ignore[arg-type]


class TestALetter:
    def test_is_read_as_it_was_written(self, affirmed: Database) -> None:
        with affirmed.write(ALICE) as unit:
            number = unit.letters.next_number(CASE)
            assert number == "WP-0001-L1"
            assert unit.letters.keep(written(number, "affirmation", 2))
            assert unit.letters.next_number(CASE) == "WP-0001-L2"
            assert not unit.letters.keep(written("WP-0001-L2", "affirmation", 2))
            assert unit.letters.keep(written("WP-0001-L2", "expedited-to-standard", 2))
        with affirmed.read(ALICE) as unit:
            assert unit.letters.get(number) == replace(written(number, "affirmation", 2), owner="alice")
            assert [each.number for each in unit.letters.of(CASE)] == ["WP-0001-L1", "WP-0001-L2"]
            with pytest.raises(NotFound):
                unit.letters.get("WP-0001-L3")
        with affirmed.read(BOB) as unit, pytest.raises(NotAllowed):
            unit.letters.get(number)

    @pytest.mark.parametrize(
        ("kind", "about"),
        [("non-affirmation", 2), ("partial", 2), ("affirmation", 9), ("exemption-granted", 2), ("affirmation", None)],
    )
    def test_says_what_was_decided(self, affirmed: Database, kind: str, about: int | None) -> None:
        with pytest.raises(ConstraintBroken), affirmed.write(ALICE) as unit:
            unit.letters.keep(written("L", kind, about))

    def test_of_a_denial(self, denied: Database) -> None:
        with denied.write(OPERATOR) as unit:
            assert unit.letters.keep(written("L1", "partial", 6))
            assert unit.letters.keep(written("L2", "non-affirmation", 8))
        for kind, about in (("partial", 8), ("non-affirmation", 6)):
            with pytest.raises(ConstraintBroken, match="what was decided"), denied.write(OPERATOR) as unit:
                unit.letters.keep(written("L3", kind, about))

    def test_has_one_form_for_paper(self, affirmed: Database) -> None:
        with affirmed.write(OPERATOR) as unit:
            unit.letters.keep(written("L1", "affirmation", 2))
            unit.letters.keep(written("E1", "exemption-granted", None, None))
            assert unit.letters.without_pdf() == ("E1", "L1")
            assert unit.letters.pdf("L1") is None
            assert unit.letters.keep_pdf("L1", b"%PDF", LATER)
            assert not unit.letters.keep_pdf("L1", b"%PDF2", LATER)
            assert unit.letters.pdf("L1") == b"%PDF"
            assert unit.letters.without_pdf() == ("E1",)
            assert unit.letters.get("E1").owner == OPERATOR.client
            with pytest.raises(NotFound):
                unit.letters.keep_pdf("L9", b"", LATER)
        with affirmed.read(ALICE) as unit:
            assert unit.letters.pdf("L1") == b"%PDF"
            with pytest.raises(NotAllowed):
                unit.letters.pdf("E1")
            with pytest.raises(NotAllowed):
                unit.letters.without_pdf()

    @pytest.mark.parametrize("change", ["UPDATE {} SET number = 'x'", "DELETE FROM {}"])
    @pytest.mark.parametrize("table", ["letter", "letter_pdf"])
    def test_is_never_changed(self, affirmed: Database, table: str, change: str) -> None:
        with affirmed.write(OPERATOR) as unit:
            unit.letters.keep(written("L1", "affirmation", 2))
            unit.letters.keep_pdf("L1", b"%PDF", LATER)
        with pytest.raises(ConstraintBroken, match="append-only"), affirmed.write(OPERATOR) as unit:
            unit.connection.exec_driver_sql(change.format(table))


NOTICE = ExemptionNotice("1234567893", "granted", "2026-07-01", "2026-Q1", 12, 11, "OH", "sacral")


class TestAnExemption:
    def test_notice_is_read_as_it_was_given(self, database: Database) -> None:
        with database.write(OPERATOR) as unit:
            first = unit.exemptions_log.notify(NOTICE, NOW)
            second = unit.exemptions_log.notify(replace(NOTICE, kind="removed"), LATER)
            everywhere = unit.exemptions_log.notify(replace(NOTICE, state=None, category=None), LATER)
            unit.letters.keep(written("E1", "exemption-granted", None, None))
            unit.exemptions_log.letter_made(first, "E1")
            with pytest.raises(NotFound):
                unit.exemptions_log.letter_made(first, "E1")
            kept = replace(NOTICE, notified_at="2026-03-01T15:00:00.000Z", letter="E1", id=first)
            assert unit.exemptions_log.of(NOTICE.npi)[0] == kept
            latest = unit.exemptions_log.latest(NOTICE.npi, "OH", "sacral")
            assert latest is not None
            assert (latest.id, latest.kind) == (second, "removed")
            for_all = unit.exemptions_log.latest(NOTICE.npi, None, None)
            assert for_all is not None
            assert for_all.id == everywhere
            assert unit.exemptions_log.latest("9", "OH", "sacral") is None

    @pytest.mark.parametrize("wrong", [{"affirmed": 13}, {"affirmed": -1}, {"kind": "other"}, {"letter": "none"}])
    def test_notice_rests_on_counts(self, database: Database, wrong: dict[str, object]) -> None:
        with pytest.raises(ConstraintBroken), database.write(OPERATOR) as unit:
            unit.exemptions_log.notify(replace(NOTICE, **wrong), NOW)  # type: ignore[arg-type]

    def test_asks_for_records_ten_times_a_year(self, database: Database) -> None:
        def sample(about: int) -> int | None:
            with database.write(OPERATOR) as unit:
                return unit.exemptions_log.sample("1", 2026, f"WP-{about}", NOW)

        with ThreadPoolExecutor(4) as pool:
            slots = list(pool.map(sample, range(14)))
        assert sorted(slot for slot in slots if slot) == list(range(1, 11))
        assert slots.count(None) == 4
        with database.write(OPERATOR) as unit:
            taken = unit.exemptions_log.samples("1", 2026)
            assert len(taken) == 10
            assert unit.exemptions_log.sample("1", 2026, taken[4], NOW) == 5
            assert unit.exemptions_log.sample("1", 2027, "WP-1", NOW) == 1
            assert unit.exemptions_log.sample("2", 2026, "WP-1", NOW) == 1

    @pytest.mark.parametrize("caller", [ALICE, CLINIC], ids=lambda caller: caller.client)
    def test_log_is_an_operators(self, database: Database, caller: Caller) -> None:
        with database.write(caller) as unit:
            log = unit.exemptions_log
            asked: list[Callable[[], object]] = [
                lambda: log.notify(NOTICE, NOW),
                lambda: log.of("1"),
                lambda: log.latest("1", None, None),
                lambda: log.letter_made(1, "x"),
                lambda: log.sample("1", 2026, "x", NOW),
                lambda: log.samples("1", 2026),
            ]
            for ask_for in asked:
                with pytest.raises(NotAllowed):
                    ask_for()


class TestAJob:
    def test_is_done_once_a_period(self, database: Database) -> None:
        def claim(period: str) -> bool:
            with database.write(OPERATOR) as unit:
                return unit.jobs.claim("expiry", period, NOW)

        with ThreadPoolExecutor(4) as pool:
            claimed = list(pool.map(claim, ["2026-03-01"] * 4 + ["2026-03-02"] * 4))
        assert sum(claimed[:4]) == sum(claimed[4:]) == 1

    def test_that_fails_is_done_by_another(self, database: Database) -> None:
        def fail() -> None:
            with database.write(OPERATOR) as unit:
                assert unit.jobs.claim("expiry", "2026-03-01", NOW)
                raise RuntimeError("later")

        with pytest.raises(RuntimeError, match="later"):
            fail()
        with database.write(OPERATOR) as unit:
            assert unit.jobs.claim("expiry", "2026-03-01", NOW)
            assert unit.jobs.claim("exemptions", "2026-03-01", NOW)

    def test_is_an_operators(self, database: Database) -> None:
        with database.write(Caller("x")) as unit, pytest.raises(NotAllowed):
            unit.jobs.claim("expiry", "2026-03-01", NOW)
