"""What each PAS endpoint publishes about itself, made from the routes that are there.

The resources are built with fhir.resources, so that an ill-formed statement fails where it is written.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from fhir_server.fhir import json
from fhir_server.fhir.mapping import Json
from fhir_server.pas.datatypes import PAS
from fhir_server.pas.precheck import PRECHECK_DEFINITION
from fhir_server.pas.versions import Version

OPERATIONS = "http://hl7.org/fhir/us/davinci-pas/OperationDefinition/"
GUIDE = "http://hl7.org/fhir/us/davinci-pas/ImplementationGuide/hl7.fhir.us.davinci-pas"
RELEASED = "2026-11-24"


@dataclass(frozen=True, slots=True)
class OperationRow:
    """An operation as a CapabilityStatement lists it: its route below the base, resource type, name and definition.

    One without a resource type is listed as one of the whole system.
    """

    route: str
    resource: str
    name: str
    definition: str
    profiles: tuple[str, ...]
    documentation: str


OPERATION_ROWS = (
    OperationRow(
        "/Claim/$submit",
        "Claim",
        "submit",
        f"{OPERATIONS}Claim-submit",
        (f"{PAS}profile-claim",),
        "Takes a PAS request Bundle in JSON. Updates and cancellations are not taken yet.",
    ),
    OperationRow(
        "/Claim/$precheck",
        "Claim",
        "precheck",
        PRECHECK_DEFINITION,
        (f"{PAS}profile-claim",),
        "Takes what $submit takes and tells what would happen to it now: outcome, lines, each element of the "
        "checklist, each code rule, and what is missing. Keeps nothing.",
    ),
    OperationRow(
        "/$validate",
        "",
        "validate",
        "http://hl7.org/fhir/OperationDefinition/Resource-validate",
        (),
        "Holds a resource, in JSON or XML, against its type and profiles, and keeps nothing. Offered for each type "
        "too, as [type]/$validate; not for instances.",
    ),
)
# Routes below a FHIR base that no CapabilityStatement lists by themselves.
UNLISTED_ROUTES = ("/metadata", "/<type_name>/$validate")


def capability_statement(
    version: Version, routes: Iterable[str], *, base_url: str, security: str, sandbox: bool, release: str
) -> Json:
    """Return the CapabilityStatement of *version* for the *routes* (paths below the FHIR base) that are served.

    *release* is that of this software.
    """
    from fhir.resources.R4B.capabilitystatement import CapabilityStatement

    served = set(routes)
    statement = CapabilityStatement.model_validate(
        {
            "url": f"{base_url}/{version.base}/fhir/metadata",
            "version": release,
            "name": f"WiserPas{version.label.replace('.', '')}",
            "title": f"wiser-pas, PAS {version.release}",
            "status": "active",
            "date": RELEASED,
            "kind": "instance",
            "description": _description(version, sandbox),
            "software": {"name": "wiser-pas", "version": release},
            "implementation": {
                "description": "Sandbox: no real decisions" if sandbox else "Prior authorization for the WISeR model",
                "url": f"{base_url}/{version.base}/fhir",
            },
            "fhirVersion": "4.0.1",
            "format": ["application/fhir+json", "application/fhir+xml"],
            "implementationGuide": [f"{GUIDE}|{version.release}"],
            "rest": [
                {
                    "mode": "server",
                    "security": {"description": security},
                    "resource": _resources(served),
                    "operation": _operations("", served),
                }
            ],
        }
    )
    content: Json = json.loads(statement.model_dump_json(exclude_none=True).encode())
    return content


def _description(version: Version, sandbox: bool) -> str:
    told = f"Da Vinci PAS {version.release} for the CMS WISeR model. The PAS operations take and give JSON."
    return f"{told} SANDBOX: answers are scripted and nothing here decides about anybody." if sandbox else told


def _resources(served: set[str]) -> list[dict[str, Any]]:
    rows = [row for row in OPERATION_ROWS if row.route in served and row.resource]
    return [
        {
            "type": kind,
            "supportedProfile": [profile for row in rows if row.resource == kind for profile in row.profiles],
            "operation": _operations(kind, served),
        }
        for kind in dict.fromkeys(row.resource for row in rows)
    ]


def _operations(kind: str, served: set[str]) -> list[dict[str, str]]:
    """Return the operations of a resource type, or of the whole system (``""``)."""
    return [
        {"name": row.name, "definition": row.definition, "documentation": row.documentation}
        for row in OPERATION_ROWS
        if row.resource == kind and row.route in served
    ]


def davinci_configuration(versions: Iterable[Version], *, base_url: str, payer_identifier: str) -> Json:
    """Return the HRex 1.2.0 discovery document: one endpoint for each release (PAS-001 to PAS-003, PAS-117)."""
    system, _, value = payer_identifier.rpartition("|")
    return {
        "identifier": {"system": system, "value": value} if system else {"value": value},
        "endpoints": {
            f"davinci_pas_submission_endpoint#{version.label}": f"{base_url}/{version.base}/fhir"
            for version in versions
        },
    }
