"""C-CDA documents: coded entries answer like FHIR resources, the words of sections like any text."""

from __future__ import annotations

from base64 import b64encode

import pytest

from fhir_server.authorization.evidence import EvidencePointer, EvidenceRecord
from fhir_server.evidence.quotes import quote
from tests.evidence.samples import SERVER, document, gathered, page_of, portable_document, reference, values

TEMPLATE = "2.16.840.1.113883.10.20.22.4"
ICD, SCT, LNC, RXN = (f"2.16.840.1.113883.6.{each}" for each in (90, 96, 1, 88))
WHERE = f"{SERVER}/DocumentReference/1"


def clinical_document(*sections: str, birth: str = "19500615", mbi: str = "1EG4TE5MK73", body: str = "") -> bytes:
    """Return a C-CDA document about Anna."""
    structured = f"<structuredBody>{''.join(f'<component>{each}</component>' for each in sections)}</structuredBody>"
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<ClinicalDocument xmlns="urn:hl7-org:v3" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
  <code code="18748-4" codeSystem="{LNC}"/>
  <recordTarget><patientRole>
    <id root="2.16.840.1.113883.4.927" extension="{mbi}"/>
    <patient><birthTime value="{birth}"/></patient>
  </patientRole></recordTarget>
  <component>{body or structured}</component>
</ClinicalDocument>""".encode()


def section(loinc: str, text: str = "", *entries: str) -> str:
    return f"""<section><code code="{loinc}" codeSystem="{LNC}"/><text>{text}</text>
      {"".join(f"<entry>{each}</entry>" for each in entries)}</section>"""


def problem(code: str = "M54.16", more: str = "", low: str = "20260301", attributes: str = "") -> str:
    return f"""<act classCode="ACT" moodCode="EVN"><entryRelationship typeCode="SUBJ">
      <observation classCode="OBS" moodCode="EVN" {attributes}>
        <templateId root="{TEMPLATE}.4"/><code code="55607006" codeSystem="{SCT}"/><statusCode code="completed"/>
        <effectiveTime><low value="{low}"/>{more if more.startswith("<high") else ""}</effectiveTime>
        <value xsi:type="CD" code="128196005" codeSystem="{SCT}"><translation code="{code}" codeSystem="{ICD}"/></value>
        {"" if more.startswith("<high") else more}
      </observation></entryRelationship></act>"""


def result(value: str, status: str = "completed", time: str = "20260901") -> str:
    return f"""<organizer classCode="BATTERY" moodCode="EVN"><component>
      <observation classCode="OBS" moodCode="EVN"><templateId root="{TEMPLATE}.2"/>
        <code code="69990-0" codeSystem="{LNC}"/><statusCode code="{status}"/><effectiveTime value="{time}"/>{value}
      </observation></component></organizer>"""


def sent(*sections: str, **about: str) -> dict[str, object]:
    return reference(clinical_document(*sections, **about), "text/xml")


def test_a_problem_answers_by_its_translation() -> None:
    evidence = gathered(sent(section("11450-4", "Sciatica", problem())))

    assert values(evidence, "ES1", "value") == [True]
    assert evidence.facts[0].pointer == EvidencePointer("section", WHERE, "11450-4")
    assert evidence.records == (EvidenceRecord(WHERE, True, True, ("KN3",), ("11506-3", "18748-4")),)


@pytest.mark.parametrize(
    "entry",
    [
        problem(attributes='negationInd="true"'),
        problem(more='<high value="20260401"/>'),
        problem(
            more=f"""<entryRelationship typeCode="REFR"><observation classCode="OBS" moodCode="EVN">
              <templateId root="{TEMPLATE}.6"/><value xsi:type="CD" code="413322009" codeSystem="{SCT}"/>
            </observation></entryRelationship>"""
        ),
        problem("M54.2"),
    ],
    ids=["denied", "ended", "resolved", "another"],
)
def test_a_problem_that_is_denied_over_or_another_answers_nothing(entry: str) -> None:
    assert gathered(sent(section("11450-4", "", entry))).facts == ()


def test_a_result_answers_with_value_and_date() -> None:
    older = result('<value xsi:type="PQ" value="50" unit="/h"/>', time="20260801103000-0500")
    newer = result('<value xsi:type="PQ" value="0.5" unit="/min"/>')
    evidence = gathered(sent(section("30954-2", "Sleep study", older, newer)))

    assert values(evidence, "HG4", "ahi") == [30]
    assert values(evidence, "HG4", "study_date") == ["2026-09-01"]


@pytest.mark.parametrize(
    "entry",
    [result("", status="aborted"), result('<value xsi:type="PQ" nullFlavor="UNK"/>')],
)
def test_a_result_that_was_not_obtained_is_none(entry: str) -> None:
    evidence = gathered(sent(section("30954-2", "", entry)))

    assert values(evidence, "HG4", "ahi") == []
    assert evidence.unreadable == ()


@pytest.mark.parametrize(
    "value",
    ['<value xsi:type="IVL_PQ"><low value="30" unit="/h"/></value>', '<value xsi:type="ST">thirty</value>',
     '<value xsi:type="PQ" value="many" unit="/h"/>', '<value xsi:type="PQ" value="30" unit="kg"/>'],
)  # fmt: skip
def test_a_result_in_another_form_is_unreadable(value: str) -> None:
    evidence = gathered(sent(section("30954-2", "", result(value))))

    assert [(each.element, each.field, each.pointer.place) for each in evidence.unreadable] == [
        ("HG4", "ahi", "30954-2")
    ]


def test_medicines_and_procedures_tell_their_choices() -> None:
    medicine = f"""<substanceAdministration classCode="SBADM" moodCode="INT"><templateId root="{TEMPLATE}.16"/>
      <statusCode code="active"/><consumable><manufacturedProduct><manufacturedMaterial>
      <code code="198013" codeSystem="{RXN}"/></manufacturedMaterial></manufacturedProduct></consumable>
      </substanceAdministration>"""
    therapy = f"""<procedure classCode="PROC" moodCode="EVN"><templateId root="{TEMPLATE}.14"/>
      <code code="91251008" codeSystem="{SCT}"/><statusCode code="completed"/></procedure>"""
    planned = therapy.replace('"EVN"', '"RQO"')

    evidence = gathered(sent(section("10160-0", "", medicine), section("47519-4", "", therapy)))
    assert values(evidence, "ES4", "care") == [("physical-therapy",), ("medication",)]
    assert values(gathered(sent(section("47519-4", "", planned))), "ES4", "care") == []


def test_the_words_of_a_section_are_found_and_quoted() -> None:
    table = """<table><thead><tr><th>Test</th><th>Result</th></tr></thead><tbody>
      <tr><td>AHI</td><td>32 events/h</td></tr>
      <tr><td>BMI</td><td><content>31.2</content> kg/m2</td></tr></tbody></table>"""
    resource = {"id": "1", **sent(section("10164-2", "<paragraph>No AHI yet.</paragraph>"), section("30954-2", table))}
    evidence = gathered(resource)

    assert values(evidence, "HG4", "ahi") == [32]
    assert values(evidence, "HG2", "value") == [31.2]
    assert {each.pointer.place for each in evidence.facts} == {"30954-2"}
    assert [quote([document(resource)], each.pointer) for each in evidence.facts] == [
        "AHI | 32 events/h",
        "BMI | 31.2 kg/m2",
    ]


def test_sections_inside_a_section_are_read_and_told_apart() -> None:
    inner = section("8716-3", "BMI 31.2 kg/m2")
    outer = f'<section><code code="8716-3"/><text>Vitals</text><component>{inner}</component></section>'

    evidence = gathered(sent(outer))

    assert [(each.value, each.pointer.place) for each in evidence.facts] == [(31.2, "8716-3[1]")]


@pytest.mark.parametrize("about", [{"birth": "19490101"}, {"mbi": "1EG4TE5MK72"}])
def test_a_document_that_names_another_patient_counts_for_nothing(about: dict[str, str]) -> None:
    evidence = gathered(sent(section("11450-4", "AHI 32", problem()), **about))

    assert evidence.facts == ()
    assert evidence.records == (EvidenceRecord(WHERE, False, False),)


def test_a_document_that_only_carries_a_file_is_that_file() -> None:
    scan = b64encode(portable_document(page_of("AHI 32"))).decode()
    body = f'<nonXMLBody><text mediaType="application/pdf" representation="B64">{scan}</text></nonXMLBody>'
    evidence = gathered(reference(clinical_document(body=body), "text/xml"))

    assert values(evidence, "HG4", "ahi") == [32]
    assert evidence.facts[0].pointer.place == "page 1"
    assert [each.readable for each in evidence.records] == [True]


@pytest.mark.parametrize(
    "data",
    [
        b'<!DOCTYPE a [<!ENTITY e "AHI 32">]><ClinicalDocument xmlns="urn:hl7-org:v3">&e;</ClinicalDocument>',
        b"<ClinicalDocument>AHI 32</ClinicalDocument>",
        b"<html><body>AHI 32</body></html>",
        b"<ClinicalDocument",
        b"<a>" * 100_000,
        "<?xml version='1.0' encoding='UTF-16'?><ClinicalDocument xmlns='urn:hl7-org:v3'/>".encode("utf-16"),
    ],
    ids=["entities", "no namespace", "html", "broken", "deep", "utf-16"],
)
def test_other_xml_is_not_readable(data: bytes) -> None:
    evidence = gathered(reference(data, "application/xml"))

    assert evidence.facts == ()
    assert [(each.readable, each.clinical) for each in evidence.records] == [(False, True)]
