"""Every setting of the server, once: name, type, default and a sentence.

A setting is read from the environment, by its name (``PORT``) or with the prefix (``WISER_PAS_PORT``), or from the TOML
file that ``WISER_PAS_SETTINGS`` names; the environment wins. A prefixed name or a key of the file that is no setting,
and a value that cannot be read, refuse to start: all of them are told at once, each with its name.
"""

from __future__ import annotations

import difflib
import ipaddress
import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

from fhir_server.errors import SettingsInvalid

PREFIX = "WISER_PAS_"
SETTINGS_FILE = f"{PREFIX}SETTINGS"
EVERYWHERE = ("0.0.0.0", "::")  # noqa: S104 - what is refused without a PUBLIC_URL
MODEL_STATES = ("AZ", "NJ", "OH", "OK", "TX", "WA")


def _text(value: str) -> str:
    return value


def _optional(value: str) -> str | None:
    return value or None


def _flag(value: str) -> bool:
    word = value.lower()
    if word not in ("1", "true", "yes", "on", "0", "false", "no", "off", ""):
        raise ValueError("say 1 or 0")
    return word in ("1", "true", "yes", "on")


def _positive(value: str) -> int:
    if not value.isascii() or not value.isdigit() or int(value) < 1:
        raise ValueError("give a whole number from 1 on")
    return int(value)


def _port(value: str) -> int:
    if not value.isascii() or not value.isdigit() or int(value) > 65535:
        raise ValueError("give a port from 0 to 65535")
    return int(value)


def _words(value: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in value.split(",") if word.strip())


def _states(value: str) -> tuple[str, ...]:
    states = tuple(word.upper() for word in _words(value))
    strangers = [state for state in states if state not in MODEL_STATES]
    if strangers or not states:
        raise ValueError(f"give some of {', '.join(MODEL_STATES)}")
    return states


def _seconds(value: str) -> timedelta:
    return timedelta(seconds=_positive(value))


def _optional_seconds(value: str) -> timedelta | None:
    return _seconds(value) if value else None


def _contractor(value: str) -> str:
    if value not in ("simulated", "manual"):
        raise ValueError("say simulated or manual")
    return value


def _optional_percent(value: str) -> Decimal | None:
    try:
        percent = Decimal(value) if value else None
    except ArithmeticError:
        raise ValueError("give a number from 0 to 100") from None
    if percent is not None and not 0 <= percent <= 100:
        raise ValueError("give a number from 0 to 100")
    return percent


def _optional_positive(value: str) -> int | None:
    return _positive(value) if value else None


def _optional_one_of(*words: str) -> Callable[[str], str | None]:
    def read(value: str) -> str | None:
        if value and value not in words:
            raise ValueError(f"say {' or '.join(words)}")
        return value or None

    return read


@dataclass(frozen=True, slots=True)
class Setting:
    """One row of the table: how a setting is called, read and explained."""

    name: str
    read: Callable[[str], Any]
    default: str
    sentence: str

    @property
    def field(self) -> str:
        """The attribute of `Settings` that holds it."""
        return self.name.lower()


TABLE: tuple[Setting, ...] = (
    Setting("HOST", _text, "127.0.0.1", "Address to listen on; any other than loopback needs CLIENTS_FILE."),
    Setting("PORT", _port, "8080", "Port to listen on."),
    Setting("PUBLIC_URL", _optional, "", "Address that callers reach the server at; default http://HOST:PORT."),
    Setting("DATABASE_URL", _text, "sqlite:///var/wiser-pas.db", "The store: a SQLite file or a PostgreSQL database."),
    Setting("REDIS_URL", _optional, "", "Redis for what processes share and may lose; nothing of this release needs it."),
    Setting("WORKERS", _positive, "2", "Server processes."),
    Setting("THREADS", _positive, "8", "Threads of each server process."),
    Setting("WORKER", _flag, "1", "Run one worker beside the server processes; 0 where `wiser-pas worker` runs by itself."),
    Setting("SANDBOX", _flag, "0", "Answer the sandbox pack's service codes with scripted outcomes, and say so everywhere."),
    Setting("CLIENTS_FILE", _optional, "", "File of static clients; without it a development identity, on loopback only."),
    Setting("PAYER_IDENTIFIER", _text, "urn:ietf:rfc:3986|urn:wiser-pas:participant", "Our identifier as system|value, published for endpoint discovery."),
    Setting("STATES", _states, ",".join(MODEL_STATES), "Model states that this participant reviews."),
    Setting("POLICY_PACKS", _words, "", "Folders of policy packs; default the built-in WISeR pack."),
    Setting("MEDICARE_PAYERS", _words, "", "Payer identifiers that mean Original Medicare where the coverage has no type."),
    Setting("EXCLUDED_PAYERS", _words, "", "Payer identifiers of Railroad Medicare, Veterans Affairs, Indian Health Service."),
    Setting("CONTRACTOR", _contractor, "simulated", "Who gives tracking numbers (UTN): simulated, visibly, or manual by `wiser-pas utn` and /api/utn."),
    Setting("ALERT_BEFORE", _seconds, "21600", "Seconds before its due time at which a waiting case is alerted."),
    Setting("REASON_CODES_FILE", _optional, "", "File of CMS's review reason codes (CSV: code, statement, source); docs/worklist.md."),
    Setting("EXEMPTION_THRESHOLD", _optional_percent, "", "Percent of affirmed requests from which a provider is exempt; CMS has not published it."),
    Setting("EXEMPTION_PERIOD", _optional_positive, "", "Quarters that an assessment looks back on; CMS has not published it."),
    Setting("EXEMPTION_COUNTS", _optional_one_of("initial", "after-resubmission"), "", "Which affirmations count: initial or after-resubmission; not published."),
    Setting("EXEMPTION_GRAIN", _optional_one_of("npi", "npi+state", "npi+category"), "", "What an exemption hangs on: npi, npi+state or npi+category; not published."),
    Setting("PACKAGES_FOLDER", _text, "var/packages", "Folder of the guides that `wiser-pas packages install` added to the built-in ones."),
    Setting("CODES_FILE", _optional, "", "File of licensed codes (CSV) that the validator checks fully; docs/code-systems.md."),
    Setting("REPLAY_WINDOW", _optional_seconds, "", "Seconds for which the same request gets its stored answer; default 86400, sandbox 30."),
    Setting("MOST_BYTES", _positive, "20971520", "Largest request body, in bytes."),
    Setting("MOST_DEPTH", _positive, "64", "Deepest nesting of a request body."),
    Setting("MOST_ENTRIES", _positive, "2000", "Most entries of a Bundle."),
    Setting("LOG_LEVEL", _text, "info", "Least level of log lines: debug, info, warning or error."),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of one server, read once and never changed."""

    host: str
    port: int
    public_url: str | None
    database_url: str
    redis_url: str | None
    workers: int
    threads: int
    worker: bool
    sandbox: bool
    clients_file: str | None
    payer_identifier: str
    states: tuple[str, ...]
    policy_packs: tuple[str, ...]
    medicare_payers: tuple[str, ...]
    excluded_payers: tuple[str, ...]
    contractor: str
    alert_before: timedelta
    reason_codes_file: str | None
    exemption_threshold: Decimal | None
    exemption_period: int | None
    exemption_counts: Literal["initial", "after-resubmission"] | None
    exemption_grain: Literal["npi", "npi+state", "npi+category"] | None
    packages_folder: str
    codes_file: str | None
    replay_window: timedelta | None
    most_bytes: int
    most_depth: int
    most_entries: int
    log_level: str

    @property
    def address(self) -> str:
        """Host and port to listen on, as in an address: IPv6 stands in brackets."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def base_url(self) -> str:
        """The address that callers reach the server at, without a slash at the end."""
        return (self.public_url or f"http://{self.address}").rstrip("/")

    @property
    def window(self) -> timedelta:
        """How long the same request gets its stored answer (S-16)."""
        return self.replay_window or timedelta(seconds=30 if self.sandbox else 86400)

    @property
    def simulates_contractor(self) -> bool:
        """Whether tracking numbers are simulated instead of being a contractor's."""
        return self.contractor == "simulated"

    @property
    def on_loopback(self) -> bool:
        """Whether the server listens where only this machine can call it."""
        return is_loopback(self.host)


def is_loopback(host: str) -> bool:
    """Return whether *host* is reached from this machine only."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def load_settings(environment: Mapping[str, str], overrides: Mapping[str, str] | None = None) -> Settings:
    """Return the settings; *overrides* (by setting name, from command-line flags) win over everything else.

    Raises `SettingsInvalid`, whose message has a line for each setting at fault.
    """
    problems: list[str] = []
    given = _from_file(environment, problems) | _from_environment(environment, problems) | dict(overrides or {})
    values: dict[str, Any] = {}
    for setting in TABLE:
        try:
            values[setting.field] = setting.read(given.get(setting.name, setting.default))
        except ValueError as error:
            problems.append(f"{setting.name}: {error}. {setting.sentence}")
    if not problems:
        settings = Settings(**values)
        problems.extend(_unsafe(settings))
    if problems:
        raise SettingsInvalid("\n".join(problems))
    return settings


def _from_environment(environment: Mapping[str, str], problems: list[str]) -> dict[str, str]:
    names = [setting.name for setting in TABLE]
    for name in environment:
        if name.startswith(PREFIX) and name != SETTINGS_FILE and name.removeprefix(PREFIX) not in names:
            problems.append(f"{name}: there is no such setting.{_near(name.removeprefix(PREFIX), names)}")
    plain = {name: environment[name] for name in names if name in environment}
    prefixed = {name: environment[PREFIX + name] for name in names if PREFIX + name in environment}
    return plain | prefixed


def _from_file(environment: Mapping[str, str], problems: list[str]) -> dict[str, str]:
    if SETTINGS_FILE not in environment:
        return {}
    path = Path(environment[SETTINGS_FILE])
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        problems.append(f"{SETTINGS_FILE}: {path} cannot be read: {error}")
        return {}
    names = [setting.name for setting in TABLE]
    for key in content:
        if key.upper() not in names:
            problems.append(f"{path}: {key}: there is no such setting.{_near(key.upper(), names)}")
    return {key.upper(): _as_text(value) for key, value in content.items()}


def _as_text(value: Any) -> str:
    if isinstance(value, bool):
        return "1" if value else "0"
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)


def _near(name: str, names: Iterable[str]) -> str:
    close = difflib.get_close_matches(name, list(names), 1)
    return f" Do you mean {close[0]}?" if close else " `wiser-pas config --check` lists all."


def _unsafe(settings: Settings) -> Iterable[str]:
    if settings.clients_file is None and not settings.on_loopback:
        yield (
            f"HOST: {settings.host} can be reached from other machines, and nobody has to authenticate. "
            "Set CLIENTS_FILE, or listen on 127.0.0.1."
        )
    if settings.host in EVERYWHERE and settings.public_url is None:
        yield (
            f"PUBLIC_URL: {settings.host} is no address that callers can use, and /metadata would publish it. "
            "Set the address that callers reach the server at."
        )
    if settings.log_level not in ("debug", "info", "warning", "error"):
        yield f"LOG_LEVEL: {settings.log_level} is none of debug, info, warning, error."


assert [field.name for field in fields(Settings)] == [setting.field for setting in TABLE]
