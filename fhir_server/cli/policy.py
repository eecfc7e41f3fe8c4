"""`wiser-pas policy`: what this server decides by, and where it looks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from fhir_server.cli.output import json_option, print_json, print_table
from fhir_server.cli.policy_check import policy_check
from fhir_server.cli.policy_show import policy_show
from fhir_server.cli.policy_try import policy_try
from fhir_server.cli.replay import replay
from fhir_server.cli.settings import settings_of

if TYPE_CHECKING:
    from fhir_server.policy.pack import Pack

LEGEND = (
    "",
    "Where several places are given, the first that is there counts. → follows a reference; a step in [brackets] is",
    "taken where the reference points at a PractitionerRole. This is where this server looks; it asks nobody to send",
    "more than the guide's mandatory and must-support elements. Where something is looked for, only an identifier, a",
    "code or a type of that system (system|code) is taken there.",
)


@click.group()
def policy() -> None:
    """What this server decides by."""


for command in (policy_show, policy_try, policy_check, replay):
    policy.add_command(command)


@policy.command()
@json_option
def facts(as_json: bool) -> None:
    """Show where this server looks for each fact: in FHIR (PAS 2.2.1), in the X12 278, in a checklist."""
    rows = fact_rows()
    if as_json:
        print_json(rows)
        return
    table = [_table_row(row) for row in rows]
    print_table(("fact", "what", "X12 278", "checklist", "FHIR (PAS 2.2.1)", "looked for"), table)
    for line in LEGEND:
        click.echo(line)


def _table_row(row: dict[str, Any]) -> tuple[str, ...]:
    places, looked_for = " | ".join(row["fhir"]), " | ".join(row["looked_for"])
    return row["fact"], row["what"], row["x12"], row["element"] or "", places, looked_for


def fact_rows() -> list[dict[str, Any]]:
    """Return each fact with its places; those in FHIR are read off the mapping tables."""
    from fhir_server.pas.paths import fhir_path
    from fhir_server.policy.facts import FACTS

    return [
        {
            "fact": fact.field,
            "what": fact.what,
            "fhir": [fhir_path(place) for place in fact.hub],
            "looked_for": list(fact.looked_for),
            "x12": fact.x12,
            "element": fact.element,
        }
        for fact in FACTS
    ]


@policy.command()
@json_option
def packs(as_json: bool) -> None:
    """Show the policy packs in the order in which they are asked, with their editions and sources."""
    from fhir_server.app import packs as load

    rows = [_pack_row(pack) for pack in load(settings_of())]
    if as_json:
        print_json(rows)
        return
    for row in rows:
        click.echo(f"{row['pack']} {row['version']}: {row['title']} ({row['kind']}, {row['services']} service codes)")
        for source in row["sources"]:
            click.echo(f"  {source}")


def _pack_row(pack: Pack) -> dict[str, Any]:
    from fhir_server.policy.scripted import ScriptedPack

    scripted = isinstance(pack, ScriptedPack)
    return {
        "pack": pack.edition.pack,
        "version": pack.edition.version,
        "title": pack.title,
        "kind": "scripted" if scripted else "coverage",
        "services": len(pack.by_code) if isinstance(pack, ScriptedPack) else len(pack.listed),
        "sources": list(pack.edition.sources),
    }
