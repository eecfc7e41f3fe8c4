"""Facts as text: a key a line, a row of a list a line, so that a difference between two versions can be read."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

_ENCODER = msgspec.json.Encoder(decimal_format="number")
LISTS_OF_ROWS = frozenset(("elements", "structures", "valueSets", "codeSystems"))


def as_text(facts: Mapping[str, Any]) -> bytes:
    """Return *facts* as JSON, keys in their own order."""
    return b"{\n" + b",\n".join(_ENCODER.encode(key) + b":" + _value(key, facts[key]) for key in facts) + b"\n}\n"


def _value(key: str, value: Any) -> bytes:
    if key in LISTS_OF_ROWS and value:
        return b"[\n" + b",\n".join(map(_ENCODER.encode, value)) + b"\n]"
    return _ENCODER.encode(value)


def as_rows(facts: Mapping[str, Any]) -> bytes:
    """Return *facts* as JSON, a key and its whole value a line."""
    rows = (_ENCODER.encode(key) + b":" + _ENCODER.encode(value) for key, value in facts.items())
    return b"{" + b",".join(b"\n" + row for row in rows) + b"\n}\n"


def write_files(files: Mapping[str, bytes], folder: Path) -> None:
    """Make *folder* hold exactly *files*, by their path below it; a reader sees the old ones or the new ones."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".new-") as place:
        new, old = Path(place, "new"), Path(place, "old")
        for name, content in files.items():
            (new / name).parent.mkdir(parents=True, exist_ok=True)
            (new / name).write_bytes(content)
        if folder.exists():
            shutil.move(folder, old)
        shutil.move(new, folder)
