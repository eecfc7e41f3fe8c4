"""Tables of facts in YAML: each row is checked when it is read, and a wrong one is named."""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypeVar

import msgspec
import yaml

Row = TypeVar("Row", bound=msgspec.Struct)

_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def read_table(path: Path) -> dict[str, Any]:
    """Return the lists of rows that a file holds, by their names; raise ValueError if it holds anything else."""
    content = yaml.load(path.read_text("utf-8"), Loader=_Loader)  # noqa: S506 - the safe loader, or its form in C
    if not isinstance(content, dict) or not all(isinstance(rows, list) for rows in content.values()):
        raise ValueError(f"{path.name}: lists of rows are expected")
    return content


def rows(content: dict[str, Any], name: str, row_type: type[Row]) -> tuple[Row, ...]:
    """Return the rows of one list; raise ValueError naming the first that is wrong."""
    read = []
    for number, each in enumerate(content.get(name, ()), start=1):
        try:
            read.append(msgspec.convert(each, row_type))
        except msgspec.ValidationError as error:
            raise ValueError(f"{name}, row {number}: {error}") from error
    return tuple(read)
