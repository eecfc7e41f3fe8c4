"""Discovery: what this server is, for machines and for the person who opened it in a browser."""

from __future__ import annotations

from flask import Blueprint, Flask, Response, current_app, render_template

from fhir_server import __version__
from fhir_server.pas.capability import capability_statement, davinci_configuration
from fhir_server.pas.versions import VERSIONS, Version
from fhir_server.security.clients import Identification
from fhir_server.settings import Settings
from fhir_server.web.exchange import agreed_format, resource_response


def discovery_blueprint(settings: Settings, identification: Identification) -> Blueprint:
    """Return the routes of discovery: `/`, `/metadata` of each release, `/.well-known/davinci-configuration`."""
    blueprint = Blueprint("discovery", __name__)
    for version in VERSIONS:
        _add_metadata(blueprint, version, settings, identification)

    @blueprint.get("/.well-known/davinci-configuration")
    def davinci() -> Response:
        document = davinci_configuration(
            VERSIONS, base_url=settings.base_url, payer_identifier=settings.payer_identifier
        )
        response = resource_response(document)
        response.content_type = "application/json"
        return response

    @blueprint.get("/")
    def home() -> str:
        return render_template(
            "home.html", settings=settings, versions=VERSIONS, release=__version__, scheme=identification.scheme
        )

    return blueprint


def _add_metadata(blueprint: Blueprint, version: Version, settings: Settings, identification: Identification) -> None:
    def metadata() -> Response:
        name = agreed_format(("json", "xml"))
        return resource_response(published_statement(current_app, version, settings, identification), name)

    blueprint.add_url_rule(
        f"/{version.base}/fhir/metadata", f"metadata_{version.label.replace('.', '_')}", metadata, methods=["GET"]
    )


def fhir_routes(app: Flask, version: Version) -> list[str]:
    """Return the paths below the FHIR base of *version* that *app* serves."""
    base = f"/{version.base}/fhir"
    return sorted(rule.rule.removeprefix(base) for rule in app.url_map.iter_rules() if rule.rule.startswith(f"{base}/"))


def published_statement(
    app: Flask, version: Version, settings: Settings, identification: Identification
) -> dict[str, object]:
    """Return the CapabilityStatement that `/metadata` of *version* gives, made once for each process."""
    made: dict[str, dict[str, object]] = app.extensions.setdefault("wiser-pas-capability", {})
    if version.label not in made:
        made[version.label] = capability_statement(
            version,
            fhir_routes(app, version),
            base_url=settings.base_url,
            security=identification.scheme,
            sandbox=settings.sandbox,
            release=__version__,
        )
    return made[version.label]
