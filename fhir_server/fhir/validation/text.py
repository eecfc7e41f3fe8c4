"""What the HL7 validator takes for blank, for an absolute address, for an OID, and for text that is hard to read."""

from __future__ import annotations

import re

# What Java and the HL7 validator call whitespace; Python counts U+001C to U+001F too.
WHITESPACE = (
    "\t\n\x0b\x0c\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000"
)
# Blank text is told as such before its form is looked at; the spaces that do not break a line do not count there.
BLANKS = "".join(set(WHITESPACE) - set("\x85\xa0\u2007\u202f")) + "\x1c\x1d\x1e\x1f"

BYTE_ORDER_MARK = "\ufeff"  # the HL7 validator does not see it in a text

# Nothing below U+0020 but tab, line feed and carriage return may stand in a string (R4, data types).
CONTROL_CHARACTER = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")
# Characters that turn the direction of writing: text can be made to look like another text with them.
TURN = re.compile("[\u202c-\u202e\u2066-\u2069\u200e\u200f\u061c]")
_LINE_OR_TURN = re.compile("[\n\u202c-\u202e\u2066-\u2069\u200e\u200f\u061c]")
_ISOLATES = frozenset("\u2066\u2067\u2068")
_END_OF_OVERRIDE, _END_OF_ISOLATE = "\u202c", "\u2069"

# A scheme in lower case, and something behind it.
is_absolute = re.compile(r"[a-z][a-z0-9_\[\]]*:[^ ]+").fullmatch
is_uuid = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}").fullmatch
is_id = re.compile(r"[A-Za-z0-9\-.]{1,64}").fullmatch
_OID = re.compile(r"[0-2](?:\.(?:0|[1-9][0-9]*))+\.*").fullmatch
_SHORTEST_ROOT = 4


_NAME = re.compile(r"_?[A-Za-z][A-Za-z0-9]{0,63}").fullmatch
LONGEST_OID = 1000


def is_name(text: str) -> bool:
    """Return whether a text has the form of an element's or type's name, so that it may be told back."""
    return _NAME(text) is not None


def is_oid(text: str) -> bool:
    """Return whether this is an OID that can name something: one with a root of four characters, or below 1.3."""
    return (
        len(text) <= LONGEST_OID
        and _OID(text) is not None
        and (text.rfind(".") >= _SHORTEST_ROOT or text.startswith("1.3"))
    )


def turns_direction(text: str) -> bool:
    """Return whether the text turns the direction of writing on a line and does not turn it back."""
    if TURN.search(text) is None:
        return False
    turned: list[str] = []
    for character in _LINE_OR_TURN.findall(text):
        if character == "\n":
            turned.clear()
        elif character == _END_OF_OVERRIDE:
            if turned and turned[-1] not in _ISOLATES:
                turned.pop()
        elif character == _END_OF_ISOLATE:
            if any(each in _ISOLATES for each in turned):
                while turned.pop() not in _ISOLATES:
                    pass
        else:
            turned.append(character)
    return bool(turned)
