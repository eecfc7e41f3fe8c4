"""Requests and answers of the hub, made from its own dataclasses, as legal as a guide would have them.

`requests` and `responses` fill the fields of every class by chance, some sparsely and some to the brim. Afterwards
`settled` makes the whole consistent: each party and record gets an address of its own, sequences are numbered, of a
choice one side stays, and what would be an object without content is left out. Hypothesis draws only the seed and the
density, since the objects are far too large to be drawn field by field.
"""

from __future__ import annotations

import dataclasses
import random
import typing
from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields, is_dataclass, replace
from decimal import Decimal
from functools import cache
from typing import Any

from hypothesis import strategies as st

from fhir_server.authorization import orders, parties, request, response, values
from fhir_server.fhir import json
from fhir_server.pas.orders import ORDER_LINK
from fhir_server.pas.read import FHIR_JSON

SERVER = "http://ehr.example/fhir"
ALPHABET = "abcXYZ019-"
SIGNS = ALPHABET + " ,.'äß€漢🙂<&\"\\/"

Chance = random.Random


def token(chance: Chance) -> str:
    """Return text that may stand as a code and as an address."""
    return "".join(chance.choices(ALPHABET, k=chance.randint(1, 6)))


def words(chance: Chance) -> str:
    """Return text of any signs."""
    return "w" + "".join(chance.choices(SIGNS, k=chance.randint(0, 8)))


def date(chance: Chance) -> str:
    """Return a whole date."""
    return f"{chance.randint(1900, 2099)}-{chance.randint(1, 12):02}-{chance.randint(1, 28):02}"


def date_time(chance: Chance) -> str:
    """Return a date, or a date and time."""
    return date(chance) if chance.random() < 0.5 else f"{date(chance)}T{chance.randint(0, 23):02}:30:00.120-05:00"


def instant(chance: Chance) -> str:
    """Return a date and time."""
    return f"{date(chance)}T{chance.randint(0, 23):02}:30:00Z"


def number(chance: Chance) -> Decimal | int:
    """Return a number; its digits count."""
    return chance.choice((chance.randint(-999, 999), Decimal(f"{chance.randint(-999, 999)}.50"), Decimal("1.00")))


# Text that has a form of its own, by the name of its field; any other text is a word where words may stand.
TEXT: Mapping[str, Callable[[Chance], str]] = {
    "last_updated": instant,
    "start": date_time,
    "end": date_time,
    "created": date_time,
    "authored_on": date_time,
    "occurrence": date_time,
    "requested_service_date": date_time,
} | dict.fromkeys(
    (
        "birth_date", "recorded_date", "date", "expiry_date", "serviced", "timing", "certification_issued", "discharge",
        "certification_expires", "certification_effective", "authorization_issued", "admission",
    ),
    date,
)  # fmt: skip
WORDY = {
    "display",
    "text",
    "family",
    "given",
    "prefix",
    "suffix",
    "lines",
    "city",
    "name",
    "description",
    "disposition",
}
# Fields that point at a record, by the type of the record.
RECORDS = {
    "document": "DocumentReference",
    "endpoints": "Endpoint",
    "reasons_documented_by": "Condition",
    "code_documented_by": "Medication",
    "reported_by": "RelatedPerson",
    "encounter_documented_by": "Encounter",
    "dependencies": "ServiceRequest",
    "answers": "QuestionnaireResponse",
    "individual": "RelatedPerson",
    "requester": "RelatedPerson",
    "claim": "Claim",
}
# What is told in one of several ways: the first that is there stays.
CHOICES: dict[type, tuple[tuple[str, ...], ...]] = {
    orders.CoverageDetail: (("text", "flag", "address", "period", "quantity"),),
    orders.DoseAmount: (("quantity", "range"),),
    orders.ServiceOrder: (("timing", "occurrence"), ("code", "code_documented_by"), ("reported", "reported_by")),
    request.SupportingInformation: (("document", "text"),),
    response.AddedLine: (("location", "location_address", "place"),),
}
# Where FHIR wants a value or the reason why there is none, the hub holds the value.
ALWAYS: dict[type, tuple[str, ...]] = {
    parties.Person: ("names", "gender"),
    parties.Organization: ("active", "name"),
    parties.Practitioner: ("names",),
    parties.Location: ("name", "address"),
    parties.Coverage: ("status",),
}
RESOURCES: dict[type, str] = {
    parties.Person: "Patient",
    parties.Organization: "Organization",
    parties.Practitioner: "Practitioner",
    parties.Location: "Location",
    parties.Role: "PractitionerRole",
    parties.Coverage: "Coverage",
    parties.Encounter: "Encounter",
    response.InformationRequest: "CommunicationRequest",
    request.AuthorizationRequest: "Claim",
    response.AuthorizationResponse: "ClaimResponse",
}
ADDED_LATER = {"origin", "documents", "purpose", "contact_points"}  # settled below; the last is of CRD 2.0.1 only


@cache
def _hints(kind: type) -> dict[str, Any]:
    return typing.get_type_hints(kind)


def made(kind: type, chance: Chance, density: float) -> Any:
    """Return an object of the dataclass *kind*; each field that may be empty is filled with the chance *density*."""
    given: dict[str, Any] = {}
    for field in fields(kind):
        if field.name not in ADDED_LATER and (_is_needed(kind, field) or chance.random() < density):
            given[field.name] = _of_type(_hints(kind)[field.name], field.name, chance, density)
    return kind(**given)


def _is_needed(kind: type, field: dataclasses.Field[Any]) -> bool:
    return field.default is dataclasses.MISSING or field.name in ALWAYS.get(kind, ())


def _of_type(hint: Any, name: str, chance: Chance, density: float) -> Any:
    arguments = typing.get_args(hint)
    origin = typing.get_origin(hint)
    if origin is typing.Literal:
        return chance.choice(arguments)
    if origin is tuple:
        return tuple(_of_type(arguments[0], name, chance, density) for _ in range(chance.randint(1, 2)))
    if {int, Decimal} <= set(arguments):
        return number(chance)
    if arguments:
        told = [each for each in arguments if each is not type(None)]
        return _of_type(chance.choice(told), name, chance, density)
    if is_dataclass(hint):
        assert isinstance(hint, type)
        return (
            values.Identifier("urn:assigner", token(chance))
            if name == "assigner_identifier"
            else (made(hint, chance, density))
        )
    if hint is bool:
        return chance.random() < 0.5
    if hint is int:
        return chance.randint(1, 9999)
    assert hint is str, hint
    return TEXT.get(name, words if name in WORDY else token)(chance)


class _Settling:
    """Makes one generated object consistent, from the top down."""

    def __init__(self) -> None:
        self.documents: dict[str, request.Document] = {}
        self._numbers: dict[str, int] = {}

    def next(self, kind: str) -> int:
        """Return a number that no other *kind* has."""
        self._numbers[kind] = self._numbers.get(kind, 0) + 1
        return self._numbers[kind]

    def origin(self, type_name: str) -> values.Origin:
        """Return an address that nothing else has."""
        number = self.next(type_name)
        return values.Origin(f"{SERVER}/{type_name}/{number}", str(number))

    def record(self, field: str) -> str:
        """Return the key of a new record for a field that points at one."""
        origin = self.origin(RECORDS[field])
        assert origin.full_url is not None
        content = json.dumps({"resourceType": RECORDS[field], "id": origin.resource_id, "language": "en"})
        self.documents[origin.full_url] = request.Document(origin.full_url, RECORDS[field], FHIR_JSON, content, origin)
        return origin.full_url

    def settled(self, value: Any) -> Any:
        """Return *value* made consistent, or ``None`` where nothing is left of it."""
        kind = type(value)
        changes: dict[str, Any] = {}
        for field in fields(value):
            content = getattr(value, field.name)
            if field.name in RECORDS and _is_record(content):
                content = (
                    tuple(self.record(field.name) for _ in content)
                    if isinstance(content, tuple)
                    else (self.record(field.name))
                )
            elif isinstance(content, tuple):
                content = tuple(each for each in map(self._member, content) if each is not None)
            else:
                content = self._member(content)
            changes[field.name] = field.default if content is None and is_dataclass(field.default) else content
        if kind is orders.CoverageInformation:
            changes["contacts"] = tuple(map(_in_one_piece, changes["contacts"]))
        for choice in CHOICES.get(kind, ()):
            present = [name for name in choice if changes[name] is not None]
            changes |= dict.fromkeys(present[1:], None)
        self._address(kind, changes)
        told = kind(**changes)
        return None if _is_empty(told) else told

    def _member(self, content: Any) -> Any:
        return self.settled(content) if is_dataclass(content) and not isinstance(content, type) else content

    def _address(self, kind: type, changes: dict[str, Any]) -> None:
        if kind is parties.Provider and changes["role"] is None and changes["practitioner"] is not None:
            changes["organization"] = None
        if kind is orders.ServiceOrder:
            table = ORDER_LINK.tables[ORDER_LINK.kinds[changes["kind"]]]
            known = {row.field for row in table.rows} | {"kind", "origin"}
            for field in fields(kind):
                if field.name not in known:
                    changes[field.name] = field.default
            changes["origin"] = self.origin(table.type_name)
        elif kind in RESOURCES:
            changes["origin"] = self.origin(RESOURCES[kind])


def _in_one_piece(contact: values.ContactPerson) -> values.ContactPerson:
    """Return *contact* as a ContactDetail tells it: the name is one text."""
    return replace(contact, name=values.PersonName(text="Jane Doe"))


def _is_record(content: Any) -> bool:
    return isinstance(content, str) or (
        isinstance(content, tuple) and bool(content) and all(isinstance(each, str) for each in content)
    )


def _is_empty(told: Any) -> bool:
    """Return whether nothing is told in the end, be it that every part tells nothing."""
    if isinstance(told, tuple):
        return all(map(_is_empty, told))
    if not is_dataclass(told) or isinstance(told, type):
        return told is None
    if type(told) is response.ReviewAction:
        return False  # an adjudication without a decision still has its category
    return all(_is_empty(getattr(told, field.name)) for field in fields(told))


def _numbered(members: tuple[Any, ...], **told: Any) -> tuple[Any, ...]:
    return tuple(replace(each, sequence=number, **told) for number, each in enumerate(members, 1))


SEEDS = st.integers(0, 2**32)
DENSITIES = st.sampled_from((0.05, 0.3, 0.7, 1.0))


def requests(purpose: request.Purpose = "initial") -> st.SearchStrategy[request.AuthorizationRequest]:
    """Return a strategy for requests of *purpose* with their records."""
    return st.builds(_request, SEEDS, DENSITIES, st.just(purpose))


def responses() -> st.SearchStrategy[response.AuthorizationResponse]:
    """Return a strategy for answers with the records that they point at."""
    return st.builds(_response, SEEDS, DENSITIES)


CONCEPT = values.Concept(text="told")
PERSON = parties.Person(names=(values.PersonName("Doe"),), gender="female")
ORGANIZATION = parties.Organization(active=True, name="Payer")


def _request(seed: int, density: float, purpose: request.Purpose) -> request.AuthorizationRequest:
    chance, settling = random.Random(seed), _Settling()
    drawn: request.AuthorizationRequest = made(request.AuthorizationRequest, chance, density)
    line: request.ServiceLine = made(request.ServiceLine, chance, density)
    drawn = replace(
        drawn,
        purpose=purpose,
        created=drawn.created or date_time(chance),
        beneficiary=PERSON if _is_empty(drawn.beneficiary) else drawn.beneficiary,
        payer=ORGANIZATION if _is_empty(drawn.payer) else drawn.payer,
        requester=parties.Provider(ORGANIZATION),
        type=CONCEPT,
        lines=_numbered((line, *drawn.lines), service=CONCEPT),
        supporting_information=tuple(
            replace(each, kind=CONCEPT) if is_dataclass(each.kind) and _is_empty(each.kind) else each
            for each in _numbered(drawn.supporting_information)
        ),
        diagnoses=_numbered(drawn.diagnoses, code=CONCEPT),
        insurance=(request.Insurance(1, made(parties.Coverage, chance, density)),),
        prior=drawn.prior[:1] if purpose == "update" else (),
    )
    if purpose == "initial":
        drawn = _unchanged(drawn)
    elif purpose == "update":
        drawn = replace(drawn, lines=(replace(drawn.lines[0], change="changed"), *drawn.lines[1:]))
    sent = request.Transaction(values.Identifier("urn:trnorg:1", token(chance)), instant(chance))
    settled: request.AuthorizationRequest = settling.settled(drawn)
    return replace(settled, transaction=sent, documents=_used(settled, settling.documents))


def _unchanged(drawn: request.AuthorizationRequest) -> request.AuthorizationRequest:
    informed = drawn.supporting_information
    return replace(
        drawn,
        lines=tuple(replace(line, change=None, cancelled=None) for line in drawn.lines),
        supporting_information=tuple(replace(each, change=None, cancelled=None) for each in informed),
    )


def _response(seed: int, density: float) -> response.AuthorizationResponse:
    chance, settling = random.Random(seed), _Settling()
    drawn: response.AuthorizationResponse = made(response.AuthorizationResponse, chance, density)
    settled: response.AuthorizationResponse = settling.settled(
        replace(
            drawn,
            transaction_identifier=values.Identifier("urn:trnorg:1", token(chance)),
            type=CONCEPT,
            created=drawn.created or date_time(chance),
            beneficiary=PERSON if _is_empty(drawn.beneficiary) else drawn.beneficiary,
            payer=ORGANIZATION if _is_empty(drawn.payer) else drawn.payer,
            added_lines=tuple(replace(each, service=CONCEPT) for each in drawn.added_lines),
            errors=tuple(replace(each, code=CONCEPT) for each in drawn.errors),
            insurance=tuple(replace(each, coverage=COVERAGE) for each in drawn.insurance),
        )
    )
    return replace(settled, documents=_used(settled, settling.documents))


COVERAGE = parties.Coverage(status="active", subscriber_id="1")


def _used(told: Any, documents: dict[str, request.Document]) -> tuple[request.Document, ...]:
    """Return those records that *told* still points at, in the order of their keys."""
    keys = set(_texts(told))
    return tuple(documents[key] for key in sorted(documents) if key in keys)


def _texts(told: Any) -> Iterator[str]:
    if is_dataclass(told) and not isinstance(told, type):
        told = tuple(getattr(told, field.name) for field in fields(told))
    if isinstance(told, tuple):
        for each in told:
            yield from _texts(each)
    elif isinstance(told, str):
        yield told


def with_sorted_documents(told: Any) -> Any:
    """Return a request or answer with its records in the order of their keys, which no guide prescribes."""
    return replace(told, documents=tuple(sorted(told.documents, key=lambda each: str(each.key))))
