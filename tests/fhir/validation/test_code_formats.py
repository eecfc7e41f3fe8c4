"""Codes and identifiers whose lists are not shipped: form, check digit, licensed lists, and what is told."""

from __future__ import annotations

import json
import tarfile
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fhir_server.errors import SettingsInvalid
from fhir_server.fhir.validation.code_formats import CodeFormats, CodeSystemRow, read_licensed
from fhir_server.fhir.validation.report import Fault, Report, root
from fhir_server.fhir.validation.tables import read_table, rows
from tests.conftest import ROOT

TABLE = ROOT / "profiles/code-systems.yaml"
FORMATS = CodeFormats.load(TABLE)
HERE = (root("Claim"), "diagnosis", 0)

CPT = "http://www.ama-assn.org/go/cpt"
HCPCS = "http://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets"
ICD_10_CM = "http://hl7.org/fhir/sid/icd-10-cm"
LOINC = "http://loinc.org"
SNOMED = "http://snomed.info/sct"
NDC = "http://hl7.org/fhir/sid/ndc"
NUCC = "http://nucc.org/provider-taxonomy"
X12_306 = "https://codesystem.x12.org/005010/306"
NPI = "http://hl7.org/fhir/sid/us-npi"
MBI = "http://hl7.org/fhir/sid/us-mbi"
SSN = "http://hl7.org/fhir/sid/us-ssn"
EIN = "http://terminology.hl7.org/NamingSystem/USEIN"
CCN = "http://terminology.hl7.org/NamingSystem/CCN"
CLIA = "urn:oid:2.16.840.1.113883.4.7"


def of_code(system: str, code: str, formats: CodeFormats = FORMATS, day: date | None = None) -> list[Fault]:
    report = Report()
    formats.begin(day).check_coding(system, code, HERE, report)
    return report.faults


def of_identifier(system: str, value: str) -> list[Fault]:
    report = Report()
    FORMATS.begin().check_identifier(system, value, HERE, report)
    return report.faults


@pytest.mark.parametrize(
    ("system", "code"),
    [
        (CPT, "27447"), (CPT, "0274T"), (CPT, "3008F"), (CPT, "0001U"), (CPT, "0002M"), (CPT, "0001A"), (CPT, "RT"),
        (HCPCS, "G0154"), (HCPCS, "99212"), (HCPCS, "Q4205"), (HCPCS, "KX"),
        (ICD_10_CM, "M17.11"), (ICD_10_CM, "I10"), (ICD_10_CM, "C7A.00"), (ICD_10_CM, "QA0.0102"),
        (LOINC, "28570-0"), (LOINC, "LA6576-8"), (LOINC, "LP7763-8"),
        (SNOMED, "22298006"), (SNOMED, "22298006:363698007=80891009"),
        (NDC, "0777-3105-02"), (NDC, "00777-3105-02"), (NDC, "00777310502"), (NDC, "0777310502"),
        (NUCC, "207Q00000X"), (NUCC, "2080P0216X"),
        ("http://www.cms.gov/Medicare/Coding/ICD10", "0SRD0J9"),
        ("http://unitsofmeasure.org", "mg/dL"), ("http://unitsofmeasure.org", "{# of calculi}"),
        ("https://www.nubc.org/CodeSystem/RevenueCodes", "0120"), ("https://www.nubc.org/CodeSystem/TypeOfBill", "13"),
        ("urn:ietf:bcp:47", "en-US"), ("urn:iso:std:iso:3166:-2", "US-OH"),
        ("urn:oid:2.16.840.1.113883.6.238", "2106-3"), (X12_306, "A1"), ("http://example.org/of-nobody", "anything"),
    ],
)  # fmt: skip
def test_a_well_formed_code_is_no_fault(system: str, code: str) -> None:
    assert of_code(system, code) == []


@pytest.mark.parametrize(
    ("system", "code", "word"),
    [
        (CPT, "2744", "form"), (CPT, "27447X", "form"), (CPT, "0274t", "form"),
        (HCPCS, "Z0154", "form"), (HCPCS, "G154", "form"),
        (ICD_10_CM, "M1711", "form"), (ICD_10_CM, "m17.11", "form"), (ICD_10_CM, "M17.", "form"),
        (ICD_10_CM, "17.11", "form"),
        (LOINC, "28570-1", "check digit"), (LOINC, "28570", "form"),
        (SNOMED, "22298007", "check digit"), (SNOMED, "012345678", "form"),
        (NDC, "777-3105-02", "form"), (NUCC, "207Q00000", "form"), (NUCC, "207Q00000Y", "form"),
        ("http://www.cms.gov/Medicare/Coding/ICD10", "0SRDOJ9", "form"),
        ("urn:oid:2.16.840.1.113883.6.238", "2106-4", "check digit"),
        ("http://unitsofmeasure.org", "mg dL", "form"), (X12_306, "a1", "form"),
        (X12_306, "A1 ", "form"), (CPT, "²7447", "form"),
    ],
)  # fmt: skip
def test_a_malformed_code_is_a_warning_that_says_what_is_expected(system: str, code: str, word: str) -> None:
    [fault] = of_code(system, code)
    assert (fault.severity, fault.rule, fault.code, fault.place) == ("warning", "code-format", "code-invalid", HERE)
    assert code in fault.found
    assert word in fault.found
    assert fault.mend.startswith("Expected: ")


@pytest.mark.parametrize(
    ("system", "value"),
    [
        (NPI, "1234567893"), (MBI, "1EG4TE5MK73"), (SSN, "123456789"), (EIN, "12-3456789"), (EIN, "123456789"),
        (CCN, "360003"), (CCN, "36S003"), (CLIA, "11D1234567"), ("http://example.org/MIN", "x"),
    ],
)  # fmt: skip
def test_a_well_formed_identifier_is_no_fault(system: str, value: str) -> None:
    assert of_identifier(system, value) == []


@pytest.mark.parametrize(
    ("system", "value"),
    [
        (NPI, "1234567890"), (NPI, "789312"), (NPI, "3234567893"), (MBI, "1EG4-TE5-MK73"), (MBI, "1SG4TE5MK73"),
        (MBI, "0EG4TE5MK73"), (SSN, "666456789"), (SSN, "123-45-6789"), (EIN, "1234567"),
        (CCN, "3600"), (CLIA, "1234567890"),
    ],
)  # fmt: skip
def test_a_malformed_identifier_is_a_warning_without_its_value(system: str, value: str) -> None:
    [fault] = of_identifier(system, value)
    assert (fault.severity, fault.rule) == ("warning", "identifier-format")
    assert value not in f"{fault.found} {fault.mend}"


def test_numbers_of_persons_are_not_remembered() -> None:
    of_identifier(MBI, "1EG4TE5MK73")
    of_identifier(NPI, "1234567893")
    assert FORMATS.identifiers[MBI].good == set()
    assert "1234567893" in FORMATS.identifiers[NPI].good


def test_what_was_checked_for_its_form_only_is_told_once_for_each_system() -> None:
    checks, report = FORMATS.begin(), Report()
    loinc_by_oid = "urn:oid:2.16.840.1.113883.6.1"
    for system, code in ((CPT, "27447"), (CPT, "27446"), (LOINC, "28570-0"), (loinc_by_oid, "18776-5")):
        checks.check_coding(system, code, HERE, report)
    checks.check_coding(
        "https://www.cms.gov/Medicare/Coding/place-of-service-codes/Place_of_Service_Code_Set", "11", HERE, report
    )
    checks.finish(report)
    assert [(fault.severity, fault.rule, fault.about) for fault in report.faults] == [
        ("information", "code-not-checked", "CPT"),
        ("information", "code-not-checked", "LOINC"),
    ]


LICENSED = """system,code,valid_from,valid_to
http://www.ama-assn.org/go/cpt,27447,,
http://www.ama-assn.org/go/cpt,27446,2020-01-01,2025-12-31
urn:oid:2.16.840.1.113883.6.12,27445,,
http://payer.example.org/local,A b,,
"""


@pytest.fixture
def licensed(tmp_path: Path) -> CodeFormats:
    path = tmp_path / "codes.csv"
    path.write_text(LICENSED, "utf-8")
    return CodeFormats.load(TABLE, read_licensed(path))


def test_licensed_codes_are_checked_fully(licensed: CodeFormats) -> None:
    assert of_code(CPT, "27447", licensed) == []
    assert of_code(CPT, "27445", licensed) == []  # given under another address of the same system
    [fault] = of_code(CPT, "27448", licensed)
    assert (fault.severity, fault.rule) == ("warning", "code-unknown")
    [fault] = of_code("urn:oid:2.16.840.1.113883.6.12", "27448", licensed)
    assert fault.rule == "code-unknown"
    [fault] = of_code("http://payer.example.org/local", "B", licensed)
    assert fault.rule == "code-unknown"
    assert of_code("http://payer.example.org/local", "A b", licensed) == []


def test_a_licensed_code_has_its_time(licensed: CodeFormats) -> None:
    assert of_code(CPT, "27446", licensed) == []
    assert of_code(CPT, "27446", licensed, date(2025, 12, 31)) == []
    for day in (date(2019, 12, 31), date(2026, 1, 1)):
        [fault] = of_code(CPT, "27446", licensed, day)
        assert fault.rule == "code-expired"
        assert "2020-01-01" in fault.found


def test_a_licensed_system_is_not_told_as_unchecked(licensed: CodeFormats) -> None:
    checks, report = licensed.begin(), Report()
    checks.check_coding(CPT, "27447", HERE, report)
    checks.finish(report)
    assert report.faults == []


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("code\n1", "first line"),
        ("system,code,colour\na,b,c", "first line"),
        ("", "first line"),
        ("system,code\nhttp://x,\n", "line 2"),
        ("system,code,valid_from\nhttp://x,1,01/02/2026\n", "line 2"),
        ("system,code\nhttp://x,1,2,3\n", "line 2"),
    ],
)
def test_a_wrong_file_of_codes_names_its_lines(tmp_path: Path, text: str, line: str) -> None:
    path = tmp_path / "codes.csv"
    path.write_text(text, "utf-8")
    with pytest.raises(SettingsInvalid, match=line):
        read_licensed(path)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsInvalid, match=r"none\.csv"):
        read_licensed(tmp_path / "none.csv")


@given(st.text(), st.text())
def test_no_text_breaks_a_check(code: str, value: str) -> None:
    for system in FORMATS.codes:
        of_code(system, code)
    for system in FORMATS.identifiers:
        of_identifier(system, value)


def test_no_code_is_remembered_without_end() -> None:
    formats = CodeFormats([CodeSystemRow(name="N", urls=("urn:n",), owner="", form=r"\d+", expected="", source="")])
    for number in range(5000):
        of_code("urn:n", str(number), formats)
    assert len(formats.codes["urn:n"].good) <= 4096


def test_an_address_belongs_to_one_system() -> None:
    row = CodeSystemRow(name="N", urls=("urn:n",), owner="", form=r"\d+", expected="", source="")
    with pytest.raises(ValueError, match="urn:n"):
        CodeFormats([row, row])


def test_every_row_names_its_source_and_licence() -> None:
    for row in rows(read_table(TABLE), "code_systems", CodeSystemRow):
        assert row.source, row.name
        assert row.licence, row.name


def test_the_page_lists_every_system() -> None:
    page = (ROOT / "docs/code-systems.md").read_text("utf-8")
    table = read_table(TABLE)
    expected = [_line(row) for name in ("code_systems", "identifiers") for row in rows(table, name, CodeSystemRow)]
    assert [line for line in page.splitlines() if line.startswith("| **")] == expected


def _line(row: CodeSystemRow) -> str:
    told = "the packages" if row.listed else "form and check digit" if row.check else "form"
    licence = f" | {row.licence}" if row.licence else ""
    return f"| **{row.name}** | `{row.urls[0]}` | {row.owner} | {row.expected} | {told}{licence} |"


def _codings(node: Any) -> list[tuple[str, str]]:
    found, stack = [], [node]
    while stack:
        each = stack.pop()
        if isinstance(each, dict):
            system, code = each.get("system"), each.get("code")
            if isinstance(system, str) and isinstance(code, str):
                found.append((system, code))
            stack += each.values()
        elif isinstance(each, list):
            stack += each
    return found


# Examples of the core specification that stand for any code.
INVENTED = {"112233", "123456", "123457", "123987", "321789", "987654", "997755"}


@pytest.mark.parametrize(
    "package", ["hl7.fhir.us.davinci-pas-2.2.1", "hl7.fhir.us.davinci-crd-2.2.1", "hl7.fhir.us.core-7.0.0"]
)
def test_the_codes_of_the_packages_are_well_formed(shared: Path, package: str) -> None:
    with tarfile.open(shared / "packages" / f"{package}.tgz") as archive:
        contents = [archive.extractfile(each) for each in archive if each.name.endswith(".json")]
        codings = {coding for each in contents if each for coding in _codings(json.load(each))}
    malformed = [(system, code) for system, code in sorted(codings) if of_code(system, code) and code not in INVENTED]
    assert malformed == []
    assert len(codings) > 50
