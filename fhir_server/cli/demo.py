"""`wiser-pas demo`: one whole exchange on a page, against a server that is started for it."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from fhir_server.cli.demo_review import Judgement, judge
from fhir_server.cli.output import json_option, print_json
from fhir_server.installed import data_folder

if TYPE_CHECKING:
    from fhir_server.authorization.events import Determined
    from fhir_server.cli.background import BackgroundServer
    from fhir_server.client import PasClient, SubmitAnswer
    from fhir_server.store.database import Database
    from fhir_server.store.letters import Letter
    from fhir_server.workflow.show import CaseLog

FOLLOW_SECONDS = 20.0
LOOK_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class Scene:
    """An example (below ``examples/``), what it shows, and the X12 306 actions that its answer has to hold.

    ``judgement`` is what a simulated reviewer says to a request that waits for one; ``state`` is where the case ends.
    With ``with_letter`` the letter is shown.
    """

    title: str
    example: str
    expected: tuple[str, ...]
    state: str
    judgement: Judgement | None = None
    with_letter: bool = False


SCENES = (
    Scene(
        "A complete request is affirmed at once",
        "wiser/complete/10-epidural-steroid-injection.json",
        ("A1", "A1"),
        "affirmed",
        with_letter=True,
    ),
    Scene(
        "A criterion that is not met waits for a clinician, who decides",
        "wiser/incomplete/one-element-failing.json",
        ("A4",),
        "non-affirmed",
        Judgement(
            "SC4",
            "Pain went down by 38 percent in the trial; 50 are needed.",
            "The trial did not show enough relief for a permanent lead.",
        ),
    ),
    Scene("A request with records alone is asked for the rest", "wiser/01-knee-arthroscopy.json", ("A4",), "in-review"),
    Scene(
        "A service outside the model's states needs no authorization",
        "wiser/dismissed/d02-outside-the-model-states.json",
        ("NA", "NA"),
        "dismissed",
    ),
    Scene("A sandbox code is affirmed by a script", "sandbox/a1-affirmed.json", ("A1",), "affirmed"),
)


@dataclass(frozen=True, slots=True)
class Played:
    """A scene, its answer, and the log and the letters of the case that was made."""

    scene: Scene
    answer: SubmitAnswer
    log: CaseLog
    letters: tuple[Letter, ...]

    @property
    def as_expected(self) -> bool:
        """Whether the answer holds the actions that it has to hold, and the case ends where it has to."""
        actions = tuple(each.code for each in self.answer.actions())
        return (actions, self.log.state) == (self.scene.expected, self.scene.state)


@click.command()
@json_option
def demo(as_json: bool) -> None:
    """Show a whole exchange with a server of its own.

    Starts a sandbox server with an empty store and a worker, sends it five requests, shows each with its answer and the
    log of its case, and stops it. A simulated reviewer decides one of them. Ends with 1 if an answer, or where a case
    ended, was not the expected one.
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
    """Send each scene's request and play what follows; read the log of its case from the server's store."""
    from fhir_server.app import desk
    from fhir_server.cli.settings import existing_store

    folder = data_folder("examples")
    with existing_store(server.settings) as database:
        table = desk(server.settings, database)
        for scene in SCENES:
            answer = client.submit((folder / scene.example).read_bytes())
            case = str(answer.case)
            if scene.judgement is not None:
                judge(table, case, _decisions(_log(database, case))[-1].determination, scene.judgement)
            log = _followed(database, case)
            yield Played(scene, answer, log, _letters(database, case))


def _log(database: Database, case: str) -> CaseLog:
    from fhir_server.authorization.caller import operator
    from fhir_server.workflow.show import show

    return show(database, operator(), case)


def _letters(database: Database, case: str) -> tuple[Letter, ...]:
    from fhir_server.authorization.caller import operator

    with database.read(operator()) as unit:
        return unit.letters.of(case)


def _followed(database: Database, case: str) -> CaseLog:
    """Return the log of *case* when the worker has written the letter of its decision and has the number."""
    deadline = time.monotonic() + FOLLOW_SECONDS
    while not _is_followed(log := _log(database, case)):
        if time.monotonic() > deadline:
            raise click.ClickException(f"The worker did nothing about case {case} in {FOLLOW_SECONDS:.0f} seconds.")
        time.sleep(LOOK_SECONDS)
    return log


def _is_followed(log: CaseLog) -> bool:
    """Return whether all is there that follows a decision; nothing follows one that leaves the case open."""
    from fhir_server.authorization.events import LetterMade, TrackingNumber
    from fhir_server.workflow.letters import LETTER_OF_STATE

    if log.state not in {each.value for each in LETTER_OF_STATE}:
        return True
    told = [event.data for event in log.events]
    steps = [each.step for each in told if isinstance(each, TrackingNumber)]
    return any(isinstance(each, LetterMade) for each in told) and steps[-1:] != ["requested"]


def _decisions(log: CaseLog) -> list[Determined]:
    from fhir_server.authorization.events import Determined

    return [event.data for event in log.events if isinstance(event.data, Determined)]


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
    if played.scene.with_letter:
        yield "\nLetter:"
        yield from (f"  {line}".rstrip() for letter in played.letters for line in letter.text.splitlines())


def _data(played: Played) -> dict[str, Any]:
    from fhir_server.cli.answer_text import answer_data

    return {
        "title": played.scene.title,
        "example": played.scene.example,
        "as_expected": played.as_expected,
        "answer": answer_data(played.answer),
        "log": played.log,
        "letters": [{"number": each.number, "kind": each.kind, "text": each.text} for each in played.letters],
    }
