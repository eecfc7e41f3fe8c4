"""`wiser-pas worker`: deliver what waits in the outbox, and do what is due from time to time."""

from __future__ import annotations

import signal
import threading
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import click

from fhir_server.cli.output import json_option, print_json, print_table
from fhir_server.cli.settings import existing_store, masked, settings_of
from fhir_server.settings import Settings

if TYPE_CHECKING:
    from fhir_server.authorization.caller import Caller
    from fhir_server.exchange.contractor import Contractor
    from fhir_server.exchange.worker import Handler, Job, Patience, Worker
    from fhir_server.letters.office import LetterOffice
    from fhir_server.store.database import Database
    from fhir_server.workflow.letters import Correspondence
    from fhir_server.workflow.tracking_numbers import TellAnew

WORKER = "worker"
EXPIRY_EVERY, AGEING_EVERY, PDF_EVERY = timedelta(hours=1), timedelta(minutes=5), timedelta(minutes=5)
ATTEMPTS_FOR_NUMBER = 8
"""So often a letter waits for a number that comes by itself, some eight minutes; then it goes, and another follows."""


@click.group(invoke_without_command=True)
@click.pass_context
def worker(context: click.Context) -> None:
    """Deliver what waits in the outbox, until stopped.

    The store is the one that DATABASE_URL names; it is made or upgraded first. Any number of workers may run; each may
    be killed at any time.
    """
    if context.invoked_subcommand is not None:
        return
    from fhir_server.app import prepare

    settings, stop = settings_of(), threading.Event()
    prepare(settings)
    stop_by_signal(stop)
    click.echo(f"wiser-pas worker on {masked(settings.database_url)}", err=True)
    run_worker(settings, stop)


@worker.command()
@json_option
def dead(as_json: bool) -> None:
    """List deliveries that were given up, with the reason."""
    from fhir_server.authorization.caller import operator

    with existing_store(settings_of()) as database, database.read(operator()) as unit:
        letters = unit.outbox.dead_letters()
    if as_json:
        print_json(letters)
        return
    rows = [(str(each.id), each.case, each.topic, str(each.attempts), each.last_error) for each in letters]
    print_table(("delivery", "case", "topic", "attempts", "reason"), rows)


@worker.command()
@click.argument("delivery", type=int)
def revive(delivery: int) -> None:
    """Have DELIVERY, which was given up, tried again."""
    from fhir_server.authorization.caller import operator

    with existing_store(settings_of()) as database, database.write(operator()) as unit:
        unit.outbox.revive(delivery, datetime.now(UTC))
    click.echo(f"Delivery {delivery} will be tried again.")


def run_worker(settings: Settings, stop: threading.Event, patience: Patience | None = None) -> None:
    """Work for the store of *settings* until *stop* is set. The store must be there (`fhir_server.app.prepare`)."""
    from fhir_server.app import open_database

    with closing(open_database(settings)) as database:
        make_worker(settings, database, patience).run(stop)


def make_worker(settings: Settings, database: Database, patience: Patience | None = None) -> Worker:
    """Return the worker of this server, its handlers and jobs joined."""
    from fhir_server.app import teller
    from fhir_server.authorization.caller import operator
    from fhir_server.exchange.worker import Patience, Worker
    from fhir_server.letters.compose import LetterIncomplete

    caller, correspondence = operator(WORKER), correspondence_of(settings)
    return Worker(
        database,
        caller,
        handlers(database, caller, contractor_of(settings), teller(settings), correspondence),
        jobs=jobs(database, caller, correspondence, settings.alert_before),
        in_words=(LetterIncomplete,),
        patience=patience or Patience(),
    )


def handlers(
    database: Database, caller: Caller, contractor: Contractor, tell: TellAnew, correspondence: Correspondence
) -> dict[str, Handler]:
    """Return what is done with each topic of the outbox."""
    from fhir_server.errors import Unavailable
    from fhir_server.exchange.contractor import ManualContractor
    from fhir_server.store.outbox import Delivery
    from fhir_server.workflow import follow_ups, letters, tracking_numbers

    by_hand = isinstance(contractor, ManualContractor)

    def decided(delivery: Delivery, now: datetime) -> None:
        follow_ups.follow_up(database, caller, delivery.case, delivery.event_number, now)

    def number_wanted(delivery: Delivery, now: datetime) -> None:
        tracking_numbers.ask(database, caller, delivery.case, delivery.event_number, contractor, tell, now)

    def letter_wanted(delivery: Delivery, now: datetime) -> None:
        awaited = not by_hand and delivery.attempts <= ATTEMPTS_FOR_NUMBER
        if awaited and tracking_numbers.is_awaited(database, caller, delivery.case, delivery.event_number):
            raise Unavailable.because("The tracking number is not there yet.", "The letter is written with it.")
        letters.write_letter(database, caller, delivery.case, delivery.event_number, correspondence, now)

    return {
        "determined": decided,
        "reclassified": letter_wanted,
        tracking_numbers.ASK: number_wanted,
        tracking_numbers.WRITE: letter_wanted,
    }


def jobs(
    database: Database, caller: Caller, correspondence: Correspondence, alert_before: timedelta
) -> tuple[Job, ...]:
    """Return what is done from time to time."""
    import structlog

    from fhir_server.exchange.worker import Job
    from fhir_server.workflow.ageing import note_ageing
    from fhir_server.workflow.expiry import expire
    from fhir_server.workflow.letters import make_missing_pdfs

    def expiry(now: datetime) -> None:
        expire(database, caller, now)

    def ageing(now: datetime) -> None:
        for aged in note_ageing(database, caller, now, alert_before):
            structlog.get_logger().warning("case waits", case=aged.case, kind=aged.alert)

    def pdfs(now: datetime) -> None:
        if correspondence.make_pdf:
            make_missing_pdfs(database, caller, correspondence.make_pdf, now)

    return (Job("expiry", EXPIRY_EVERY, expiry), Job("ageing", AGEING_EVERY, ageing), Job("pdf", PDF_EVERY, pdfs))


def contractor_of(settings: Settings) -> Contractor:
    """Return who gives tracking numbers (setting CONTRACTOR)."""
    from fhir_server.exchange.contractor import ManualContractor
    from fhir_server.exchange.simulated_contractor import SimulatedContractor

    return SimulatedContractor() if settings.simulates_contractor else ManualContractor()


def correspondence_of(settings: Settings) -> Correspondence:
    """Return how this server writes letters; without what makes PDFs they are kept as text and HTML."""
    from fhir_server.letters.pdf import as_pdf, available
    from fhir_server.pas.letters import document_reference
    from fhir_server.workflow.letters import Correspondence

    make_pdf = None if available() else as_pdf
    return Correspondence(letter_office(settings).about_case, document_reference, make_pdf, settings.sandbox)


def letter_office(settings: Settings) -> LetterOffice:
    """Return who writes this server's letters."""
    from fhir_server.app import packs
    from fhir_server.letters.office import LetterOffice

    return LetterOffice(packs(settings), frozenset(settings.states), settings.sandbox)


def stop_by_signal(stop: threading.Event) -> None:
    """Set *stop* when this process is asked to end."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
