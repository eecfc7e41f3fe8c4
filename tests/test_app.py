"""The application as a whole: what it refuses to start with, and what it serves."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from flask import Flask

from fhir_server.app import create_app, open_database, packs, prepare
from fhir_server.errors import PolicyInvalid, SettingsInvalid, StoreMismatch
from fhir_server.settings import load_settings


def made(url: str, **settings: str) -> Flask:
    """Return the app for *settings* on a store that exists by then."""
    loaded = load_settings({"DATABASE_URL": url, **settings})
    database = open_database(loaded)
    database.upgrade()
    database.close()
    return create_app(loaded)


def test_it_serves_these_addresses_and_no_other(sqlite_url: str) -> None:
    app = made(sqlite_url)
    addresses = sorted(rule.rule for rule in app.url_map.iter_rules())
    assert [each for each in addresses if not each.startswith("/api/")] == [
        "/",
        "/.well-known/davinci-configuration",
        "/healthz",
        "/metrics",
        "/openapi.json",
        "/readyz",
        "/stu2.0/fhir/$validate",
        "/stu2.0/fhir/<type_name>/$validate",
        "/stu2.0/fhir/Claim/$precheck",
        "/stu2.0/fhir/Claim/$submit",
        "/stu2.0/fhir/metadata",
        "/stu2.2/fhir/$validate",
        "/stu2.2/fhir/<type_name>/$validate",
        "/stu2.2/fhir/Claim/$precheck",
        "/stu2.2/fhir/Claim/$submit",
        "/stu2.2/fhir/metadata",
    ]
    told = {re.sub(r"{(\w+)}", r"<\1>", path) for path in app.test_client().get("/openapi.json").get_json()["paths"]}
    assert {re.sub(r"<\w+:", "<", each) for each in addresses if each.startswith("/api/")} == told


@pytest.mark.parametrize(("first", "second"), [("0", "1"), ("1", "0")])
def test_a_store_of_the_other_mode_refuses_to_start(store_url: str, first: str, second: str) -> None:
    made(store_url, SANDBOX=first)
    with pytest.raises(StoreMismatch, match="does not open it"):
        prepare(load_settings({"DATABASE_URL": store_url, "SANDBOX": second}))


@pytest.mark.parametrize("url", ["mysql://localhost/x", "sqlite://", "sqlite:///:memory:", "nonsense"])
def test_a_store_that_is_none_of_ours_refuses_to_start(url: str) -> None:
    with pytest.raises(SettingsInvalid, match="DATABASE_URL"):
        create_app(load_settings({"DATABASE_URL": url}))


def test_the_sandbox_pack_is_loaded_in_a_sandbox_alone_and_asked_first(sqlite_url: str) -> None:
    production = packs(load_settings({"DATABASE_URL": sqlite_url}))
    sandbox = packs(load_settings({"DATABASE_URL": sqlite_url, "SANDBOX": "1"}))
    assert [pack.edition.pack for pack in production] == ["wiser"]
    assert [pack.edition.pack for pack in sandbox] == ["sandbox", "wiser"]


def test_a_pack_that_is_not_there_refuses_to_start(tmp_path: Path, sqlite_url: str) -> None:
    settings = load_settings({"DATABASE_URL": sqlite_url, "POLICY_PACKS": str(tmp_path / "none")})
    with pytest.raises((PolicyInvalid, SettingsInvalid)):
        create_app(settings)
