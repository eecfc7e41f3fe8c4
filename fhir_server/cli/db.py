"""`wiser-pas db`: make, upgrade and check the store."""

from __future__ import annotations

from contextlib import closing

import click

from fhir_server.cli.output import json_option, print_json
from fhir_server.cli.settings import masked, missing_file, settings_of
from fhir_server.errors import StoreMismatch
from fhir_server.settings import Settings


@click.group()
def db() -> None:
    """Make, upgrade and check the store (DATABASE_URL)."""


@db.command()
@json_option
def upgrade(as_json: bool) -> None:
    """Make the store, or bring it to this release. Nothing is lost, and twice is as good as once."""
    from fhir_server.app import open_database

    settings = settings_of()
    with closing(open_database(settings)) as database:
        database.upgrade()
    _tell(settings, "The store is ready", as_json=as_json)


@db.command()
@json_option
def check(as_json: bool) -> None:
    """Check that the store is there, of this release, and of the mode (sandbox or production) of the settings."""
    from fhir_server.app import open_database

    settings = settings_of()
    with closing(open_database(settings)) as database:
        if path := missing_file(database):
            raise StoreMismatch(f"There is no store at {path}. `wiser-pas db upgrade` makes one.")
        database.check()
    _tell(settings, "The store fits", as_json=as_json)


def _tell(settings: Settings, words: str, *, as_json: bool) -> None:
    from fhir_server.store.tables import SCHEMA_RELEASE

    mode = "sandbox" if settings.sandbox else "production"
    store = masked(settings.database_url)
    if as_json:
        print_json({"store": store, "mode": mode, "release": SCHEMA_RELEASE})
    else:
        click.echo(f"{words}: {store}, {mode}, release {SCHEMA_RELEASE}.")
