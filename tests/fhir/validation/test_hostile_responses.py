"""What a hostile sender may send as a response or a questionnaire: any shape, and what takes time."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from fhir_server.fhir.validation.report import expression
from tests.fhir.validation.responses import CORE, Json, answered, asked, check, found, number, when
from tests.work import calls


def test_work_grows_with_the_length_of_a_response_alone() -> None:
    conditions = when("p", "=", "any", *[{"question": "p", "operator": "=", "answerInteger": n} for n in range(300)])
    items = [asked("p", "integer", repeats=True)] + [asked(f"a{n}", required=True, **conditions) for n in range(300)]

    def deciding(count: int) -> int:
        answers = [answered("p", *[number(-1) for _ in range(count)])] * 20
        return calls(lambda: found(items, answers))

    assert deciding(800) < 10 * deciding(100)


def test_work_grows_with_the_items_that_are_missing_alone() -> None:
    def missing(count: int) -> int:
        group = asked("g", "group", *[asked(f"a{n}", required=True) for n in range(count)], repeats=True)
        return calls(lambda: found([group], [answered("g")] * 10))

    assert missing(800) < 10 * missing(100)


_NAMES = ("item", "answer", "linkId", "text", "valueString", "valueCoding", "valueInteger", "extension", "type",
          "answerOption", "answerValueSet", "enableWhen", "question", "operator", "answerInteger", "url", "code",
          "system", "required", "repeats", "compose", "include", "concept", "id", "contained", "status")  # fmt: skip
_LEAVES = (
    "a",
    "b",
    "group",
    "choice",
    "string",
    "quantity",
    "=",
    "exists",
    "any",
    "#v",
    CORE + "regex",
    CORE + "minValue",
)
_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.decimals(allow_nan=False, allow_infinity=False)
    | st.sampled_from(_LEAVES),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(_NAMES), inner, max_size=5),
    max_leaves=40,
)
_OBJECTS = st.dictionaries(st.sampled_from(_NAMES), _VALUES, max_size=6)


@given(_OBJECTS, _OBJECTS)
def test_no_shape_makes_it_fail(response: Json, questionnaire: Json) -> None:
    for each in check(response, questionnaire).faults:
        expression(each.place)


@given(st.lists(_OBJECTS, max_size=3))
def test_no_item_makes_it_fail(items: list[Json]) -> None:
    check({"item": items, "status": "completed"}, {"item": items})
