"""The code rules, each from both sides, from the words of the list V01 to V46 and not from the engine."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from fhir_server.authorization.determination import CodeRuleHit
from fhir_server.authorization.request import ServiceLine
from fhir_server.authorization.values import Period
from fhir_server.policy.code_rule_context import AnswerRead
from fhir_server.policy.code_rules import context_of, hits
from fhir_server.policy.facts import facts_of
from fhir_server.policy.scope import scope_of
from tests.policy.code_rules import PACK, RULES, Asked, hit_by, ran_into, severities
from tests.policy.requests import circumstances, decide, dismissal, line, request

Case = tuple[tuple[Asked, ...], dict[str, Any]]


def case(*asked: Asked, **changes: Any) -> Case:
    return asked, changes


def units(code: str, number: int, *modifiers: str) -> tuple[str, dict[str, Any]]:
    return code, {"units": number, "modifiers": modifiers}


def on(code: str, day: str) -> tuple[str, dict[str, Any]]:
    return code, {"serviced": day}


# rule, what runs into it, and what comes as near as can be and does not.
BOTH_SIDES: list[tuple[str, Case, Case]] = [
    # V03: unspecified where a more specific code exists; on a list it is only a hint.
    ("V03", case("29877", diagnoses=("M17.9",)), case("29877", diagnoses=("M17.11",))),
    ("V03", case("29877", diagnoses=("M17.10",)), case("29877", diagnoses=("M17.12",))),
    ("V03", case("62323", diagnoses=("M54.10",)), case("62323", diagnoses=("M54.16",))),
    ("V03", case("54405", diagnoses=("N52.9",)), case("54405", diagnoses=("N52.31",))),
    # V04: a region of the spine that is not the procedure's.
    ("V04", case("62321", diagnoses=("M54.16",)), case("62321", diagnoses=("M54.12",))),
    ("V04", case("64479", diagnoses=("M51.16",)), case("64479", diagnoses=("M51.14",))),
    ("V04", case("62323", diagnoses=("M54.12",)), case("62323", diagnoses=("M54.17",))),
    ("V04", case("64483", diagnoses=("M50.121",)), case("64483", diagnoses=("M48.062",))),
    ("V04", case("64483", diagnoses=("M50.121",)), case("64483", diagnoses=("M50.121", "M51.16"))),
    ("V04", case("62323", diagnoses=("M54.12",)), case("62323", diagnoses=("B02.23",))),  # zoster has no region
    ("V04", case("62323", diagnoses=("M54.14",)), case("62323", diagnoses=("M54.15",))),  # thoracolumbar is both
    # V05: only pain or wear of the spine.
    ("V05", case("62323", diagnoses=("M47.816",)), case("62323", diagnoses=("M47.816", "M54.16"))),
    ("V05", case("64483", diagnoses=("M51.360",)), case("64483", diagnoses=("M51.16",))),
    ("V05", case("62323", diagnoses=("M54.50",)), case("62323", diagnoses=("M96.1",))),
    # V06: on the list of Novitas alone.
    ("V06", case("62323", diagnoses=("M48.061",), state="OH"), case("62323", diagnoses=("M48.061",), state="TX")),
    ("V06", case("62323", diagnoses=("M48.061",), state="AZ"), case("62323", diagnoses=("M48.061",), state="NJ")),
    ("V06", case("64483", diagnoses=("M48.061",), state="WA"), case("64483", diagnoses=("M48.062",), state="WA")),
    # V07: without imaging.
    ("V07", case("62320"), case("62321")),
    ("V07", case("62322"), case("62323")),
    # V08: no diagnosis on the list of the jurisdiction.
    ("V08", case("62323", diagnoses=("M51.26",)), case("62323", diagnoses=("M51.26", "M54.16"))),
    ("V08", case("62323", diagnoses=("M48.061",), state="OH"), case("62323", diagnoses=("M48.061",), state="OK")),
    # V09: levels, approaches and regions of a session.
    ("V09", case("64483", units("64484", 2)), case("64483", "64484")),
    ("V09", case("64479", units("64480", 2), of=2), case("64479", "64480", of=2)),
    ("V09", case(units("64483", 1, "LT"), units("64483", 1, "RT"), units("64484", 2)),
     case(units("64483", 1, "LT"), units("64483", 1, "RT"), units("64484", 1, "LT"), units("64484", 1, "RT"))),
    ("V09", case("64483", answers={"ES9.levels": 3}), case("64483", answers={"ES9.levels": 2})),
    ("V09", case(units("62323", 2)), case("62323")),
    ("V09", case("62323", answers={"ES9.levels": 2}), case("62323", answers={"ES9.levels": 1})),
    ("V09", case("62323", "64483"), case(on("62323", "2026-06-15"), on("64483", "2026-07-15"))),
    ("V09", case("64483", "62323"), case("64483", "64484")),
    ("V09", case("64483", "64479"), case(on("64483", "2026-06-15"), on("64479", "2026-06-29"))),
    ("V09", case("64479", "64483"), case("64479", "64480")),
    ("V09", case("62323", answers={"ES9.regions": 2}), case("62323", answers={"ES9.regions": 1})),
    # V11: the answers tell an add-on that was not asked for.
    ("V11", case("64483", answers={"ES9.levels": 2}), case("64483", "64484", answers={"ES9.levels": 2})),
    ("V11", case("64479", answers={"ES9.levels": 2}), case("64479", answers={"ES9.levels": 1})),
    ("V11", case("22510", answers={"PV10.levels": 2}), case("22510", "22512", answers={"PV10.levels": 2})),
    ("V11", case("22514", answers={"PV10.levels": 2}), case("22514")),
    ("V11", case("15271", answers={"SK4.value": 26}), case("15271", answers={"SK4.value": 25})),
    ("V11", case("15273", answers={"SK4.value": 150}), case("15273", "15274", answers={"SK4.value": 150})),
    ("V11", case("15271", answers={"SK4.value": 99}), case("15271", answers={"SK4.value": 150})),  # 15273 is meant
    # V15: depression is covered within a study.
    ("V15", case("64568", diagnoses=("F32.2",)), case("64568", diagnoses=("F32.2", "Z00.6"))),
    ("V15", case("64568", diagnoses=("F31.4",)), case("64568", diagnoses=("G40.211",))),
    # A study without a depression of Table B1 opens nothing.
    ("V15", case("64568", diagnoses=("Z00.6",)), case("64568", diagnoses=("F33.2", "Z00.6"))),
    # V16: two diagnoses, and a body mass index below 35.
    ("V16", case("64582", diagnoses=("G47.33",)), case("64582", diagnoses=("G47.33", "Z68.30"))),
    ("V16", case("64582", diagnoses=("Z68.30",)), case("64582", diagnoses=("Z68.34", "G47.33"))),
    ("V16", case("C8007", diagnoses=("G47.33", "Z68.35")), case("C8007", diagnoses=("G47.33", "Z68.34"))),
    ("V16", case("64582", diagnoses=("G47.33", "Z68.41")), case("64582", diagnoses=("G47.33", "Z68.1"))),
    ("V16", case("64582", diagnoses=("G47.33", "Z68.1"), state="AZ"),
     case("64582", diagnoses=("G47.33", "Z68.20"), state="AZ")),
    # V20: the ulcer is elsewhere.
    ("V20", case("15271", diagnoses=("I83.015",)), case("15275", diagnoses=("I83.015",))),
    ("V20", case("15271", diagnoses=("E11.621",)), case("15275", diagnoses=("E11.621",))),
    ("V20", case("15275", diagnoses=("I83.012",)), case("15271", diagnoses=("I83.012",))),
    ("V20", case("15275", diagnoses=("I83.013",), answers={"SK1.location": "calf"}),
     case("15275", diagnoses=("I83.013",), answers={"SK1.location": "ankle"})),
    ("V20", case("15271", diagnoses=("I83.012",), answers={"SK1.location": "heel-or-midfoot"}),
     case("15271", diagnoses=("E11.621",), answers={"SK1.location": "calf"})),
    # V21: the area and the code.
    ("V21", case("15273", answers={"SK4.value": 100}), case("15273", answers={"SK4.value": 100.5})),
    ("V21", case("15271", answers={"SK4.value": 101}), case("15271", answers={"SK4.value": 100})),
    ("V21", case("15277", answers={"SK4.value": 12}), case("15277")),
    ("V21", case("15275", answers={"SK4.value": 250}), case("15275", answers={"SK4.value": 4})),
    # V22: which product?
    ("V22", case("15271"), case("15271", "Q4101")),
    ("V22", case("15275", "15002"), case("15275", "A2001")),
    ("V22", case("15275", "Q4100"), case("15275", answers={"SK14.product": "Q4186"})),
    ("V22", case("15275", answers={"SK14.product": "Q4106"}), case("15275", answers={"SK14.product": "q4186"})),
    # V24: a product that is not on the list.
    ("V24", case("Q4100"), case("Q4101")),
    ("V24", case("Q4106"), case("Q4107")),
    ("V24", case("C5271"), case("C1767")),
    # V25: one product at a time.
    ("V25", case("15271", "Q4101", "Q4186"), case("15271", "Q4101", "Q4101")),
    ("V25", case(on("15271", "2026-06-15"), on("Q4101", "2026-06-15"), on("Q4186", "2026-06-15")),
     case(on("15271", "2026-06-15"), on("Q4101", "2026-06-15"), on("Q4186", "2026-07-15"))),
    # V26: the size of the ulcer.
    ("V26", case("15271"), case("15271", answers={"SK4.value": 1.0})),
    ("V26", case("15275", answers={"SK4.value": 0.9}), case("15275", answers={"SK4.value": 24})),
    # V27: more product than wound.
    ("V27", case("15271", units("Q4101", 44), answers={"SK4.value": 20}),
     case("15271", units("Q4101", 20), answers={"SK4.value": 20})),
    # V28: an osteoporotic fracture without its listed code.
    ("V28", case("22513", diagnoses=("M80.08XD",)), case("22513", diagnoses=("M80.08XA",))),
    ("V28", case("22513", diagnoses=("M80.08XS",), state="OH"), case("22513", diagnoses=("M80.08XS",), state="TX")),
    ("V28", case("22510", diagnoses=("S22.080A",)), case("22510", diagnoses=("C79.51", "M84.58XA"))),
    ("V28", case("22510", diagnoses=("M84.58XA",), answers={"PV1.branch": "osteoporotic"}),
     case("22510", diagnoses=("M84.58XA",), answers={"PV1.branch": "malignant"})),
    # V29: a tumor with an asterisk comes with the code of the fracture.
    ("V29", case("22513", diagnoses=("C79.51",), state="OH"),
     case("22513", diagnoses=("C79.51", "M84.58XA"), state="OH")),
    ("V29", case("22513", diagnoses=("C90.01",), state="AZ"),
     case("22513", diagnoses=("C90.01", "M84.58XS"), state="AZ")),
    ("V29", case("22513", diagnoses=("C79.52",), state="OH"), case("22513", diagnoses=("M84.58XA",), state="OH")),
    ("V29", case("22513", diagnoses=("C79.51",), state="TX"),
     case("22513", diagnoses=("M84.58XA",), state="TX")),  # Novitas's asterisk means nothing that is known
    ("V29", case("22513", diagnoses=("M80.08XA",), answers={"PV1.branch": "malignant"}),
     case("22513", diagnoses=("M80.08XA",), answers={"PV1.branch": "osteoporotic"})),
    # V30: up to three levels, or a rationale.
    ("V30", case("22513", units("22515", 3)), case("22513", units("22515", 2))),
    ("V30", case("22513", units("22515", 3)),
     case("22513", units("22515", 3), answers={"PV10.rationale": "four fresh fractures"})),
    ("V30", case("22510", answers={"PV10.levels": 4}), case("22510", answers={"PV10.levels": 3})),
    # V31: the list of cervical fusion, row by row.
    ("V31", case("22554", diagnoses=("M54.2",)), case("22554", diagnoses=("M50.021",))),
    ("V31", case("22554", diagnoses=("S12.01XA",), state="OH"), case("22554", diagnoses=("S12.01XA",), state="TX")),
    ("V31", case("22554", diagnoses=("S12.550K",), state="TX"), case("22554", diagnoses=("S12.550K",), state="OH")),
    # V33: nothing but osteoarthritis or pain.
    ("V33", case("29877", diagnoses=("M17.11",)), case("29877", diagnoses=("M17.11", "M23.221"))),
    ("V33", case("29877", diagnoses=("M25.561", "M17.11")), case("29877", diagnoses=("M23.41",))),
    # V34: the side of the knee.
    ("V34", case(units("29877", 1, "LT"), diagnoses=("M17.11",)), case(units("29877", 1, "RT"), diagnoses=("M17.11",))),
    ("V34", case(units("29877", 1, "RT"), diagnoses=("M17.12",)), case(units("29877", 1, "RT"), diagnoses=("M17.0",))),
    ("V34", case(units("29877", 1, "RT"), diagnoses=("M23.222",)), case("29877", diagnoses=("M23.222",))),
    # V36: sides elsewhere.
    ("V36", case("29877", diagnoses=("M25.569",)), case("29877", diagnoses=("M25.561",))),
    ("V36", case(units("15271", 1, "LT"), diagnoses=("I83.012",)),
     case(units("15271", 1, "RT"), diagnoses=("I83.012",))),
    ("V36", case(units("15271", 1, "LT"), diagnoses=("I83.012",)),
     case(units("15271", 1, "LT", "RT"), diagnoses=("I83.012",))),
    ("V36", case(units("62323", 1, "50")), case(units("64483", 1, "50"))),
    # V37, V38: where the element of the checklist has no values.
    ("V37", case("63655", diagnoses=("M96.1",), missing=("SC4",)), case("63655", diagnoses=("M96.1",))),
    ("V37", case("64581", diagnoses=("N39.41",), missing=("SN5",)),
     case("64581", diagnoses=("N39.41",), missing=("SN3",))),
    ("V38", case("62323", missing=("ES4",)), case("62323", missing=("ES8",))),
    ("V38", case("15275", missing=("SK9",)), case("15275")),
    # V39: the sex on record; unknown and other are no reason to ask.
    ("V39", case("53440", sex="female"), case("53440", sex="male")),
    ("V39", case("57288", sex="male"), case("57288", sex="female")),
    ("V39", case("54405", sex="female"), case("54405", sex="unknown")),
    ("V39", case("54400", sex="female"), case("54400")),
    ("V39", case("53445", sex="female"), case("53451", sex="female")),
    # V41: the units of the add-ons for skin.
    ("V41", case("15271", units("15272", 1), answers={"SK4.value": 51}, of=2),
     case("15271", units("15272", 2), answers={"SK4.value": 51}, of=2)),
    ("V41", case("15271", units("15272", 2), answers={"SK4.value": 50}, of=2),
     case("15271", units("15272", 1), answers={"SK4.value": 50}, of=2)),
    ("V41", case("15277", units("15278", 1), answers={"SK4.value": 201}, of=2),
     case("15277", units("15278", 2), answers={"SK4.value": 201}, of=2)),
    ("V41", case("15273", units("15274", 1), answers={"SK4.value": 80}, of=2), case("15273", "15274", of=2)),
    # V46: modifiers of liability.
    ("V46", case(units("62323", 1, "GA")), case(units("62323", 1, "GY"))),
    ("V46", case(units("62323", 1, "GX")), case("62323")),
    # Articles whose list alone is the rule.
    ("A57791", case("63655", diagnoses=("G89.18",), state="AZ"), case("63655", diagnoses=("M96.1",), state="AZ")),
    ("A57791", case("63655", diagnoses=("G89.18",), state="WA"), case("63655", diagnoses=("G89.18",), state="OH")),
    ("A55835", case("64581", diagnoses=("R31.0",), state="OH"), case("64581", diagnoses=("R31.0",), state="TX")),
    ("A53359", case("64581", diagnoses=("R31.0",), state="WA"), case("64581", diagnoses=("N39.41",), state="WA")),
    ("A56696", case("15271", diagnoses=("L97.211",), state="OH"), case("15271", diagnoses=("L97.211",), state="TX")),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "wrong", "right"), BOTH_SIDES, ids=[each[0] for each in BOTH_SIDES])
def test_a_rule_from_both_sides(rule: str, wrong: Case, right: Case) -> None:
    assert ran_into(rule, *wrong[0], **wrong[1]) is not None
    assert ran_into(rule, *right[0], **right[1]) is None


def test_every_rule_is_tested_from_both_sides() -> None:
    assert {each.row.rule for each in RULES.rules} == {rule for rule, _, _ in BOTH_SIDES}


def test_every_part_of_every_rule_is_run_into() -> None:
    """No row is idle: each part is run into by one of the cases, or is the hint for listed diagnoses."""
    words = {hit.words for _, wrong, _ in BOTH_SIDES for hit in hit_by(*wrong[0], **wrong[1])}
    words |= {hit.words for hit in hit_by("62320", state="OH")}
    words |= {hit.words for hit in hit_by("64581", diagnoses=("R33.9",))}
    idle = [each.row for each in RULES.rules if not any(_is_of(each.row.words, said) for said in words)]
    assert [(row.rule, row.part) for row in idle] == []


def _is_of(template: str, said: str) -> bool:
    return re.fullmatch(re.escape(template).replace(r"\{found\}", ".*").replace(r"\{article\}", ".*"), said) is not None


def test_the_whole_list_is_there() -> None:
    """V01 to V46, each as a rule or with the check that makes it."""
    held = {each.row.rule for each in RULES.rules} | {each.rule for each in RULES.elsewhere}
    assert {f"V{number:02}" for number in range(1, 47)} == {each for each in held if each.startswith("V")}


SEVERITIES = {
    "E": {"V01", "V02", "V10", "V40", "V42"},
    "I": {"V11", "V27", "V46"},
    "D02": {"V12", "V13", "V14", "V18", "V19", "V32", "V35", "V45"},
    "D08": {"V43"},
    "D09": {"V17"},
}
"""What the list says each comes to; the others are W."""


@pytest.mark.parametrize("severity", sorted(SEVERITIES))
def test_the_severities_of_the_list(severity: str) -> None:
    rules = {each.row.rule for each in RULES.rules if each.row.severity == severity and each.row.part != "listed"}
    elsewhere = {each.rule for each in RULES.elsewhere if each.action == severity}
    # V23 is a warning on the list; a product alone is no WISeR service, which the engine says with D02. V31 without a
    # seventh character is an invalid code (V01), and the other half of the rule a warning.
    assert (rules | elsewhere) - {"V23", "V31"} == SEVERITIES[severity]


def test_a_rule_from_memory_returns_nothing() -> None:
    memory = {each.row.rule: each.row.severity for each in RULES.rules if each.row.basis == "memory"}
    assert memory == {"V20": "W", "V27": "I", "V36": "W", "V39": "W"}


def test_an_unspecified_diagnosis_that_a_list_accepts_is_a_hint() -> None:
    assert severities("64581", diagnoses=("R33.9",))["V03"] == "I"  # Table B2
    assert severities("22554", diagnoses=("M50.20",))["V03"] == "I"  # the article of cervical fusion
    assert severities("62323", diagnoses=("M50.20",))["V03"] == "W"  # no article for epidural injections lists it
    assert severities("62323", diagnoses=("M54.50",))["V03"] == "W"


def test_other_and_unspecified_is_no_unspecified_code() -> None:
    """C41 and R39 head `other and unspecified` sites; what stands below is specific."""
    for code in ("C41.2", "R39.15", "G95.89", "M79.604"):
        assert code not in RULES.details.unspecified


def test_the_noncovered_codes_are_told_where_an_article_says_so() -> None:
    assert len([hit for hit in hit_by("62320", state="OH") if hit.rule == "V07"]) == 2
    assert len([hit for hit in hit_by("62320", state="WA") if hit.rule == "V07"]) == 2
    assert len([hit for hit in hit_by("62320", state="TX") if hit.rule == "V07"]) == 1


def test_a_hit_names_the_edition_of_the_article() -> None:
    hit = next(each for each in hit_by("62323", diagnoses=("M48.061",), state="OH") if each.rule == "V08")
    assert hit == CodeRuleHit(
        rule="V08",
        severity="W",
        found="M48.061",
        words="None of the diagnoses (M48.061) is in article A58731 v16 (2026-09-28). Send the diagnosis that the "
        "injection is for, if it is listed.",
        source="V08 (MCD:A58731 v16 (2026-09-28))",
        line=1,
    )


def test_the_base_and_its_add_on_are_fine_together() -> None:
    """15271 with 15272, one request and one tracking number."""
    clean: dict[str, AnswerRead] = {"SK4.value": 40.0, "SK14.product": "Q4101"}
    assert hit_by("15271", "15272", diagnoses=("I83.012",), answers=clean) == ()
    assert hit_by("15271", "15272", diagnoses=("I83.012",), answers=clean, of=2) == ()


CLEAN: list[tuple[tuple[Asked, ...], dict[str, Any]]] = [
    (("29877",), {"diagnoses": ("M23.221", "M17.11")}),
    (("64605",), {"diagnoses": ("G50.0",)}),
    (("64568",), {"diagnoses": ("G40.211",)}),
    (("64568",), {"diagnoses": ("F32.2", "Z00.6")}),
    (("33276", "33277"), {"diagnoses": ("G47.31",)}),
    (("63655",), {"diagnoses": ("M96.1",), "state": "AZ"}),
    (("53440",), {"diagnoses": ("N39.3",), "sex": "male"}),
    (("64561", "64590"), {"diagnoses": ("N39.41",), "state": "OH"}),
    (("54405",), {"diagnoses": ("N52.31",), "sex": "male"}),
    (("22513", "22515"), {"diagnoses": ("M80.08XA",)}),
    (("62323",), {"diagnoses": ("M54.16",)}),
    (("64483", "64484"), {"diagnoses": ("M51.16",), "state": "WA"}),
    (("22554",), {"diagnoses": ("M50.021",), "state": "OH"}),
    (("64582",), {"diagnoses": ("G47.33", "Z68.28")}),
    (("15275", "Q4186"), {"diagnoses": ("E11.621",), "state": "OH", "answers": {"SK4.value": 4.0}}),
]


@pytest.mark.parametrize(("asked", "changes"), CLEAN)
def test_a_plain_request_runs_into_nothing(asked: tuple[Asked, ...], changes: dict[str, Any]) -> None:
    for of in range(1, len(asked) + 1):
        assert hit_by(*asked, **changes, of=of) == ()


def test_a_line_out_of_scope_is_asked_only_about_what_does_not_belong() -> None:
    """64568 with a diagnosis outside Table B1 is no WISeR service: nothing is said about its diagnosis."""
    facts = facts_of(request(line(1, "64568"), diagnoses=("F32.9",)))
    (scoped,) = scope_of(PACK, facts, circumstances())
    assert scoped.status == "out-of-scope"
    assert hits(RULES, context_of(PACK, RULES, facts, scoped, circumstances(), lambda *_: None)) == ()


def test_a_withdrawn_line_runs_into_nothing() -> None:
    facts = facts_of(request(line(1, "62323"), diagnoses=("M54.12",)))
    withdrawn = replace(facts, lines=(replace(facts.lines[0], cancelled=True),))
    (scoped,) = scope_of(PACK, withdrawn, circumstances())
    context = replace(context_of(PACK, RULES, withdrawn, scoped, circumstances(), lambda *_: None), reviewed=True)
    assert hits(RULES, context) == ()


def test_without_a_state_no_article_is_held_against_the_line() -> None:
    rules = {each.rule for each in hit_by("62323", diagnoses=("M51.26",), state=None)}
    assert rules.isdisjoint({"V06", "V08"})


def test_a_rule_counts_between_its_dates() -> None:
    later = replace(RULES, rules=tuple(each for each in RULES.rules if each.row.rule == "V05"))
    row = later.rules[0].row
    begun = type(row)(
        **{name: getattr(row, name) for name in row.__struct_fields__} | {"effective_from": date(2027, 1, 1)}
    )
    later = replace(later, rules=(replace(later.rules[0], row=begun),))
    for day, expected in (("2026-12-31", 0), ("2027-01-01", 1)):
        facts = facts_of(request(line(1, "62323", serviced=day), diagnoses=("M54.50",)))
        (scoped,) = scope_of(PACK, facts, circumstances())
        context = replace(context_of(PACK, later, facts, scoped, circumstances(), lambda *_: None), reviewed=True)
        assert len(hits(later, context)) == expected


def test_a_period_that_overlaps_is_one_session() -> None:
    days = Period("2026-06-10", "2026-06-20")
    assert ran_into("V09", ("62323", {"serviced": days}), on("64483", "2026-06-15"))
    assert not ran_into("V09", ("62323", {"serviced": days}), on("64483", "2026-06-21"))


@pytest.mark.parametrize(
    ("asked", "diagnoses", "code"),
    [
        ((line(1, "62323"),), ("M54.5",), "D05"),  # V01, V02: deleted, now a header
        ((line(1, "22554"),), ("S12.000",), "D05"),  # V31: the seventh character is missing
        ((line(1, "22512"),), ("M80.08XA",), "D05"),  # V10
        ((line(1, "64561"),), ("N39.41",), "D02"),  # V12
        ((line(1, "64581"),), ("R15.9",), "D02"),  # V13
        ((line(1, "64568"),), ("G47.33",), "D02"),  # V14
        ((line(1, "C8011", serviced="2026-04-05"),), ("G47.33", "Z68.30"), "D09"),  # V17
        ((line(1, "15275"),), ("L97.511",), "D02"),  # V18
        ((line(1, "Q4101"),), ("E11.621",), "D02"),  # V23
        ((line(1, "63650"),), ("M96.1",), "D02"),  # V32
        ((line(1, "29881"),), ("M23.221",), "D02"),  # V35
        ((line(1, "64568"),), ("G40.211", "T85.113A"), "D02"),  # V45
    ],
)
def test_what_is_checked_elsewhere_is_checked(
    asked: tuple[ServiceLine, ...], diagnoses: tuple[str, ...], code: str
) -> None:
    assert dismissal(decide(request(*asked, diagnoses=diagnoses))) == code


def test_skin_substitutes_are_out_in_arizona() -> None:
    assert dismissal(decide(request(line(1, "15275"), diagnoses=("E11.621",), state="AZ"))) == "D02"  # V19
