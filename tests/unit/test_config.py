"""Settings refuse what is unsafe, in one line that names the setting and never its value."""

from __future__ import annotations

import traceback
from pathlib import Path

import pytest
from pydantic import ValidationError

from services.config import DEVELOPMENT_KEY, Environment, Settings, load_settings
from services.core.contracts import Assertion
from services.core.errors import ConfigurationError
from services.core.pseudonyms import parse_keys

PRODUCTION = {
    "ADEWATCH_ENVIRONMENT": "production",
    "ADEWATCH_KAFKA_BOOTSTRAP": "kafka:9092",
    "ADEWATCH_TRITON_GRPC": "triton:8001",
    "ADEWATCH_REDIS_URL": "redis://redis:6379/0",
    "ADEWATCH_DATABASE_URL": "postgresql+psycopg://adewatch@db/adewatch",
    "ADEWATCH_PUBLIC_URL": "https://adewatch.hospital.example",
    "ADEWATCH_PSEUDONYM_KEYS": "k1:0123456789abcdef",
}
GATEWAY = {
    "ADEWATCH_GATEWAY_MLLP_PORT": "2575",
    "ADEWATCH_GATEWAY_FHIR_PORT": "8443",
    "ADEWATCH_GATEWAY_TLS_CERTIFICATE": "server.pem",
    "ADEWATCH_GATEWAY_TOKENS": "ehr:0123456789abcdef",
    "ADEWATCH_GATEWAY_CLIENT_CA": "ca.pem",
}


@pytest.fixture(autouse=True)
def _clean(monkeypatch: pytest.MonkeyPatch) -> None:
    import os

    for name in list(os.environ):
        if name.startswith("ADEWATCH_"):
            monkeypatch.delenv(name)


def test_defaults_are_for_a_laptop() -> None:
    assert load_settings().environment is Environment.LOCAL


def test_a_complete_production_configuration_is_accepted(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in PRODUCTION.items():
        monkeypatch.setenv(name, value)
    assert load_settings().environment is Environment.PRODUCTION


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ADEWATCH_KAFKA_BOOTSTRAP", None),
        ("ADEWATCH_REDIS_URL", None),
        ("ADEWATCH_DATABASE_URL", "sqlite:///record.sqlite"),
        ("ADEWATCH_PUBLIC_URL", "http://adewatch.hospital.example"),
        ("ADEWATCH_PSEUDONYM_KEYS", None),
        ("ADEWATCH_PSEUDONYM_KEYS", DEVELOPMENT_KEY + "\n"),
        ("ADEWATCH_PSEUDONYM_KEYS", "k1:0123456789abcdef " + DEVELOPMENT_KEY),
        ("ADEWATCH_PSEUDONYM_KEYS", DEVELOPMENT_KEY.replace("dev:", "k1:")),
    ],
)
def test_production_refuses_development_settings(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str | None
) -> None:
    for known, good in PRODUCTION.items():
        monkeypatch.setenv(known, good)
    if value is None:
        monkeypatch.delenv(name)
    else:
        monkeypatch.setenv(name, value)
    with pytest.raises(ConfigurationError, match=name):
        load_settings()


def test_lists_are_written_with_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ADEWATCH_COUNTED_ASSERTIONS", "affirmed, uncertain")
    assert load_settings().counted_assertions == {Assertion.AFFIRMED, Assertion.UNCERTAIN}


def test_systems_of_identifiers_are_given_their_authorities(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert load_settings().identifier_authorities == {}
    written = "urn:oid:1.2.3=HOSP, https://hospital.example/mrn?site=1 = HOSP,"
    monkeypatch.setenv("ADEWATCH_IDENTIFIER_AUTHORITIES", written)
    assert load_settings().identifier_authorities == {
        "urn:oid:1.2.3": "HOSP",
        "https://hospital.example/mrn?site=1": "HOSP",
    }
    monkeypatch.setenv("ADEWATCH_IDENTIFIER_AUTHORITIES", "")
    assert load_settings().identifier_authorities == {}


@pytest.mark.parametrize("written", ["urn:hosp", "=HOSP", "urn:hosp=", "urn:hosp=A,urn:hosp=B"])
def test_systems_without_one_authority_are_refused(
    monkeypatch: pytest.MonkeyPatch, written: str
) -> None:
    monkeypatch.setenv("ADEWATCH_IDENTIFIER_AUTHORITIES", written)
    with pytest.raises(ConfigurationError, match="identifier_authorities") as caught:
        load_settings()
    assert "hosp" not in str(caught.value).lower()


def test_a_case_is_a_patient_unless_episodes_end(monkeypatch: pytest.MonkeyPatch) -> None:
    assert load_settings().episode_gap_days is None
    monkeypatch.setenv("ADEWATCH_EPISODE_GAP_DAYS", "90")
    assert load_settings().episode_gap_days == 90
    monkeypatch.setenv("ADEWATCH_EPISODE_GAP_DAYS", "0")
    with pytest.raises(ConfigurationError, match="episode_gap_days"):
        load_settings()


def test_a_secret_file_is_read(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "ADEWATCH_REDIS_URL").write_text("redis://:from-a-file@redis/0\n")
    monkeypatch.setenv("ADEWATCH_SECRETS_DIR", str(tmp_path))
    assert load_settings().redis_url == "redis://:from-a-file@redis/0"


def test_a_wrong_value_is_named_but_not_quoted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ADEWATCH_BATCH_NOTES", "s3cret")
    with pytest.raises(ConfigurationError, match="batch_notes") as caught:
        load_settings()
    assert "s3cret" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_gateway_with_tls_and_authentication_is_accepted_in_production(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in (PRODUCTION | GATEWAY).items():
        monkeypatch.setenv(name, value)
    assert load_settings().gateway_mllp_port == 2575


@pytest.mark.parametrize(
    "name",
    [
        "ADEWATCH_GATEWAY_TLS_CERTIFICATE",
        "ADEWATCH_GATEWAY_TOKENS",
        "ADEWATCH_GATEWAY_CLIENT_CA",
    ],
)
def test_an_open_gateway_is_refused_in_production(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    for known, value in (PRODUCTION | GATEWAY).items():
        monkeypatch.setenv(known, value)
    monkeypatch.delenv(name)
    with pytest.raises(ConfigurationError, match=name):
        load_settings()


@pytest.mark.parametrize("environment", [{}, PRODUCTION], ids=["local", "production"])
@pytest.mark.parametrize(
    "keys",
    [
        "",
        "5ecretword",
        "5ecretword0123456789abcdef",
        "k1:5ecretword",
        "5ecretword01234567:k1",
        "k1:0123456789abcdef 5ecretword",
        "5ecretword:0123456789abcdef 5ecretword:fedcba9876543210",
    ],
)
def test_unfit_keys_of_pseudonyms_are_refused_at_the_start_and_not_shown(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], keys: str
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("ADEWATCH_PSEUDONYM_KEYS", keys)
    with pytest.raises(ConfigurationError, match="ADEWATCH_PSEUDONYM_KEYS") as caught:
        load_settings()
    with pytest.raises(ValidationError) as validating:
        Settings()
    for error in (caught.value, validating.value):
        shown = "".join(traceback.format_exception(error))
        assert "5ecretword" not in shown
        assert "0123456789abcdef" not in shown


def test_older_keys_of_pseudonyms_are_accepted_after_the_current_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("ADEWATCH_PSEUDONYM_KEYS", "k2:fedcba9876543210\nk1:0123456789abcdef\n")
    keys = parse_keys(load_settings().pseudonym_keys.get_secret_value())
    assert [key.name for key in keys] == ["k2", "k1"]


def test_secrets_of_hospital_messages_are_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ADEWATCH_PSEUDONYM_KEYS", "k1:0123456789abcdef")
    monkeypatch.setenv("ADEWATCH_GATEWAY_TOKENS", "ehr:fedcba9876543210")
    shown = repr(load_settings())
    assert "0123456789abcdef" not in shown
    assert "fedcba9876543210" not in shown


@pytest.mark.parametrize("name", ["Nowhere/Known", "../../etc/hostname", ""])
def test_a_time_zone_nobody_knows_is_refused_at_the_start(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ADEWATCH_HOSPITAL_TIME_ZONE", name)
    with pytest.raises(ConfigurationError) as refused:
        load_settings()
    assert (
        str(refused.value) == "hospital_time_zone: Value error, no time zone of the IANA database"
    )


def test_a_time_zone_is_one_of_the_iana_database(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ADEWATCH_HOSPITAL_TIME_ZONE", "Europe/Berlin")
    assert load_settings().hospital_time_zone.key == "Europe/Berlin"
