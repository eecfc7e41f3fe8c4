"""What a submission leaves behind: one case, explained, replayable, and answered again with the same bytes."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest

from fhir_server.app import review
from fhir_server.authorization.answering import compose
from fhir_server.authorization.caller import operator
from fhir_server.authorization.determination import Determination
from fhir_server.authorization.events import Answered, Determined, EventKind, Received
from fhir_server.authorization.states import State
from fhir_server.pas.versions import VERSIONS
from fhir_server.policy.engine import determine
from fhir_server.policy.facts import facts_of
from fhir_server.policy.registry import RegistryFile, read_registry
from fhir_server.security.clients import token_digest
from fhir_server.store.values import sha256
from fhir_server.web.renderers import renderer
from fhir_server.workflow.answers import SANDBOX_DISPOSITION
from fhir_server.workflow.circumstances import grounds_of, read_grounds
from fhir_server.workflow.registry import load_registry
from tests.store.integrity import cases_of
from tests.web.bundles import (
    DISMISSED_AS_ERROR,
    DISMISSED_IN_LINES,
    EXAMPLES,
    IN_REVIEW,
    OLDER,
    REQUESTS,
    WITH_GUIDS,
    Json,
    encoded,
    entry_of,
    example,
    example_bytes,
    renewed,
)
from tests.web.served import SUBMIT, SUBMIT_2_0, Serve, Served, case_of, outcome_of

DAY = 86_400
GUID = "urn:uuid:7d8f1c52-53c7-4c25-8d57-6c4b1f5d2a10"
DEPEND_ON_THE_WORLD = (
    "wiser/dismissed/d04-deceased.json",
    "wiser/dismissed/d04-birth-date.json",
    "wiser/dismissed/d06-provider-not-eligible.json",
    "wiser/dismissed/d07-provider-exempt.json",
    "wiser/dismissed/d08-second.json",
)
SAMPLES = (IN_REVIEW, WITH_GUIDS, DISMISSED_IN_LINES, DISMISSED_AS_ERROR, OLDER)


def address_of(path: str) -> str:
    """Return where an example is sent."""
    return SUBMIT_2_0 if path.startswith("pas-2.0") else SUBMIT


def two_clients(folder: Path) -> str:
    """Return the path of a file of the clients `one` and `two`; each has its name as token."""
    path = folder / "clients.yaml"
    rows = [{"id": name, "token_sha256": token_digest(name)} for name in ("one", "two")]
    path.write_text(json.dumps({"clients": rows}))
    return str(path)


class TestSameContent:
    """S-16: the same content from the same client over the same channel is answered once."""

    def test_the_same_bytes_get_the_same_bytes(self, serve: Serve) -> None:
        served = serve()
        first, second = served.submit(example()), served.submit(example())
        assert second.data == first.data
        assert second.status_code == first.status_code == 200
        assert second.content_type == first.content_type
        assert second.headers["Idempotent-Replayed"] == "true"
        assert served.cases() == [case_of(first)]
        assert served.counts()["message"] == 2

    def test_another_layout_is_the_same_content(self, serve: Serve) -> None:
        served = serve()
        first = served.submit(json.dumps(example(), indent=7).encode())
        turned = json.dumps(dict(reversed(list(example().items()))), ensure_ascii=True, separators=(",", ":"))
        second = served.submit(turned.encode())
        assert second.data == first.data
        assert len(served.cases()) == 1

    def test_the_stored_answer_holds_to_the_end_of_the_window_and_no_longer(self, serve: Serve) -> None:
        served = serve(SANDBOX="1", REPLAY_WINDOW="60")
        first = served.submit(renewed(IN_REVIEW, "window"))
        served.clock.advance(59.9)
        assert served.submit(renewed(IN_REVIEW, "window")).data == first.data
        served.clock.advance(0.2)
        later = served.submit(renewed(IN_REVIEW, "window"))
        assert "Idempotent-Replayed" not in later.headers
        assert served.cases() == [case_of(first), case_of(later)]
        assert served.submit(renewed(IN_REVIEW, "window")).data == later.data

    @pytest.mark.parametrize(("sandbox", "seconds"), [("0", DAY), ("1", 30)])
    def test_the_window_is_a_day_and_half_a_minute_in_a_sandbox(
        self, serve_sqlite: Serve, sandbox: str, seconds: int
    ) -> None:
        served = serve_sqlite(SANDBOX=sandbox)
        first = served.submit(example())
        served.clock.advance(seconds - 1)
        assert "Idempotent-Replayed" in served.submit(example()).headers
        served.clock.advance(2)
        again = served.submit(example())
        assert "Idempotent-Replayed" not in again.headers
        assert case_of(again) != case_of(first)

    def test_another_caller_gets_his_own_case(self, serve: Serve, tmp_path: Path) -> None:
        served = serve(CLIENTS_FILE=two_clients(tmp_path))
        one = served.submit(example(), Authorization="Bearer one")
        two = served.submit(example(), Authorization="Bearer two")
        assert case_of(one) != case_of(two)
        assert "Idempotent-Replayed" not in two.headers
        assert served.submit(example(), Authorization="Bearer one").data == one.data

    def test_another_release_gets_its_own_case(self, serve: Serve) -> None:
        served = serve(SANDBOX="1")
        newer = served.submit(example_bytes("sandbox/a4-pended.json"))
        older = served.submit(example_bytes("sandbox/a4-pended.json"), SUBMIT_2_0)
        assert newer.status_code == older.status_code == 200
        assert "Idempotent-Replayed" not in older.headers
        assert case_of(newer) != case_of(older)

    def test_one_changed_character_is_another_submission(self, serve: Serve) -> None:
        served = serve(SANDBOX="1")
        first = served.submit(example())
        bundle = example()
        bundle["entry"][0]["resource"]["item"][0]["productOrService"]["text"] += "."
        second = served.submit(bundle)
        assert bundle["identifier"] == example()["identifier"]
        assert "Idempotent-Replayed" not in second.headers
        assert len(served.cases()) == 2
        assert case_of(first) != case_of(second)

    def test_a_decimal_written_otherwise_is_other_content(self, serve_sqlite: Serve) -> None:
        """1.0 and 1.00 tell another precision (R4, datatypes.html#decimal)."""
        served = serve_sqlite(SANDBOX="1")
        plain = example_bytes(IN_REVIEW).replace(b'"value": 1,', b'"value": 1.0,')
        assert plain != example_bytes(IN_REVIEW)
        served.submit(plain)
        assert "Idempotent-Replayed" not in served.submit(plain.replace(b"1.0,", b"1.00,")).headers

    def test_a_refusal_is_not_kept_so_that_it_can_be_mended(self, serve: Serve) -> None:
        served = serve()
        bundle = example()
        coverage = entry_of(bundle, "Coverage")
        bundle["entry"].remove(coverage)
        outcome_of(served.submit(bundle), 400)
        bundle["entry"].append(coverage)
        assert served.submit(bundle).status_code == 200


class TestWhatIsKept:
    """PAS-033, and docs/decisions/never.md, 3."""

    @pytest.mark.rule("PAS-033")
    def test_the_exact_bytes_of_request_and_answer_are_kept(self, serve: Serve) -> None:
        served = serve()
        body = json.dumps(example(), indent=3).replace("\n", "\r\n").encode() + b"\n\n"
        response = served.submit(body)
        received, sent = served.kept(case_of(response)).messages
        assert (received.direction, received.content) == ("received", body)
        assert (sent.direction, sent.content, sent.status) == ("sent", response.data, 200)
        assert sent.content_type == "application/fhir+json"

    def test_the_log_tells_receipt_decision_and_answer_without_a_gap(self, serve: Serve) -> None:
        served = serve()
        response = served.submit(example())
        events, _ = served.kept(case_of(response))
        assert [(each.number, each.kind) for each in events] == [
            (1, EventKind.RECEIVED),
            (2, EventKind.DETERMINED),
            (3, EventKind.ANSWERED),
        ]
        assert [each.state for each in events] == [State.RECEIVED, State.IN_REVIEW, State.IN_REVIEW]
        assert {each.actor for each in events} == {"development"}
        received, _, answered = (each.data for each in events)
        assert isinstance(received, Received)
        assert isinstance(answered, Answered)
        assert received.content_sha256 == sha256(encoded(example()))
        assert answered.content_sha256 == sha256(response.data)
        assert answered.response_identifier == f"{case_of(response)}-1"
        cases_of(served.database)

    @pytest.mark.rule("PAS-028", "PAS-033")
    def test_the_records_are_kept_as_they_came(self, serve: Serve) -> None:
        served = serve()
        request = example()
        received = served.kept(case_of(served.submit(request))).events[0].data
        assert isinstance(received, Received)
        kept = {document.key: json.loads(document.content) for document in received.request.documents}
        sent = {each["fullUrl"]: each["resource"] for each in request["entry"]}
        records = [url for url, each in sent.items() if each["resourceType"] == "DocumentReference"]
        assert records
        assert {url: kept[url] for url in records} == {url: sent[url] for url in records}

    @pytest.mark.parametrize("path", SAMPLES)
    def test_a_stored_decision_can_be_made_again_to_the_byte(self, serve: Serve, path: str) -> None:
        served = serve()
        response = served.submit(example_bytes(path), address_of(path))
        check_replay(served, case_of(response))

    @pytest.mark.parametrize("path", REQUESTS)
    def test_every_example_s_decision_and_answer_can_be_made_again_to_the_byte(
        self, serve_sqlite: Serve, path: str
    ) -> None:
        served = serve_sqlite(SANDBOX="1" if path.startswith("sandbox") else "0")
        content = read_registry((EXAMPLES / "registry.yaml").read_text())
        load_registry(served.database, operator(), content, served.clock())
        response = served.submit(example_bytes(path), address_of(path))
        assert response.status_code == 200
        served.clock.advance(3 * DAY)
        check_replay(served, case_of(response))

    def test_a_decision_can_be_made_again_when_the_world_has_changed(self, serve: Serve) -> None:
        served = serve()
        content = read_registry((EXAMPLES / "registry.yaml").read_text())
        load_registry(served.database, operator(), content, served.clock())
        first = case_of(served.submit(example_bytes("wiser/dismissed/d08-first.json")))
        cases = [case_of(served.submit(example_bytes(path))) for path in DEPEND_ON_THE_WORLD]
        load_registry(served.database, operator(), RegistryFile(), served.clock(), replace=True)
        served.clock.advance(400 * DAY)
        states = {case: served.kept(case).events[-1].state for case in (first, *cases)}
        assert set(states.values()) == {State.IN_REVIEW, State.DISMISSED}
        for case in states:
            check_replay(served, case)

    def test_what_is_to_be_told_is_put_out_with_the_decision(self, serve: Serve) -> None:
        served = serve()
        case = case_of(served.submit(example()))
        assert served.rows("SELECT case_number, event_number, topic FROM outbox") == [(case, 2, "determined")]

    def test_the_case_is_found_by_its_own_and_the_sender_s_numbers(self, serve: Serve) -> None:
        served = serve()
        bundle = example()
        case = case_of(served.submit(bundle))
        claim = bundle["entry"][0]["resource"]
        with served.database.read(operator()) as unit:
            assert unit.cases.identified_by("administrative", case) == (case,)
            assert unit.cases.identified_by("transaction", bundle["identifier"]["value"]) == (case,)
            assert unit.cases.identified_by("request", claim["identifier"][0]["value"]) == (case,)


def check_replay(served: Served, case: str) -> None:
    """Decide *case* again from its log and the policy alone, and render the answer again; compare the bytes."""
    events, (_, sent) = served.kept(case)
    received, determined = events[0].data, events[1].data
    assert isinstance(received, Received)
    assert isinstance(determined, Determined)
    facts, grounds = facts_of(received.request), read_grounds(determined.grounds)
    packs = review(served.settings).packs
    again = determine(
        received.request, facts, grounds.circumstances, packs, case_number=case, evidence=grounds.evidence
    )
    assert msgspec.json.encode(again) == msgspec.json.encode(determined.determination)
    assert grounds_of(grounds.circumstances, grounds.evidence) == determined.grounds
    assert rendered_again(served, case, received, again) == sent.content


def rendered_again(served: Served, case: str, received: Received, determination: Determination) -> bytes:
    sandbox = served.settings.sandbox
    version = next(each for each in VERSIONS if each.channel == received.channel)
    disposition = SANDBOX_DISPOSITION if sandbox else None
    answer = compose(received.request, determination, case=case, response=f"{case}-1", disposition=disposition)
    return renderer(version, sandbox=sandbox)(answer, case, determination.decided_at)


class TestDuplicates:
    """D08: the same provider, beneficiary and item, while an earlier request of the caller is undecided."""

    def test_only_lines_in_scope_are_kept_to_compare_with_their_providers(self, serve: Serve) -> None:
        served = serve()
        bundle = asked_for("22513", "C1713")
        case = case_of(served.submit(bundle))
        rows = served.rows("SELECT case_number, sequence, service_code, provider_npi FROM case_line")
        assert rows == [(case, 1, "22513", "2130002019")]

    def test_what_was_out_of_scope_may_be_asked_for_while_the_rest_is_open(self, serve: Serve) -> None:
        served = serve()
        first = served.submit(asked_for("22513", "64568"))
        second = served.submit(asked_for("64568", another=True))
        states = [served.kept(case_of(each)).events[-1].state for each in (first, second)]
        assert states == [State.IN_REVIEW, State.DISMISSED]
        assert dismissal_of(served, case_of(second)) == "D02"

    def test_a_request_that_is_open_in_part_goes_to_review_and_one_that_is_open_as_a_whole_does_not(
        self, serve: Serve
    ) -> None:
        served = serve()
        first = case_of(served.submit(asked_for("22513")))
        more = case_of(served.submit(asked_for("22513", "22515", another=True)))
        assert served.kept(more).events[-1].state is State.IN_REVIEW
        determined = served.kept(more).events[1].data
        assert isinstance(determined, Determined)
        found = [(each.found, each.line) for each in determined.determination.findings if each.rule == "no-duplicate"]
        assert found == [(f"case {first}", 1)]
        less = case_of(served.submit(asked_for("22515", "22513", another=True)))
        assert dismissal_of(served, less) == "D08"


def asked_for(*codes: str, another: bool = False) -> Json:
    """Return a request for *codes* at one hospital and for one beneficiary; *another* has other numbers."""
    bundle = example("wiser/09-vertebral-augmentation.json")
    claim = bundle["entry"][0]["resource"]
    first = claim["item"][0]
    claim["item"] = [json.loads(json.dumps(first)) for _ in codes]
    for number, (item, code) in enumerate(zip(claim["item"], codes, strict=True), start=1):
        item["sequence"] = number
        item["productOrService"]["coding"][0]["code"] = code
    if another:
        suffix = f"-{'-'.join(codes)}"
        bundle["identifier"]["value"] += suffix
        claim["identifier"][0]["value"] += suffix
    return bundle


def dismissal_of(served: Served, case: str) -> str | None:
    determined = served.kept(case).events[1].data
    assert isinstance(determined, Determined)
    dismissal = determined.determination.dismissal
    return dismissal.code if dismissal else None


class TestInstances:
    """PAS-024: a GUID names one thing, also across submissions."""

    @pytest.mark.rule("PAS-024")
    def test_a_guid_of_another_thing_is_refused_with_its_place(self, serve: Serve) -> None:
        served = serve()
        assert served.submit(named(example(), "Patient", GUID)).status_code == 200
        other = named(json.loads(renewed(IN_REVIEW, "other")), "Practitioner", GUID)
        [issue] = outcome_of(served.submit(other), 400)
        place = [each["fullUrl"] for each in other["entry"]].index(GUID)
        assert issue["expression"] == [f"Bundle.entry[{place}].fullUrl"]
        assert issue["code"] == "duplicate"
        assert len(served.cases()) == 1

    @pytest.mark.rule("PAS-024")
    def test_a_guid_of_the_same_kind_with_other_identifiers_is_refused(self, serve: Serve) -> None:
        served = serve()
        assert served.submit(named(example(), "Patient", GUID)).status_code == 200
        other = named(json.loads(renewed(IN_REVIEW, "other")), "Patient", GUID)
        entry_of(other, "Patient")["resource"]["identifier"][0]["value"] = "MR-999999"
        outcome_of(served.submit(other), 400)

    @pytest.mark.rule("PAS-024")
    def test_the_same_instance_may_come_again_unchanged(self, serve: Serve) -> None:
        served = serve()
        served.submit(named(example(), "Patient", GUID))
        response = served.submit(named(json.loads(renewed(IN_REVIEW, "other")), "Patient", GUID))
        assert response.status_code == 200
        assert "PAS-024" not in observed(served, case_of(response))

    @pytest.mark.rule("PAS-024")
    def test_the_same_instance_may_have_changed_and_that_is_noted(self, serve: Serve) -> None:
        served = serve()
        served.submit(named(example(), "Patient", GUID))
        other = named(json.loads(renewed(IN_REVIEW, "other")), "Patient", GUID)
        entry_of(other, "Patient")["resource"]["address"][0]["city"] = "Dayton"
        response = served.submit(other)
        assert response.status_code == 200
        assert observed(served, case_of(response))["PAS-024"] == "Bundle.entry[1]"

    @pytest.mark.rule("PAS-024")
    def test_another_client_s_guid_is_nobody_s_business(self, serve: Serve, tmp_path: Path) -> None:
        served = serve(CLIENTS_FILE=two_clients(tmp_path))
        served.submit(named(example(), "Patient", GUID), Authorization="Bearer one")
        other = named(json.loads(renewed(IN_REVIEW, "other")), "Practitioner", GUID)
        assert served.submit(other, Authorization="Bearer two").status_code == 200

    @pytest.mark.rule("PAS-024")
    def test_a_refused_submission_reserves_no_guid(self, serve: Serve) -> None:
        served = serve()
        broken = named(example(), "Patient", GUID)
        broken["entry"].remove(entry_of(broken, "Coverage"))
        outcome_of(served.submit(broken), 400)
        other = named(json.loads(renewed(IN_REVIEW, "other")), "Practitioner", GUID)
        assert served.submit(other).status_code == 200

    @pytest.mark.rule("PAS-022", "PAS-027")
    def test_an_orphan_entry_is_kept_and_noted(self, serve: Serve) -> None:
        served = serve()
        bundle = example()
        url = "https://ehr.example.org/fhir/Location/orphan"
        bundle["entry"].append({"fullUrl": url, "resource": {"resourceType": "Location", "id": "orphan"}})
        response = served.submit(bundle)
        assert response.status_code == 200
        assert observed(served, case_of(response))["PAS-027"] == f"Bundle.entry[{len(bundle['entry']) - 1}]"
        assert url not in response.text


def named(bundle: Json, kind: str, url: str) -> Json:
    """Give the first resource of *kind* another fullUrl, and let everything refer to it there."""
    entry = entry_of(bundle, kind)
    relative = f'"{kind}/{entry["resource"]["id"]}"'
    text = encoded(bundle).decode().replace(f'"{entry["fullUrl"]}"', f'"{url}"').replace(relative, f'"{url}"')
    renamed: Json = json.loads(text)
    return renamed


def observed(served: Served, case: str) -> dict[str, str | None]:
    """Return what was noted about the request of *case*: rule and place."""
    received = served.kept(case).events[0].data
    assert isinstance(received, Received)
    return {each.rule: each.expression for each in received.observations}


class TestSoftwareNeverSaysNo:
    """docs/decisions/never.md, 1."""

    @pytest.mark.parametrize("path", REQUESTS)
    def test_in_production_no_request_gets_a_no_on_the_merits(self, serve_sqlite: Serve, path: str) -> None:
        served = serve_sqlite()
        response = served.submit(example_bytes(path), address_of(path))
        assert response.status_code == 200
        [(state,)] = served.rows("SELECT state FROM authorization_case")
        assert state in ("affirmed", "in-review", "dismissed")
        assert served.rows("SELECT count(*) FROM event WHERE denies_line OR state IN ('partial', 'non-affirmed')") == [
            (0,)
        ]
        assert served.rows("SELECT DISTINCT decider_kind FROM event WHERE kind = 'determined'") == [("software",)]

    def test_in_a_sandbox_a_simulated_reviewer_signs_what_takes_something_away(self, serve: Serve) -> None:
        served = serve(SANDBOX="1")
        served.submit(example_bytes("sandbox/a3-denied.json"))
        [row] = served.rows("SELECT state, decider_kind, reviewer, licence FROM event WHERE kind = 'determined'")
        assert row[:2] == ("non-affirmed", "simulated")
        assert all(row)
