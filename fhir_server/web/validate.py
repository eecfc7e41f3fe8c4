"""`$validate` and `[type]/$validate`: hold a resource against the definitions of a release, and keep nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Response, request

from fhir_server.errors import ContentInvalid, Issue, NotFound
from fhir_server.fhir.formats import read_content
from fhir_server.fhir.negotiation import content_format
from fhir_server.fhir.outcome import operation_outcome
from fhir_server.fhir.resource_types import RESOURCE_TYPES
from fhir_server.fhir.validation import Validator
from fhir_server.fhir.validation.mending import listed, nearest_canonical
from fhir_server.pas.findings import findings
from fhir_server.pas.versions import Version
from fhir_server.web.exchange import agreed_format, known_caller, resource_response, sent_body
from fhir_server.web.pas import Service

JSON_AND_XML = ("json", "xml")  # S-19
MODES = ("create", "update", "delete", "profile")  # R4, value set resource-validation-mode
PARAMETERS = ("resource", "mode", "profile")  # R4, operation Resource-validate
SEVERITIES = ("fatal", "error", "warning", "information")

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Asked:
    """What a call asks for: a resource, the profiles named beside those of the resource itself, the mode."""

    resource: Json | None
    profiles: tuple[str, ...] = ()
    modes: tuple[str, ...] = ()


def validate_blueprint(version: Version, service: Service) -> Blueprint:
    """Return the routes of `$validate` for *version*, under its base address."""
    blueprint = Blueprint(f"validate_{version.label.replace('.', '_')}", __name__, url_prefix=f"/{version.base}/fhir")

    @blueprint.post("/$validate", defaults={"type_name": None})
    @blueprint.post("/<type_name>/$validate")
    def validate(type_name: str | None) -> Response:
        known_caller(service.identification)
        answer = agreed_format(JSON_AND_XML)
        if type_name is not None and type_name not in RESOURCE_TYPES:
            raise NotFound.because("This is no resource type of FHIR R4.", "Post to $validate, or to [type]/$validate.")
        issues = sorted(_found(type_name, service, version), key=_rank)
        return resource_response(operation_outcome(issues), answer)

    return blueprint


def _found(type_name: str | None, service: Service, version: Version) -> list[Issue]:
    """Return all that is wrong with what was sent; raise where it cannot be read, or not be judged as asked."""
    body = sent_body(JSON_AND_XML, service.limits.max_bytes)
    form = content_format(request.headers.get("Content-Type"), JSON_AND_XML)
    sent, issues = read_content(body, form, service.limits)
    if sent is None:
        return issues
    asked = read_parameters(sent, type_name, request.args.getlist("profile"), request.args.getlist("mode"))
    validator = service.validators[version.label]
    faults = list(faults_of_call(asked, validator))
    if faults or asked.resource is None:
        raise ContentInvalid(faults)
    issues += faults_for_use(asked.resource, type_name, asked.modes)
    return issues + findings(asked.resource, version, validator, asked.profiles, now=service.clock())


def read_parameters(sent: Json, type_name: str | None, profiles: Sequence[str], modes: Sequence[str]) -> Asked:
    """Return what a body asks for, with what the query says: the resource itself, or Parameters that hold it.

    Parameters are the resource itself where nothing in them is named ``resource``, ``mode`` or ``profile``, and at
    `Parameters/$validate` where they hold anything else than Parameters.
    """
    parts = list(_parts(sent))
    resources = [part.get("resource") for part in parts if part.get("name") == "resource"]
    resource = resources[0] if len(resources) == 1 and isinstance(resources[0], dict) else None
    wrapped = any(part.get("name") in PARAMETERS for part in parts)
    if type_name == "Parameters" and (resource is None or resource.get("resourceType") != type_name):
        wrapped = False
    if not wrapped:
        return Asked(sent, tuple(profiles), tuple(modes))
    return Asked(resource, (*profiles, *_values(parts, "profile")), (*modes, *_values(parts, "mode")))


def _parts(sent: Json) -> Iterator[Json]:
    parts = sent.get("parameter") if sent.get("resourceType") == "Parameters" else None
    return (part for part in (parts if isinstance(parts, list) else ()) if isinstance(part, dict))


def _values(parts: Sequence[Json], name: str) -> Iterator[str]:
    for part in parts:
        if part.get("name") == name:
            yield from (each for key, each in part.items() if key.startswith("value") and isinstance(each, str))


def faults_of_call(asked: Asked, validator: Validator) -> Iterator[Issue]:
    """Yield why a call cannot be answered: its mode, a missing resource, a profile that is not known here."""
    modes = set(asked.modes)
    if not modes <= set(MODES):
        yield Issue("validate-mode", "There is no such mode.", f"Send {listed(MODES)}, or none.", code="value")
    if len(modes) > 1:
        yield Issue("validate-mode", "Several modes are given.", "Send one, or none.", code="value")
    if "delete" in modes:
        found, mend = "Nothing can be deleted here.", "Leave the mode out to have the content checked."
        yield Issue("validate-mode", found, mend, code="not-supported")
    if "profile" in modes and not asked.profiles:
        found, mend = "The mode profile needs a profile.", "Name one in the parameter profile."
        yield Issue("validate-mode", found, mend, code="required")
    if asked.resource is None:
        found, mend = "There is no resource to validate.", "Send one, as the body or as the parameter resource."
        yield Issue("validate-resource", found, mend, code="required")
    for profile in asked.profiles:
        if validator.compiler.profile(profile, validator.source) is None:
            yield _unknown(profile, validator)


def _unknown(profile: str, validator: Validator) -> Issue:
    meant = nearest_canonical(profile, (entry.url for entry, _ in validator.definitions.profiles()))
    mend = f"Did you mean {meant}?" if meant else "Name a profile of this release's guides."
    return Issue("profile-unknown", "A profile that was asked for is not known here.", mend, code="not-found")


def faults_for_use(resource: Json, type_name: str | None, modes: Sequence[str]) -> Iterator[Issue]:
    """Yield what is wrong with a resource where it was sent, or for what is meant to be done with it."""
    sent = resource.get("resourceType")
    known = isinstance(sent, str) and sent in RESOURCE_TYPES
    place = f"{sent}" if known else "Resource"
    if type_name is not None and sent != type_name:
        found = f"The resource is of type {sent}." if known else "The resource is of another type."
        yield Issue("validate-type", found, f"Send a {type_name} here, or post to $validate.", place)
    if "update" in modes and "id" not in resource:  # R4, http.html#update
        yield Issue("validate-id", "A resource that updates another needs an id.", "Add it.", place, code="required")


def _rank(issue: Issue) -> int:
    return SEVERITIES.index(issue.severity)
