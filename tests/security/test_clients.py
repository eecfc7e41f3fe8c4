"""Who may call: bearer tokens from a file, or the development identity on this machine."""

from __future__ import annotations

from pathlib import Path

import pytest
from werkzeug.test import TestResponse

from fhir_server.app import create_app
from fhir_server.authorization.caller import Role, operator
from fhir_server.errors import NotAllowed, NotAuthenticated, SettingsInvalid
from fhir_server.security.clients import DevelopmentIdentity, read_clients, token_digest
from fhir_server.settings import load_settings
from fhir_server.workflow.show import show
from tests.web.bundles import IN_REVIEW, example, renewed
from tests.web.served import SUBMIT, Serve, Served, case_of, outcome_of

CLIENTS = f"""
clients:
  - id: lakeside
    token_sha256: {token_digest("token-of-lakeside")}
    organizations:
      - {{name: Lakeside Clinic, npi: ["2130001011"], sending_systems: [LAKESIDE]}}
  - id: hillside
    token_sha256: {token_digest("token-of-hillside")}
  - id: reviewer
    token_sha256: {token_digest("token-of-reviewer")}
    roles: [reviewer]
"""
LAKESIDE = {"Authorization": "Bearer token-of-lakeside"}
HILLSIDE = {"Authorization": "Bearer token-of-hillside"}


@pytest.fixture
def clients_file(tmp_path: Path) -> Path:
    """A file of three clients."""
    path = tmp_path / "clients.yaml"
    path.write_text(CLIENTS)
    return path


@pytest.fixture
def guarded(serve: Serve, clients_file: Path) -> Served:
    """A server that knows the three clients."""
    return serve(CLIENTS_FILE=str(clients_file), HOST="192.0.2.1")


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Bearer unknown"},
        {"Authorization": "Bearer "},
        {"Authorization": "Bearer"},
        {"Authorization": "Basic dG9rZW4tb2YtbGFrZXNpZGU6"},
        {"Authorization": "token-of-lakeside"},
        {"Authorization": f"Bearer {token_digest('token-of-lakeside')}"},
        {"Authorization": "Bearer token-of-lakeside token-of-lakeside"},
    ],
)
def test_whoever_shows_no_known_token_gets_401(guarded: Served, headers: dict[str, str]) -> None:
    response = guarded.submit(example(), **headers)
    [issue] = outcome_of(response, 401)
    assert issue["code"] == "login"
    assert "expression" not in issue
    assert response.headers["WWW-Authenticate"].startswith("Bearer")
    assert guarded.cases() == []


def test_a_stranger_learns_nothing_about_his_body(guarded: Served) -> None:
    """The identity is asked for before format and content."""
    outcome_of(guarded.submit(b"<", Content_Type="application/fhir+xml"), 401)


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_a_known_token_is_let_in_and_owns_what_it_submits(guarded: Served, scheme: str) -> None:
    response = guarded.submit(example(), Authorization=f"{scheme} token-of-lakeside")
    assert response.status_code == 200
    [(owner,)] = guarded.rows("SELECT owner FROM authorization_case")
    assert owner == "lakeside"
    for table in ("case_line", "case_identifier", "event", "message", "document", "replay", "instance", "outbox"):
        assert {row[0] for row in guarded.rows(f"SELECT owner FROM {table}")} <= {"lakeside"}


def test_another_client_s_case_is_not_shown(guarded: Served, clients_file: Path) -> None:
    case = case_of(guarded.submit(example(), **LAKESIDE))
    clients = read_clients(clients_file, sandbox=False)
    with pytest.raises(NotAllowed) as refused:
        show(guarded.database, clients.caller(HILLSIDE["Authorization"], None), case)
    assert refused.value.status == 403
    assert show(guarded.database, clients.caller(LAKESIDE["Authorization"], None), case).number == case
    assert show(guarded.database, clients.caller("Bearer token-of-reviewer", None), case).number == case
    assert show(guarded.database, operator(), case).number == case


def test_the_same_content_from_another_client_is_his_own_case(guarded: Served) -> None:
    first = guarded.submit(example(), **LAKESIDE)
    second = guarded.submit(example(), **HILLSIDE)
    assert "Idempotent-Replayed" not in second.headers
    assert case_of(first) != case_of(second)
    assert len(guarded.cases()) == 2


def test_a_client_is_what_its_row_says(clients_file: Path) -> None:
    caller = read_clients(clients_file, sandbox=False).caller("Bearer token-of-lakeside", "192.0.2.1")
    assert caller.client == "lakeside"
    assert caller.npis == {"2130001011"}
    assert caller.organizations[0].sending_systems == ("LAKESIDE",)
    assert caller.roles == {Role.SUBMITTER}
    assert not caller.development


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("", "clients"),
        ("clients: []", "clients"),
        ("clients: [{id: a}]", "token_sha256"),
        ("clients: [{id: a, token_sha256: secret}]", "64 hex digits"),
        (f"clients: [{{id: 'a b', token_sha256: {'a' * 64}}}]", "letters, digits"),
        (f"clients: [{{id: a, token_sha256: {'a' * 64}, roles: [king]}}]", "roles"),
        (f"clients: [{{id: a, token_sha256: {'a' * 64}, rolls: []}}]", "rolls"),
        (
            f"clients: [{{id: a, token_sha256: {'a' * 64}, organizations: [{{name: A, npi: ['123']}}]}}]",
            "an NPI has ten digits",
        ),
        (f"clients: [{{id: a, token_sha256: {'a' * 64}}}, {{id: a, token_sha256: {'b' * 64}}}]", "id given twice"),
        (
            f"clients: [{{id: a, token_sha256: {'a' * 64}}}, {{id: b, token_sha256: {'a' * 64}}}]",
            "token_sha256 given twice",
        ),
        ("clients: [", "cannot be read"),
        ("- 1", "clients"),
    ],
)
def test_a_wrong_file_refuses_to_start_and_names_what_is_wrong(tmp_path: Path, content: str, told: str) -> None:
    path = tmp_path / "clients.yaml"
    path.write_text(content)
    with pytest.raises(SettingsInvalid) as refused:
        read_clients(path, sandbox=False)
    assert told in str(refused.value)
    assert "CLIENTS_FILE" in str(refused.value)


@pytest.mark.parametrize(
    ("told", "sandbox"), [("", True), ("mode: production\n", True), ("mode: sandbox\n", False), ("mode: test\n", False)]
)
def test_credentials_of_the_other_mode_refuse_to_start(tmp_path: Path, told: str, sandbox: bool) -> None:
    """No production credential works in a sandbox, nor the other way round (S-24)."""
    path = tmp_path / "clients.yaml"
    path.write_text(told + CLIENTS)
    with pytest.raises(SettingsInvalid, match="mode"):
        read_clients(path, sandbox=sandbox)


def test_a_sandbox_serves_the_clients_of_a_sandbox_file(serve_sqlite: Serve, clients_file: Path) -> None:
    clients_file.write_text("mode: sandbox\n" + CLIENTS)
    served = serve_sqlite(CLIENTS_FILE=str(clients_file), SANDBOX="1")
    assert served.submit(example(), **LAKESIDE).status_code == 200
    outcome_of(served.submit(example()), 401)


def test_a_file_that_is_not_there_refuses_to_start(tmp_path: Path, sqlite_url: str) -> None:
    settings = load_settings({"DATABASE_URL": sqlite_url, "CLIENTS_FILE": str(tmp_path / "none.yaml")})
    with pytest.raises(SettingsInvalid, match=r"none\.yaml"):
        create_app(settings)


@pytest.mark.parametrize("address", ["127.0.0.1", "127.9.9.9", "::1"])
def test_the_development_identity_serves_this_machine(address: str) -> None:
    caller = DevelopmentIdentity().caller(None, address)
    assert caller.development
    assert caller.roles == frozenset(Role)


@pytest.mark.parametrize("address", ["192.0.2.7", "10.0.0.1", "0.0.0.0", "::", "2001:db8::1", None, "", "unix:"])
def test_the_development_identity_serves_nobody_else(address: str | None) -> None:
    with pytest.raises(NotAuthenticated):
        DevelopmentIdentity().caller("Bearer anything", address)


@pytest.mark.parametrize(("address", "status"), [("127.0.0.1", 200), ("192.0.2.7", 401)])
def test_the_sender_s_address_decides(serve_sqlite: Serve, address: str, status: int) -> None:
    assert submitted(serve_sqlite(), address).status_code == status


@pytest.mark.parametrize("header", ["Forwarded", "X-Forwarded-For", "X-Real-Ip"])
@pytest.mark.parametrize("address", ["127.0.0.1", "192.0.2.7"])
def test_what_a_proxy_passes_on_comes_from_elsewhere(serve_sqlite: Serve, header: str, address: str) -> None:
    """A proxy on this machine would make everybody the development client."""
    assert submitted(serve_sqlite(), address, **{header: "127.0.0.1"}).status_code == 401


def submitted(served: Served, address: str, **headers: str) -> TestResponse:
    """Submit an example as if from *address*."""
    return served.client.post(
        SUBMIT,
        data=renewed(IN_REVIEW, "address"),
        headers={"Content-Type": "application/fhir+json", **headers},
        environ_base={"REMOTE_ADDR": address},
    )


def test_a_client_without_the_role_may_not_submit(guarded: Served) -> None:
    [issue] = outcome_of(guarded.submit(example(), Authorization="Bearer token-of-reviewer"), 403)
    assert issue["code"] == "forbidden"
    assert guarded.cases() == []


def test_a_sandbox_takes_no_production_clients(clients_file: Path) -> None:
    with pytest.raises(SettingsInvalid, match="mode"):
        read_clients(clients_file, sandbox=True)
