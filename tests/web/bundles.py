"""Request bundles for tests: the project's examples, renewed so that each is another beneficiary's request."""

from __future__ import annotations

import hashlib
import json
import re
import uuid
from functools import cache
from pathlib import Path
from typing import Any

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
REQUESTS = tuple(sorted(str(path.relative_to(EXAMPLES)) for path in EXAMPLES.glob("*/**/*.json")))
IN_REVIEW = "wiser/01-knee-arthroscopy.json"
WITH_GUIDS = "wiser/03-vagus-nerve-stimulation.json"
WITH_RECORDS = "wiser/10-epidural-steroid-injection.json"
DISMISSED_IN_LINES = "wiser/dismissed/d02-other-program-code.json"
DISMISSED_AS_ERROR = "wiser/dismissed/d03-medicare-advantage.json"
OLDER = "pas-2.0/knee-arthroscopy.json"
_GUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_MEMBER = re.compile(r"1EG4-?TE5-?MK\d\d")
_LETTERS = "ACDEFGHJKMNPQRTUVWXY"

Json = dict[str, Any]


@cache
def example_bytes(path: str) -> bytes:
    """Return a file of `examples/`."""
    return (EXAMPLES / path).read_bytes()


def example(path: str = IN_REVIEW) -> Json:
    """Return a request of `examples/`, to be changed."""
    content: Json = json.loads(example_bytes(path))
    return content


def renewed(path: str, seed: str) -> bytes:
    """Return the request again as another transaction for another beneficiary; the same for the same *seed*."""
    text = _GUID.sub(lambda found: str(_guid(f"{seed}|{found[0]}")), example_bytes(path).decode())
    bundle = json.loads(_MEMBER.sub(member(seed), text))
    bundle["identifier"]["value"] = f"TX-{seed}"
    bundle["entry"][0]["resource"]["identifier"][0]["value"] = f"CLAIM-{seed}"
    return encoded(bundle)


def member(seed: str) -> str:
    """Return a member number in the form of a Medicare Beneficiary Identifier."""
    number = int.from_bytes(hashlib.sha256(seed.encode()).digest()[:12], "big")
    digits, letters = [], []
    for _ in range(5):
        number, digit = divmod(number, 10)
        digits.append(digit)
    for _ in range(6):
        number, letter = divmod(number, len(_LETTERS))
        letters.append(_LETTERS[letter])
    first = digits[0] % 9 + 1
    head = f"{first}{letters[0]}{letters[1]}{digits[1]}{letters[2]}{letters[3]}{digits[2]}"
    return f"{head}{letters[4]}{letters[5]}{digits[3]}{digits[4]}"


def _guid(seed: str) -> uuid.UUID:
    return uuid.UUID(bytes=hashlib.sha256(seed.encode()).digest()[:16], version=4)


def encoded(resource: Any) -> bytes:
    """Return *resource* as JSON in UTF-8."""
    return json.dumps(resource, ensure_ascii=False).encode()


def entry_of(bundle: Json, kind: str) -> Json:
    """Return the first entry whose resource is of *kind*."""
    found: Json = next(each for each in bundle["entry"] if each["resource"]["resourceType"] == kind)
    return found
