"""`wiser-pas exemptions`: who need not ask any more ("gold card"), and who has to again."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

import click

from fhir_server.cli.output import json_option, print_json, print_table
from fhir_server.cli.settings import existing_store, settings_of
from fhir_server.settings import Settings

if TYPE_CHECKING:
    from fhir_server.authorization.parties import Provider
    from fhir_server.store.exemptions import ExemptionNotice
    from fhir_server.workflow.exemption_counts import Terms
    from fhir_server.workflow.exemptions import NoticeWriter, Standing
    from fhir_server.workflow.letters import Written


@click.group()
def exemptions() -> None:
    """Exemptions of providers, as docs/exemptions.md tells."""


@exemptions.command()
@click.option("--quarter", required=True, help="The quarter that the assessment ends with, such as 2026Q3.")
@click.option("--apply", "applies", is_flag=True, help="Give the notices and let the registry know; once a quarter.")
@json_option
def assess(quarter: str, applies: bool, as_json: bool) -> None:
    """Show how providers stand after QUARTER and what follows; with --apply, do it.

    What counts is set by EXEMPTION_THRESHOLD, EXEMPTION_PERIOD, EXEMPTION_COUNTS and EXEMPTION_GRAIN. Without them
    nothing is assessed: the guide leaves them open.
    """
    from fhir_server.authorization.caller import operator
    from fhir_server.workflow.exemptions import apply
    from fhir_server.workflow.exemptions import assess as look
    from fhir_server.workflow.quarters import quarter_named

    settings, now = settings_of(), datetime.now(UTC)
    try:
        ends = quarter_named(quarter)
    except ValueError as error:
        raise click.UsageError(f"{error}.") from error
    with existing_store(settings) as database:
        terms, caller = terms_of(settings), operator()
        if applies:
            found = apply(database, caller, ends, terms, notice_writer(settings), now)
        else:
            found = look(database, caller, ends, terms, now)
    if as_json:
        print_json(found)
        return
    click.echo(f"Assessed by {found.period}{'' if applies else '; nothing was changed'}.")
    print_table(("npi", "state", "category", "exempt", "follows", "why"), [_row(each) for each in found.standings])


@exemptions.command()
@click.argument("npi")
@click.option("--state", help="The state of the exemption, where it is for one.")
@click.option("--category", help="The category of services, where it is for one.")
@click.option("--period", required=True, help="When the records were looked at, such as 2026-Q3.")
@click.option("--requests", type=click.IntRange(1), required=True, help="How many records were looked at.")
@click.option("--affirmed", type=click.IntRange(0), required=True, help="How many of them met the rules.")
@click.option("--reason", required=True, help="Why the exemption ends, for the letter.")
def remove(
    npi: str, state: str | None, category: str | None, period: str, requests: int, affirmed: int, reason: str
) -> None:
    """End the exemption of NPI with notice: with the first quarter that begins at least 60 days from now."""
    from fhir_server.authorization.caller import operator
    from fhir_server.workflow.exemption_counts import Grantee
    from fhir_server.workflow.exemptions import remove as end

    if affirmed > requests:
        raise click.UsageError("More records met the rules than were looked at.")
    settings = settings_of()
    with existing_store(settings) as database:
        notice = end(
            database,
            operator(),
            Grantee(npi, state, category),
            period=period,
            requests=requests,
            affirmed=affirmed,
            reason=reason,
            write=notice_writer(settings),
            at=datetime.now(UTC),
        )
    click.echo(f"The exemption of {npi} is over from {notice.effective_from} on. Letter {notice.letter}.")


@exemptions.command()
@click.argument("npi")
@click.argument("claims", nargs=-1, required=True)
@click.option("--most", type=click.IntRange(1, 10), default=10, show_default=True, help="How many to draw.")
def sample(npi: str, claims: tuple[str, ...], most: int) -> None:
    """Draw some of the CLAIMS of the exempt provider NPI, whose records are then asked for: ten a year at most."""
    from fhir_server.authorization.caller import operator
    from fhir_server.workflow.exemptions import sample as draw

    with existing_store(settings_of()) as database:
        for claim in draw(database, operator(), npi, claims, datetime.now(UTC), most=most):
            click.echo(claim)


@exemptions.command(name="list")
@click.argument("npi")
@json_option
def list_(npi: str, as_json: bool) -> None:
    """Show the notices that the provider NPI was given, oldest first."""
    from fhir_server.authorization.caller import operator

    with existing_store(settings_of()) as database, database.read(operator()) as unit:
        notices = unit.exemptions_log.of(npi)
    if as_json:
        print_json(notices)
        return
    rows = [
        (each.kind, each.effective_from, each.state or "all", each.category or "all", each.letter or "", each.period)
        for each in notices
    ]
    print_table(("notice", "from", "state", "category", "letter", "period"), rows)


def terms_of(settings: Settings) -> Terms:
    """Return what an exemption hangs on, as far as it is set."""
    from fhir_server.workflow.exemption_counts import Terms

    return Terms(
        settings.exemption_threshold, settings.exemption_period, settings.exemption_counts, settings.exemption_grain
    )


def notice_writer(settings: Settings) -> NoticeWriter:
    """Return who writes the letters about exemptions."""
    from fhir_server.cli.worker import letter_office
    from fhir_server.letters.content import ExemptionMatter

    office = letter_office(settings)

    def write(
        notice: ExemptionNotice,
        *,
        number: str,
        at: datetime,
        provider: Provider,
        threshold: Decimal | None,
        reason: str | None,
    ) -> Written:
        matter = ExemptionMatter(
            provider=provider,
            npi=notice.npi,
            effective_from=date.fromisoformat(notice.effective_from),
            states=(notice.state,) if notice.state else None,
            categories=(notice.category,) if notice.category else None,
            period=notice.period,
            requests=notice.requests,
            affirmed=notice.affirmed,
            least_percent=threshold,
            reason=reason,
        )
        kind = "exemption-granted" if notice.kind == "granted" else "exemption-removed"
        return office.about_exemption(kind, number=number, at=at, matter=matter, state=notice.state)  # type: ignore[arg-type]

    return write


def _row(standing: Standing) -> tuple[str, ...]:
    grantee, follows = standing.count.grantee, "nothing"
    if standing.proposal and standing.effective_from:
        follows = f"{standing.proposal} from {standing.effective_from.isoformat()}"
    exempt = "yes" if standing.exempt else "no"
    return grantee.npi, grantee.state or "all", grantee.category or "all", exempt, follows, standing.reason
