"""Questionnaire responses held against their questionnaire: items, order, repetition, what must be answered.

The rules are those of R4 (https://hl7.org/fhir/R4/questionnaireresponse.html) as the HL7 validator tells them, at the
element that it names: what concerns an item's place among others is told at what holds the items. Below an answer its
paths leave out the answer; here they do not.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from fhir_server.fhir.validation.answer_limits import limit_of, told
from fhir_server.fhir.validation.answers import Answers, ResolveValueSet
from fhir_server.fhir.validation.enable_when import Conditions, Evaluate, Scope, is_number, start
from fhir_server.fhir.validation.questionnaires import GROUPS, LONGEST_TOLD, Form, Item, Items, Json, indexed, objects
from fhir_server.fhir.validation.report import Place, Report
from fhir_server.fhir.validation.rules import Rule

_CORE = "http://hl7.org/fhir/StructureDefinition/"
MIN_OCCURS, MAX_OCCURS = _CORE + "questionnaire-minOccurs", _CORE + "questionnaire-maxOccurs"

# What is told of one response, and how often it is looked whether an item is required and enabled. Both are far beyond
# what people answer: they keep a response that was made to be slow from being so.
_MOST_FAULTS = 1000
_MOST_STEPS = 500_000

NO_LINK_ID = Rule(
    "questionnaire-link-id",
    "Questionnaire_QR_Item_NoLinkId",
    "An item here has no linkId, and so answers nothing that was asked.",
    "Give each item the linkId of the item of the questionnaire that it answers.",
)
UNKNOWN_ITEM = Rule(
    "questionnaire-item-unknown",
    "Questionnaire_QR_Item_NotFound",
    "There is an item {!r} here, and the questionnaire has none of that linkId.",
    "Use the linkIds of the questionnaire, in the version that is named.",
)
MISPLACED_ITEM = Rule(
    "questionnaire-item-misplaced",
    "Structural Error",
    "The item {!r} does not belong here: the questionnaire has it in another place.",
    "Nest the items as the questionnaire does, below a question in its answer.",
)
ITEM_ORDER = Rule(
    "questionnaire-item-order",
    "Questionnaire_QR_Item_Order",
    "The item {!r} comes after one that the questionnaire asks later.",
    "Put the items in the order of the questionnaire.",
)
ITEM_REPEATED = Rule(
    "questionnaire-item-repeated",
    "Questionnaire_QR_Item_OnlyOneI",
    "The item {!r} stands here more than once, and it does not repeat.",
    "Send it once.",
)
ANSWER_REPEATED = Rule(
    "questionnaire-answer-repeated",
    "Questionnaire_QR_Item_OnlyOneA",
    "The item {!r} has more than one answer, and it takes only one.",
    "Send one answer.",
)
TOO_FEW = Rule(
    "questionnaire-limit-min-occurs",
    "QUESTIONNAIRE_QR_ITEM_MIN_OCCURS",
    "The item {!r} has fewer than {} answers.",
)
TOO_MANY = Rule(
    "questionnaire-limit-max-occurs",
    "QUESTIONNAIRE_QR_ITEM_MAX_OCCURS",
    "The item {!r} has more than {} answers.",
)
MISSING = Rule(
    "questionnaire-answer-missing",
    "Questionnaire_QR_Item_Missing",
    "The item {!r} must be answered, and is not.",
    "Answer it, or leave the response in-progress.",
)
MISSING_YET = replace(MISSING, severity="warning")
GROUP_EMPTY = Rule(
    "questionnaire-group-empty",
    "QUESTIONNAIRE_QR_ITEM_GROUP_REQUIRED",
    "The required group {!r} has no items.",
    "Answer the questions of the group.",
)
NOT_ENABLED = Rule(
    "questionnaire-item-not-enabled",
    "Questionnaire_QR_Item_NotEnabled2",
    "The item {!r} is answered, although the other answers do not enable it.",
    "Take the answer out, or mend the answers that decide (enableWhen of the item).",
)
OTHER_TEXT = Rule(
    "questionnaire-item-text",
    "Questionnaire_QR_Item_Text",
    "The text of the item {!r} is not that of the questionnaire.",
    "Send the text of the questionnaire letter by letter, or none.",
)
GROUP_ANSWERED = Rule(
    "questionnaire-group-answered",
    "Questionnaire_QR_Item_Group",
    "The item {!r} is a group and has an answer of its own.",
    "Answer the questions in the group.",
)
DISPLAY_ANSWERED = Rule(
    "questionnaire-display-answered",
    "QUESTIONNAIRE_QR_ITEM_DISPLAY_NO_VALUE",
    "The item {!r} only displays something, and has an answer.",
    "Leave the answer out.",
)
DISPLAY_WITH_ITEMS = Rule(
    "questionnaire-display-items",
    "Questionnaire_QR_Item_Display",
    "The item {!r} only displays something, and has items.",
    "Leave the items out.",
)
ITEMS_BESIDE_ANSWER = Rule(
    "questionnaire-items-beside-answer",
    "Questionnaire_QR_Item_GroupAnswer",
    "The item {!r} is a question, and has items beside its answer.",
    "Put the items into the answer (answer.item).",
)
NO_TYPE = Rule(
    "questionnaire-item-type",
    "Questionnaire_QR_Item_NoType",
    "The questionnaire does not say of what type the item {!r} is.",
    "Mend the questionnaire.",
)
AUTHORED_LATE = Rule(
    "questionnaire-response-authored",
    "QUESTIONNAIRE_QR_AUTHOR_END",
    "The response was authored after the period in which the questionnaire was in use.",
    "Answer the questionnaire that is in use now.",
    "warning",
)
AUTHORED_EARLY = Rule(
    "questionnaire-response-authored",
    "QUESTIONNAIRE_QR_AUTHOR_START",
    "The response was authored before the period in which the questionnaire was in use.",
    "Check the date, and the version of the questionnaire.",
    "warning",
)
CUT_SHORT = Rule(
    "questionnaire-response-cut-short",
    "",
    "The response has too many items or faults; the rest of it was not looked at.",
    severity="warning",
)


def check_questionnaire_response(
    response: Json,
    questionnaire: Json,
    place: Place,
    report: Report,
    resolve_value_set: ResolveValueSet,
    *,
    knows_system: Callable[[str], bool] = lambda system: True,
    evaluate: Evaluate | None = None,
) -> None:
    """Report where a QuestionnaireResponse, which stands at *place*, does not answer *questionnaire*.

    ``resolve_value_set`` finds the value sets that the questionnaire names; those in the response or the questionnaire
    are found here. An answer that is not among their codes is an error; it is a warning where the value set lists
    codes of its code system and ``knows_system`` does not know that. ``evaluate`` gives the truth of a FHIRPath
    expression on the response, for enableWhenExpression; items that are enabled by something that cannot be told are
    neither missing nor answered in vain.
    """
    _check_authored(response, questionnaire, place, report)
    form = Form(questionnaire)
    walk = _Walk(
        report,
        form,
        response.get("status") in ("completed", "amended"),
        Conditions(form, response, evaluate),
        Answers(resolve_value_set, knows_system, _contained(questionnaire) | _contained(response)),
    )
    try:
        walk.items(form.items, response, place, None)
    except _EnoughError:
        CUT_SHORT.note(place, report)


def _check_authored(response: Json, questionnaire: Json, place: Place, report: Report) -> None:
    period, authored = questionnaire.get("effectivePeriod"), start(response.get("authored"))
    if not isinstance(period, dict) or authored is None:
        return
    first, last = start(period.get("start")), start(period.get("end"))
    if last is not None and authored > last:
        AUTHORED_LATE.note((place, "authored", -1), report)
    if first is not None and authored < first:
        AUTHORED_EARLY.note((place, "authored", -1), report)


def _contained(resource: Json) -> dict[str, Json]:
    resources = objects(resource.get("contained"))
    return {each["id"]: each for each in resources if isinstance(each.get("id"), str)}


class _EnoughError(Exception):
    """The response is not worth being looked at any further."""


class _Walk:
    """The walk over the items of one response; ``whole`` is whether it is held to be complete."""

    def __init__(self, report: Report, form: Form, whole: bool, conditions: Conditions, answers: Answers) -> None:
        self.report = report
        self.form = form
        self.whole = whole
        self.conditions = conditions
        self.answers = answers
        self._most = len(report.faults) + _MOST_FAULTS
        self._steps = 0

    def items(self, asked: Items, holder: Json, place: Place, scope: Scope | None) -> None:
        """Check the items that the response, an item or an answer holds against those that are asked there."""
        found: dict[int, list[tuple[Json, Place]]] = {}
        last = -1
        for index, node in indexed(holder.get("item")):
            node_place = (place, "item", index)
            link_id = node.get("linkId")
            if not isinstance(link_id, str) or not link_id:
                NO_LINK_ID.note(place, self.report)
                continue
            position = asked.position.get(link_id, -1)
            if position < 0:
                self._elsewhere(link_id, node, node_place, place, scope)
                continue
            if position < last:
                ITEM_ORDER.note(place, self.report, link_id[:LONGEST_TOLD])
            last = position
            found.setdefault(position, []).append((node, node_place))
        for position, nodes in found.items():
            self._here(asked.all[position], nodes, place, scope)
        for item in asked.required:
            self._step()
            if asked.position.get(item.link_id, -1) not in found and self.conditions.enabled(item, scope):
                self._missing(item, place)

    def _elsewhere(self, link_id: str, node: Json, node_place: Place, place: Place, scope: Scope | None) -> None:
        item = self.form.by_link_id.get(link_id)
        if item is None:
            UNKNOWN_ITEM.note(place, self.report, link_id[:LONGEST_TOLD])
        else:
            MISPLACED_ITEM.note(place, self.report, told(item))
            self._item(item, node, node_place, Scope(scope, item, node))

    def _here(self, item: Item, nodes: list[tuple[Json, Place]], place: Place, scope: Scope | None) -> None:
        if len(nodes) > 1 and not item.repeats:
            ITEM_REPEATED.note(place, self.report, told(item))
        enabled = self.conditions.enabled(item, scope)
        for node, node_place in nodes:
            self._step()
            if enabled is False and (node.get("answer") or node.get("item")):
                NOT_ENABLED.note(node_place, self.report, told(item))
            self._item(item, node, node_place, Scope(scope, item, node))

    def _item(self, item: Item, node: Json, place: Place, scope: Scope) -> None:
        if node.get("text") and node["text"] != item.definition.get("text"):
            OTHER_TEXT.note(place, self.report, told(item))
        answers = [(each, (place, "answer", index)) for index, each in indexed(node.get("answer"))]
        has_items = bool(node.get("item"))
        if not item.type:
            NO_TYPE.note(place, self.report, told(item))
        elif item.type in GROUPS:
            self._group(item, node, place, scope, bool(answers))
        elif item.type == "display":
            if answers:
                DISPLAY_ANSWERED.note(place, self.report, told(item))
            if has_items:
                DISPLAY_WITH_ITEMS.note(place, self.report, told(item))
        else:
            self._question(item, answers, place, scope)
            if has_items:
                ITEMS_BESIDE_ANSWER.note(place, self.report, told(item))
        if item.type not in GROUPS:
            for answer, answer_place in answers:
                self.items(item.items, answer, answer_place, scope)

    def _group(self, item: Item, node: Json, place: Place, scope: Scope, answered: bool) -> None:
        if answered:
            GROUP_ANSWERED.note(place, self.report, told(item))
        if item.required and not node.get("item"):
            GROUP_EMPTY.note(place, self.report, told(item))
        self.items(item.items, node, place, scope)

    def _question(self, item: Item, answers: list[tuple[Json, Place]], place: Place, scope: Scope) -> None:
        count = len(answers)
        if not count and item.required and self.conditions.enabled(item, scope):
            self._missing(item, place)
        if count > 1 and not item.repeats:
            ANSWER_REPEATED.note(place, self.report, told(item))
        for url, rule, sign in ((MIN_OCCURS, TOO_FEW, -1), (MAX_OCCURS, TOO_MANY, 1)):
            limit = limit_of(item, url)
            if is_number(limit) and (count > limit if sign > 0 else count < limit):
                rule.note(place, self.report, told(item), limit)
        for answer, answer_place in answers:
            self._step()
            self.answers.check(item, answer, answer_place, count, self.report)

    def _missing(self, item: Item, place: Place) -> None:
        (MISSING if self.whole else MISSING_YET).note(place, self.report, told(item))

    def _step(self) -> None:
        self._steps += 1
        if self._steps > _MOST_STEPS or len(self.report.faults) > self._most:
            raise _EnoughError
