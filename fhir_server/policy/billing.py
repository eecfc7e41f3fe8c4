"""Billing data that a request has to carry: who asks, where, what, for which indication, and when (D05).

What the table of the guide requires is returned for correction when it is missing or ill-formed. Only lines in scope,
and lines whose code cannot be read, are held to it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from fhir_server.authorization.determination import FindingResult
from fhir_server.policy import causes
from fhir_server.policy.circumstances import Circumstances
from fhir_server.policy.coverage import CoveragePack, SiteRow
from fhir_server.policy.facts import LineFacts, RequestFacts
from fhir_server.policy.findings import Held
from fhir_server.policy.forms import is_npi
from fhir_server.policy.scope import ScopedLine

LOOPS = {"line": "2010FA", "request": "2010EA", "requester": "2010B"}
"""The X12 loop of the facility, by where it stands in the request."""


def billing(
    pack: CoveragePack, facts: RequestFacts, circumstances: Circumstances, lines: Sequence[ScopedLine]
) -> Iterator[Held]:
    """Hold the request and each of *lines* to the billing data that it needs; yield what is met and what is not."""
    yield _npi(causes.REQUESTER_NPI, facts.requester_npi)
    if not facts.requester_named:
        yield Held(causes.REQUESTER_NAME, "not met")
    if facts.resubmission:
        yield Held(causes.PRIOR_NUMBER_MISSING, "unknown" if facts.prior_number else "not met")
    for line in lines:
        yield from _procedure(facts, line)
        if line.status == "in-scope":
            yield from _facility(line.facts)
            yield from _place(pack, line.facts)
            yield from _numbers_on_file(facts, circumstances, line.facts)
            yield from _indication(line.facts)


def _npi(cause: str, npi: str | None, line: int | None = None, position: str | None = None) -> Held:
    if npi and is_npi(npi):
        return Held(cause, "met", "well formed", line)
    return Held(cause, "not met", "no valid NPI" if npi else "missing", line, position=position)


def _procedure(facts: RequestFacts, line: ScopedLine) -> Iterator[Held]:
    sequence = line.facts.sequence
    if line.status == "unreadable":
        found = "not well formed" if line.facts.service.ill_formed else "missing"
        yield Held(causes.PROCEDURE, "not met", found, sequence, position=_service_position(line.facts))
    elif line.row and line.row.add_on:
        bases = line.row.base_codes
        there = next((code for code in facts.procedures if code in bases), None)
        if there:
            yield Held(causes.ADD_ON_WITHOUT_BASE, "met", there, sequence)
        else:
            found = f"{line.row.code} is an add-on code, and its base code {' or '.join(bases)} is not on the request"
            yield Held(causes.ADD_ON_WITHOUT_BASE, "not met", found, sequence, position=_service_position(line.facts))


def _service_position(line: LineFacts) -> str:
    """Institutional services stand in SV2, professional ones in SV1."""
    return "2000F-SV2" if line.site and line.site.kind == "bill-type" else "2000F-SV1"


def _facility(line: LineFacts) -> Iterator[Held]:
    """A facility that is named has an NPI and a name; the requester in its place is held to them already."""
    if line.facility_source == "requester":
        return
    loop = LOOPS[line.facility_source]
    yield _npi(causes.FACILITY_NPI, line.facility_npi, line.sequence, f"{loop}-NM109")
    if not line.facility_named:
        yield Held(causes.FACILITY_NAME, "not met", line=line.sequence, position=f"{loop}-NM103")


def _place(pack: CoveragePack, line: LineFacts) -> Iterator[Held]:
    if line.state is None:
        yield Held(causes.STATE_MISSING, "not met", line=line.sequence, position=_state_position(line))
    if line.site is None:
        yield Held(causes.SITE_MISSING, "not met", line=line.sequence)
        return
    needs = next((row.needs for row in pack.sites if _is_site(row, line)), None)
    position = f"{LOOPS[line.facility_source]}-REF02"
    if needs == "ccn":
        yield Held(
            causes.FACILITY_CCN, "met" if line.ccn else "not met", str(line.site), line.sequence, position=position
        )
    if needs == "ptan":
        result: FindingResult = "met" if line.ptan else "not met"
        yield Held(causes.FACILITY_PTAN, result, str(line.site), line.sequence, position=position)


def _state_position(line: LineFacts) -> str:
    """X12 has no reject reason for a state at the requester; there the facility is what is missing."""
    return "2010FA-N402" if line.facility_source == "line" else "2010EA-N402"


def _is_site(row: SiteRow, line: LineFacts) -> bool:
    return line.site is not None and (row.kind, row.code) == (line.site.kind, line.site.code)


def _numbers_on_file(facts: RequestFacts, circumstances: Circumstances, line: LineFacts) -> Iterator[Held]:
    record = circumstances.providers.get(line.facility_npi or facts.requester_npi or "")
    if record is None:
        return
    position = f"{LOOPS[line.facility_source]}-REF02"
    for label, sent, filed in (("CCN", line.ccn, record.ccn), ("PTAN", line.ptan, record.ptan)):
        if sent and filed:
            result: FindingResult = "met" if sent == filed else "not met"
            yield Held(causes.FACILITY_NUMBER_DIFFERS, result, label, line.sequence, position=position)


def _indication(line: LineFacts) -> Iterator[Held]:
    if not line.diagnoses:
        found = "no ICD-10-CM code" if line.diagnoses_unreadable else "missing"
        yield Held(causes.DIAGNOSIS, "not met", found, line.sequence)
    if line.serviced_unreadable:
        yield Held(causes.SERVICE_DATE, "not met", line=line.sequence)
