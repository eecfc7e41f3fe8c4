"""What `wiser-pas doctor` looks at: each check says in words what it found, and how to mend what is wrong."""

from __future__ import annotations

import importlib
import os
import socket
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal, get_args
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from fhir_server.cli.settings import existing_store, masked, missing_file
from fhir_server.errors import PolicyInvalid, Refusal, SettingsInvalid, StoreMismatch
from fhir_server.installed import DataFolder, data_folder
from fhir_server.settings import Settings

if TYPE_CHECKING:
    from fhir_server.store.database import Database

State = Literal["ok", "warning", "fault"]
LEAST_PYTHON = (3, 11)
# The time zones of the contractors that pay claims in the six model states.
TIME_ZONES = ("America/New_York", "America/Chicago", "America/Denver", "America/Phoenix", "America/Los_Angeles")
ANSWER_SECONDS = 3.0


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found. ``mend`` says what to do about a warning or a fault."""

    check: str
    state: State
    found: str
    mend: str = ""


def examine(settings: Settings) -> Iterator[Finding]:
    """Yield what each check finds, in the order in which faults are best mended."""
    for check in CHECKS:
        yield check(settings)


def python(_: Settings | None) -> Finding:
    """Look at the version of Python."""
    version = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info < LEAST_PYTHON:
        return Finding("python", "fault", f"This is Python {version}.", "Use Python 3.11 or newer.")
    return Finding("python", "ok", f"Python {version}")


def data(_: Settings) -> Finding:
    """Look for the folders that are installed with the server."""
    try:
        places = {data_folder(name).parent for name in get_args(DataFolder)}
    except FileNotFoundError as error:
        return Finding("data", "fault", f"The installation is not whole: {error}.", "Install wiser-pas again.")
    return Finding("data", "ok", f"capability, examples and profiles in {', '.join(map(str, places))}")


def clock(_: Settings) -> Finding:
    """Look at the clock: due times are counted from it, and a time before the release cannot be right."""
    from fhir_server.pas.capability import RELEASED

    now = datetime.now(UTC)
    if now.date() < date.fromisoformat(RELEASED):
        return Finding("clock", "fault", f"The clock says {now:%Y-%m-%d %H:%M} UTC.", "Set the clock; use NTP.")
    return Finding("clock", "ok", f"{now:%Y-%m-%d %H:%M:%S} UTC")


def time_zones(_: Settings) -> Finding:
    """Look for the time zones in which due times end (S-09)."""
    missing = [name for name in TIME_ZONES if not _is_zone(name)]
    if missing:
        mend = "Install the package tzdata, of the system or for Python."
        return Finding("time zones", "fault", f"There is no data of {', '.join(missing)}.", mend)
    return Finding("time zones", "ok", f"data of {', '.join(TIME_ZONES)}")


def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except ZoneInfoNotFoundError:
        return False
    return True


def mode(settings: Settings) -> Finding:
    """Say in which mode a server would run."""
    if settings.sandbox:
        found = "Sandbox: the sandbox pack answers its own service codes with scripts."
        return Finding("mode", "warning", found, "Unset SANDBOX where real requests are decided.")
    return Finding("mode", "ok", "production")


def callers(settings: Settings) -> Finding:
    """Look at who may call."""
    from fhir_server.security.clients import identification

    try:
        scheme = identification(settings).scheme
    except SettingsInvalid as error:
        return Finding("callers", "fault", str(error), "Correct the file; `wiser-pas token` makes a row's token.")
    if settings.clients_file is None:
        return Finding("callers", "warning", scheme, "Set CLIENTS_FILE where others than you can reach the server.")
    return Finding("callers", "ok", f"{scheme} {settings.clients_file}")


def store(settings: Settings) -> Finding:
    """Look whether the store is there, fits the mode and the release, and takes a row (which is rolled back)."""
    from fhir_server.store.database import Database

    try:
        database = Database(settings.database_url, sandbox=settings.sandbox)
    except SettingsInvalid as error:
        return Finding("store", "fault", str(error), "Correct DATABASE_URL.")
    place = masked(settings.database_url)
    if path := missing_file(database):
        return _new_file(path)
    try:
        database.check()
        _write_and_undo(database)
    except StoreMismatch as error:
        return _mismatched(settings, str(error), place)
    except Refusal as refusal:
        found = f"{place}: {refusal}"
        return Finding("store", "fault", found, "Start the database, or correct DATABASE_URL and the rights to write.")
    finally:
        database.close()
    return Finding("store", "ok", f"{place} can be read and written")


def _mismatched(settings: Settings, found: str, place: str) -> Finding:
    """Tell a store of the other mode, which only the right SANDBOX is missing for, from one that cannot be used."""
    try:
        with existing_store(settings):
            return Finding("store", "warning", found, "Run the server with SANDBOX as the store was made.")
    except (StoreMismatch, Refusal):
        mend = f"Set DATABASE_URL to another store than {place}, or upgrade it with `wiser-pas db upgrade`."
        return Finding("store", "fault", found, mend)


def _new_file(path: Path) -> Finding:
    folder = next(each for each in path.parents if each.is_dir())
    if os.access(folder, os.W_OK):
        return Finding("store", "ok", f"{path} will be made when the server starts")
    mend = "Give the right to write there, or set DATABASE_URL."
    return Finding("store", "fault", f"{path} is not there, and {folder} cannot be written to.", mend)


class _Undone(Exception):
    """Ends a transaction so that nothing of it is kept."""


def _write_and_undo(database: Database) -> None:
    from fhir_server.authorization.caller import operator
    from fhir_server.store.instances import Instance

    try:
        with database.write(operator()) as unit:
            unit.instances.keep([Instance("urn:uuid:doctor", "Basic", frozenset(), "")])
            raise _Undone
    except _Undone:
        return


def packs(settings: Settings) -> Finding:
    """Load the policy packs."""
    from fhir_server.app import packs as load

    try:
        loaded = load(settings)
    except PolicyInvalid as error:
        return Finding("policy packs", "fault", str(error), "Correct the rows that are named, or POLICY_PACKS.")
    return Finding("policy packs", "ok", ", ".join(f"{each.edition.pack} {each.edition.version}" for each in loaded))


def diagnoses(_: Settings) -> Finding:
    """Load the ICD-10-CM code set (S-25)."""
    try:
        codes = importlib.import_module("simple_icd_10_cm")
    except ImportError as error:
        found = f"The ICD-10-CM code set cannot be loaded: {error}."
        return Finding("ICD-10-CM", "fault", found, "Install simple-icd-10-cm; requirements.lock names the version.")
    return Finding("ICD-10-CM", "ok", f"{len(codes.get_all_codes()):,} codes")


def port(settings: Settings) -> Finding:
    """Look whether the port is free, or who answers there."""
    address = f"{settings.host}:{settings.port}"
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError as error:
            return _taken(settings, f"{address} cannot be listened on: {error.strerror}.")
    return Finding("port", "ok", f"{address} is free")


def _taken(settings: Settings, found: str) -> Finding:
    import httpx

    try:
        host = f"[{settings.host}]" if ":" in settings.host else settings.host
        answer = httpx.get(f"http://{host}:{settings.port}/stu2.2/fhir/metadata", timeout=ANSWER_SECONDS)
        software = answer.json()["software"]
    except (httpx.HTTPError, ValueError, LookupError, TypeError):
        return Finding("port", "fault", found, "End the other program, or set HOST or PORT.")
    return Finding("port", "ok", f"{software.get('name')} {software.get('version')} answers at port {settings.port}")


def redis(settings: Settings) -> Finding:
    """Call Redis, if one is set."""
    if settings.redis_url is None:
        return Finding("redis", "ok", "none is set; the store serves in its place")
    from redis import Redis, RedisError

    place = masked(settings.redis_url)
    try:
        with Redis.from_url(settings.redis_url, socket_timeout=ANSWER_SECONDS, retry=None) as client:
            client.ping()
    except (RedisError, ValueError) as error:
        found = f"{place} does not answer: {type(error).__name__}."
        return Finding("redis", "fault", found, "Start Redis, or correct REDIS_URL, or unset it.")
    return Finding("redis", "ok", f"{place} answers")


def pdf(_: Settings) -> Finding:
    """Look for what letters in PDF need (S-30); without it the server serves all the same."""
    from fhir_server.letters.pdf import available

    if missing := available():
        packages = [each for each in missing if each != "weasyprint"]
        mend = f"apt-get install {' '.join(packages)}" if packages else "Install weasyprint as requirements.lock says."
        found = f"Letters cannot be made as PDF: {', '.join(missing)} missing."
        return Finding("pdf letters", "warning", found, mend)
    return Finding("pdf letters", "ok", "WeasyPrint and pango are there")


def contractor(settings: Settings) -> Finding:
    """Look whether a server that others call gives out tracking numbers that no contractor gave."""
    if settings.simulates_contractor and settings.clients_file and not settings.sandbox:
        found = "Tracking numbers (UTN) are simulated; none of them may stand on a claim."
        return Finding(
            "tracking numbers", "warning", found, "Set CONTRACTOR=manual and record those of the contractor."
        )
    who = "simulated, visibly" if settings.simulates_contractor else "recorded by `wiser-pas utn` and /api/utn"
    return Finding("tracking numbers", "ok", who)


CHECKS: tuple[Callable[[Settings], Finding], ...] = (
    data,
    clock,
    time_zones,
    mode,
    callers,
    store,
    packs,
    diagnoses,
    port,
    redis,
    pdf,
    contractor,
)
