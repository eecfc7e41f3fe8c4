"""How this server writes answers: a pure renderer for each channel."""

from __future__ import annotations

from fhir_server.authorization.response import AuthorizationResponse
from fhir_server.pas.read import FHIR_JSON
from fhir_server.pas.versions import VERSIONS, Version
from fhir_server.pas.write import write_response
from fhir_server.workflow.answers import Channel, Renderer, Renderers


def renderer(version: Version, *, sandbox: bool) -> Renderer:
    """Return the pure function that makes an answer's bytes in *version*."""

    def render(response: AuthorizationResponse, case: str, moment: str) -> bytes:
        return write_response(response, version, case=case, moment=moment, sandbox=sandbox)

    return render


def all_renderers(*, sandbox: bool) -> Renderers:
    """Return the renderers of every channel that requests come by."""
    channels = {each.channel: Channel(renderer(each, sandbox=sandbox), FHIR_JSON) for each in VERSIONS}
    return Renderers(channels, sandbox)
