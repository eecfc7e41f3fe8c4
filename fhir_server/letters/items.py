"""Every missing or failing item behind a non-affirmation, as the requester is told (guide 4.1.2)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from fhir_server.authorization.determination import CriterionFinding, CriterionGap, Determination
from fhir_server.letters.letter import Item
from fhir_server.letters.words import clean, joined

# In a letter each gap is told as what it means for the requester. ``doubtful`` is never told (S-07).
GAPS: dict[CriterionGap, str] = {
    "missing": "Missing",
    "failing": "Does not meet the rule",
    "conflicting": "Contradicts itself",
    "unreadable": "Cannot be read",
}
NOT_MET = "Does not meet the rule"
NOT_SETTLED = "Not shown"
DENIED = frozenset({"non-affirmed", "modified"})


def open_items(determination: Determination) -> tuple[Item, ...]:
    """Return each missing or failing item of the lines that were not affirmed.

    Elements of which one is enough are one item, and none where one of them is met. Words of ``missing`` that no
    element repeats stand at the end.
    """
    denied = {line.sequence for line in determination.lines if line.outcome in DENIED}
    told = [each for each in determination.criteria if _counts(each, denied)]
    several = len(determination.lines) > 1
    singles = [_item(each, several) for each in told if each.group is None]
    groups = dict.fromkeys((each.category, each.group, each.lines) for each in told if each.group is not None)
    grouped = [_group(key, determination.criteria, told, several) for key in groups]
    named = {clean(words) for each in determination.criteria for words in _names(each)}
    others = [clean(each) for each in determination.missing if denied]
    rest = [Item(f"{GAPS['missing']}: {each}") for each in others if each not in named]
    return (*singles, *(each for each in grouped if each), *rest)


def _names(finding: CriterionFinding) -> tuple[str, str]:
    """Return the words by which ``missing`` names an element."""
    return finding.label, f"{finding.label} ({finding.element})"


def says_why(determination: Determination) -> bool:
    """Return whether every line that was not affirmed has an open item or a reason of its own."""
    denied = [line for line in determination.lines if line.outcome in DENIED]
    told = [each for each in determination.criteria if _counts(each, {line.sequence for line in denied})]
    return all(line.reason or any(not each.lines or line.sequence in each.lines for each in told) for line in denied)


def _counts(finding: CriterionFinding, denied: set[int]) -> bool:
    if finding.result in ("met", "not applicable") or finding.gap == "doubtful":
        return False
    return bool(denied) if not finding.lines else not denied.isdisjoint(finding.lines)


def _group(
    key: tuple[str, str | None, tuple[int, ...]],
    criteria: Sequence[CriterionFinding],
    told: Iterable[CriterionFinding],
    several: bool,
) -> Item | None:
    """Return the elements of which one is enough as one item; ``None`` where one of them is met."""
    members = [each for each in criteria if (each.category, each.group, each.lines) == key]
    if any(each.result == "met" for each in members):
        return None
    rows = [each for each in told if each in members]
    if len(rows) == 1:
        return _item(rows[0], several)
    lines = _lines(key[2]) if several else ""
    return Item(f"One of these is needed{lines}:", tuple(_words(each) for each in rows))


def _item(finding: CriterionFinding, several: bool) -> Item:
    return Item(_words(finding, _lines(finding.lines) if several else ""))


def _words(finding: CriterionFinding, lines: str = "") -> str:
    """Return an element in words: what is wrong, what is asked, what was found, and the reviewer's rationale."""
    label = clean(finding.label) or clean(finding.element)
    parts = [f"{_gap(finding)}{lines}: {label} ({clean(finding.element)})."]
    if found := clean(finding.found):
        parts.append(f"Found: {_ended(found)}")
    if rationale := clean(finding.rationale or ""):
        parts.append(f"Rationale: {_ended(rationale)}")
    return " ".join(parts)


def _gap(finding: CriterionFinding) -> str:
    if finding.gap is not None:
        return GAPS[finding.gap]
    return NOT_MET if finding.result == "not met" else NOT_SETTLED


def _lines(sequences: Sequence[int]) -> str:
    if not sequences:
        return ""
    word = "line" if len(sequences) == 1 else "lines"
    return f" ({word} {joined(map(str, sequences))})"


def _ended(text: str) -> str:
    return text if text.endswith((".", "!", "?", "…")) else f"{text}."
