"""The written forms of codes and numbers: what is well formed, and how two spellings of the same are made one."""

from __future__ import annotations

import re
import unicodedata
from decimal import Decimal

# CMS, "Understanding the Medicare Beneficiary Identifier format": 11 characters; letters without S, L, O, I, B, Z.
_LETTER = "AC-HJKMNP-RT-Y"
_MEDICARE_NUMBER = re.compile(
    rf"[1-9][{_LETTER}][{_LETTER}0-9]\d[{_LETTER}][{_LETTER}0-9]\d[{_LETTER}]{{2}}\d{{2}}", re.ASCII
)
_PROCEDURE = re.compile(r"\d{4}[0-9A-Z]|[A-Z]\d{4}", re.ASCII)
_DIAGNOSIS = re.compile(r"[A-Z](?:\d[0-9A-Z]|A\d)(?:\.[0-9A-Z]{1,4})?", re.ASCII)  # QA0 since October 2025
_MODIFIER = re.compile(r"[A-Z0-9]{2}", re.ASCII)
_PLACE_OF_SERVICE = re.compile(r"\d{2}", re.ASCII)
_BILL_TYPE = re.compile(r"0?([1-9]\d)(?:[0-9A-Z])?", re.ASCII)
_REVENUE = re.compile(r"0?(?:\d{3}|\d{2}X)", re.ASCII)
_NPI = re.compile(r"\d{10}", re.ASCII)
_NPI_PREFIX_SUM = 24
"""What the card issuer prefix 80840 adds to the check sum of an NPI."""

LARGEST_QUANTITY = 10**9
"""No quantity of a service reaches it; a number beyond may be thousands of digits long."""

# USPS Publication 28, Appendix B: states, the District of Columbia and the territories.
STATES = {
    "AL": "Alabama", "AK": "Alaska", "AZ": "Arizona", "AR": "Arkansas", "CA": "California", "CO": "Colorado",
    "CT": "Connecticut", "DE": "Delaware", "DC": "District of Columbia", "FL": "Florida", "GA": "Georgia",
    "HI": "Hawaii", "ID": "Idaho", "IL": "Illinois", "IN": "Indiana", "IA": "Iowa", "KS": "Kansas", "KY": "Kentucky",
    "LA": "Louisiana", "ME": "Maine", "MD": "Maryland", "MA": "Massachusetts", "MI": "Michigan", "MN": "Minnesota",
    "MS": "Mississippi", "MO": "Missouri", "MT": "Montana", "NE": "Nebraska", "NV": "Nevada", "NH": "New Hampshire",
    "NJ": "New Jersey", "NM": "New Mexico", "NY": "New York", "NC": "North Carolina", "ND": "North Dakota",
    "OH": "Ohio", "OK": "Oklahoma", "OR": "Oregon", "PA": "Pennsylvania", "RI": "Rhode Island",
    "SC": "South Carolina", "SD": "South Dakota", "TN": "Tennessee", "TX": "Texas", "UT": "Utah", "VT": "Vermont",
    "VA": "Virginia", "WA": "Washington", "WV": "West Virginia", "WI": "Wisconsin", "WY": "Wyoming",
    "AS": "American Samoa", "FM": "Federated States of Micronesia", "GU": "Guam", "MH": "Marshall Islands",
    "MP": "Northern Mariana Islands", "PW": "Palau", "PR": "Puerto Rico", "VI": "Virgin Islands",
}  # fmt: skip
_STATES_BY_NAME = {name.upper(): code for code, name in STATES.items()}


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


def units(sent: Decimal | int | None) -> int | None:
    """Return a number of units, whole and from 1, or ``None``; one beyond all services is not worked out either."""
    if sent is None or not 0 < sent < LARGEST_QUANTITY:
        return None
    return int(sent) if sent == int(sent) else None


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
    """Return a state's two letters for its letters, ``US-`` and its letters (ISO 3166-2) or its name, or ``None``."""
    sent = " ".join(text.upper().split())
    code = sent.removeprefix("US-")
    return code if code in STATES else _STATES_BY_NAME.get(sent)


def state_in_words(code: str) -> str:
    """Return the name of a state with its two letters."""
    return f"{STATES[code]} ({code})" if code in STATES else code


def place_of_service(text: str) -> str | None:
    """Return a CMS place of service code, or ``None``."""
    return _matched(_PLACE_OF_SERVICE, text)


def bill_type(text: str) -> str | None:
    """Return a type of bill without leading zero and frequency (``0131`` and ``13X`` are ``13x``), or ``None``."""
    match = _BILL_TYPE.fullmatch(text.upper())
    return f"{match[1]}x" if match else None


def revenue_code(text: str) -> str | None:
    """Return a revenue code with four digits, or with three and an ``X`` for any last one, or ``None``."""
    matched = _matched(_REVENUE, text)
    return matched.zfill(4) if matched else None


def folded(text: str) -> str:
    """Return a name as it is compared: without marks on letters, without regard to case, with single blanks."""
    plain = "".join(each for each in unicodedata.normalize("NFKD", text) if not unicodedata.combining(each))
    return " ".join(plain.casefold().split())


def _matched(pattern: re.Pattern[str], text: str) -> str | None:
    upper = text.upper()
    return upper if pattern.fullmatch(upper) else None
