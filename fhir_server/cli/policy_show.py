"""`wiser-pas policy show`: a service category as a policy nurse reads it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from fhir_server.cli.output import json_option, print_json
from fhir_server.cli.settings import settings_of

if TYPE_CHECKING:
    from fhir_server.policy.categories import Category
    from fhir_server.policy.coverage import CoveragePack

ALL = "all"


@click.command("show")
@click.argument("category")
@json_option
def policy_show(category: str, as_json: bool) -> None:
    """Show a service category: codes, states, scope, checklist, code rules, each with its source.

    CATEGORY is the id or number of a category, or all.
    """
    from fhir_server.cli.policy_show_data import category_data
    from fhir_server.cli.policy_show_text import category_lines

    found = _found(category)
    if as_json:
        data = [category_data(pack, each) for pack, each in found]
        print_json(data if category == ALL else data[0])
        return
    for pack, each in found:
        click.echo("\n".join(category_lines(category_data(pack, each))))


def _found(wanted: str) -> list[tuple[CoveragePack, Category]]:
    from fhir_server.app import packs
    from fhir_server.policy.coverage import CoveragePack

    coverage = [pack for pack in packs(settings_of()) if isinstance(pack, CoveragePack)]
    every = [(pack, each) for pack in coverage for each in sorted(pack.categories, key=lambda row: row.number)]
    found = [(pack, each) for pack, each in every if wanted in (ALL, each.id, str(each.number))]
    if not found:
        known = ", ".join(f"{each.number} {each.id}" for _, each in every)
        raise click.BadParameter(f"{wanted} is unknown; known are {known}.", param_hint="CATEGORY")
    return found
