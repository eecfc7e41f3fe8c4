"""Regular expressions from elsewhere: taken only where no text can keep them busy.

An expression such as ``(a+)+b`` tries a number of ways that grows with every letter. How many ways one has at most is
counted beforehand, from its repetitions and alternatives; one with too many for the text at hand is not tried.
"""

from __future__ import annotations

import re
from functools import lru_cache

_MOST_WAYS = 100_000
_LONGEST_EXPRESSION = 1000
_DEEPEST_GROUP = 20
_MOST_REPEATED = 20  # of a group that can itself be laid in several ways
_COUNT = re.compile(r"\{(\d{1,6})(?:(,)(\d{1,6})?)?\}")
_GROUP = re.compile(r"\?(?::|[=!]|<[=!]|P?<[A-Za-z_]\w*>)")


def matches(expression: str, text: str) -> bool | None:
    """Return whether *expression* matches the whole *text*; ``None`` if it cannot be read or might never end."""
    if len(expression) > _LONGEST_EXPRESSION or _ways(expression, len(text)) > _MOST_WAYS:
        return None
    pattern = _compiled(expression)
    return None if pattern is None else pattern.fullmatch(text) is not None


@lru_cache(maxsize=256)
def _compiled(expression: str) -> re.Pattern[str] | None:
    try:
        return re.compile(expression)
    except (re.error, OverflowError, RecursionError, FutureWarning):
        return None


def _ways(expression: str, length: int) -> int:
    """Return in how many ways, at most, the expression can be laid over a text of a length."""
    counter = _Ways(expression, length)
    ways = counter.alternatives()
    return ways if counter.position >= len(expression) else _MOST_WAYS + 1


class _Ways:
    """A walk over an expression from left to right: ways of what follows are multiplied, of alternatives added."""

    def __init__(self, expression: str, length: int) -> None:
        self.expression = expression
        self.length = length
        self.position = 0
        self._depth = 0

    def alternatives(self) -> int:
        total, ways = 0, 1
        while self.position < len(self.expression):
            sign = self.expression[self.position]
            if sign == ")":
                break
            if sign == "|":
                self.position += 1
                total, ways = total + ways, 1
                continue
            ways = _capped(ways * self._repeated(self._part(sign)))
        return _capped(total + ways)

    def _part(self, sign: str) -> int:
        if sign == "(":
            return self._group()
        if sign == "[":
            self._set()
        elif sign == "\\":
            following = self.expression[self.position + 1 : self.position + 2]
            self.position += 2
            if following.isdigit() or following in ("k", "g"):
                return _MOST_WAYS + 1  # a reference back to what a group matched
        else:
            self.position += 1
        return 1

    def _group(self) -> int:
        self.position += 1
        if self.expression.startswith("?", self.position):
            kind = _GROUP.match(self.expression, self.position)
            if kind is None:
                return _MOST_WAYS + 1  # flags, conditions, comments: no validation needs them
            self.position = kind.end()
        self._depth += 1
        ways = self.alternatives() if self._depth <= _DEEPEST_GROUP else _MOST_WAYS + 1
        self._depth -= 1
        self.position += 1
        return ways

    def _set(self) -> None:
        self.position += 1
        if self.expression.startswith("^", self.position):
            self.position += 1
        first = self.position
        while self.position < len(self.expression):
            sign = self.expression[self.position]
            if sign == "]" and self.position > first:
                break
            self.position += 2 if sign == "\\" else 1
        self.position += 1

    def _repeated(self, ways: int) -> int:
        least, most = self._repetition()
        if most == 1 and least == 1:
            return ways
        most = min(most, self.length)
        spread = max(most - least, 0) + 1
        if ways == 1:
            return spread
        return _MOST_WAYS + 1 if most > _MOST_REPEATED else _capped(spread * ways ** max(most, 1))

    def _repetition(self) -> tuple[int, int]:
        sign = self.expression[self.position : self.position + 1]
        count = _COUNT.match(self.expression, self.position) if sign == "{" else None
        if count is not None:
            self.position = count.end()
            least = int(count[1])
            most = least if not count[2] else int(count[3]) if count[3] else self.length
        elif sign in ("*", "+", "?") and sign:
            self.position += 1
            least, most = int(sign == "+"), 1 if sign == "?" else self.length
        else:
            return 1, 1
        if self.expression[self.position : self.position + 1] in ("?", "+"):
            self.position += 1  # as few as possible, or without giving back
        return least, most


def _capped(ways: int) -> int:
    return min(ways, _MOST_WAYS + 1)
