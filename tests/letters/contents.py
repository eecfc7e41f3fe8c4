"""Contents of letters, one of each kind; each test changes what it is about."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

from fhir_server.authorization.clocks import clock_of
from fhir_server.authorization.determination import (
    CriterionFinding,
    Decider,
    Determination,
    Dismissal,
    LineDetermination,
    PolicyEdition,
)
from fhir_server.authorization.events import LetterKind, Reclassified
from fhir_server.authorization.parties import (
    NPI,
    Coverage,
    Organization,
    Person,
    Practitioner,
    Provider,
)
from fhir_server.authorization.request import AuthorizationRequest, Insurance, ServiceLine
from fhir_server.authorization.states import State
from fhir_server.authorization.values import (
    Address,
    Code,
    Concept,
    ContactPoint,
    Identifier,
    Period,
    PersonName,
    Quantity,
)
from fhir_server.letters.content import CaseMatter, ExemptionMatter, GivenNumber, LetterContent
from fhir_server.letters.senders import contractor_of, labels_of, sender_of
from fhir_server.policy.pack import builtin_pack, load_packs

PACKS = load_packs([builtin_pack("wiser")])
CASE = "W20260601-7H2K9QXM"
UTN = "JLB86260080030"
MEMBER = "1EG4TE5MK73"  # the number that CMS shows on its sample card
TYPES = "http://terminology.hl7.org/CodeSystem/v2-0203"
CPT = "http://www.ama-assn.org/go/cpt"
MODIFIERS = "https://codesystem.x12.org/005010/513"
REVIEW_REASONS = "https://codesystem.x12.org/external/886"
RECEIVED = datetime(2026, 5, 30, 20, 15, tzinfo=UTC)
CLINICIAN = Decider(kind="clinician", reviewer="R-12", licence="TX-55512", specialty="pain-medicine")
REQUESTER = Provider(
    Organization(
        identifiers=(Identifier(NPI, "1999999901"),),
        name="Hill Country Spine Practice",
        telecom=(ContactPoint("phone", "512-555-0100"), ContactPoint("fax", "512-555-0101")),
        addresses=(Address(("100 Congress Ave", "Suite 4"), "Austin", state="TX", postal_code="78701"),),
    ),
    Practitioner(names=(PersonName("Navarro", ("Ines", "M."), suffix=("MD",)),)),
)
BENEFICIARY = Person(
    names=(PersonName("Quistgaard", ("Ottoline",)),),
    birth_date="1948-03-09",
    addresses=(Address(("12 Mesquite Ln",), "Round Rock", state="TX", postal_code="78664"),),
)


def service_line(sequence: int, code: str, units: int = 1, *modifiers: str) -> ServiceLine:
    return ServiceLine(
        sequence,
        Concept((Code(CPT, code),)),
        modifiers=tuple(Concept((Code(MODIFIERS, each),)) for each in modifiers),
        serviced="2026-06-15",
        quantity=Quantity(units),
    )


REQUEST = AuthorizationRequest(
    identifiers=(Identifier("http://example.org/requests", "PA-2026-0412"),),
    beneficiary=BENEFICIARY,
    requester=REQUESTER,
    insurance=(
        Insurance(1, Coverage(identifiers=(Identifier(None, MEMBER, Concept((Code(TYPES, "MB"),))),)), focal=True),
    ),
    lines=(service_line(1, "64483", 1, "RT"), service_line(2, "64484", 2, "RT")),
)
ITEMS = (
    CriterionFinding(
        "ES1", "epidural-steroid-injection", "R", "met", "lumbar radiculopathy", "G6 6.2.10",
        label="indication that the policy lists", lines=(1, 2),
    ),
    CriterionFinding(
        "ES4", "epidural-steroid-injection", "R", "not met", "3 weeks", "G6 6.2.10",
        label="at least 4 weeks of pain", lines=(1, 2), gap="failing",
        rationale="The note of May 20 says that the pain began three weeks before",
    ),
    CriterionFinding(
        "ES6", "epidural-steroid-injection", "R", "unknown", "", "G6 6.2.10",
        label="imaging report", lines=(1, 2), gap="missing", rationale="No report is among the records.",
    ),
    CriterionFinding(
        "ES8", "epidural-steroid-injection", "1of", "unknown", "", "G6 6.2.10",
        label="physical therapy tried", lines=(2,), gap="missing", group="therapy",
    ),
    CriterionFinding(
        "ES9", "epidural-steroid-injection", "1of", "not met", "2 weeks", "G6 6.2.10",
        label="medication tried for 4 weeks", lines=(2,), gap="failing", group="therapy",
    ),
    CriterionFinding(
        "ES14", "epidural-steroid-injection", "R", "unknown", "", "public rubric",
        label="element that no guide names", lines=(1, 2), gap="doubtful",
    ),
)  # fmt: skip


def decision(state: State, *outcomes: tuple[str, str], **changes: Any) -> Determination:
    """A decision of June 1, 2026 in Texas: an outcome and a reason for each line."""
    affirmed = any(outcome in ("affirmed", "modified") for outcome, _ in outcomes)
    plain = Determination(
        state=state,
        decided_at="2026-06-02T02:30:00.000Z",
        decider=Decider(),
        policy=PolicyEdition("wiser", "2026-04-24.2"),
        lines=tuple(
            LineDetermination(sequence, outcome, reason, "epidural-steroid-injection")  # type: ignore[arg-type]
            for sequence, (outcome, reason) in enumerate(outcomes, start=1)
        ),
        valid=Period("2026-06-01", "2026-09-28") if affirmed else None,
        clock=clock_of(RECEIVED, "America/Chicago"),
    )
    return replace(plain, **changes)


AFFIRMED = decision(State.AFFIRMED, *[("affirmed", "All criteria are met.")] * 2)
NON_AFFIRMED = decision(
    State.NON_AFFIRMED,
    ("non-affirmed", "The pain lasted less than 4 weeks."),
    ("non-affirmed", "The pain lasted less than 4 weeks."),
    decider=CLINICIAN,
    criteria=ITEMS,
)
PARTIAL = decision(
    State.PARTIAL,
    ("affirmed", "All criteria are met."),
    ("non-affirmed", "A second level is not supported by the records."),
    decider=CLINICIAN,
    criteria=tuple(replace(each, lines=(2,)) for each in ITEMS),
)
DISMISSED = decision(
    State.DISMISSED,
    *[("unanswered", "Not looked at: the request has to be corrected first.")] * 2,
    dismissal=Dismissal(
        "D05", "The number (CCN) of the facility is missing.", "Send a new request with the CCN of the facility."
    ),
    explanations=("The number (CCN) of the facility is missing. Send a new request with the CCN of the facility.",),
)
IN_REVIEW = decision(State.IN_REVIEW, *[("in-review", "A reviewer looks at it.")] * 2)
RECLASSIFIED = Reclassified(
    reason="The records do not show that waiting puts life, health or function at risk.",
    due="2026-06-02T20:15:00.000Z",
    latest="2026-06-03T05:00:00.000Z",
    reviewer="R-12",
)


def matter(determination: Determination = AFFIRMED, **changes: Any) -> CaseMatter:
    plain = CaseMatter(CASE, REQUEST, determination, GivenNumber(UTN), labels=labels_of(PACKS, REQUEST))
    return replace(plain, **changes)


EXEMPTION = ExemptionMatter(
    provider=REQUESTER,
    npi="1999999901",
    effective_from=date(2027, 1, 1),
    effective_to=date(2027, 12, 31),
    states=("Texas",),
    period="July 1, 2026 to September 30, 2026",
    requests=24,
    affirmed=23,
)
MATTERS: dict[LetterKind, CaseMatter | ExemptionMatter] = {
    "affirmation": matter(),
    "non-affirmation": matter(NON_AFFIRMED),
    "partial": matter(PARTIAL),
    "dismissal": matter(DISMISSED, tracking_number=None),
    "expedited-to-standard": matter(IN_REVIEW, tracking_number=None, reclassified=RECLASSIFIED),
    "exemption-granted": EXEMPTION,
    "exemption-removed": replace(
        EXEMPTION, effective_to=None, requests=10, affirmed=6, period="2027", reason="Too few claims met the rules."
    ),
}
KINDS: tuple[LetterKind, ...] = tuple(MATTERS)


def content(about: LetterKind | CaseMatter | ExemptionMatter, **changes: Any) -> LetterContent:
    """The content of a letter from the Texas participant, written the day after the decision."""
    plain = LetterContent(
        number=f"{CASE}-L2",
        dated=date(2026, 6, 2),
        sender=sender_of(PACKS, "wiser", "TX", {"TX"}),
        matter=MATTERS[about] if isinstance(about, str) else about,
        contractor=contractor_of(PACKS, "TX"),
        time_zone="America/Chicago",
    )
    return replace(plain, **changes)
