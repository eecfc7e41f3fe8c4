"""Words that help to mend a fault: the name that was probably meant, the values that are allowed, how many are.

Only names and codes of the definitions are ever told, never what was sent.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from itertools import islice

LONGEST_NAME = 64  # a longer one is no name of FHIR, and no slip of the finger made it
MOST_CANDIDATES = 2000
LEAST_STEM = 4


def nearest(name: str, known: Iterable[str]) -> str | None:
    """Return the one of *known* that *name* was probably meant to be, ``None`` where none is near.

    Near is: the same but for case and marks; a few slips of the finger (a letter lost, doubled, changed, or swapped
    with its neighbour: one in a word of four letters, two in one of eight, three beyond; shorter words are all too
    near each other); or the only one that begins as *name* does, or with which *name* begins. Of several, the nearest,
    then the first. Takes some 25 to 60 µs for the 35 elements of a resource; at most 2,000 are looked at. Whoever has
    thousands of faults asks for the first ones only.
    """
    if not name or len(name) > LONGEST_NAME:
        return None
    candidates = [each for each in islice(known, MOST_CANDIDATES) if each != name]
    plain = _plain.__wrapped__(name)  # what was sent is not kept
    alike = next((each for each in candidates if _plain(each) == plain), None) if plain else None
    return alike or _nearest_by_slips(name, candidates) or _only_by_stem(name, candidates)


def nearest_canonical(canonical: str, known: Iterable[str]) -> str | None:
    """Return the one of *known* whose last part is nearest to that of *canonical*, with or without a version."""
    by_name = {each.rpartition("/")[2]: each for each in known}
    name = canonical.partition("|")[0].rpartition("/")[2]
    return by_name.get(name) or by_name.get(nearest(name, by_name) or "")


@lru_cache(maxsize=10_000)
def _plain(name: str) -> str:
    return "".join(filter(str.isalnum, name)).casefold()


def _nearest_by_slips(name: str, candidates: Iterable[str]) -> str | None:
    if len(name) < LEAST_STEM - 1:
        return None
    most = 1 if len(name) <= LEAST_STEM else 2 if len(name) <= 8 else 3
    best, letters = None, set(name)
    for each in candidates:
        # Cheap tests first: a slip changes the length by one at most, and brings in or takes away one letter at most.
        if (
            len(each) >= LEAST_STEM
            and abs(len(each) - len(name)) <= most
            and len(letters.difference(each)) <= most
            and len(set(each).difference(letters)) <= most
        ):
            slips = _slips(name, each, most)
            if slips <= most:
                best, most = each, slips - 1
    return best


def _slips(one: str, other: str, most: int) -> int:
    """Return the optimal string alignment distance of two words, or any number above *most* where it is more."""
    before: list[int] = []
    row = list(range(len(other) + 1))
    for place, letter in enumerate(one, 1):
        before, above, row = row, before, [place]
        for column, facing in enumerate(other, 1):
            cost = min(before[column] + 1, row[-1] + 1, before[column - 1] + (letter != facing))
            if place > 1 < column and letter == other[column - 2] and one[place - 2] == facing:
                cost = min(cost, above[column - 2] + 1)
            row.append(cost)
        if min(row) > most:
            return most + 1
    return row[-1]


def _only_by_stem(name: str, candidates: Iterable[str]) -> str | None:
    if len(name) < LEAST_STEM:
        return None
    found = [
        each for each in candidates if each.startswith(name) or (len(each) >= LEAST_STEM and name.startswith(each))
    ]
    return found[0] if len(found) == 1 else None


def listed(values: Iterable[str], most: int = 8) -> str:
    """Return *values* in words: ``a``, ``one of a, b, c``, or ``one of a, b … (12 more)`` where they are many."""
    every = list(values)
    if len(every) <= 1:
        return every[0] if every else "no value"
    if len(every) <= most + 1:
        return f"one of {', '.join(every)}"
    return f"one of {', '.join(every[:most])} … ({len(every) - most} more)"


def cardinality(least: int, most: str) -> str:
    """Return how often an element has to come, in words, from the ``min`` and ``max`` of its definition."""
    if most == "0":
        return "not at all"
    if most == "*":
        return "any number of times" if least == 0 else f"at least {_times(least)}"
    if str(least) == most:
        return f"exactly {_times(least)}"
    return f"at most {_times(int(most))}" if least == 0 else f"{least} to {most} times"


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"
