"""What a requester reads about a request on its merits, in plain words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from fhir_server.authorization.determination import CriterionFinding
from fhir_server.authorization.values import Period
from fhir_server.policy.coverage import CoveragePack
from fhir_server.policy.findings import Remark
from fhir_server.policy.merits import Merits
from fhir_server.policy.scope import ScopedLine

NAMED = ("missing", "unreadable", "failing", "conflicting")
"""Gaps that are named to the requester; what is only doubtful is for the reviewer (S-07)."""


def affirmed(pack: CoveragePack, line: ScopedLine) -> str:
    """Return why a line is affirmed."""
    return f"{line.facts.service} meets every criterion of {_under(pack, line)}."


def in_review(pack: CoveragePack, line: ScopedLine, merits: Merits) -> str:
    """Return why a line waits; one that itself is in order waits for the others (S-02)."""
    if merits.lines and line.facts.sequence not in merits.unmet:
        return (
            f"{line.facts.service} meets every criterion of {_under(pack, line)}; "
            "it waits because the request is decided as a whole."
        )
    hits = [each.words for each in merits.stopping if each.line in (None, line.facts.sequence)]
    told = f"{line.facts.service} is reviewed under {_under(pack, line)}; a reviewer looks at it."
    return " ".join([told, *dict.fromkeys(hits)])


def _under(pack: CoveragePack, line: ScopedLine) -> str:
    return f"{pack.title} ({line.category.label})" if line.category else pack.title


def explanations(pack: CoveragePack, merits: Merits, remarks: Sequence[Remark], valid: Period | None) -> Iterator[str]:
    """Yield what is said about the whole request, then the notices."""
    if valid:
        yield (
            "Every criterion is met by the records sent. "
            f"The affirmation holds for services from {valid.start} through {valid.end}."
        )
    else:
        yield _waiting(pack, merits, remarks)
    yield from dict.fromkeys(each.words for each in merits.code_rules if each.severity == "I")
    yield from dict.fromkeys(each.words for each in remarks if each.kind == "notice")


def _waiting(pack: CoveragePack, merits: Merits, remarks: Sequence[Remark]) -> str:
    told = f"The request is in scope of {pack.title} and waits for a reviewer. No decision was made yet."
    groups = (
        ("Still missing", [*_remarked("missing", remarks), *_elements(merits, "missing")]),
        ("Not readable", _elements(merits, "unreadable")),
        ("Not met by what was sent", _elements(merits, "failing")),
        ("Told differently in two places", _elements(merits, "conflicting")),
        ("Not clear yet", _remarked("unclear", remarks)),
        ("Always for a clinician", [reason for _, reason in merits.always_review]),
    )
    return " ".join([told, *(f"{title}: {'; '.join(items)}." for title, items in groups if items)])


def missing(merits: Merits, remarks: Sequence[Remark]) -> tuple[str, ...]:
    """Return everything that the requester or the reviewer still has to bring or make clear."""
    named = [_named(each) for each in merits.gaps if each.gap in NAMED]
    return tuple(dict.fromkeys([*_remarked("missing", remarks), *named, *_remarked("unclear", remarks)]))


def _remarked(kind: str, remarks: Iterable[Remark]) -> list[str]:
    return list(dict.fromkeys(each.words for each in remarks if each.kind == kind))


def _elements(merits: Merits, gap: str) -> list[str]:
    return list(dict.fromkeys(_named(each) for each in merits.gaps if each.gap == gap))


def _named(finding: CriterionFinding) -> str:
    return finding.label if finding.element == "clinical-records" else f"{finding.label} ({finding.element})"
