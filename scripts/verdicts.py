"""The official validator's verdicts on examples and mutants, and ours beside them.

    verdicts.py [--compare] [--kind K] [--guide G] [--type T] [--limit N] [--show ID] [--table FOLDER]
    verdicts.py [--make N] [--seed S] [--instances] [--mutants-only] [--record] [--table FOLDER] [--seeds FOLDER]

Without `--compare` the official validator judges what the table does not have yet (it needs Java, Maven and ../shared,
or one that runs already: OFFICIAL_VALIDATOR_URL); what is judged is kept, so that a run that was stopped goes on. Then,
and with `--compare` alone, our validator judges the same: agreement by kind, guide and type, and each difference.
Ends with 1 where a difference has no reason in differences.yaml.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TypeVar

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))  # the tables and all that reads them belong to the tests

from tests.verdicts import comparison, instances, recording, tables  # noqa: E402
from tests.verdicts.comparison import Comparison, Outcome  # noqa: E402
from tests.verdicts.judge import JudgeMissing, running  # noqa: E402
from tests.verdicts.packages import GUIDES  # noqa: E402
from tests.verdicts.patches import resolved  # noqa: E402

SHARED = ROOT.parent / "shared"
PACKAGES = SHARED / "packages"
TABLE = tables.HERE / "official"
COUNT = 4700
SEED = 1
DIFFERENCES_SHOWN = 40
Item = TypeVar("Item")


def main(arguments: Sequence[str] | None = None) -> int:
    """Judge what is to be judged, compare, and return the exit status."""
    options = _options(arguments)
    if not PACKAGES.is_dir():
        print("../shared/packages is missing: every input is made of the official packages.", file=sys.stderr)
        return 2
    if not (options.compare or options.show):
        try:
            _record(options)
        except JudgeMissing as problem:
            print(problem, file=sys.stderr)
            return 2
    if options.record:
        return 0
    seeds = tables.Seeds(PACKAGES, options.seeds)
    found = _compared([row for row in tables.read(options.table) if _is_wanted(row, options)], seeds)
    if options.show:
        print("\n".join(line for outcome in found.outcomes for line in shown(outcome, seeds)))
        return 0
    return _report(found, options)


def _record(options: argparse.Namespace) -> None:
    with running(SHARED) as judge:
        if options.instances:
            for guide in with_progress(list(GUIDES), "making instances"):
                made = instances.Instances(PACKAGES, judge, options.seed).of(guide)
                tables.write_seeds(options.seeds / f"{guide}.jsonl", made)
        seeds = tables.Seeds(PACKAGES, options.seeds)
        recorder = recording.Recorder(PACKAGES, seeds, judge, options.table, with_progress)
        recorder.record(options.make, options.seed, whole_ones=options.whole_ones)


def _compared(rows: Sequence[tables.Row], seeds: tables.Seeds) -> Comparison:
    validate = comparison.our_validator(ROOT / "profiles")
    return Comparison(list(comparison.compare(with_progress(rows, "comparing"), seeds, validate)))


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="The official validator's verdicts, and ours beside them.")
    parser.add_argument("--compare", action="store_true", help="compare only; no Java is needed")
    parser.add_argument("--record", action="store_true", help="judge only, and compare nothing")
    parser.add_argument("--kind", help="only changes of this kind")
    parser.add_argument("--guide", help="only inputs of this guide")
    parser.add_argument("--type", help="only resources of this type")
    parser.add_argument("--limit", type=int, default=DIFFERENCES_SHOWN, help="how many differences are listed")
    parser.add_argument("--show", metavar="ID", help="show one input: what was changed, ours, theirs")
    parser.add_argument("--table", type=Path, default=TABLE, help="the folder of the table")
    parser.add_argument("--seeds", type=Path, default=tables.HERE / "seeds", help="the folder of the made instances")
    parser.add_argument("--instances", action="store_true", help="make those first")
    parser.add_argument("--make", type=int, default=COUNT, help="how many mutants there are to be")
    parser.add_argument("--seed", type=int, default=SEED, help="which mutants are drawn")
    parser.add_argument("--mutants-only", dest="whole_ones", action="store_false", help="leave out what is not changed")
    return parser.parse_args(arguments)


def _is_wanted(row: tables.Row, options: argparse.Namespace) -> bool:
    one = row.input
    wanted = ((options.kind, one.kind), (options.guide, one.guide), (options.type, one.type))
    return all(asked in (None, given) for asked, given in wanted) and one.id.startswith(options.show or "")


def _report(found: Comparison, options: argparse.Namespace) -> int:
    for heading, key in (
        ("kind", lambda outcome: outcome.row.input.kind),
        ("guide", lambda outcome: outcome.row.input.guide),
        ("type", lambda outcome: outcome.row.input.type),
        ("all", lambda outcome: "all"),
    ):
        print("\n".join(_table(found, heading, key)), end="\n\n")
    known = comparison.known_differences()
    unexplained = found.unexplained(known)
    for outcome in unexplained[: options.limit]:
        print("\n".join(told(outcome)))
    print(f"{len(found.differing)} differ, {len(unexplained)} of them without a reason")
    return 1 if unexplained else 0


def _table(found: Comparison, heading: str, key: Callable[[Outcome], str]) -> Iterator[str]:
    yield f"{heading:<26} inputs  refused  verdict  element  all elements  warnings"
    for name, agreement in found.agreement(key).items():
        shares = (agreement.of_verdicts, agreement.of_elements, agreement.of_all_elements, agreement.of_warnings)
        verdict, element, every, warning = (f"{share:8.2%}" for share in shares)
        yield f"{name:<26} {agreement.inputs:6d} {agreement.refused:8d} {verdict} {element}      {every}  {warning}"


def told(outcome: Outcome) -> Iterator[str]:
    """Yield the lines that tell a difference."""
    one = outcome.row.input
    what = "verdict" if not outcome.same_verdict else "element"
    yield f"{one.id}  {what} differs: {one.guide} {one.kind} {one.seed}"
    yield from (f"    {change_told(change)}" for change in one.patch)
    yield from (f"    ours    {issue.rule}  {issue.expression}  {issue.found}" for issue in outcome.errors[:5])
    yield from (f"    theirs  {name}  {place}" for name, place in outcome.row.verdict.errors[:5])
    if not outcome.errors:
        yield "    ours    valid"
    if outcome.row.verdict.valid:
        yield "    theirs  valid"


def shown(outcome: Outcome, seeds: tables.Seeds) -> Iterator[str]:
    """Yield all lines on one input: the change with what is around it, all of ours and of theirs."""
    one = outcome.row.input
    yield f"{one.id}  {one.guide} {one.kind} {one.type} {one.seed} {'alike' if outcome.alike else 'differs'}"
    built = seeds.built(one)
    for change in one.patch:
        yield f"  {change_told(change)}"
        place = change["path"].rpartition("/")[0]
        try:
            yield from ("    " + line for line in recording.indented(resolved(built, place)).splitlines()[:60])
        except (LookupError, ValueError):
            yield f"    {place} is gone"
    yield from (f"  ours    {issue.severity} {issue.rule}  {issue.expression}  {issue.found}" for issue in outcome.ours)
    yield from (f"  theirs  error {name}  {place}" for name, place in outcome.row.verdict.errors)
    yield from (f"  theirs  warning {name}  {place}" for name, place in outcome.row.verdict.warnings)


def change_told(change: dict[str, object]) -> str:
    """Return one change in a line."""
    more = f" from {change['from']}" if "from" in change else ""
    value = recording.compact(change["value"])[:200] if "value" in change else ""
    return f"{change['op']} {change['path']}{more} {value}".rstrip()


def with_progress(items: Sequence[Item], label: str) -> Iterable[Item]:
    """Yield *items*, with a bar on a terminal and a line for each tenth elsewhere."""
    step = max(1, len(items) // 10)
    for number, item in enumerate(items):
        if sys.stderr.isatty():
            done = 30 * number // len(items)
            print(f"\r{label} [{'#' * done}{'.' * (30 - done)}] {number}/{len(items)}", end="", file=sys.stderr)
        elif number % step == 0:
            print(f"{label} {number}/{len(items)}", file=sys.stderr)
        yield item
    if sys.stderr.isatty():
        print("\r" + " " * 70 + "\r", end="", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
