"""Hold the rules of the guides against the tests: which has a test, which a reason for none, which has neither.

    coverage_of_rules.py [--strict] [--rules docs/rules.yaml] [--tests tests]

A test names its rules with the marker `rule`, on a function, a class, a module or a parameter; they are read from the
syntax tree, so that nothing has to be imported. Ends with 1 where a marker names a rule that does not exist or is not
written out, and with `--strict` also where a binding rule has neither a test nor a reason.
"""

from __future__ import annotations

import argparse
import ast
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

BINDING = {"SHALL", "SHALL NOT", "must"}
STRENGTHS = BINDING | {"SHOULD", "SHOULD NOT", "MAY"}


@dataclass(frozen=True, slots=True)
class Rule:
    """One statement of a guide, in our own words; ``later`` or ``reason`` says why no test is expected now."""

    id: str
    strength: str
    source: str
    says: str
    later: str | None = None
    reason: str | None = None

    @property
    def excuse(self) -> str | None:
        """Why there may be no test, or None when one is expected."""
        return f"later: {self.later}" if self.later else self.reason

    @property
    def binding(self) -> bool:
        """Whether the server has to follow it."""
        return self.strength in BINDING


@dataclass(frozen=True, slots=True)
class Mark:
    """One place in the tests that names a rule; ``rule`` is None where the name is not written out."""

    rule: str | None
    place: str


def rules_of(text: str) -> list[Rule]:
    """Return the rules of a YAML list. Raises ValueError for a row that is no rule, naming its id."""
    rules: dict[str, Rule] = {}
    for row in yaml.safe_load(text):
        try:
            rule = Rule(**row)
        except TypeError as problem:
            raise ValueError(f"{row.get('id', row)}: {problem}") from None
        if rule.strength not in STRENGTHS:
            raise ValueError(f"{rule.id}: no strength {rule.strength!r}")
        if rule.id in rules:
            raise ValueError(f"{rule.id} stands twice")
        rules[rule.id] = rule
    return list(rules.values())


def marks_of(source: str, name: str) -> Iterator[Mark]:
    """Yield every use of the marker `rule` in the source of a test file called ``name``."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("mark.rule"):
            for argument in node.args:
                written = isinstance(argument, ast.Constant) and isinstance(argument.value, str)
                yield Mark(ast.literal_eval(argument) if written else None, f"{name}:{argument.lineno}")


def marks_in(tests: Path) -> list[Mark]:
    """Return every use of the marker under a folder, in the order of the files."""
    return [
        mark
        for path in sorted(tests.rglob("test_*.py"))
        for mark in marks_of(path.read_text(encoding="utf-8"), path.relative_to(tests.parent).as_posix())
    ]


def places_of(rules: Iterable[Rule], marks: Iterable[Mark]) -> dict[str, list[str]]:
    """Return for each rule where tests name it."""
    places: dict[str, list[str]] = {rule.id: [] for rule in rules}
    for mark in marks:
        if mark.rule in places:
            places[mark.rule].append(mark.place)
    return places


def table(rules: Sequence[Rule], places: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """Yield one line a rule: its id, its strength, and where it is proved or why it is not."""
    for rule in rules:
        proved = places[rule.id]
        more = f" and {len(proved) - 1} more" if len(proved) > 1 else ""
        shown = proved[0] + more if proved else rule.excuse or "NOT COVERED"
        yield f"{rule.id:<9}{rule.strength:<12}{shown}"


def summary(rules: Sequence[Rule], places: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """Yield the counts, for the binding rules and for the others."""
    for title, binding in (("binding", True), ("other", False)):
        chosen = [rule for rule in rules if rule.binding == binding]
        covered = sum(bool(places[rule.id]) for rule in chosen)
        later = sum(bool(rule.later) and not places[rule.id] for rule in chosen)
        excused = sum(bool(rule.reason) and not places[rule.id] for rule in chosen)
        open_ = len(chosen) - covered - later - excused
        yield f"{title}: {len(chosen)} rules, {covered} covered, {later} later, {excused} with a reason, {open_} open"


def faults(rules: Sequence[Rule], marks: Iterable[Mark]) -> Iterator[str]:
    """Yield what is wrong with the markers themselves."""
    known = {rule.id for rule in rules}
    for mark in marks:
        if mark.rule is None:
            yield f"{mark.place}: the rule must be written out as text"
        elif mark.rule not in known:
            yield f"{mark.place}: there is no rule {mark.rule}"


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Which rules of the guides have a test?")
    parser.add_argument("--strict", action="store_true", help="fail where a binding rule has neither test nor reason")
    parser.add_argument("--rules", type=Path, default=Path("docs/rules.yaml"))
    parser.add_argument("--tests", type=Path, default=Path("tests"))
    options = parser.parse_args(arguments)

    rules = rules_of(options.rules.read_text(encoding="utf-8"))
    marks = marks_in(options.tests)
    places = places_of(rules, marks)
    wrong = list(faults(rules, marks))
    print(*table(rules, places), "", *summary(rules, places), *wrong, sep="\n")
    missing = any(rule.binding and not places[rule.id] and not rule.excuse for rule in rules)
    return 1 if wrong or (options.strict and missing) else 0


if __name__ == "__main__":
    sys.exit(main())
