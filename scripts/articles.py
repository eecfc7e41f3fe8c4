"""Write the billing articles of a policy pack from the copy of the Medicare Coverage Database.

    .venv/bin/python scripts/articles.py [SOURCE [FOLDER]]

SOURCE is a file in the form of `../shared/data/lcd-articles.json`. Codes are facts and are taken over row by row; the
rules of an article become the fields that `fhir_server.policy.articles` reads. No text of an article is copied.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT.parent / "shared" / "data" / "lcd-articles.json"
FOLDER = ROOT / "fhir_server" / "policy" / "packs" / "wiser" / "articles"

CONTRACTORS = {
    "JH": "novitas-jh",
    "JL": "novitas-jl",
    "J15": "cgs-j15",
    "JF": "noridian-jf",
    "JE": None,  # no state of the model lies in it
}
USES = {
    "support_of_necessity": "support",
    "no_diagnosis_restriction_in_article": "no-restriction",
    "support_of_necessity_if_in_force": "support-if-in-force",
}
ROLES = {"secondary_bmi": "body-mass-index", "trigeminal_neuralgia": "trigeminal-neuralgia", None: "listed"}
CHECKS = {"sha256": "whole", "character_count": "length"}
FIRST_DAY = "2026-01-05"
"""The one edition that is held is used for every request of the model (S-08)."""


def text_of(article: dict[str, Any]) -> str:
    """Return the file of *article*."""
    return "\n".join([*_head(article), *_procedures(article), *_diagnoses(article), *_rules(article)]) + "\n"


def _head(article: dict[str, Any]) -> Iterator[str]:
    number, version, edition = article["article_id"], article["version"], article["as_of"]
    contractors = [CONTRACTORS[each] for each in sorted(article["jurisdictions"])]
    yield f"# Billing and coding article {number} of {article['mac']}, in the Medicare Coverage Database of {edition}."
    yield "# Made by scripts/articles.py from the public export. Codes are facts; a star is the article's asterisk."
    yield ""
    yield f"id: {number}"
    yield f"version: {version}"
    yield f"edition: {edition}"
    yield f"category: {article['category']}"
    yield f"use: {USES[article['use']]}"
    yield f"contractors: [{', '.join(each for each in contractors if each)}]"
    yield f"states: [{', '.join(article['wiser_states'])}]"
    if article["lcd_id"]:
        yield f"policy: {article['lcd_id']}"
    yield f"policy_source: {_quoted(article['lcd_id_source'])}"
    yield f"unlisted: {article['unlisted_icd10'].replace('_', '-')}"
    yield f"copy_check: {CHECKS[article['row_check']]}"
    yield f"effective_from: {FIRST_DAY}"
    yield f"source: {_quoted(f'MCD:{number} v{version}')}"


def _procedures(article: dict[str, Any]) -> Iterator[str]:
    yield from ("", "procedures:")
    for group in article["code_groups"]:
        role = f", role: {group['flag']}" if group["flag"] else ""
        codes = _codes(each["code"] for each in group["codes"])
        yield f"  - {{group: {_quoted(group['group'])}{role}, codes: {codes}}}"


def _diagnoses(article: dict[str, Any]) -> Iterator[str]:
    yield from ("", "diagnoses:")
    for group in article["icd10_groups"]:
        yield f"  - group: {_quoted(group['group'])}"
        role = ROLES.get(group["role"], group["role"])
        if role != "listed":
            yield f"    role: {role}"
        yield f"    basis: {_quoted(group['basis'] or 'the copy names no procedure codes')}"
        if group["applies_to"]:
            yield f"    procedures: {_codes(group['applies_to'])}"
        if group["codes"]:
            yield "    codes:"
        for each in group["codes"]:
            yield f"      - {each['code']}{'*' if each['asterisk'] else ''}"


def _rules(article: dict[str, Any]) -> Iterator[str]:
    for rule in article["rules"]:
        yield from ("", *_rule(rule))


def _rule(rule: dict[str, Any]) -> Iterator[str]:
    source = f"source: {_quoted(rule['source'])}"
    match rule["type"]:
        case "dual_diagnosis":
            primary, secondary = (_quoted(rule[f"{each}_group"]) for each in ("primary", "secondary"))
            yield f"dual_diagnosis: {{primary: {primary}, secondary: {secondary}, {source}}}"
        case "asterisked_code_requires_any_of":
            yield f"asterisk: {{requires: [{', '.join(rule['codes'])}], {source}}}"
        case "asterisk_meaning":
            yield f"asterisk: {{{source}}}"
        case "no_diagnosis_restriction":
            yield f"unrestricted: {{codes: {_codes(rule['codes'])}, {source}}}"
        case other:
            raise ValueError(f"an article has a rule of the unknown type {other}")


def _codes(codes: Iterable[str]) -> str:
    return f"[{', '.join(_quoted(each) for each in codes)}]"


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def main(source: Path = SOURCE, folder: Path = FOLDER) -> int:
    folder.mkdir(exist_ok=True)
    for article in json.loads(source.read_text("utf-8"))["articles"]:
        (folder / f"{article['article_id']}.yaml").write_text(text_of(article), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(*map(Path, sys.argv[1:3])))
