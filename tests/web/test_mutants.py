"""Two thousand broken requests through HTTP and the store: no fault, and every refusal is one OperationOutcome."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.store.integrity import cases_of
from tests.web.answers import check_notes, check_resolution, claim_response
from tests.web.mutations import mutant
from tests.web.served import SUBMIT, SUBMIT_2_0, Serve, outcome_of

MUTANTS = 2000
AT_ONCE = 100
REFUSALS = (400, 413)


@pytest.mark.rule("PAS-042")
@pytest.mark.parametrize("first", range(0, MUTANTS, AT_ONCE))
def test_no_mutant_makes_a_fault(serve_sqlite: Serve, first: int) -> None:
    served = serve_sqlite(SANDBOX=str(first // AT_ONCE % 2))
    statuses: Counter[int] = Counter()
    for seed in range(first, first + AT_ONCE):
        path, body = mutant(seed)
        response = served.submit(body, SUBMIT_2_0 if path.startswith("pas-2.0") else SUBMIT)
        statuses[response.status_code] += 1
        if response.status_code == 200:
            answer = response.get_json()
            check_resolution(answer)
            check_notes(claim_response(answer))
        else:
            assert response.status_code in REFUSALS, (seed, path, response.get_json())
            outcome_of(response, response.status_code)
    assert statuses[200] > 0  # some changes leave a request that meets its profiles
    assert statuses[400] > 25
    assert len(cases_of(served.database)) <= statuses[200]
