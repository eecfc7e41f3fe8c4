"""Imports point one way, and the core does no I/O: the rules of the architecture, read off the syntax trees."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.conftest import ROOT

PACKAGE = "fhir_server"

OPEN_TO_ALL = {"errors", "settings", "installed"}

# Who may import whom. A part that is not named here fails the test: it has no place in the architecture yet.
MAY_IMPORT: dict[str, set[str]] = {
    "authorization": set(),
    "fhir": set(),
    "policy": {"authorization"},
    "x12": {"authorization"},
    "store": {"authorization"},
    "letters": {"authorization", "policy"},
    "pas": {"authorization", "policy", "fhir"},
    "crd": {"authorization", "policy", "fhir"},
    "dtr": {"authorization", "policy", "fhir"},
    "evidence": {"authorization", "policy", "fhir"},
    "exchange": {"authorization", "store"},
    "security": {"authorization", "store", "exchange"},
    "workflow": {"authorization", "policy", "evidence", "store", "exchange"},
    "client": {"fhir"},
    # Open to all, so they may lean only on one another.
    "errors": set(),
    "settings": set(),
    "installed": set(),
}
PARTS = set(MAY_IMPORT)
MAY_IMPORT |= {"web": PARTS, "app": PARTS | {"web"}, "cli": PARTS | {"app"}}
MAY_IMPORT |= {"": set(), "__main__": {"cli"}}  # the package's own `__init__`, and `python -m`

CORE = {"authorization", "fhir", "policy", "x12", "pas", "crd", "dtr", "evidence"}

# Libraries that reach a network, a database or a process. The files of a policy pack may be read, when it is loaded.
INPUT_AND_OUTPUT = {
    "alembic", "asyncio", "flask", "ftplib", "gunicorn", "http.client", "http.server", "httpx", "psycopg", "redis",
    "requests", "smtplib", "socket", "sqlalchemy", "sqlite3", "ssl", "subprocess", "urllib.request",
}  # fmt: skip
# The same input must give the same bytes: the clock is an argument, and nothing is drawn.
CHANCE = {"random", "secrets", "uuid.uuid1", "uuid.uuid4"}
CLOCK = {"now", "utcnow", "today", "time", "time_ns", "monotonic", "perf_counter"}
CLOCK_OWNERS = {"datetime", "date", "time"}


@dataclass(frozen=True, slots=True)
class Module:
    """One file of the package and what it says."""

    path: Path
    inside: tuple[str, ...]
    tree: ast.Module

    @property
    def part(self) -> str:
        """The package or module right under ours that this file belongs to; empty for our own `__init__`."""
        return self.inside[0].removesuffix(".py").replace("__init__", "")

    def imports(self) -> Iterator[tuple[int, str]]:
        """Line and dotted name of each import, those inside functions and for type checking included."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                yield from ((node.lineno, alias.name) for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                stem = self._absolute(node)
                yield from ((node.lineno, f"{stem}.{alias.name}") for alias in node.names)

    def _absolute(self, node: ast.ImportFrom) -> str:
        place = [PACKAGE, *self.inside[:-1]]
        start = place[: len(place) - node.level + 1] if node.level else []
        return ".".join([*start, *filter(None, [node.module])])


def modules(package: Path) -> Iterator[Module]:
    """Every file of a package, in order."""
    for path in sorted(package.rglob("*.py")):
        yield Module(path, path.relative_to(package).parts, ast.parse(path.read_text(encoding="utf-8")))


def against_the_direction(package: Path) -> list[str]:
    """Every import that the table does not allow, and every part that it does not name."""
    found = []
    for module in modules(package):
        if module.part not in MAY_IMPORT:
            found.append(f"{module.path}: {module.part} is not in the table of the architecture")
            continue
        allowed = MAY_IMPORT[module.part] | OPEN_TO_ALL | {module.part, "__version__"}
        for line, name in module.imports():
            parts = name.split(".")
            if parts[0] == PACKAGE and len(parts) > 1 and parts[1] not in allowed:
                found.append(f"{module.path}:{line} {module.part or PACKAGE} imports {name}")
    return found


def input_and_output_of_the_core(package: Path) -> list[str]:
    """Every place where the core reaches outside, draws a number or asks for the time."""
    found = []
    for module in modules(package):
        if module.part not in CORE:
            continue
        for line, name in module.imports():
            if any(f"{name}.".startswith(f"{banned}.") for banned in INPUT_AND_OUTPUT | CHANCE):
                found.append(f"{module.path}:{line} the core imports {name}")
        for node in ast.walk(module.tree):
            if isinstance(node, ast.Call) and (asked := clock_asked(node.func)):
                found.append(f"{module.path}:{node.lineno} the core asks for the time: {asked}()")
            if isinstance(node, ast.Attribute) and ast.unparse(node) in CHANCE:
                found.append(f"{module.path}:{node.lineno} the core draws: {ast.unparse(node)}")
    return found


def clock_asked(function: ast.expr) -> str | None:
    """The name of a call that reads the clock, as `datetime.now` or `time.time`, or None."""
    if isinstance(function, ast.Attribute) and function.attr in CLOCK:
        name = ast.unparse(function)
        if name.split(".")[-2] in CLOCK_OWNERS:
            return name
    return None


def test_imports_point_one_way() -> None:
    assert against_the_direction(ROOT / PACKAGE) == []


def test_the_core_does_no_input_or_output_and_takes_the_clock_as_an_argument() -> None:
    assert input_and_output_of_the_core(ROOT / PACKAGE) == []


@pytest.mark.parametrize(
    ("file", "source"),
    [
        ("policy/engine.py", "from fhir_server.store import cases"),
        ("policy/engine.py", "import fhir_server.fhir.json"),
        ("fhir/json.py", "def read():\n    from fhir_server.authorization import request"),
        ("authorization/request.py", "from fhir_server import policy"),
        ("workflow/submit.py", "from ..pas import read"),
        ("workflow/submit.py", "if TYPE_CHECKING:\n    from fhir_server.web import answers"),
        ("web/pas.py", "from fhir_server.app import create_app"),
        ("web/pas.py", "from fhir_server.cli import main"),
        ("app.py", "from fhir_server.cli import main"),
        ("settings.py", "from fhir_server.store import tables"),
        ("helpers/text.py", ""),
    ],
)
def test_an_import_against_the_direction_is_found(tmp_path: Path, file: str, source: str) -> None:
    write(tmp_path / file, source)

    assert len(against_the_direction(tmp_path)) == 1


@pytest.mark.parametrize(
    ("file", "source"),
    [
        ("policy/engine.py", "from fhir_server.authorization.request import Request\nfrom . import packs"),
        ("pas/read.py", "from fhir_server.errors import Issue\nfrom fhir_server.fhir import json\nimport lxml"),
        ("app.py", "from fhir_server.web import pas\nfrom fhir_server import workflow, __version__"),
        ("cli/serve.py", "from fhir_server.app import create_app\nfrom fhir_server.installed import data_folder"),
        ("__main__.py", "from fhir_server.cli import main"),
    ],
)
def test_an_import_along_the_direction_is_allowed(tmp_path: Path, file: str, source: str) -> None:
    write(tmp_path / file, source)

    assert against_the_direction(tmp_path) == []


@pytest.mark.parametrize(
    "source",
    [
        "import flask",
        "def read():\n    import sqlalchemy.engine",
        "from urllib.request import urlopen",
        "from urllib import request",
        "from uuid import uuid4",
        "import uuid\n\nkey = uuid.uuid4()",
        "import random",
        "from datetime import datetime\n\nmoment = datetime.now()",
        "import datetime\n\nmoment = datetime.date.today()",
        "import time\n\nmoment = time.time()",
    ],
)
def test_the_core_is_caught_reaching_outside(tmp_path: Path, source: str) -> None:
    write(tmp_path / "policy" / "engine.py", source)
    write(tmp_path / "web" / "pas.py", source)

    assert len(input_and_output_of_the_core(tmp_path)) == 1


@pytest.mark.parametrize(
    "source",
    [
        "from urllib.parse import urlsplit\nfrom uuid import UUID, uuid5",
        "from datetime import datetime\n\nmoment = clock.now()\nday = datetime.fromisoformat(text).time()",
    ],
)
def test_the_core_may_compute(tmp_path: Path, source: str) -> None:
    write(tmp_path / "policy" / "engine.py", source)

    assert input_and_output_of_the_core(tmp_path) == []


def write(path: Path, source: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(source, encoding="utf-8")
