"""How commands print: data as JSON, tables as aligned text, progress on a terminal only."""

from __future__ import annotations

import shutil
import sys
import textwrap
from collections.abc import Iterator, Sequence
from typing import Any, TypeVar

import click

Item = TypeVar("Item")

LEAST_WIDTH = 24

json_option = click.option("--json", "as_json", is_flag=True, help="Print data as JSON.")


def print_json(data: Any) -> None:
    """Print *data* as indented JSON."""
    import msgspec

    click.echo(msgspec.json.format(_encoded(data), indent=2).decode())


def print_json_line(data: Any) -> None:
    """Print *data* as JSON on one line, for a reader that takes results as they come."""
    click.echo(_encoded(data).decode())


def _encoded(data: Any) -> bytes:
    import msgspec

    return msgspec.json.encode(data, enc_hook=str)


def print_table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print *rows* below *headings* in aligned columns; on a terminal the last column is folded to its width."""
    for line in table_lines(headings, rows, _width()):
        click.echo(line)


def table_lines(headings: Sequence[str], rows: Sequence[Sequence[str]], width: int | None = None) -> Iterator[str]:
    """Yield the lines of a table. A *width* folds the last column; ``None`` lets lines be as long as they are."""
    every = [tuple(headings), *map(tuple, rows)]
    widths = [max(len(row[column]) for row in every) for column in range(len(headings) - 1)]
    indent = sum(widths) + 2 * len(widths)
    for row in every:
        start = "".join(f"{cell:<{size}}  " for cell, size in zip(row, widths, strict=False))
        yield from _folded(start, row[-1], indent, width)


def _folded(start: str, text: str, indent: int, width: int | None) -> Iterator[str]:
    if width is None:
        yield (start + text).rstrip()
        return
    parts = textwrap.wrap(text, max(LEAST_WIDTH, width - indent)) or [""]
    yield (start + parts[0]).rstrip()
    yield from (" " * indent + part for part in parts[1:])


def _width() -> int | None:
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


def with_progress(items: Sequence[Item], label: str) -> Iterator[Item]:
    """Yield *items*; while they are worked on, a bar on standard error tells how many are done, on a terminal only."""
    if not sys.stderr.isatty() or len(items) < 2:
        yield from items
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    bar = Progress(
        *columns,
        console=Console(stderr=True),
        transient=True,
        redirect_stdout=sys.stdout.isatty(),
        redirect_stderr=False,
    )
    with bar:
        yield from bar.track(items, description=label)
