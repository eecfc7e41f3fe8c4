"""`wiser-pas demo`: one whole exchange on a page, against a server that is started for it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from fhir_server.cli.output import json_option, print_json
from fhir_server.installed import data_folder

if TYPE_CHECKING:
    from fhir_server.cli.background import BackgroundServer
    from fhir_server.client import PasClient, SubmitAnswer
    from fhir_server.workflow.show import CaseLog


@dataclass(frozen=True, slots=True)
class Scene:
    """An example (below ``examples/``), what it shows, and the X12 306 actions that its answer has to hold."""

    title: str
    example: str
    expected: tuple[str, ...]


SCENES = (
    Scene("A request in scope of WISeR waits for a clinician", "wiser/01-knee-arthroscopy.json", ("A4",)),
    Scene(
        "A service outside the model's states needs no authorization",
        "wiser/dismissed/d02-outside-the-model-states.json",
        ("NA", "NA"),
    ),
    Scene("A sandbox code is affirmed by a script", "sandbox/a1-affirmed.json", ("A1",)),
)


@dataclass(frozen=True, slots=True)
class Played:
    """A scene, its answer, and the log of the case that was made."""

    scene: Scene
    answer: SubmitAnswer
    log: CaseLog

    @property
    def as_expected(self) -> bool:
        """Whether the answer holds the actions that it has to hold."""
        return tuple(each.code for each in self.answer.actions()) == self.scene.expected


@click.command()
@json_option
def demo(as_json: bool) -> None:
    """Show a whole exchange with a server of its own.

    Starts a sandbox server with an empty store, sends it three requests, shows each with its answer and the log of its
    case, and stops it. Ends with 1 if an answer was not the expected one.
    """
    from fhir_server.cli.background import ServerNotStarted, background_server
    from fhir_server.client import PasClient, PasError

    try:
        with background_server() as server, PasClient(server.settings.base_url) as client:
            if not as_json:
                click.echo(f"A sandbox server runs at {server.settings.base_url}; its store is a temporary file.")
            played = [_show(each, as_json=as_json) for each in _played(server, client)]
    except (ServerNotStarted, PasError) as error:
        raise click.ClickException(str(error)) from error
    if as_json:
        print_json([_data(each) for each in played])
    wrong = [each.scene.example for each in played if not each.as_expected]
    if wrong:
        click.echo(f"Not the answer that was expected: {', '.join(wrong)}.", err=True)
        sys.exit(1)
    if not as_json:
        click.echo("\nAll answers are as expected. The server has stopped and its store is gone.")


def _played(server: BackgroundServer, client: PasClient) -> Iterator[Played]:
    """Send each scene's request; read the log of its case from the server's store."""
    from fhir_server.authorization.caller import operator
    from fhir_server.cli.settings import existing_store
    from fhir_server.workflow.show import show

    folder = data_folder("examples")
    with existing_store(server.settings) as database:
        for scene in SCENES:
            answer = client.submit((folder / scene.example).read_bytes())
            yield Played(scene, answer, show(database, operator(), str(answer.case)))


def _show(played: Played, *, as_json: bool) -> Played:
    for line in () if as_json else scene_lines(played):
        click.echo(line)
    return played


def scene_lines(played: Played) -> Iterator[str]:
    """Yield a scene for a reader: title, request, answer, log of the case."""
    from fhir_server.authorization.events import Received
    from fhir_server.cli.answer_text import answer_lines
    from fhir_server.cli.case_text import case_lines, request_words

    yield f"\n── {played.scene.title} ──"
    yield f"\nRequest: POST /stu2.2/fhir/Claim/$submit with examples/{played.scene.example}"
    yield from (
        f"  {request_words(event.data.request)}" for event in played.log.events if isinstance(event.data, Received)
    )
    yield "\nAnswer:"
    yield from (f"  {line}" for line in answer_lines(played.answer))
    yield ""
    yield from case_lines(played.log)


def _data(played: Played) -> dict[str, Any]:
    from fhir_server.cli.answer_text import answer_data

    return {
        "title": played.scene.title,
        "example": played.scene.example,
        "as_expected": played.as_expected,
        "answer": answer_data(played.answer),
        "log": played.log,
    }
