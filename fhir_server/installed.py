"""Where the data that stands beside the code is found, in a checkout and in an installed wheel."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

DataFolder = Literal["capability", "examples", "profiles"]

_PACKAGE = Path(__file__).resolve().parent
# A checkout has these folders at its top level; the wheel carries them inside the package (S-31, pyproject.toml).
_HOMES = (_PACKAGE / "_data", _PACKAGE.parent)


def data_folder(name: DataFolder) -> Path:
    """Return the existing folder ``name``.

    Raises FileNotFoundError, naming the places that were searched, when the installation lacks it.
    """
    for home in _HOMES:
        if (home / name).is_dir():
            return home / name
    raise FileNotFoundError(f"no folder {name!r} in {' or '.join(str(home) for home in _HOMES)}")
