"""Send broken resources through the validator: none may make it fail, take long or need much memory.

    fuzz.py [--count 20000] [--first 0]

Each number makes the same resource everywhere (`tests/verdicts/fuzzing.py`): `--first N --count 1` shows one again.
Ends with 1 if any failed, took more than two seconds of CPU, or if memory grew by more than 200 MB.
"""

from __future__ import annotations

import argparse
import resource
import sys
import time
import traceback
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))  # what makes the resources belongs to the tests

from tests.verdicts.fuzzing import mutant, own_validator  # noqa: E402

COUNT = 20_000
MOST_SECONDS = 2.0
MOST_MEGABYTES = 200
SHOWN = 10
WARM = 300  # after so many every guide is loaded and nearly every profile compiled


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the numbers and return the exit status."""
    parser = argparse.ArgumentParser(description="Send broken resources through the validator.")
    parser.add_argument("--count", type=int, default=COUNT)
    parser.add_argument("--first", type=int, default=0)
    options = parser.parse_args(arguments)
    validate = own_validator(ROOT / "profiles")
    numbers = range(options.first, options.first + options.count)
    failed, slow, slowest, start = 0, 0, (0.0, 0), 0.0
    for done, number in enumerate(numbers):
        if done == min(WARM, options.count - 1):
            start = _peak_megabytes()
        guide, broken = mutant(number)
        began = time.process_time()
        try:
            validate(guide, broken)
        except Exception:  # noqa: BLE001 - whatever it is, it is what is looked for
            failed += 1
            if failed <= SHOWN:
                print(f"{number} ({guide}) fails:\n{traceback.format_exc(limit=-4)}")
        taken = time.process_time() - began
        slowest = max(slowest, (taken, number))
        if taken > MOST_SECONDS:
            slow += 1
            print(f"{number} ({guide}) takes {taken:.1f} s")
        _tell(done, options.count)
    grown = _peak_megabytes() - start
    print(f"{options.count} resources: {failed} failed, {slow} took too long")
    print(f"slowest {slowest[0] * 1000:.0f} ms (number {slowest[1]}); memory grew by {grown:.0f} MB")
    return 1 if failed or slow or grown > MOST_MEGABYTES else 0


def _peak_megabytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _tell(done: int, count: int) -> None:
    if sys.stderr.isatty():
        print(f"\r{done + 1}/{count}", end="\n" if done + 1 == count else "", file=sys.stderr)
    elif done % max(1, count // 10) == 0:
        print(f"{done}/{count}", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
