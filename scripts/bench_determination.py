"""Cost of the engine alone: the examples' complete requests, decided from facts and evidence that are there already.

Prints CPU milliseconds a case, the mean over all categories and the dearest one, and of finding the evidence. The
budget is 0.3 ms a case for the engine.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from fhir_server.evidence.gather import gather_evidence
from fhir_server.fhir.limits import Limits
from fhir_server.pas.read import read_submission
from fhir_server.pas.versions import VERSIONS
from fhir_server.policy.circumstances import Circumstances
from fhir_server.policy.engine import checklists_for, determine
from fhir_server.policy.facts import facts_of
from fhir_server.policy.pack import builtin_pack, load_packs

ROOT = Path(__file__).resolve().parent.parent
COMPLETE = ROOT / "examples" / "wiser" / "complete"
ROUNDS, TIMES = 7, 100
BUDGET = 0.3
STATES = frozenset({"AZ", "NJ", "OH", "OK", "TX", "WA"})


def cost(work: Callable[[], object]) -> float:
    """Return the CPU milliseconds of *work*: the best round, for a shared machine only adds."""
    rounds = []
    for _ in range(ROUNDS):
        started = time.process_time()
        for _ in range(TIMES):
            work()
        rounds.append((time.process_time() - started) / TIMES * 1000)
    return min(rounds)


def measure() -> dict[str, dict[str, float]]:
    """Return what each complete example costs."""
    packs = load_packs([builtin_pack("wiser")])
    version = next(each for each in VERSIONS if each.label == "2.2")
    circumstances = Circumstances(datetime(2026, 6, 1, 15, 30, tzinfo=UTC), STATES)
    found = {}
    for path in sorted(COMPLETE.glob("[0-9]*.json")):
        request = read_submission(path.read_bytes(), version, Limits()).request
        facts, checklists = facts_of(request), checklists_for(packs, facts_of(request))
        evidence = gather_evidence(request, checklists)

        def decide(request: Any = request, facts: Any = facts, evidence: Any = evidence) -> object:
            return determine(request, facts, circumstances, packs, case_number="W1", evidence=evidence)

        def gather(request: Any = request, checklists: Any = checklists) -> object:
            return gather_evidence(request, checklists)

        found[path.stem] = {"engine_ms": cost(decide), "evidence_ms": cost(gather)}
    return found


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    as_json = parser.parse_args().json
    found = measure()
    figures: dict[str, Any] = {}
    for name in ("engine_ms", "evidence_ms"):
        costs = {case: each[name] for case, each in found.items()}
        dearest = max(costs, key=lambda case: costs[case])
        mean = sum(costs.values()) / len(costs)
        figures[name] = {"mean": round(mean, 3), "dearest": round(costs[dearest], 3), "case": dearest}
    if as_json:
        print(json.dumps({"determination": figures}))
        return
    for name, row in figures.items():
        print(f"{name[:-3]:<10}{row['mean']:>7} CPU ms a case, at most {row['dearest']} ({row['case']})")
    print(f"the budget of the engine is {BUDGET} ms a case")


if __name__ == "__main__":
    main()
