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
from fhir_server.policy.forms import is_npi, units
from fhir_server.policy.scope import ScopedLine
from fhir_server.policy.spans import Span

LOOPS = {"line": "2010FA", "request": "2010EA", "requester": "2010B", "untied": "2010EA"}
"""The X12 loop of the facility, by where it stands in the request."""


def billing(
    pack: CoveragePack, facts: RequestFacts, circumstances: Circumstances, lines: Sequence[ScopedLine]
) -> Iterator[Held]:
    """Hold the request and each of *lines* to the billing data that it needs; yield what is met and what is not."""
    yield _npi(causes.REQUESTER_NPI, facts.requester_npi)
    if not facts.requester_named:
        yield Held(causes.REQUESTER_NAME, "not met")
    for line in lines:
        yield from _procedure(facts, line)
        if line.status == "in-scope":
            yield from _facility(line.facts)
            yield from _place(pack, line.facts)
            yield from _numbers_on_file(facts, circumstances, line.facts)
            yield from _indication(pack, circumstances, line.facts)
            yield from _service(circumstances, line.facts)


def _npi(cause: str, npi: str | None, line: int | None = None, position: str | None = None) -> Held:
    if npi and is_npi(npi):
        return Held(cause, "met", "well formed", line)
    return Held(cause, "not met", "not a valid NPI" if npi else "missing", line, position=position)


def _procedure(facts: RequestFacts, line: ScopedLine) -> Iterator[Held]:
    sequence, fault = line.facts.sequence, line.facts.service.fault
    if fault:
        yield Held(causes.PROCEDURE, "not met", fault, sequence, position=_service_position(line.facts))
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
    if line.facility_source in ("requester", "untied"):
        return
    loop = LOOPS[line.facility_source]
    yield _npi(causes.FACILITY_NPI, line.facility_npi, line.sequence, f"{loop}-NM109")
    if not line.facility_named:
        yield Held(causes.FACILITY_NAME, "not met", line=line.sequence, position=f"{loop}-NM103")


def _place(pack: CoveragePack, line: LineFacts) -> Iterator[Held]:
    if line.state is None and line.facility_source != "untied":
        cause = causes.STATE_FORM if line.state_unreadable else causes.STATE_MISSING
        yield Held(cause, "not met", line=line.sequence, position=_state_position(line))
    if line.site is None:
        found = "not a CMS place of service or NUBC type of bill" if line.site_unreadable else "missing"
        yield Held(causes.SITE_MISSING, "not met", found, line.sequence)
    elif line.other_site:
        yield Held(causes.SITE_CONTRADICTED, "not met", f"{line.site} and {line.other_site}", line.sequence)
    elif line.facility_source != "untied":
        yield from _number_needed(pack, line)


def _number_needed(pack: CoveragePack, line: LineFacts) -> Iterator[Held]:
    """Rule V40: the hospital's CCN for the outpatient department, a PTAN for the surgery center."""
    row = next((row for row in pack.sites if _is_site(row, line)), None)
    needed = {"ccn": (causes.FACILITY_CCN, line.ccn), "ptan": (causes.FACILITY_PTAN, line.ptan)}
    if row and row.needs:
        cause, number = needed[row.needs]
        said, position = f"{line.site} ({row.label})", f"{LOOPS[line.facility_source]}-REF02"
        yield Held(cause, "met" if number else "not met", str(line.site), line.sequence, said, position=position)


def _state_position(line: LineFacts) -> str:
    """X12 has no reject reason for a state at the requester; there the facility is what is missing."""
    return "2010FA-N402" if line.facility_source == "line" else "2010EA-N402"


def _is_site(row: SiteRow, line: LineFacts) -> bool:
    return line.site is not None and (row.kind, row.code) == (line.site.kind, line.site.code)


def _numbers_on_file(facts: RequestFacts, circumstances: Circumstances, line: LineFacts) -> Iterator[Held]:
    """A number is compared with the record of the one who has it, and of nobody else."""
    hospital = circumstances.providers.get(facts.provider_of(line) or "")
    holder = circumstances.providers.get((line.ptan and line.ptan.npi) or "")
    position = f"{LOOPS[line.facility_source]}-REF02"
    numbers = (
        ("CCN", line.ccn, hospital and hospital.ccn),
        ("PTAN", line.ptan and line.ptan.value, holder and holder.ptan),
    )
    for label, sent, filed in numbers:
        if sent and filed:
            result: FindingResult = "met" if sent.casefold() == filed.casefold() else "not met"
            yield Held(causes.FACILITY_NUMBER_DIFFERS, result, label, line.sequence, position=position)


def _indication(pack: CoveragePack, circumstances: Circumstances, line: LineFacts) -> Iterator[Held]:
    """Rules V01, V02: each diagnosis is complete. Codes of a year that is not held are unknown."""
    if not line.diagnoses:
        found = "not an ICD-10-CM code" if line.diagnoses_unreadable else "missing"
        yield Held(causes.DIAGNOSIS, "not met", found, line.sequence)
    codes, days = pack.diagnosis_codes, line.serviced or Span(circumstances.today, circumstances.today)
    of_year = days.within(codes.first, codes.last) == "met"
    if not of_year:
        yield Held(causes.DIAGNOSIS_EDITION, "unknown", f"{days}, with the codes of {codes.edition}", line.sequence)
    for code in line.diagnoses:
        standing = codes.standing(code)
        if standing == "header":
            found = f"{code} is not complete: ICD-10-CM has more specific codes below it"
            yield Held(causes.DIAGNOSIS_NOT_VALID, "not met", found, line.sequence)
        elif standing == "unknown" and of_year:
            found = f"{code} is not in ICD-10-CM, fiscal year {codes.edition}"
            yield Held(causes.DIAGNOSIS_NOT_VALID, "not met", found, line.sequence)
        elif standing == "unknown":
            yield Held(causes.DIAGNOSIS_UNKNOWN, "unknown", code, line.sequence)
        else:
            yield Held(causes.DIAGNOSIS_NOT_VALID, "met", code, line.sequence)


def _service(circumstances: Circumstances, line: LineFacts) -> Iterator[Held]:
    if line.serviced_unreadable:
        yield Held(causes.SERVICE_DATE, "not met", line=line.sequence)
    if line.serviced and line.serviced.within(circumstances.today, None) == "not met":
        yield Held(causes.SERVICE_DATE_PAST, "unknown", str(line.serviced), line.sequence)
    found = "missing" if line.units is None else "not a whole number from 1"
    asked = units(line.units)
    yield Held(causes.UNITS, "met" if asked else "unknown", str(asked) if asked else found, line.sequence)
