"""`wiser-pas utn`: tracking numbers, and claims under them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal

import click

from fhir_server.cli.output import json_option, print_json, print_table
from fhir_server.cli.settings import existing_store, settings_of

if TYPE_CHECKING:
    from fhir_server.store.tracking import TrackingRecord
    from fhir_server.store.unit import UnitOfWork
    from fhir_server.workflow.tracking_numbers import TellAnew

DAY = click.DateTime(["%Y-%m-%d"])
STATUSES = ("pending", "issued", "failed")

decision_option = click.option("--decision", type=int, help="The event that decided; default the last one.")


@click.group()
def utn() -> None:
    """Tracking numbers (UTN) that the contractor gives to decisions."""


@utn.command(name="list")
@click.option("--status", type=click.Choice(STATUSES), default="pending", show_default=True)
@click.option("--most", type=click.IntRange(1), default=100, show_default=True)
@json_option
def list_(status: Literal["pending", "issued", "failed"], most: int, as_json: bool) -> None:
    """List numbers of a status, those that have been so longest at the head."""
    from fhir_server.authorization.caller import operator

    with existing_store(settings_of()) as database, database.read(operator()) as unit:
        found = unit.tracking.with_status(status, most)
    if as_json:
        print_json([_shown(each) for each in found])
        return
    rows = [
        (each.case, str(each.decision), each.status, str(each.attempts), each.changed_at, _number_words(each))
        for each in found
    ]
    print_table(("case", "decision", "status", "attempts", "since", "number"), rows)


@utn.command()
@click.argument("case")
@click.argument("number")
@decision_option
def issue(case: str, number: str, decision: int | None) -> None:
    """Enter the NUMBER that the contractor gave to the decision of CASE."""
    from fhir_server.workflow.tracking_numbers import enter_number

    record = _changed(lambda unit, tell, now: enter_number(unit, case, number, tell, now, decision))
    click.echo(f"{record.case}, decision {record.decision}: {record.number}. The answer was told anew.")


@utn.command()
@click.argument("case")
@click.argument("code")
@click.argument("text")
@click.option("--mend", required=True, help="What has to be mended before the number is asked for again.")
@decision_option
def fail(case: str, code: str, text: str, mend: str, decision: int | None) -> None:
    """Enter that the contractor gives no number to CASE: its CODE and its TEXT."""
    from fhir_server.exchange.contractor import Failed
    from fhir_server.workflow.tracking_numbers import enter_failure

    failure = Failed(code, text, mend)
    record = _changed(lambda unit, tell, now: enter_failure(unit, case, failure, tell, now, decision))
    click.echo(f"{record.case}, decision {record.decision}: failed, attempt {record.attempts}.")


@utn.command()
@click.argument("case")
@decision_option
def retry(case: str, decision: int | None) -> None:
    """Have the number of CASE asked for again after a failure, when what was wrong is mended."""
    from fhir_server.workflow.tracking_numbers import retry as ask_again

    record = _changed(lambda unit, tell, now: ask_again(unit, case, now, decision))
    click.echo(f"{record.case}, decision {record.decision}: pending, attempt {record.attempts}.")


@utn.command()
@click.argument("number")
@click.option("--member", prompt="Medicare number", help="The beneficiary's number; asked for where it is not given.")
@click.option("--code", required=True, help="CPT or HCPCS code.")
@click.option("--date", "day", type=DAY, required=True, help="Day of service.")
@click.option("--units", type=click.IntRange(1), default=1, show_default=True)
@json_option
def check(number: str, member: str, code: str, day: datetime, units: int, as_json: bool) -> None:
    """Hold a line of a claim against the tracking number NUMBER. The exit code is 1 where it is not covered."""
    from fhir_server.app import packs
    from fhir_server.authorization.caller import operator
    from fhir_server.workflow.claim_rules import ClaimLine
    from fhir_server.workflow.claims import check_claim

    settings = settings_of()
    with existing_store(settings) as database:
        sent = ClaimLine(number, member, code.upper(), day.date(), units)
        found = check_claim(database, operator(), sent, packs(settings))
    if as_json:
        print_json(found)
    else:
        click.echo(f"{'Covered' if found.covered else 'Not covered'}{_place(found.line, found.follows)}.")
        if found.simulated:
            click.echo("The number is simulated: no contractor gave it.")
        rows = [(each.result, each.rule, each.source, each.found) for each in found.reasons]
        print_table(("result", "rule", "source", "found"), rows)
    if not found.covered:
        raise SystemExit(1)


@utn.command()
@click.argument("number")
@click.argument("claim")
@click.argument("outcome", type=click.Choice(("paid", "denied")))
@click.option("--line", type=click.IntRange(1), default=1, show_default=True, help="Line of the claim.")
@click.option("--code", required=True, help="CPT or HCPCS code.")
@click.option("--date", "day", type=DAY, required=True, help="Day of service.")
@click.option("--units", type=click.IntRange(1), default=1, show_default=True)
def claim(
    number: str, claim: str, outcome: Literal["paid", "denied"], line: int, code: str, day: datetime, units: int
) -> None:
    """Record that a line of CLAIM under the tracking number NUMBER was paid or denied."""
    from fhir_server.authorization.caller import operator
    from fhir_server.workflow.claims import ClaimOutcome, record_claims

    sent = ClaimOutcome(number, claim, line, code.upper(), day.date(), units, outcome)
    with existing_store(settings_of()) as database:
        (recorded,) = record_claims(database, operator(), [sent], datetime.now(UTC))
    words = "was on record before, and stays as it was" if recorded.known else f"is recorded as {outcome}"
    click.echo(f"Case {recorded.case}: line {line} of claim {claim} {words}.")


def _changed(change: Callable[[UnitOfWork, TellAnew, datetime], TrackingRecord]) -> TrackingRecord:
    """Return what *change* makes of a record in the store, within one transaction."""
    from fhir_server.app import teller
    from fhir_server.authorization.caller import operator

    settings, now = settings_of(), datetime.now(UTC)
    with existing_store(settings) as database, database.write(operator()) as unit:
        return change(unit, teller(settings), now)


def _shown(record: TrackingRecord) -> dict[str, Any]:
    """Return the record without the beneficiary's number."""
    from dataclasses import asdict

    return {name: value for name, value in asdict(record).items() if name != "member_id"}


def _number_words(record: TrackingRecord) -> str:
    return " ".join(_words(record))


def _words(record: TrackingRecord) -> Iterator[str]:
    if record.number:
        yield record.number
    if record.simulated:
        yield "(simulated)"


def _place(line: int | None, follows: int | None) -> str:
    if line is not None:
        return f", by line {line}"
    return f", following line {follows}" if follows is not None else ""
