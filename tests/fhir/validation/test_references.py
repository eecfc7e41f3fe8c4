"""References: where they lead, and whether that is of the type and the profile that they ask for."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest

from tests.fhir.validation.guide import told
from tests.fhir.validation.guide.case import Case
from tests.fhir.validation.guide.instances import (
    BASE,
    NAME,
    bundle,
    claiming,
    observation,
    organization,
    patient,
    reference,
)

Json = dict[str, Any]

FORM, TYPE, TARGET, LOST, TWICE, MODE = (
    "reference-form",
    "reference-type",
    "reference-target",
    "reference-unresolved",
    "reference-ambiguous",
    "reference-aggregation",
)
FIRST, SECOND = (f"urn:uuid:{number}1111111-1111-1111-1111-111111111111" for number in "12")
NAMED, AGED, NEITHER = patient(id="p", name=[NAME]), patient(id="p", birthDate="2000"), patient(id="p")
DEVICE = {"resourceType": "Device", "id": "d"}
IN_BUNDLE = "Bundle.entry[0].resource"


def referring(**members: Any) -> Json:
    """Return an Observation whose subject has one of two profiles, whose performers have one of two types."""
    return observation(id="x", meta=claiming("referring")) | members


def holding(**members: Any) -> Json:
    """Return an Observation whose profile says where the targets of its references are."""
    return observation(id="x", meta=claiming("holding")) | members


def of_subject(target: Json, **members: Any) -> Json:
    subject = reference(f"{target['resourceType']}/{target['id']}", **members)
    return bundle(referring(subject=subject), target)


def urn_bundle(subject: str, target: Json) -> Json:
    entries = [
        {"fullUrl": FIRST, "resource": referring(subject=reference(subject))},
        {"fullUrl": SECOND, "resource": target},
    ]
    return {"resourceType": "Bundle", "type": "collection", "entry": entries}


def subject(target: str, **members: Any) -> Json:
    return {"subject": reference(target, **members)}


def bundled(good: Json, bad: Json, *faults: tuple[str, str], name: str) -> Case:
    return Case(name, good, bad, list(faults))


PERFORMED = bundle(referring(performer=[reference("Organization/o")]), organization())
HELD = holding(contained=[patient(id="p")], **subject("#p"))
SENT = bundle(holding(device=reference("Device/d")), DEVICE)
SUBJECT = f"{IN_BUNDLE}.subject"

CASES = (
    bundled(of_subject(NAMED), of_subject(NEITHER), (TARGET, SUBJECT), name="meets neither profile"),
    bundled(of_subject(AGED), of_subject(organization()), (TYPE, SUBJECT), name="of another type"),
    bundled(PERFORMED, bundle(referring(performer=[reference("Patient/p")]), NEITHER),
            (TYPE, f"{IN_BUNDLE}.performer[0]"), name="of neither type"),
    bundled(PERFORMED, bundle(referring(performer=[reference("Organization/o")]), organization(shoe=1)),
            ("element-unknown", "Bundle.entry[1].resource"), name="wrong in itself, of a type alone"),
    bundled(urn_bundle(SECOND, NAMED), urn_bundle(SECOND, NEITHER), (TARGET, SUBJECT), name="by its urn"),
    bundled(urn_bundle(f"Patient/{SECOND[9:]}", NAMED), urn_bundle(f"Patient/{SECOND[9:]}", NEITHER),
            (TARGET, SUBJECT), name="relative to a urn"),
    bundled(urn_bundle(SECOND, NAMED), urn_bundle("urn:uuid:31111111-1111-1111-1111-111111111111", NAMED),
            ("~" + LOST, SUBJECT), name="a urn of nobody"),
    bundled(of_subject(NAMED), bundle(referring(**subject("Patient"))), (FORM, SUBJECT), name="one step"),
    bundled(of_subject(NAMED, type="Patient"), of_subject(NAMED, type="Group"),
            (TYPE, SUBJECT), (TYPE, SUBJECT), name="its type says another"),
    Case("contained, meets neither", referring(contained=[NAMED], **subject("#p")), {"contained": [NEITHER]},
         [(TARGET, "Observation.subject")]),
    Case("contained nowhere", referring(**subject("Patient/p")), subject("#p"),
         [(LOST, "Observation.subject")]),
    Case("the container, from itself", referring(**subject("Patient/p")), subject("#"),
         [(LOST, "Observation.subject")]),
    Case("blanks", referring(**subject("Patient/p")), subject("Patient/ p"),
         [(FORM, "Observation.subject")] * 2),
    Case("a search", referring(**subject("Patient/p")), subject("Patient?name=a"), [(FORM, "Observation.subject")]),
    Case("type and url differ", referring(focus=[reference("Patient/p", type="Patient")]),
         {"focus": [reference("http://x.org/fhir/Patient/p", type="Group")]}, [(TYPE, "Observation.focus[0]")]),
    Case("type not allowed", referring(**subject("Patient/p", type="Patient")),
         subject("Organization/o", type="Organization"), [(TYPE, "Observation.subject")]),
    Case("not contained", HELD, {"contained": [], **subject("Patient/p")},
         [(MODE, "Observation.subject"), ("element-empty", "Observation.contained")]),
    Case("not bundled", holding(), {"device": reference("Device/d")}, [(MODE, "Observation.device")]),
    Case("contained, not bundled", holding(), {"contained": [DEVICE], "device": reference("#d")},
         [(MODE, "Observation.device")]),
    bundled(SENT, bundle(holding(**subject("Patient/p")), NEITHER), (MODE, SUBJECT), name="bundled, not contained"),
)  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=str)
def test_references(case: Case) -> None:
    assert case.outcomes == case.wanted


@pytest.mark.parametrize(
    "resource",
    [
        referring(subject={"display": "a"}),
        referring(**subject("Organization/o")),  # what is not here is not judged, be its type told by the url
        referring(**subject("http://elsewhere.org/Organization/o")),
        referring(focus=[reference("Organization/o")]),
        holding(encounter=reference("Encounter/e")),
        bundle(referring(focus=[reference("Patient/p")]), NEITHER),
    ],
)
def test_references_that_are_right(resource: Json) -> None:
    assert told(resource) == []


def test_a_contained_resource_refers_to_its_container() -> None:
    contained = observation(id="y", hasMember=[reference("#")])
    assert told(observation(contained=[contained])) == []


def test_resources_that_refer_to_each_other_are_taken_as_good() -> None:
    def linked(identity: str, to: str, **members: Any) -> Json:
        member = {"hasMember": [reference(f"Observation/{to}")]}
        return observation(id=identity, meta=claiming("linked")) | member | members

    assert told(bundle(linked("x", "x"))) == []
    assert told(bundle(linked("x", "y"), linked("y", "z"), linked("z", "x"))) == []
    wrong = told(bundle(linked("x", "y"), linked("y", "z"), linked("z", "x", status=5)))
    assert wrong == [("fhir-type", "Bundle.entry[2].resource.status")]


def test_a_long_chain_of_references_is_followed_no_deeper_than_can_be() -> None:
    chain = [
        observation(id=f"o{n}", meta=claiming("linked"), hasMember=[reference(f"Observation/o{n + 1}")])
        for n in range(500)
    ]
    chain[-1]["hasMember"] = [reference("#")]
    assert told(bundle(*chain))[-1] == (LOST, "Bundle.entry[499].resource.hasMember[0]")


def test_two_entries_of_one_url_are_ambiguous() -> None:
    twice = of_subject(NAMED)
    twice["entry"].append(deepcopy(twice["entry"][1]))
    assert told(twice) == [("bdl-7", "Bundle"), (TWICE, SUBJECT)]


def test_versions_of_an_entry_are_told_apart() -> None:
    twice = of_subject(NAMED)
    first, second = twice["entry"][1], deepcopy(twice["entry"][1])
    first["resource"]["meta"], second["resource"]["meta"] = {"versionId": "1"}, {"versionId": "2"}
    del second["resource"]["name"]
    twice["entry"].append(second)
    for version, expected in (("1", []), ("2", [(TARGET, SUBJECT)])):
        twice["entry"][0]["resource"]["subject"] = reference(f"Patient/p/_history/{version}")
        assert told(twice) == expected


def test_in_an_entry_without_full_url_a_relative_reference_means_nothing() -> None:
    entry = {"resource": referring(**subject("Patient/p"))}
    sent = {"resourceType": "Bundle", "type": "collection", "entry": [entry]}
    assert told(sent) == [("bundle-fullurl", "Bundle.entry[0]"), (LOST, SUBJECT)]
    answered = {"resourceType": "Bundle", "type": "batch-response", "entry": [entry | {"response": {"status": "200"}}]}
    assert told(answered) == []


def test_in_a_transaction_a_reference_may_be_a_search() -> None:
    request = {"method": "POST", "url": "Observation"}
    entry = {"fullUrl": FIRST, "resource": referring(**subject("Patient?identifier=a")), "request": request}
    assert told({"resourceType": "Bundle", "type": "transaction", "entry": [entry]}) == []


def test_an_entry_is_found_by_its_whole_url() -> None:
    wrong = of_subject(NEITHER)
    wrong["entry"][0]["resource"]["subject"] = reference(f"{BASE}/Patient/p")
    assert told(wrong) == [(TARGET, SUBJECT)]
    wrong["entry"][0]["resource"]["subject"] = reference("http://y.org/fhir/Patient/p")
    assert told(wrong) == []


def test_a_parameter_is_found_by_its_type_and_id() -> None:
    first = {"name": "a", "resource": observation(id="x", **subject("Organization/o"))}
    second = {"name": "b", "resource": organization()}
    assert told({"resourceType": "Parameters", "parameter": [first, second]}) == [
        (TYPE, "Parameters.parameter[0].resource.subject")
    ]
