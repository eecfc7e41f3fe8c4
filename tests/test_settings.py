"""Settings: read once, typed, and refused in words when they are wrong or unsafe."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from fhir_server.errors import SettingsInvalid
from fhir_server.settings import TABLE, Setting, is_loopback, load_settings


def refused(environment: dict[str, str], **overrides: str) -> str:
    """Return what is said about settings that refuse to start."""
    with pytest.raises(SettingsInvalid) as caught:
        load_settings(environment, overrides)
    return str(caught.value)


def test_the_defaults_need_no_environment() -> None:
    settings = load_settings({})
    assert settings.base_url == "http://127.0.0.1:8080"
    assert settings.database_url == "sqlite:///var/wiser-pas.db"
    assert not settings.sandbox
    assert settings.on_loopback
    assert settings.window == timedelta(days=1)
    assert settings.states == ("AZ", "NJ", "OH", "OK", "TX", "WA")


def test_a_sandbox_forgets_answers_sooner() -> None:
    assert load_settings({"SANDBOX": "1"}).window == timedelta(seconds=30)
    assert load_settings({"SANDBOX": "1", "REPLAY_WINDOW": "60"}).window == timedelta(seconds=60)


@pytest.mark.parametrize("setting", TABLE, ids=lambda setting: setting.name)
def test_every_setting_is_explained_and_its_default_can_be_read(setting: Setting) -> None:
    assert setting.sentence.endswith(".")
    setting.read(setting.default)


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("WISER_PAS_DATABSE_URL", "DATABASE_URL"),
        ("WISER_PAS_STATE", "STATES"),
        ("WISER_PAS_CLIENT_FILE", "CLIENTS_FILE"),
        ("WISER_PAS_port", "config --check"),
        ("WISER_PAS_ZZZZ", "config --check"),
    ],
)
def test_an_unknown_setting_refuses_to_start_and_names_the_nearest(name: str, near: str) -> None:
    message = refused({name: "x"})
    assert name in message
    assert near in message


def test_names_of_others_in_the_environment_are_left_alone() -> None:
    load_settings({"PATH": "/bin", "DATABSE_URL": "x", "PORTS": "x"})


def test_all_problems_are_told_at_once() -> None:
    message = refused({"PORT": "eighty", "SANDBOX": "perhaps", "STATES": "NY", "WISER_PAS_NOPE": "1"})
    assert len(message.splitlines()) == 4
    for name in ("PORT", "SANDBOX", "STATES", "WISER_PAS_NOPE"):
        assert name in message


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "65536"),
        ("PORT", "-1"),
        ("WORKERS", "0"),
        ("THREADS", "many"),
        ("MOST_BYTES", "0"),
        ("REPLAY_WINDOW", "0"),
        ("REPLAY_WINDOW", "a day"),
        ("STATES", ""),
        ("STATES", "TX,NY"),
        ("LOG_LEVEL", "loud"),
    ],
)
def test_a_value_that_cannot_be_used_names_its_setting(name: str, value: str) -> None:
    assert name in refused({name: value})


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "pas.example.org", ""])
def test_any_address_but_loopback_needs_clients(host: str) -> None:
    message = refused({"HOST": host})
    assert "CLIENTS_FILE" in message
    reachable = {"HOST": host, "CLIENTS_FILE": "clients.yaml", "PUBLIC_URL": "https://pas.example.org"}
    assert load_settings(reachable).host == host


@pytest.mark.parametrize("host", ["0.0.0.0", "::"])
def test_an_address_that_nobody_can_call_is_not_published(host: str) -> None:
    assert "PUBLIC_URL" in refused({"HOST": host, "CLIENTS_FILE": "clients.yaml"})


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.2", "::1", "localhost"])
def test_loopback_needs_none(host: str) -> None:
    assert load_settings({"HOST": host}).on_loopback
    assert is_loopback(host)


def test_the_address_of_an_ipv6_host_stands_in_brackets() -> None:
    settings = load_settings({"HOST": "::1", "PORT": "9000"})
    assert settings.address == "[::1]:9000"
    assert settings.base_url == "http://[::1]:9000"


def test_the_public_address_is_told_without_a_slash() -> None:
    assert load_settings({"PUBLIC_URL": "https://pas.example.org/"}).base_url == "https://pas.example.org"


def test_flags_win_over_the_prefix_over_the_plain_name_over_the_file(tmp_path: Path) -> None:
    file = tmp_path / "settings.toml"
    file.write_text('port = 1\nhost = "localhost"\nstates = ["TX", "OH"]\nsandbox = true\n')
    environment = {"WISER_PAS_SETTINGS": str(file)}
    assert load_settings(environment).port == 1
    assert load_settings(environment).states == ("TX", "OH")
    assert load_settings(environment).sandbox
    assert load_settings(environment | {"PORT": "2"}).port == 2
    assert load_settings(environment | {"PORT": "2", "WISER_PAS_PORT": "3"}).port == 3
    assert load_settings(environment | {"WISER_PAS_PORT": "3"}, {"PORT": "4"}).port == 4


def test_an_unknown_key_of_the_file_refuses_to_start(tmp_path: Path) -> None:
    file = tmp_path / "settings.toml"
    file.write_text("ports = 1\n")
    message = refused({"WISER_PAS_SETTINGS": str(file)})
    assert "ports" in message
    assert "PORT" in message


@pytest.mark.parametrize("content", [b"port = ", b"\xff"])
def test_a_file_that_cannot_be_read_refuses_to_start(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "settings.toml"
    file.write_bytes(content)
    assert "cannot be read" in refused({"WISER_PAS_SETTINGS": str(file)})
    assert "cannot be read" in refused({"WISER_PAS_SETTINGS": str(tmp_path / "none.toml")})
