"""Print one line, `N passed, N failed, N skipped`, from a report that pytest wrote with --junitxml.

Exits 1 when there is no report, or no test ran.
"""

from __future__ import annotations

import sys
from pathlib import Path
from xml.etree import ElementTree


def counts(report: str) -> tuple[int, int, int]:
    """Return how many tests passed, failed (or broke outside the test itself) and were skipped."""
    suites = ElementTree.fromstring(report).iter("testsuite")  # written by our own pytest a moment ago
    total = failed = skipped = 0
    for suite in suites:
        total += int(suite.get("tests", "0"))
        failed += int(suite.get("failures", "0")) + int(suite.get("errors", "0"))
        skipped += int(suite.get("skipped", "0"))
    return max(total - failed - skipped, 0), failed, skipped


def main(path: Path) -> int:
    if not path.is_file():
        print("no report of the tests was written")
        return 1
    passed, failed, skipped = counts(path.read_text(encoding="utf-8"))
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return 0 if passed + failed else 1


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
