"""Cost of a full validation beside `fhir.resources` parsing the same, and what all definitions cost a process.

Both read the same bytes, in turns, in one process, and CPU time is taken: the best of many rounds, for a shared machine
only adds. A full validation is JSON, the base types, the profiles that a resource names, slices, bindings, invariants,
and the rules in words. Start-up and memory are those of fresh processes. The official Bundles are those of PAS 2.2.1 in
`../shared/packages`; without them the project's own referral Bundle is measured alone.
"""

from __future__ import annotations

import argparse
import gc
import json
import re
import statistics
import subprocess
import sys
import tarfile
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
OWN = ROOT / "tests" / "golden" / "bench" / "referral.json"
PACKAGE = ROOT.parent / "shared" / "packages" / "hl7.fhir.us.davinci-pas-2.2.1.tgz"
EXAMPLE = re.compile(r"package/example/(Bundle-.+\.json)")
REFERRAL = "Bundle-ReferralAuthorizationBundleExample.json"
NOT_THERE = f"not measured: {PACKAGE.name} is not in ../shared/packages"
# Packages of the standard itself and of extensions for everybody; all others are guides.
NO_GUIDES = ("hl7.fhir.r4.core", "hl7.terminology", "hl7.fhir.uv.extensions", "hl7.fhir.uv.tools", "hl7.fhir.uv.xver")
# What each figure may be at most.
BUDGETS = {"referral": 3.0, "all": 25.0, "start_up_seconds": 1.5, "all_guides_megabytes": 60.0}
FRESH = 3  # processes whose start-up is measured

Bodies = Sequence[bytes]
Figures = dict[str, Any]


def official_bundles() -> dict[str, bytes]:
    """Return the example Bundles of PAS 2.2.1 by file name; none where the package is not there."""
    if not PACKAGE.is_file():
        return {}
    return dict(sorted(_bundles(PACKAGE)))


def _bundles(archive: Path) -> Iterator[tuple[str, bytes]]:
    with tarfile.open(archive) as tar:
        for member in tar:
            found = EXAMPLE.fullmatch(member.name)
            content = tar.extractfile(member) if found else None
            if found and content is not None:
                yield found[1], content.read()


def readers() -> dict[str, Callable[[bytes], Any]]:
    """Return what reads a Bundle, by name: our JSON alone, our validation, and `fhir.resources`."""
    from fhir.resources.R4B.bundle import Bundle

    from fhir_server.fhir import json as fhir_json
    from fhir_server.fhir.validation import Report
    from fhir_server.pas.prose import check_prose
    from fhir_server.pas.validation import prepare, release_validators
    from fhir_server.pas.versions import STU_2_2

    validators = release_validators()
    prepare(validators)
    validator, now = validators[STU_2_2.label], datetime.now(UTC)

    def validated(body: bytes) -> list[Any]:
        resource = fhir_json.loads(body)
        report = Report()
        check_prose(resource, STU_2_2, report)
        return validator.validate(resource, now=now) + report.issues()

    return {"json": fhir_json.loads, "validation": validated, "fhir.resources": Bundle.model_validate_json}


def cpu_milliseconds(read: Callable[[bytes], Any], bodies: Bodies, times: int) -> float:
    """Return the CPU time of reading all *bodies* once, measured over *times*."""
    started = time.process_time()
    for _ in range(times):
        for body in bodies:
            read(body)
    return (time.process_time() - started) * 1000 / times


def measure(groups: dict[str, Bodies], rounds: int) -> dict[str, dict[str, list[float]]]:
    """Return the CPU milliseconds of each round, by group of Bundles and reader, taken in turns."""
    all_readers = readers()
    found: dict[str, dict[str, list[float]]] = {group: {name: [] for name in all_readers} for group in groups}
    for read in all_readers.values():
        for bodies in groups.values():
            cpu_milliseconds(read, bodies, 2)  # what is made at the first use
    for number in range(rounds):
        for group, bodies in groups.items():
            for name, read in all_readers.items():
                found[group][name].append(cpu_milliseconds(read, bodies, 1 if len(bodies) > 1 else 5))
        if sys.stderr.isatty():
            print(f"\rvalidation: round {number + 1} of {rounds}", end="", file=sys.stderr)
    return found


def figures_of(rounds: dict[str, list[float]]) -> Figures:
    """Return best and median of each reader, and our part of what `fhir.resources` needs."""
    best = {name: min(each) for name, each in rounds.items()}
    median = {name: statistics.median(each) for name, each in rounds.items()}
    return {
        "best_ms": {name: round(value, 2) for name, value in best.items()},
        "median_ms": {name: round(value, 2) for name, value in median.items()},
        "ratio": round(best["validation"] / best["fhir.resources"], 2),
        "ratio_median": round(median["validation"] / median["fhir.resources"], 2),
    }


def growth() -> Figures:
    """Return what the validators cost this process, which has none yet: CPU seconds, and megabytes at three states.

    Prepared, as a worker starts; all profiles of all guides compiled; and all value sets read as well.
    """
    import fhir_server.app  # noqa: F401 - what a server loads anyhow is not counted
    from fhir_server.pas.validation import prepare, release_validators

    before, started = megabytes(), time.process_time()
    validators = release_validators()
    prepare(validators)
    seconds = time.process_time() - started
    figures: Figures = {"start_up_seconds": seconds, "prepared_megabytes": megabytes() - before}
    validator = next(iter(validators.values()))
    definitions = validator.definitions
    for entry, package in definitions.profiles():
        if not package.startswith(NO_GUIDES):
            validator.compiler.prepare([f"{entry.url}|{entry.version}"], package)
    figures["all_guides_megabytes"] = megabytes() - before
    for value_set, package in definitions.value_sets():
        known = definitions.value_set(f"{value_set.url}|{value_set.version}", package)
        if known is not None:
            known.codes()
    figures["and_all_value_sets_megabytes"] = megabytes() - before
    figures["process_seconds"] = time.process_time()
    return figures


def megabytes() -> float:
    """Return the memory that the process holds, without what waits to be collected."""
    gc.collect()
    return int(re.findall(r"VmRSS:\s+(\d+)", Path("/proc/self/status").read_text())[0]) / 1024


def fresh_growth() -> Figures:
    """Return the best of a few fresh processes."""
    runs = [
        json.loads(subprocess.run([sys.executable, __file__, "--growth"], capture_output=True, check=True).stdout)
        for _ in range(FRESH)
    ]
    return {name: round(min(run[name] for run in runs), 2) for name in runs[0]}


def measured(rounds: int) -> Figures:
    """Return all figures."""
    bundles = official_bundles()
    groups: dict[str, Bodies] = {"own": [OWN.read_bytes()]}
    if bundles:
        groups |= {"referral": [bundles[REFERRAL]], "all": list(bundles.values())}
    figures: Figures = {group: figures_of(found) for group, found in measure(groups, rounds).items()}
    return {"validation": figures, "official": len(bundles), "process": fresh_growth()}


def print_report(figures: Figures) -> None:
    """Print the figures as a table."""
    titles = {"own": "own referral Bundle", "referral": "official referral Bundle", "all": "all official Bundles"}
    print(
        f"{'CPU ms, best (median)':<28}{'JSON':>14}{'validation':>16}{'fhir.resources':>18}{'ratio':>14}{'budget':>8}"
    )
    for group, title in titles.items():
        row = figures["validation"].get(group)
        if row is None:
            print(f"{title:<28}{NOT_THERE}")
            continue
        cells = [f"{row['best_ms'][name]} ({row['median_ms'][name]})" for name in row["best_ms"]]
        ratio, budget = f"{row['ratio']} ({row['ratio_median']})", BUDGETS.get(group, "")
        print(f"{title:<28}{cells[0]:>14}{cells[1]:>16}{cells[2]:>18}{ratio:>14}{budget:>8}")
    process = figures["process"]
    print(f"start-up {process['start_up_seconds']} CPU s; the budget is {BUDGETS['start_up_seconds']}")
    memory = f"memory: both releases prepared {process['prepared_megabytes']} MB"
    memory += f", all guides {process['all_guides_megabytes']} MB"
    memory += f", and all value sets {process['and_all_value_sets_megabytes']} MB"
    print(f"{memory}; the budget is {BUDGETS['all_guides_megabytes']:.0f} MB")


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="CPU and memory of a full validation beside fhir.resources.")
    parser.add_argument("--rounds", type=int, default=25)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--growth", action="store_true", help="what the validators cost this one process")
    options = parser.parse_args(arguments)
    if options.growth:
        print(json.dumps(growth()))
        return
    figures = measured(options.rounds)
    print(json.dumps(figures, indent=2)) if options.json else print_report(figures)


if __name__ == "__main__":
    main()
