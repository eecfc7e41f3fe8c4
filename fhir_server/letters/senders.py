"""Who writes a letter, and our labels of the codes in it: read from the policy packs."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence

from fhir_server.authorization.request import AuthorizationRequest
from fhir_server.letters.content import Sender
from fhir_server.policy.coverage import Contractor, CoveragePack, Participant, StateRow
from fhir_server.policy.pack import Pack
from fhir_server.policy.scripted import ScriptedPack

UNNAMED = Sender("WISeR prior authorization review")
SANDBOX = Sender("wiser-pas sandbox (no real organization)")
ASSOCIATED = "associated service, follows another line"


def sender_of(packs: Sequence[Pack], edition: str, state: str | None, served: Collection[str]) -> Sender:
    """Return who reviews: the participant of *state* where this server serves it, else the only one that it serves.

    *edition* is the name of the pack that decided; what a scripted pack says comes from the sandbox. A server of
    several participants that knows no state has no name to give.
    """
    if any(isinstance(pack, ScriptedPack) and pack.edition.pack == edition for pack in packs):
        return SANDBOX
    found = {row.participant: pack for pack, row in _rows(packs) if row.state == state and state in served}
    found = found or {row.participant: pack for pack, row in _rows(packs) if row.state in served}
    if len(found) != 1:
        return UNNAMED
    ((identifier, pack),) = found.items()
    return _sender(next(each for each in pack.participants if each.id == identifier))


def contractor_of(packs: Sequence[Pack], state: str | None) -> Contractor | None:
    """Return the Medicare contractor that pays claims for services given in *state*."""
    found = ((pack, row.contractor) for pack, row in _rows(packs) if row.state == state)
    return next((each for pack, name in found for each in pack.contractors if each.id == name), None)


def _rows(packs: Sequence[Pack]) -> Iterator[tuple[CoveragePack, StateRow]]:
    return ((pack, row) for pack in packs if isinstance(pack, CoveragePack) for row in pack.states)


def _sender(participant: Participant) -> Sender:
    return Sender(participant.name, participant.phone, participant.fax, participant.email, participant.portal)


def labels_of(packs: Iterable[Pack], request: AuthorizationRequest) -> dict[str, str]:
    """Return our label of each service code of *request* that a pack knows; the first pack that knows one is asked."""
    codes = [code.value for line in request.lines for code in line.service.codes if code.value]
    found: dict[str, str] = {}
    for pack in packs:
        for code in codes:
            if code not in found and (label := _label(pack, code)):
                found[code] = label
    return found


def _label(pack: Pack, code: str) -> str | None:
    if isinstance(pack, ScriptedPack):
        return next((each.label for each in pack.services if each.code == code), None)
    if rows := pack.listed.get(code):
        category, row = rows[-1]
        return f"{category.label}: {row.label}"
    return ASSOCIATED if code in pack.associated else None
