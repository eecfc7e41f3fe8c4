"""What can go wrong with an expression: when it is compiled, and inside an evaluation."""

from __future__ import annotations


class ExpressionError(ValueError):
    """An expression that cannot be compiled; ``position`` is the offset of the character where the fault was seen."""

    def __init__(self, text: str, position: int, found: str) -> None:
        super().__init__(f"{found} at character {position + 1} of {text!r}")
        self.text = text
        self.position = position
        self.found = found


class EvaluationFailed(Exception):
    """An evaluation that has no result (two values where one is wanted, values that do not compare).

    It never leaves this package: an invariant whose evaluation fails does not hold, a path leads to nothing.
    """
