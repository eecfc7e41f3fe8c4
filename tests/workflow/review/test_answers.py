"""The answer that is told anew: numbered on, kept, and what stands now."""

from __future__ import annotations

from dataclasses import replace

import pytest

from fhir_server.authorization.caller import operator
from fhir_server.authorization.states import State
from fhir_server.errors import NotSupported
from fhir_server.workflow.answers import SANDBOX_DISPOSITION, Renderers, answer
from tests.workflow.review.bench import Bench


def tell(bench: Bench, case: str, renderers: Renderers) -> bytes:
    with bench.database.write(operator()) as unit:
        return answer(unit, case, renderers, bench.tick(), "worker").body


def test_each_answer_has_the_next_number_and_leaves_the_case_where_it_is(bench: Bench) -> None:
    case = bench.submit()
    for number in (2, 3):
        body = tell(bench, case, bench.desk.renderers)
        assert bench.last_answer(case)["answer"]["identifiers"][-1]["value"] == f"{case}-{number}"
        with bench.database.read(operator()) as unit:
            message = unit.messages.of(case)[-1]
        assert (message.content, message.direction, message.channel) == (body, "sent", "pas-2.2.1")
    assert bench.state(case) is State.IN_REVIEW


def test_an_answer_is_dated_when_it_is_told(quick_bench: Bench) -> None:
    case = quick_bench.submit()
    tell(quick_bench, case, quick_bench.desk.renderers)
    told = quick_bench.last_answer(case)
    assert told["answer"]["created"] == told["moment"] == "2026-06-01T15:02:00.000Z"


def test_a_sandbox_says_so(quick_bench: Bench) -> None:
    case = quick_bench.submit()
    tell(quick_bench, case, replace(quick_bench.desk.renderers, sandbox=True))
    assert quick_bench.last_answer(case)["answer"]["disposition"] == SANDBOX_DISPOSITION


def test_a_channel_that_is_not_served_is_refused(quick_bench: Bench) -> None:
    case = quick_bench.submit()
    with pytest.raises(NotSupported):
        tell(quick_bench, case, Renderers({}))
    assert quick_bench.last_answer(case)
