"""The billing articles of the contractors: which diagnoses support which codes, in which jurisdiction.

One file an article and version, row by row as the Medicare Coverage Database holds it. An article never takes a
service out of the model; a diagnosis outside it sends the line to a person.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Annotated, Literal

import msgspec

from fhir_server.policy.categories import DatedRow, DiagnosisCode, ProcedureCode, StateCode, Words
from fhir_server.policy.rows import Problems, Row, read_file, take_one, unique

ListedCode = Annotated[str, msgspec.Meta(pattern=r"^[A-Z](?:[0-9][0-9A-Z]|A[0-9])(?:\.[0-9A-Z]{1,4})?\*?$")]
"""A diagnosis as it stands in the article; a star at its end is the asterisk there."""
GroupRole = Literal["listed", "osteoporotic", "malignant", "primary", "body-mass-index", "trigeminal-neuralgia"]
ArticleUse = Literal["support", "no-restriction", "support-if-in-force"]
_ASTERISK = "*"
_NEVER_ALONE: GroupRole = "body-mass-index"


class ArticleProcedures(Row, frozen=True, kw_only=True):
    """A group of procedure codes. Those of ``noncovered`` are not paid for at all."""

    group: Words
    role: Literal["covered", "noncovered", "ancillary"] = "covered"
    codes: tuple[ProcedureCode, ...]


class ArticleDiagnoses(Row, frozen=True, kw_only=True, dict=True):
    """A group of diagnoses. Without ``procedures`` it counts for every covered code of the article."""

    group: Words
    role: GroupRole = "listed"
    basis: Words
    procedures: tuple[ProcedureCode, ...] = ()
    codes: tuple[ListedCode, ...] = ()

    @cached_property
    def diagnoses(self) -> frozenset[str]:
        """The codes without their asterisks."""
        return frozenset(each.removesuffix(_ASTERISK) for each in self.codes)

    @cached_property
    def asterisked(self) -> frozenset[str]:
        """The codes that have an asterisk, without it."""
        return frozenset(each.removesuffix(_ASTERISK) for each in self.codes if each.endswith(_ASTERISK))


class DualDiagnosis(Row, frozen=True, kw_only=True):
    """One code of the group ``primary`` and one of ``secondary`` are needed together."""

    primary: Words
    secondary: Words
    source: Words


class Asterisk(Row, frozen=True, kw_only=True):
    """A code with an asterisk needs one of ``requires`` beside it; nothing, where its meaning is unknown."""

    requires: tuple[DiagnosisCode, ...] = ()
    source: Words


class Unrestricted(Row, frozen=True, kw_only=True):
    """Codes that the article supports whatever the diagnosis."""

    codes: tuple[ProcedureCode, ...]
    source: Words


class Article(DatedRow, frozen=True, kw_only=True, dict=True):
    """One version of an article and where it counts. ``edition`` is the day of the database that it was read from.

    It is used for what is decided between its dates (S-08), whatever the date of service. ``unlisted`` says what the
    article itself says of a diagnosis that it does not list; ``copy_check`` how far the copy was checked.
    """

    id: Annotated[str, msgspec.Meta(pattern=r"^A[0-9]{5}$")]
    version: int
    edition: date
    category: Words
    use: ArticleUse
    contractors: tuple[Words, ...]
    states: tuple[StateCode, ...]
    policy: Words | None = None
    policy_source: Words
    unlisted: Literal["noncovered", "not-stated"]
    copy_check: Literal["whole", "length"]
    procedures: tuple[ArticleProcedures, ...]
    diagnoses: tuple[ArticleDiagnoses, ...]
    dual_diagnosis: DualDiagnosis | None = None
    asterisk: Asterisk | None = None
    unrestricted: Unrestricted | None = None

    @property
    def name(self) -> str:
        """How a finding names this edition: ``A58731 v16 (2026-09-28)``."""
        return f"{self.id} v{self.version} ({self.edition.isoformat()})"

    @cached_property
    def noncovered(self) -> frozenset[str]:
        """The procedure codes that the article calls non-covered."""
        return frozenset(code for group in self.procedures if group.role == "noncovered" for code in group.codes)

    @cached_property
    def asterisked(self) -> frozenset[str]:
        """The diagnoses that have an asterisk."""
        return frozenset().union(*(group.asterisked for group in self.diagnoses))

    def listed_for(self, procedure: str | None) -> frozenset[str] | None:
        """Return the diagnoses that support *procedure*; ``None`` where the article does not limit it to any."""
        return self._listed.get(procedure or "")

    def with_role(self, role: GroupRole) -> frozenset[str]:
        """Return the diagnoses of the groups with *role*."""
        return frozenset().union(*(group.diagnoses for group in self.diagnoses if group.role == role))

    def of_group(self, number: str) -> frozenset[str]:
        """Return the diagnoses of a group."""
        return frozenset().union(*(group.diagnoses for group in self.diagnoses if group.group == number))

    @cached_property
    def _listed(self) -> dict[str, frozenset[str]]:
        free = set(self.unrestricted.codes) if self.unrestricted else set()
        covered = [code for group in self.procedures if group.role == "covered" for code in group.codes]
        listed = {code: self._groups_of(code) for code in covered if code not in free}
        return {code: found for code, found in listed.items() if found}

    def _groups_of(self, procedure: str) -> frozenset[str]:
        groups = (each for each in self.diagnoses if not each.procedures or procedure in each.procedures)
        return frozenset().union(*(group.diagnoses for group in groups if group.role != _NEVER_ALONE))


@dataclass(frozen=True)
class Articles:
    """The articles of a pack, found by contractor and category. Made by `read_articles`."""

    rows: tuple[Article, ...] = ()

    def __iter__(self) -> Iterator[Article]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)

    def decides(self, contractor: str | None, category: str | None, day: date) -> Article | None:
        """Return the edition that *contractor* uses on *day* for services of *category*."""
        found = self._by_place.get((contractor or "", category or ""), ())
        return next((each for each in found if _holds(each, day)), None)

    @cached_property
    def _by_place(self) -> dict[tuple[str, str], tuple[Article, ...]]:
        places: dict[tuple[str, str], tuple[Article, ...]] = {}
        for row in self.rows:
            for contractor in row.contractors:
                place = contractor, row.category
                places[place] = (*places.get(place, ()), row)
        return places


def _holds(row: Article, day: date) -> bool:
    return row.effective_from <= day and (row.effective_to is None or day <= row.effective_to)


def read_articles(folder: Path, problems: Problems) -> Articles:
    """Return the articles of the folder; none where there is no folder. What is wrong is noted in *problems*."""
    found = (_read(path, problems) for path in sorted(folder.glob("*.yaml")))
    articles = Articles(tuple(each for each in found if each))
    unique(articles.rows, lambda each: (each.id, each.version, each.effective_from), "articles", problems)
    for each in articles:
        _check_article(each, problems)
    return articles


def _read(path: Path, problems: Problems) -> Article | None:
    content = read_file(path, problems)
    return take_one(content, Article, f"articles {path.name}", problems) if content else None


def _check_article(article: Article, problems: Problems) -> None:
    place = f"articles {article.id}"
    if article.effective_to and article.effective_to < article.effective_from:
        problems.add(place, "it ends before it begins")
    unique(article.diagnoses, lambda each: each.group, f"{place} diagnoses", problems)
    covered = {code for group in article.procedures for code in group.codes}
    for group in article.diagnoses:
        unique(group.codes, lambda each: each.removesuffix(_ASTERISK), f"{place} group {group.group}", problems)
        for code in group.procedures:
            if code not in covered:
                problems.add(f"{place} group {group.group}", f"{code} is no procedure code of the article")
    if article.dual_diagnosis:
        for number in (article.dual_diagnosis.primary, article.dual_diagnosis.secondary):
            if not article.of_group(number):
                problems.add(f"{place} dual_diagnosis", f"the group {number} does not exist or is empty")
