"""A bound on how much of somebody else's code runs: counted in calls, so that it is the same each time."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from fhir_server.evidence.allowance import Allowance


class TooManySteps(BaseException):
    """More was called than allowed. No `Exception`, so that no handler of the code that is watched takes it for one."""


@contextmanager
def counted(allowance: Allowance) -> Iterator[None]:
    """Take each call and return within the block from the ``steps`` of *allowance*; raise `TooManySteps` beyond it.

    Slows Python code down to a quarter. A profiler that runs in this thread pauses meanwhile.
    """
    left, used = allowance.left["steps"], 0

    def count(frame: FrameType, event: str, argument: Any) -> None:
        nonlocal used
        used += 1
        if used > left:
            raise TooManySteps

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        yield
    finally:
        sys.setprofile(before)
        allowance.left["steps"] = max(0, left - used)
