"""`wiser-pas worklist`: the cases that wait for a person, and the steps of a reviewer, on the local store."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

import click

from fhir_server.cli.output import json_option, print_json, print_table
from fhir_server.cli.settings import existing_store, settings_of

if TYPE_CHECKING:
    from fhir_server.authorization.caller import Caller
    from fhir_server.authorization.evidence import EvidencePointer
    from fhir_server.workflow.review.desk import Desk, Step
    from fhir_server.workflow.review.sheets import CaseSheet

RESULTS = ("met", "not met", "unknown", "not applicable")
GAPS = ("missing", "failing", "conflicting", "unreadable", "doubtful")
OUTCOMES = ("affirmed", "non-affirmed")
STEPS = ("requested", "scheduled", "held", "declined")

case_argument = click.argument("case")
as_option = click.option("--as", "name", metavar="REVIEWER", required=True, help="The reviewer who takes the step.")
rationale_option = click.option("--rationale", required=True, help="Why, in plain words.")
reason_option = click.option("--reason", required=True, help="Why, in plain words.")


@click.group(invoke_without_command=True)
@click.option("--fitting", metavar="REVIEWER", help="Only cases that this reviewer may decide.")
@click.option("--assigned", metavar="REVIEWER", help="Only cases that this reviewer has.")
@click.option("--state", multiple=True, help="Only cases of this state of service.")
@click.option("--overdue", is_flag=True, help="Only cases whose due time is over.")
@click.option("--most", type=click.IntRange(1, 500), default=100, show_default=True, help="How many at most.")
@json_option
@click.pass_context
def worklist(
    context: click.Context,
    fitting: str | None,
    assigned: str | None,
    state: Sequence[str],
    overdue: bool,
    most: int,
    as_json: bool,
) -> None:
    """List the cases that wait for a person, or take a step.

    The store is the one that DATABASE_URL names. Whoever runs this acts as the reviewer that --as names.
    """
    if context.invoked_subcommand is not None:
        return
    from fhir_server.authorization.caller import operator
    from fhir_server.cli.worklist_text import HEADINGS, row
    from fhir_server.store.worklist_items import Filter
    from fhir_server.workflow.review.listing import listed

    now = datetime.now(UTC)
    wanted = Filter(assigned_to=assigned, states=tuple(state), overdue_at=now if overdue else None, most=most)
    with _desk() as desk:
        caller = _reviewer(fitting) if fitting else operator()
        rows = listed(desk, caller, now, wanted, fitting=fitting is not None)
    if as_json:
        print_json(rows)
    else:
        print_table(HEADINGS, [row(each) for each in rows])


@worklist.command("show")
@case_argument
@json_option
def show(case: str, as_json: bool) -> None:
    """Show CASE: each criterion beside its evidence, the findings so far, and what happened.

    Of the beneficiary only the end of the member number is shown; --json has all.
    """
    from fhir_server.cli.worklist_text import case_lines

    with _desk() as desk:
        sheet = _shown(desk, case)
    if as_json:
        print_json(sheet)
        return
    for line in case_lines(sheet):
        click.echo(line)


@worklist.command()
@case_argument
@as_option
@json_option
def claim(case: str, name: str, as_json: bool) -> None:
    """Take CASE. It needs a licence for the state of service that is valid today, and one of the specialties."""
    from fhir_server.workflow.review.assignment import claim as take

    _take(as_json, lambda desk, at: take(desk, _reviewer(name), case, at))


@worklist.command()
@case_argument
@as_option
@click.option("--reason", help="Why, in plain words.")
@json_option
def release(case: str, name: str, reason: str | None, as_json: bool) -> None:
    """Give CASE back."""
    from fhir_server.workflow.review.assignment import release as give_back

    _take(as_json, lambda desk, at: give_back(desk, _reviewer(name), case, at, reason=reason))


@worklist.command()
@case_argument
@as_option
@reason_option
@click.option("--specialty", help="To whoever has this specialty.")
@click.option("--to", "to_reviewer", metavar="REVIEWER", help="To this reviewer.")
@json_option
def reassign(case: str, name: str, reason: str, specialty: str | None, to_reviewer: str | None, as_json: bool) -> None:
    """Send CASE to another reviewer, or to a specialty."""
    from fhir_server.workflow.review.assignment import reassign as send_on

    _take(
        as_json,
        lambda desk, at: send_on(
            desk, _reviewer(name), case, at, reason=reason, specialty=specialty, to_reviewer=to_reviewer
        ),
    )


@worklist.command()
@case_argument
@click.argument("element")
@click.argument("result", type=click.Choice(RESULTS))
@as_option
@rationale_option
@click.option("--category", help="Category of the element, where several have it.")
@click.option("--gap", type=click.Choice(GAPS), help="Why it is not met; default: what was sent fails.")
@click.option(
    "--evidence",
    multiple=True,
    metavar="RECORD[:PLACE]",
    help="Number of a record as `worklist show` lists them, or the word request.",
)
@json_option
def finding(
    case: str,
    element: str,
    result: str,
    name: str,
    rationale: str,
    category: str | None,
    gap: str | None,
    evidence: Sequence[str],
    as_json: bool,
) -> None:
    """Record what ELEMENT of CASE comes to: its RESULT, why, and on which evidence."""
    from fhir_server.workflow.review.finding import NewFinding, record_finding

    def step(desk: Desk, at: datetime) -> Step:
        sheet = _shown(desk, case)
        new: dict[str, Any] = {"result": result, "gap": gap, "rationale": rationale}
        pointers = tuple(_pointer(each, sheet) for each in evidence)
        told = NewFinding(category or _category(element, sheet), element, evidence=pointers, **new)
        return record_finding(desk, _reviewer(name), case, told, at)

    _take(as_json, step)


@worklist.command("confirm-met")
@case_argument
@as_option
@rationale_option
@json_option
def confirm_met(case: str, name: str, rationale: str, as_json: bool) -> None:
    """Record as the reviewer's own findings what software found met in CASE."""
    from fhir_server.workflow.review.finding import confirm_met as confirm

    _take(as_json, lambda desk, at: confirm(desk, _reviewer(name), case, rationale, at))


@worklist.command()
@case_argument
@as_option
@rationale_option
@click.option("--line", "lines", multiple=True, required=True, metavar="NUMBER=OUTCOME", help=" or ".join(OUTCOMES))
@click.option("--units", multiple=True, metavar="NUMBER=UNITS", help="Affirm fewer units than were asked for.")
@click.option("--reason-code", "codes", multiple=True, help="CMS's code for the lines that are not affirmed.")
@click.option("--version", "expected", type=int, help="The version of the case that was looked at.")
@json_option
def decide(
    case: str,
    name: str,
    rationale: str,
    lines: Sequence[str],
    units: Sequence[str],
    codes: Sequence[str],
    expected: int | None,
    as_json: bool,
) -> None:
    """Decide CASE line by line, such as --line 1=affirmed --line 2=non-affirmed."""
    from fhir_server.workflow.review.decision import Decision, LineDecision
    from fhir_server.workflow.review.decision import decide as decide_case

    amounts = {sequence: _amount(each) for sequence, each in _pairs(units, "--units").items()}
    told = {
        sequence: LineDecision(
            _outcome(outcome), amounts.get(sequence), tuple(codes) if outcome == "non-affirmed" else ()
        )
        for sequence, outcome in _pairs(lines, "--line").items()
    }
    if strangers := sorted(amounts.keys() - told.keys()):
        raise click.BadParameter(f"line {strangers[0]} has no outcome", param_hint="--units")
    decision = Decision(told, rationale)
    _take(as_json, lambda desk, at: decide_case(desk, _reviewer(name), case, decision, at, expected=expected))


@worklist.command("request-information")
@case_argument
@click.argument("elements", nargs=-1, required=True)
@as_option
@click.option("--words", required=True, help="What is asked for, as the requester reads it.")
@json_option
def request_information(case: str, elements: Sequence[str], name: str, words: str, as_json: bool) -> None:
    """Ask the requester of CASE for what ELEMENTS need."""
    from fhir_server.workflow.review.asking import request_information as ask

    _take(as_json, lambda desk, at: ask(desk, _reviewer(name), case, elements, words, at))


@worklist.command("second-look")
@case_argument
@as_option
@reason_option
@json_option
def second_look(case: str, name: str, reason: str, as_json: bool) -> None:
    """Let another reviewer decide CASE."""
    from fhir_server.workflow.review.correction import second_look as look_again

    _take(as_json, lambda desk, at: look_again(desk, _reviewer(name), case, reason, at))


@worklist.command("peer-to-peer")
@case_argument
@click.argument("step", type=click.Choice(STEPS))
@as_option
@click.option("--at", "moment", help="When, with an offset from UTC, such as 2026-06-02T14:00-05:00.")
@click.option("--with", "with_whom", help="The requester's clinician.")
@click.option("--note", help="What was said, or why it was declined.")
@json_option
def peer_to_peer(
    case: str, step: str, name: str, moment: str | None, with_whom: str | None, note: str | None, as_json: bool
) -> None:
    """Note a STEP of a talk between clinicians about CASE, which is a resubmission."""
    from fhir_server.workflow.review.asking import Talk
    from fhir_server.workflow.review.asking import peer_to_peer as note_talk

    told: dict[str, Any] = {"step": step, "at": _moment(moment) if moment else None}
    talk = Talk(with_whom=with_whom, note=note, **told)
    _take(as_json, lambda desk, at: note_talk(desk, _reviewer(name), case, talk, at))


@worklist.command()
@case_argument
@as_option
@reason_option
@json_option
def reclassify(case: str, name: str, reason: str, as_json: bool) -> None:
    """Let CASE, which is expedited, go on as a standard request; the requester gets notice."""
    from fhir_server.workflow.review.asking import reclassify as make_standard

    _take(as_json, lambda desk, at: make_standard(desk, _reviewer(name), case, reason, at))


@worklist.command()
@case_argument
@as_option
@reason_option
@json_option
def reopen(case: str, name: str, reason: str, as_json: bool) -> None:
    """Take back the decision about CASE, which was made in error."""
    from fhir_server.workflow.review.correction import reopen as take_back

    _take(as_json, lambda desk, at: take_back(desk, _reviewer(name), case, reason, at))


@worklist.command("reason-codes")
@json_option
def reason_codes(as_json: bool) -> None:
    """List the review reason codes that are loaded (setting REASON_CODES_FILE)."""
    with _desk() as desk:
        codes = tuple(desk.reason_codes.values())
    if as_json:
        print_json(codes)
    else:
        print_table(("CODE", "SOURCE", "STATEMENT"), [(each.code, each.source, each.statement) for each in codes])


@contextmanager
def _desk() -> Iterator[Desk]:
    """Give what reviewers work with, on the store that the settings name."""
    from fhir_server.app import desk

    settings = settings_of()
    with existing_store(settings) as database:
        yield desk(settings, database)


def _take(as_json: bool, step: Callable[[Desk, datetime], Step]) -> None:
    from fhir_server.cli.worklist_text import step_lines

    with _desk() as desk:
        taken = step(desk, datetime.now(UTC))
    if as_json:
        print_json(taken)
        return
    for line in step_lines(taken):
        click.echo(line)


def _reviewer(name: str) -> Caller:
    from fhir_server.authorization.caller import Caller, Role

    return Caller(name, roles=frozenset({Role.REVIEWER}))


def _shown(desk: Desk, case: str) -> CaseSheet:
    from fhir_server.authorization.caller import operator
    from fhir_server.workflow.review.showing import shown

    return shown(desk, operator(), case, datetime.now(UTC))


def _category(element: str, sheet: CaseSheet) -> str:
    found = {each.criterion.category for each in sheet.criteria if each.criterion.element == element}
    if len(found) > 1:
        raise click.UsageError(
            f"Several categories have {element}; name one with --category: {', '.join(sorted(found))}."
        )
    return next(iter(found), "")


def _pointer(told: str, sheet: CaseSheet) -> EvidencePointer:
    from fhir_server.authorization.evidence import EvidencePointer

    number, _, place = told.partition(":")
    if number == "request":
        return EvidencePointer("request", None, place or None)
    keys = {str(each.number): each.key for each in sheet.records}
    if number not in keys:
        raise click.BadParameter(
            f"{number} is no number of a record, and not the word request", param_hint="--evidence"
        )
    return EvidencePointer("reviewer", keys[number], place or None)


def _pairs(told: Sequence[str], option: str) -> dict[int, str]:
    pairs = {}
    for each in told:
        number, mark, value = each.partition("=")
        if not (number.isascii() and number.isdigit() and mark):
            raise click.BadParameter(f"{each} is not of the form 1=…", param_hint=option)
        pairs[int(number)] = value
    return pairs


def _outcome(told: str) -> Any:
    if told not in OUTCOMES:
        raise click.BadParameter(f"say {' or '.join(OUTCOMES)}", param_hint="--line")
    return told


def _amount(told: str) -> Decimal:
    try:
        return Decimal(told)
    except InvalidOperation:
        raise click.BadParameter(f"{told} is no number", param_hint="--units") from None


def _moment(told: str) -> datetime:
    try:
        return datetime.fromisoformat(told)
    except ValueError:
        raise click.BadParameter(f"{told} is no moment", param_hint="--at") from None
