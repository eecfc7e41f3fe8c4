"""The written forms of codes and numbers: what is well formed, and how two spellings of the same are made one."""

from __future__ import annotations

import re

# CMS, "Understanding the Medicare Beneficiary Identifier format": 11 characters; letters without S, L, O, I, B, Z.
_LETTER = "AC-HJKMNP-RT-Y"
_MEDICARE_NUMBER = re.compile(
    rf"[1-9][{_LETTER}][{_LETTER}0-9]\d[{_LETTER}][{_LETTER}0-9]\d[{_LETTER}]{{2}}\d{{2}}", re.ASCII
)
_PROCEDURE = re.compile(r"\d{4}[0-9A-Z]|[A-Z]\d{4}", re.ASCII)
_DIAGNOSIS = re.compile(r"[A-Z]\d[0-9A-Z](?:\.[0-9A-Z]{1,4})?", re.ASCII)
_MODIFIER = re.compile(r"[A-Z0-9]{2}", re.ASCII)
_STATE = re.compile(r"[A-Z]{2}", re.ASCII)
_PLACE_OF_SERVICE = re.compile(r"\d{2}", re.ASCII)
_BILL_TYPE = re.compile(r"0?([1-9]\d)(?:[0-9A-Z])?", re.ASCII)
_REVENUE = re.compile(r"0?\d{3}", re.ASCII)
_NPI = re.compile(r"\d{10}", re.ASCII)
_NPI_PREFIX_SUM = 24
"""What the card issuer prefix 80840 adds to the check sum of an NPI."""


def member_number(text: str) -> str:
    """Return a member number as it is compared: upper case, without the dashes and blanks of a card."""
    return text.replace("-", "").replace(" ", "").upper()


def is_medicare_number(text: str) -> bool:
    """Return whether *text*, as `member_number` writes it, has the form of a Medicare Beneficiary Identifier."""
    return _MEDICARE_NUMBER.fullmatch(text) is not None


def is_npi(text: str) -> bool:
    """Return whether *text* has ten digits and the check digit of a national provider identifier."""
    if not _NPI.fullmatch(text):
        return False
    digits = [int(each) for each in text]
    doubled = [each * 2 - 9 if each > 4 else each * 2 for each in digits[::2]]
    return (_NPI_PREFIX_SUM + sum(doubled) + sum(digits[1::2])) % 10 == 0


def procedure_code(text: str) -> str | None:
    """Return a CPT or HCPCS code in upper case, or ``None`` if it has not the form of one."""
    return _matched(_PROCEDURE, text)


def diagnosis_code(text: str) -> str | None:
    """Return an ICD-10-CM code with its dot, or ``None`` if it has not the form of one."""
    upper = text.upper()
    if len(upper) > 3 and upper[3] != ".":
        upper = f"{upper[:3]}.{upper[3:]}"
    return _matched(_DIAGNOSIS, upper)


def modifier(text: str) -> str | None:
    """Return a procedure modifier in upper case, or ``None``."""
    return _matched(_MODIFIER, text)


def state(text: str) -> str | None:
    """Return a state's two letters in upper case, or ``None``."""
    return _matched(_STATE, text)


def place_of_service(text: str) -> str | None:
    """Return a CMS place of service code, or ``None``."""
    return _matched(_PLACE_OF_SERVICE, text)


def bill_type(text: str) -> str | None:
    """Return a type of bill without leading zero and frequency (``0131`` and ``13X`` are ``13x``), or ``None``."""
    match = _BILL_TYPE.fullmatch(text.upper())
    return f"{match[1]}x" if match else None


def revenue_code(text: str) -> str | None:
    """Return a revenue code with four digits, or ``None``."""
    matched = _matched(_REVENUE, text)
    return matched.zfill(4) if matched else None


def _matched(pattern: re.Pattern[str], text: str) -> str | None:
    upper = text.upper()
    return upper if pattern.fullmatch(upper) else None
