"""`wiser-pas policy check`: prove that the policy packs are consistent, their examples right and their cases met."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fhir_server.cli.output import json_option, print_json, with_progress
from fhir_server.cli.policy_try import case_files, tried_file
from fhir_server.cli.settings import settings_of
from fhir_server.errors import ContentInvalid, PolicyInvalid

if TYPE_CHECKING:
    from fhir_server.policy.coverage import CoveragePack
    from fhir_server.policy.pack import Pack

CASES = "cases"
"""The folder of a pack that holds its cases, one folder a category."""


@click.command("check")
@json_option
def policy_check(as_json: bool) -> None:
    """Prove that the policy packs are in order.

    Every id exists, no dates overlap, every code is well formed, every test can be read; every example of a checklist
    comes out as it says, and every case beside the pack as it expects. Tells what was proved, or every problem. Ends
    with 1 if there is any.
    """
    from fhir_server.app import pack_folders

    report = _report(pack_folders(settings_of()))
    if as_json:
        print_json(report)
    else:
        click.echo("\n".join(_lines(report)))
    if report["problems"]:
        sys.exit(1)


def _report(folders: Sequence[Path]) -> dict[str, Any]:
    """Return which packs the folders hold, how much was proved about them, and every problem.

    Reading a pack proves all but its cases; one that cannot be read has no cases either.
    """
    from fhir_server.policy.coverage import CoveragePack
    from fhir_server.policy.pack import load_packs

    try:
        packs = load_packs(folders)
    except PolicyInvalid as error:
        return {"packs": [], "proved": {}, "cases_by_category": {}, "problems": str(error).splitlines()}
    coverage = [each for each in packs if isinstance(each, CoveragePack)]
    cases = {file: found for folder in folders for file, found in _cases(folder, packs).items()}
    proved = sum((Counter(_counts(each)) for each in coverage), Counter())
    return {
        "packs": [f"{each.edition.pack} {each.edition.version}" for each in packs],
        "proved": {**proved, "cases": len(cases)},
        "cases_by_category": dict(Counter(path.parent.name for path in cases)),
        "problems": [problem for found in cases.values() for problem in found],
    }


def _counts(pack: CoveragePack) -> dict[str, int]:
    elements = [row for each in pack.checklists.values() for row in each.elements]
    return {
        "categories": sum(each.status == "active" for each in pack.categories),
        "codes": len(pack.listed),
        "diagnosis lists": len(pack.diagnosis_lists),
        "scope rules": sum(len(each.scope_rules) for each in pack.categories),
        "dismissals": len(pack.dismissals),
        "elements": len(elements),
        "fields": sum(len(each.criterion.fields) for each in elements),
        "articles": len(pack.code_rules.articles),
        "code rules": len(pack.code_rules.rules),
        "tests": sum((each.test is not None) + (each.applies is not None) for each in elements),
        "examples": sum(len(each.criterion.examples) for each in elements),
    }


def _cases(folder: Path, packs: tuple[Pack, ...]) -> dict[Path, list[str]]:
    """Return the cases beside the pack, each with what is wrong about it."""
    home = folder / CASES
    files = list(case_files([home])) if home.is_dir() else []
    return {file: _wrong(file, home, packs) for file in with_progress(files, "trying")}


def _wrong(file: Path, home: Path, packs: tuple[Pack, ...]) -> list[str]:
    name = str(file.relative_to(home))
    try:
        tried = tried_file(file, packs)
    except ContentInvalid as refusal:
        return [f"{CASES} {each.found}" for each in refusal.issues]
    if tried.case.expect is None:
        return [f"{CASES} {name}: the case expects nothing, and so proves nothing"]
    return [f"{CASES} {name}: {each}" for each in tried.differences]


def _lines(report: dict[str, Any]) -> Iterator[str]:
    title = ", ".join(report["packs"]) or "The packs cannot be read"
    yield f"{title}: {len(report['problems'])} problems" if report["problems"] else f"{title}: in order"
    yield from (f"  {each}" for each in report["problems"])
    yield from (f"  {count} {what}" for what, count in report["proved"].items())
