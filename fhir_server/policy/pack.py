"""Reading policy packs: a folder of YAML in, a checked pack out, or `PolicyInvalid` naming every row that is wrong.

A folder holds ``pack.yaml`` (name, kind, version, sources) and, by its kind, the files of a coverage policy
(``model.yaml``, ``diagnosis-lists.yaml``, ``dismissals.yaml``, ``questions.yaml``, ``code-rules.yaml``,
``articles/*.yaml``, ``categories/*.yaml``) or of scripted answers (``outcomes.yaml``). Packs are read once, at start.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal, TypeAlias

from fhir_server.authorization.determination import PolicyEdition
from fhir_server.policy.articles import read_articles
from fhir_server.policy.categories import Category, CodeRow, DiagnosisList, PolicyRow, ScopeRule
from fhir_server.policy.checks import check_coverage, check_scripted
from fhir_server.policy.code_rule_rows import read_code_rules
from fhir_server.policy.coverage import (
    Closure,
    Contractor,
    CoveragePack,
    CoverageType,
    DismissalRow,
    EmergencyMark,
    ModelDates,
    OtherProgram,
    Participant,
    Question,
    SiteRow,
    Source,
    StateRow,
)
from fhir_server.policy.diagnoses import icd_10_cm
from fhir_server.policy.rows import Problems, Row, read_file, take, take_one
from fhir_server.policy.scripted import Script, ScriptedPack, ScriptedReviewer, ScriptedService

Pack: TypeAlias = CoveragePack | ScriptedPack

_BUILT_IN = Path(__file__).parent / "packs"


class _Header(Row, frozen=True, kw_only=True):
    """The content of ``pack.yaml``."""

    name: str
    title: str
    kind: Literal["coverage", "scripted"]
    version: str
    sources: tuple[Source, ...]


class _ScriptedSettings(Row, frozen=True, kw_only=True):
    """What ``outcomes.yaml`` says once for all scripts."""

    authorization_number: str
    valid_days: int
    reviewer: ScriptedReviewer


def builtin_pack(name: str) -> Path:
    """Return the folder of a pack that travels with this package (``wiser``, ``sandbox``)."""
    return _BUILT_IN / name


def load_packs(folders: Sequence[Path]) -> tuple[Pack, ...]:
    """Return the packs of *folders* in the order in which they are asked: scripted ones first (S-38), then as given.

    Raises `PolicyInvalid` naming every wrong row of every folder.
    """
    problems = Problems()
    read = [pack for pack in (_load(folder, problems) for folder in folders) if pack]
    if not problems.found and not any(isinstance(pack, CoveragePack) for pack in read):
        problems.add("packs", "no folder holds a coverage policy")
    problems.raise_if_any()
    return tuple(sorted(read, key=lambda pack: isinstance(pack, CoveragePack)))


def _load(folder: Path, problems: Problems) -> Pack | None:
    found = Problems()
    content = read_file(folder / "pack.yaml", found)
    header = take_one(content, _Header, "pack.yaml", found) if content else None
    pack: Pack | None = None
    if header and not found.found:
        pack = _coverage(folder, header, found) if header.kind == "coverage" else _scripted(folder, header, found)
    for each in found.found:
        problems.add(folder.name, each)
    return pack


def _edition(header: _Header, *others: str) -> PolicyEdition:
    sources = tuple(f"{each.id} {each.edition} ({each.date.isoformat()})" for each in header.sources)
    return PolicyEdition(header.name, header.version, (*sources, *others))


def _coverage(folder: Path, header: _Header, problems: Problems) -> CoveragePack | None:
    model = read_file(folder / "model.yaml", problems)
    lists = read_file(folder / "diagnosis-lists.yaml", problems)
    dismissals = read_file(folder / "dismissals.yaml", problems)
    questions = read_file(folder / "questions.yaml", problems)
    dates = take_one(model.pop("dates", None), ModelDates, "model.yaml dates", problems)
    sections: dict[str, Any] = {
        "states": take(model, "states", StateRow, "model.yaml", problems),
        "closures": take(model, "closures", Closure, "model.yaml", problems),
        "participants": take(model, "participants", Participant, "model.yaml", problems),
        "contractors": take(model, "contractors", Contractor, "model.yaml", problems),
        "sites": take(model, "sites", SiteRow, "model.yaml", problems),
        "coverage_types": take(model, "coverage_types", CoverageType, "model.yaml", problems),
        "emergency": take(model, "emergency", EmergencyMark, "model.yaml", problems),
        "other_programs": take(model, "other_programs", OtherProgram, "model.yaml", problems),
        "diagnosis_lists": take(lists, "lists", DiagnosisList, "diagnosis-lists.yaml", problems),
        "dismissals": take(dismissals, "dismissals", DismissalRow, "dismissals.yaml", problems),
        "questions": take(questions, "questions", Question, "questions.yaml", problems),
    }
    sections["categories"] = _categories(folder / "categories", problems)
    _refuse_rest(problems, ("model.yaml", model), ("diagnosis-lists.yaml", lists))
    _refuse_rest(problems, ("dismissals.yaml", dismissals), ("questions.yaml", questions))
    if dates is None:
        return None
    codes = icd_10_cm()
    edition = _edition(header, f"ICD-10-CM {codes.edition}")
    rules = read_code_rules(folder / "code-rules.yaml", read_articles(folder / "articles", problems), problems)
    pack = CoveragePack(
        edition, header.title, header.sources, dates, diagnosis_codes=codes, code_rules=rules, **sections
    )
    check_coverage(pack, problems)
    return pack


def _categories(folder: Path, problems: Problems) -> tuple[Category, ...]:
    return tuple(
        category for path in sorted(folder.glob("*.yaml")) if (category := _category(path, problems)) is not None
    )


def _category(path: Path, problems: Problems) -> Category | None:
    content = read_file(path, problems)
    if not content:
        return None
    rows = {
        "policies": take(content, "policies", PolicyRow, path.name, problems),
        "codes": take(content, "codes", CodeRow, path.name, problems),
        "scope_rules": take(content, "scope_rules", ScopeRule, path.name, problems),
    }
    category = take_one(content, Category, path.name, problems)
    return category and _with_rows(category, rows)


def _with_rows(category: Category, rows: dict[str, Any]) -> Category:
    kept = {name: getattr(category, name) for name in category.__struct_fields__ if name not in rows}
    return Category(**kept, **rows)


def _scripted(folder: Path, header: _Header, problems: Problems) -> ScriptedPack | None:
    content = read_file(folder / "outcomes.yaml", problems)
    scripts = take(content, "scripts", Script, "outcomes.yaml", problems)
    services = take(content, "services", ScriptedService, "outcomes.yaml", problems)
    settings = take_one(content, _ScriptedSettings, "outcomes.yaml", problems)
    if settings is None:
        return None
    pack = ScriptedPack(
        _edition(header),
        header.title,
        settings.authorization_number,
        settings.valid_days,
        settings.reviewer,
        scripts,
        services,
    )
    check_scripted(pack, problems)
    return pack


def _refuse_rest(problems: Problems, *contents: tuple[str, dict[str, Any]]) -> None:
    for place, rest in contents:
        for key in rest:
            problems.add(place, f"the key {key} is unknown")
