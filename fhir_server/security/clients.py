"""Who may call: static clients from a file, or a development identity on loopback (S-21).

The file lists each client with the SHA-256 of its bearer token, never the token itself. A file is one of production
unless it says otherwise; a sandbox serves the clients of a sandbox file only, so that no production credential works
there:

    mode: production
    clients:
      - id: example-ehr
        token_sha256: 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
        roles: [submitter]
        organizations:
          - name: Example Clinic
            npi: ["1234567893"]
            sending_systems: ["EXAMPLEEHR"]
"""

from __future__ import annotations

import hashlib
import hmac
from pathlib import Path
from typing import Any, Protocol

import yaml
from marshmallow import Schema, ValidationError, fields, post_load, validate

from fhir_server.authorization.caller import Caller, CallerOrganization, Role
from fhir_server.errors import NotAuthenticated, SettingsInvalid
from fhir_server.settings import Settings, is_loopback

DEVELOPMENT = "development"


class Identification(Protocol):
    """How a request's sender is known: the seam at which static clients, and later OAuth, sit."""

    def caller(self, authorization: str | None, remote_address: str | None) -> Caller:
        """Return who sent the request; raise `NotAuthenticated` where nobody that is known did."""

    @property
    def scheme(self) -> str:
        """A sentence that says how callers authenticate, for `/metadata` and the start of the server."""


class DevelopmentIdentity:
    """Everybody on this machine is the development client, in all roles. Never outside loopback."""

    scheme = "No authentication: everyone on this machine acts as the client 'development'. For trying out only."

    def caller(self, authorization: str | None, remote_address: str | None) -> Caller:
        """Return the development client for a call from this machine."""
        if remote_address is None or not is_loopback(remote_address):
            raise NotAuthenticated.because(
                "The development identity serves callers on the same machine only.", "Configure CLIENTS_FILE."
            )
        return Caller(DEVELOPMENT, (CallerOrganization(DEVELOPMENT),), frozenset(Role), development=True)


class StaticClients:
    """Clients known by a bearer token each."""

    scheme = "A bearer token for each client (static clients)."

    def __init__(self, clients: dict[str, Caller]) -> None:
        self._clients = clients

    def caller(self, authorization: str | None, remote_address: str | None) -> Caller:
        """Return the client that the bearer token belongs to."""
        kind, _, token = (authorization or "").partition(" ")
        if kind.lower() != "bearer" or not token.strip():
            raise NotAuthenticated.because("The request carries no bearer token.", "Send `Authorization: Bearer …`.")
        digest = token_digest(token.strip())
        for known, caller in self._clients.items():
            if hmac.compare_digest(known, digest):
                return caller
        raise NotAuthenticated.because("The bearer token is not known here.", "Ask the operator for a token.")


def token_digest(token: str) -> str:
    """Return what the clients file holds of *token*."""
    return hashlib.sha256(token.encode()).hexdigest()


class _OrganizationSchema(Schema):
    name = fields.String(required=True, validate=validate.Length(min=1))
    npi = fields.List(fields.String(validate=validate.Regexp(r"^\d{10}$", error="an NPI has ten digits")))
    sending_systems = fields.List(fields.String(validate=validate.Length(min=1)))

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> CallerOrganization:
        return CallerOrganization(data["name"], tuple(data.get("npi", ())), tuple(data.get("sending_systems", ())))


class _ClientSchema(Schema):
    id = fields.String(required=True, validate=validate.Regexp(r"^[\w.-]{1,64}$", error="letters, digits, . _ -"))
    token_sha256 = fields.String(required=True, validate=validate.Regexp(r"^[0-9a-f]{64}$", error="64 hex digits"))
    roles = fields.List(fields.Enum(Role, by_value=True), load_default=[Role.SUBMITTER])
    organizations = fields.List(fields.Nested(_OrganizationSchema), load_default=[])

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> tuple[str, Caller]:
        return data["token_sha256"], Caller(data["id"], tuple(data["organizations"]), frozenset(data["roles"]))


class _FileSchema(Schema):
    mode = fields.String(validate=validate.OneOf(("production", "sandbox")), load_default="production")
    clients = fields.List(fields.Nested(_ClientSchema), required=True, validate=validate.Length(min=1))


def read_clients(path: Path, *, sandbox: bool) -> StaticClients:
    """Return the clients of the file at *path*. Raises `SettingsInvalid` naming each wrong row, or the wrong mode."""
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        read = _FileSchema().load(content if isinstance(content, dict) else {})
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise SettingsInvalid(f"CLIENTS_FILE: {path} cannot be read: {error}") from error
    except ValidationError as error:
        raise SettingsInvalid(f"CLIENTS_FILE: {path}: {error.messages}") from error
    loaded, mode = read["clients"], "sandbox" if sandbox else "production"
    if read["mode"] != mode:
        raise SettingsInvalid(f"CLIENTS_FILE: {path} holds clients of mode {read['mode']}; this server runs as {mode}.")
    _refuse_repetition(path, [caller.client for _, caller in loaded], "id")
    _refuse_repetition(path, [digest for digest, _ in loaded], "token_sha256")
    return StaticClients(dict(loaded))


def _refuse_repetition(path: Path, values: list[str], name: str) -> None:
    repeated = {value for value in values if values.count(value) > 1}
    if repeated:
        raise SettingsInvalid(f"CLIENTS_FILE: {path}: {name} given twice: {', '.join(sorted(repeated))}.")


def identification(settings: Settings) -> Identification:
    """Return how this server knows its callers."""
    if settings.clients_file is None:
        return DevelopmentIdentity()
    return read_clients(Path(settings.clients_file), sandbox=settings.sandbox)
