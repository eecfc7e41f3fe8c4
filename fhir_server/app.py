"""The application factory: settings in, parts joined, a Flask application out."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from flask import Flask

from fhir_server.fhir.limits import Limits
from fhir_server.fhir.validation import Validator
from fhir_server.pas.validation import prepare as prepare_validators
from fhir_server.pas.validation import release_validators
from fhir_server.pas.versions import VERSIONS
from fhir_server.policy.pack import Pack, builtin_pack, load_packs
from fhir_server.security.clients import identification
from fhir_server.settings import Settings, load_settings
from fhir_server.store.database import Database
from fhir_server.store.unit import UnitOfWork
from fhir_server.web import worklist
from fhir_server.web.discovery import discovery_blueprint
from fhir_server.web.exchange import register_refusals
from fhir_server.web.logs import configure_logs
from fhir_server.web.openapi import openapi_blueprint
from fhir_server.web.operation import operation_blueprint, register_observation
from fhir_server.web.pas import Service, pas_blueprint
from fhir_server.web.renderers import all_renderers
from fhir_server.web.utn import TrackingService, utn_blueprint
from fhir_server.web.utn_operations import OPERATIONS as UTN_OPERATIONS
from fhir_server.web.validate import validate_blueprint
from fhir_server.web.worklist import worklist_blueprint
from fhir_server.web.worklist_operations import OPERATIONS as WORKLIST_OPERATIONS
from fhir_server.workflow.answers import Renderers, answer
from fhir_server.workflow.circumstances import Review
from fhir_server.workflow.review.desk import Desk
from fhir_server.workflow.review.reason_codes import read_reason_codes
from fhir_server.workflow.tracking_numbers import TellAnew


def utc_now() -> datetime:
    """Return the present moment."""
    return datetime.now(UTC)


def create_app(settings: Settings, clock: Callable[[], datetime] = utc_now) -> Flask:
    """Return the server for *settings*; *clock* gives the moment of receipt.

    The store must exist (`Database.upgrade`). Raises `SettingsInvalid` and `PolicyInvalid`.
    """
    app = Flask(__name__, root_path=str(Path(__file__).parent / "web"), static_folder=None)
    # One byte more than is taken: a body in chunks is cut off there, and is then seen to be too long.
    app.config["MAX_CONTENT_LENGTH"] = settings.most_bytes + 1
    app.config["PROVIDE_AUTOMATIC_OPTIONS"] = False
    app.url_map.merge_slashes = False  # PAS-046: an address with `//` is unknown, not redirected
    who = identification(settings)
    database = app.extensions["wiser-pas-database"] = open_database(settings)
    service = Service(database, review(settings), who, limits(settings), validators(settings), clock)
    for version in VERSIONS:
        app.register_blueprint(pas_blueprint(version, service))
        app.register_blueprint(validate_blueprint(version, service))
    app.register_blueprint(worklist_blueprint(worklist.Service(desk(settings, database), who, service.limits, clock)))
    app.register_blueprint(utn_blueprint(_tracking(settings, service)))
    app.register_blueprint(openapi_blueprint((*WORKLIST_OPERATIONS, *UTN_OPERATIONS)))
    app.register_blueprint(discovery_blueprint(settings, who))
    app.register_blueprint(operation_blueprint(database))
    register_refusals(app)
    register_observation(app)
    return app


def desk(settings: Settings, database: Database) -> Desk:
    """Return what reviewers work with on *database*, which may be of the other mode than *settings* say."""
    sandbox = database.mode == "sandbox"
    codes = read_reason_codes(Path(settings.reason_codes_file)) if settings.reason_codes_file else {}
    return Desk(database, all_renderers(sandbox=sandbox), packs(settings), codes)


def renderers(settings: Settings) -> Renderers:
    """Return how this server writes answers, by the channel that a request came by."""
    return all_renderers(sandbox=settings.sandbox)


def teller(settings: Settings) -> TellAnew:
    """Return what tells a requester how the case stands now, in the channel that the request came by."""
    written = renderers(settings)

    def tell(unit: UnitOfWork, case: str, at: datetime) -> None:
        answer(unit, case, written, at, unit.caller.client)

    return tell


def _tracking(settings: Settings, service: Service) -> TrackingService:
    return TrackingService(
        service.database,
        service.review.packs,
        service.identification,
        service.limits,
        teller(settings),
        service.clock,
    )


def open_database(settings: Settings) -> Database:
    """Return the store that *settings* name."""
    return Database(settings.database_url, sandbox=settings.sandbox)


def limits(settings: Settings) -> Limits:
    """Return the limits of a request body."""
    return Limits(max_bytes=settings.most_bytes, max_depth=settings.most_depth, max_entries=settings.most_entries)


def validators(settings: Settings) -> Mapping[str, Validator]:
    """Return the validator of each release, ready: what exchanges are held against is compiled."""
    made = release_validators(settings.codes_file, settings.packages_folder)
    prepare_validators(made)
    return made


def packs(settings: Settings) -> tuple[Pack, ...]:
    """Return the policy packs; the sandbox pack, where there is one, is asked first (S-38)."""
    return load_packs(([builtin_pack("sandbox")] if settings.sandbox else []) + pack_folders(settings))


def pack_folders(settings: Settings) -> list[Path]:
    """Return the folders of the coverage policies."""
    return [Path(folder) for folder in settings.policy_packs] or [builtin_pack("wiser")]


def review(settings: Settings) -> Review:
    """Return how this server reviews."""
    return Review(
        packs=packs(settings),
        states=frozenset(settings.states),
        medicare_payers=frozenset(settings.medicare_payers),
        excluded_payers=frozenset(settings.excluded_payers),
        window=settings.window,
        sandbox=settings.sandbox,
    )


def prepare(settings: Settings) -> None:
    """Do what has to be done once before any process serves: log lines to standard error, the store of this release."""
    configure_logs(settings.log_level)
    with closing(open_database(settings)) as database:
        database.upgrade()


def app_from_environment() -> Flask:
    """Return the server for the settings of the environment, prepared."""
    settings = load_settings(os.environ)
    prepare(settings)
    return create_app(settings)
