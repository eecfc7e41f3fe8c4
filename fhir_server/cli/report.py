"""`wiser-pas report`: figures of what was decided."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import click

from fhir_server.cli.output import json_option, print_json, print_table
from fhir_server.cli.settings import existing_store, settings_of

if TYPE_CHECKING:
    from fhir_server.workflow.report import Row, Times

DAY = click.DateTime(["%Y-%m-%d"])
DEFAULT_PERIOD = timedelta(days=30)
HEADINGS = ("category", "state", "received", "at once", "routed", "dismissed", "touchless", "by clinicians", "late")


@click.group()
def report() -> None:
    """Figures of decisions, without anybody's data."""


@report.command()
@click.option("--since", type=DAY, help="First day (UTC); default 30 days ago.")
@click.option("--until", type=DAY, help="Last day (UTC); default today.")
@json_option
def touchless(since: datetime | None, until: datetime | None, as_json: bool) -> None:
    """How many requests software affirmed as they came, how many went to people, and how long decisions took."""
    from fhir_server.authorization.caller import operator
    from fhir_server.workflow.report import touchless_report

    today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    ends = (until.replace(tzinfo=UTC) if until else today) + timedelta(days=1)
    begins = since.replace(tzinfo=UTC) if since else ends - DEFAULT_PERIOD
    with existing_store(settings_of()) as database:
        found = touchless_report(database, operator(), begins, ends)
    if as_json:
        print_json(found)
        return
    click.echo(f"Decided from {begins:%Y-%m-%d} to {ends - timedelta(days=1):%Y-%m-%d}")
    print_table(HEADINGS, [*(_cells(each, "-") for each in found.rows), _cells(found.total, "all")])
    click.echo("\n".join(_times_lines(found.total)))
    click.echo(f"Denied by software: {found.total.denied_by_software} (must be 0)")


def _cells(row: Row, unknown: str) -> tuple[str, ...]:
    dismissed = ", ".join(f"{code} {count}" for code, count in row.dismissed.items()) or "0"
    share = "-" if row.touchless is None else f"{row.touchless} %"
    counts = (row.received, row.affirmed_at_once, row.routed)
    place = (row.category or unknown, row.state or unknown)
    return *place, *map(str, counts), dismissed, share, str(row.by_clinician), str(row.late)


def _times_lines(row: Row) -> Iterator[str]:
    yield f"Standard:  {_times(row.standard)}"
    yield f"Expedited: {_times(row.expedited)}"


def _times(times: Times | None) -> str:
    if times is None:
        return "no decision"
    return (
        f"{times.decisions} decisions, hours: mean {times.mean_hours}, median {times.median_hours}, "
        f"90 % within {times.p90_hours}, longest {times.longest_hours}; "
        f"{times.within_72_hours} % within 72 hours, {times.within_48_hours} % within 48"
    )
