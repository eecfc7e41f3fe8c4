"""UCUM units brought to their base units: the atoms that health care uses, with prefixes, products and powers.

From the tables of the Unified Code for Units of Measure (ucum.org, essence 2.1): factor to base units, dimension.
Units of a scale that does not begin at zero (``Cel``, ``[degF]``, ``[pH]``) and arbitrary ones (``[IU]``) are units of
their own kind: they compare with themselves only.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation, Overflow
from functools import lru_cache

# Which powers of which base units a unit is made of, e.g. (("m", 1), ("s", -2)).
Dimension = tuple[tuple[str, int], ...]

_PREFIXES: Mapping[str, int] = {
    "Y": 24, "Z": 21, "E": 18, "P": 15, "T": 12, "G": 9, "M": 6, "k": 3, "h": 2, "da": 1,
    "d": -1, "c": -2, "m": -3, "u": -6, "n": -9, "p": -12, "f": -15, "a": -18, "z": -21, "y": -24,
}  # fmt: skip
_PI = "3.1415926535897932384626433832795028841971693993751"
# Metric atoms take prefixes. The third column is the unit that the factor is of.
_METRIC: Mapping[str, tuple[str, str]] = {
    "m": ("1", ""), "s": ("1", ""), "g": ("1", ""), "rad": ("1", ""), "K": ("1", ""), "C": ("1", ""), "cd": ("1", ""),
    "mol": ("6.0221367E23", "1"), "sr": ("1", "rad2"), "Hz": ("1", "s-1"), "N": ("1000", "g.m.s-2"),
    "Pa": ("1000", "g.m-1.s-2"), "J": ("1000", "g.m2.s-2"), "W": ("1000", "g.m2.s-3"), "A": ("1", "C.s-1"),
    "V": ("1000", "g.m2.s-2.C-1"), "F": ("0.001", "g-1.m-2.s2.C2"), "Ohm": ("1000", "g.m2.s-1.C-2"),
    "S": ("0.001", "g-1.m-2.s.C2"), "Wb": ("1000", "g.m2.s-1.C-1"), "T": ("1000", "g.s-1.C-1"),
    "H": ("1000", "g.m2.C-2"), "lm": ("1", "cd.rad2"), "lx": ("1", "cd.rad2.m-2"), "Bq": ("1", "s-1"),
    "Gy": ("1", "m2.s-2"), "Sv": ("1", "m2.s-2"), "l": ("0.001", "m3"), "L": ("0.001", "m3"), "t": ("1000000", "g"),
    "bar": ("100000000", "g.m-1.s-2"), "u": ("1.6605402E-24", "g"), "eV": ("1.60217733E-16", "g.m2.s-2"),
    "eq": ("6.0221367E23", "1"), "osm": ("6.0221367E23", "1"), "kat": ("6.0221367E23", "s-1"),
    "U": ("10036894500000000", "s-1"), "cal": ("4184", "g.m2.s-2"), "m[H2O]": ("9806650", "g.m-1.s-2"),
    "m[Hg]": ("133322000", "g.m-1.s-2"), "[iU]": ("1", ""), "[IU]": ("1", "[iU]"), "Cel": ("1", ""), "B": ("1", ""),
}  # fmt: skip
_OTHER: Mapping[str, tuple[str, str]] = {
    "1": ("1", "1"), "10*": ("10", "1"), "10^": ("10", "1"), "%": ("0.01", "1"), "[ppth]": ("0.001", "1"),
    "[ppm]": ("0.000001", "1"), "[ppb]": ("1E-9", "1"), "[pi]": (_PI, "1"),
    "min": ("60", "s"), "h": ("3600", "s"), "d": ("86400", "s"), "wk": ("604800", "s"), "a": ("31557600", "s"),
    "mo": ("2629800", "s"), "a_j": ("31557600", "s"), "mo_j": ("2629800", "s"), "a_g": ("31556952", "s"),
    "[in_i]": ("0.0254", "m"), "[ft_i]": ("0.3048", "m"), "[yd_i]": ("0.9144", "m"), "[mi_i]": ("1609.344", "m"),
    "[lb_av]": ("453.59237", "g"), "[oz_av]": ("28.349523125", "g"), "[gr]": ("0.06479891", "g"),
    "[fl_oz_us]": ("0.0000295735295625", "m3"), "[cup_us]": ("0.0002365882365", "m3"),
    "[tbs_us]": ("0.00001478676478125", "m3"), "[tsp_us]": ("0.00000492892159375", "m3"),
    "[gal_us]": ("0.003785411784", "m3"), "[pt_us]": ("0.000473176473", "m3"), "[qt_us]": ("0.000946352946", "m3"),
    "[Cal]": ("4184000", "g.m2.s-2"), "[psi]": ("6894757.29316836133672", "g.m-1.s-2"),
    "atm": ("101325000", "g.m-1.s-2"),
    "[drp]": ("5E-8", "m3"), "[degF]": ("1", ""), "[pH]": ("1", ""),
}  # fmt: skip
_ANNOTATION = re.compile(r"(?<=[^./(])\{[^{}]*\}")
_ANNOTATION_ALONE = re.compile(r"\{[^{}]*\}")
_TERM = re.compile(r"(10[*^]|(?:[^\d.\/()\[\]+-]|\[[^\[\]]*\])+?|\d+)([+-]?\d+)?(?=[./)]|$)")
_DEEPEST = 8


@lru_cache(maxsize=1024)
def canonical(code: str) -> tuple[Decimal, Dimension] | None:
    """Return the factor to base units and the dimension of a UCUM code; ``None`` if it has no known meaning."""
    try:
        factor, powers = _unit(_ANNOTATION_ALONE.sub("1", _ANNOTATION.sub("", code)) or "1", 0)
    except (_Unknown, InvalidOperation, Overflow, RecursionError):
        return None
    return factor, tuple(sorted((name, power) for name, power in powers.items() if power))


class _Unknown(Exception):
    pass


def _unit(code: str, depth: int) -> tuple[Decimal, dict[str, int]]:
    """Multiply the terms of a unit from left to right; a slash divides by the one term after it."""
    if depth > _DEEPEST:
        raise _Unknown
    factor, powers, sign, position = Decimal(1), dict[str, int](), 1, 0
    if code.startswith("/"):
        sign, position = -1, 1
    while True:
        part, part_powers, position = _part(code, position, depth)
        factor = factor * part if sign > 0 else factor / part
        for name, power in part_powers.items():
            powers[name] = powers.get(name, 0) + sign * power
        if position == len(code):
            return factor, powers
        if code[position] not in "./":
            raise _Unknown
        sign = 1 if code[position] == "." else -1
        position += 1


def _part(code: str, position: int, depth: int) -> tuple[Decimal, dict[str, int], int]:
    if code.startswith("(", position):
        end = code.rfind(")")
        if end < position:
            raise _Unknown
        factor, powers = _unit(code[position + 1 : end], depth + 1)
        return factor, powers, end + 1
    match = _TERM.match(code, position)
    if match is None:
        raise _Unknown
    factor, powers = _atom(match.group(1), depth)
    power = int(match.group(2) or 1)
    return factor**power, {name: each * power for name, each in powers.items()}, match.end()


def _atom(name: str, depth: int) -> tuple[Decimal, dict[str, int]]:
    if name.isdecimal():
        return Decimal(name), {}
    if name in _OTHER:
        return _scaled(name, _OTHER[name], 0, depth)
    if name in _METRIC:
        return _scaled(name, _METRIC[name], 0, depth)
    for length in (1, 2):
        exponent = _PREFIXES.get(name[:length])
        if exponent is not None and name[length:] in _METRIC:
            return _scaled(name[length:], _METRIC[name[length:]], exponent, depth)
    raise _Unknown


def _scaled(name: str, meaning: tuple[str, str], exponent: int, depth: int) -> tuple[Decimal, dict[str, int]]:
    factor, unit = Decimal(meaning[0]).scaleb(exponent), meaning[1]
    if not unit:
        return factor, {name: 1}
    if unit == "1":
        return factor, {}
    its_factor, powers = _unit(unit, depth + 1)
    return factor * its_factor, powers
