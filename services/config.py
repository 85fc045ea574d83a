"""Settings, read once from the environment and from secret files.

Every setting is an environment variable ADEWATCH_<NAME>; a file of that name in
ADEWATCH_SECRETS_DIR wins over the default (as containers mount secrets). Units are in the names.
In production mode a development default for anything outside this process is refused.
"""

from __future__ import annotations

import os
from enum import StrEnum
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import (
    Field,
    SecretStr,
    ValidationError,
    ValidatorFunctionWrapHandler,
    field_validator,
    model_validator,
)
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from services.core.contracts import Assertion
from services.core.counts import COUNTED
from services.core.errors import ConfigurationError
from services.core.pseudonyms import parse_keys

DEVELOPMENT_DATABASE = "sqlite:///adewatch.sqlite"
DEVELOPMENT_KEY = "dev:not-a-secret-for-laptops-only"
DEVELOPMENT_TOKEN = "laptop:not-a-secret-for-laptops-only"  # noqa: S105


class Environment(StrEnum):
    """Where the process runs: `production` refuses what is only safe on a laptop."""

    LOCAL = "local"
    PRODUCTION = "production"


class Settings(BaseSettings):
    """All settings of a process."""

    model_config = SettingsConfigDict(
        env_prefix="ADEWATCH_", frozen=True, extra="ignore", hide_input_in_errors=True
    )

    environment: Environment = Environment.LOCAL

    # Dependencies
    kafka_bootstrap: str = "127.0.0.1:9092"
    kafka_request_timeout_seconds: float = Field(30.0, gt=0)
    kafka_session_seconds: float = Field(30.0, ge=6, le=90)  # a silent worker is replaced after it
    triton_grpc: str = "127.0.0.1:8001"
    triton_timeout_seconds: float = Field(30.0, gt=0)
    triton_parallel_requests: int = Field(4, ge=1)
    redis_url: str = "redis://127.0.0.1:6379/0"
    redis_timeout_seconds: float = Field(30.0, gt=0)
    database_url: str = DEVELOPMENT_DATABASE
    database_timeout_seconds: int = Field(60, ge=1)
    model_repository: Path = Path("model_repository")

    # Topics
    topic_notes: str = "ehr.notes"
    topic_extractions: str = "ade.extractions"
    topic_pairs: str = "pv.pairs"
    topic_signals: str = "pv.signals"
    topic_merges: str = "ehr.merges"
    topic_partitions: int = Field(4, ge=1)
    topic_replication: int = Field(1, ge=1)
    topic_retention_days: float = Field(30.0, gt=0)
    message_max_bytes: int = Field(8 * 1024 * 1024, ge=1024)

    # Batches
    batch_notes: int = Field(32, ge=1)
    batch_extractions: int = Field(256, ge=1)
    batch_merges: int = Field(256, ge=1)
    batch_pairs: int = Field(2048, ge=1)
    batch_signals: int = Field(128, ge=1)
    batch_wait_seconds: float = Field(0.25, gt=0)
    commit_interval_seconds: float = Field(1.0, gt=0)

    # Failure
    retry_initial_seconds: float = Field(0.5, gt=0)
    retry_max_seconds: float = Field(15.0, gt=0)
    dead_letter_window: int = Field(2000, ge=1)
    dead_letter_max_ratio: float = Field(0.5, gt=0, le=1)

    # Extraction
    note_max_bytes: int = Field(2 * 1024 * 1024, ge=1)
    tokens_per_batch: int = Field(4096, ge=128)

    # A candidate beside the serving models: the share of the notes it reads, how many may wait
    # for it, and how often to look for one and to record what was seen. A share of 0 is none.
    shadow_share: float = Field(0.1, ge=0, le=1)
    shadow_waiting_notes: int = Field(16, ge=1, le=1024)
    shadow_interval_seconds: float = Field(10.0, gt=0)

    # Hospital messages: keys as words `name:secret`, the current one first; the assigning
    # authority in HL7 v2 per system of FHIR identifiers as `system=authority`, with commas
    pseudonym_keys: SecretStr = SecretStr(DEVELOPMENT_KEY)
    identifier_authorities: Annotated[dict[str, str], NoDecode] = Field({})
    hospital_time_zone: ZoneInfo = ZoneInfo("UTC")

    # Gateway: a port of 0 leaves its listener out; tokens as words `name:token`
    gateway_address: str = "127.0.0.1"
    gateway_mllp_port: int = Field(0, ge=0, le=65535)
    gateway_fhir_port: int = Field(0, ge=0, le=65535)
    gateway_tokens: SecretStr = SecretStr(DEVELOPMENT_TOKEN)
    gateway_tls_certificate: Path | None = None
    gateway_tls_key: Path | None = None
    gateway_client_ca: Path | None = None
    gateway_max_connections: int = Field(64, ge=1)
    gateway_max_in_flight: int = Field(8, ge=1)
    gateway_idle_seconds: float = Field(3600.0, gt=0)
    gateway_message_seconds: float = Field(30.0, gt=0)

    # Vocabularies a hospital has a licence for; the shipped lexicon answers what they do not know.
    rxnorm_folder: Path | None = None
    rxnorm_version: str = "RxNorm"
    meddra_folder: Path | None = None
    meddra_version: str = "MedDRA"
    curation_interval_seconds: float = Field(60.0, gt=0)

    # Counting, detection, alerts
    counted_assertions: Annotated[frozenset[Assertion], NoDecode] = COUNTED
    episode_gap_days: float | None = Field(None, gt=0, le=36_500)  # unset: a case is a patient
    rule: str = "evans"  # a preset, or all(a, b) and any(a, b) of them
    rule_minimum_cases: int | None = Field(None, ge=1)
    boundary_alpha: float | None = Field(None, gt=0, le=0.5)  # unset: no sequential boundary
    boundary_pairs: int = Field(10_000, ge=1)
    boundary_horizon_cases: float = Field(1000.0, gt=0, le=10_000)
    prior_refit_share: float = Field(0.05, ge=0)
    rescore_interval_seconds: float = Field(60.0, gt=0)
    webhook_timeout_seconds: float = Field(15.0, gt=0)
    webhook_allowed_networks: Annotated[tuple[str, ...], NoDecode] = ()
    public_url: str = "http://127.0.0.1:8080"

    metrics_address: str = "127.0.0.1"
    metrics_port: int = Field(0, ge=0, le=65535)
    log_level: str = "INFO"

    @model_validator(mode="before")
    @classmethod
    def _split_lists(cls, values: dict[str, object]) -> dict[str, object]:
        for name in ("counted_assertions", "webhook_allowed_networks"):
            value = values.get(name)
            if isinstance(value, str):
                values[name] = tuple(item.strip() for item in value.split(",") if item.strip())
        return values

    @field_validator("identifier_authorities", mode="before")
    @classmethod
    def _split_authorities(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        authorities: dict[str, str] = {}
        for item in filter(None, map(str.strip, value.split(","))):
            system, _, authority = (part.strip() for part in item.rpartition("="))
            if not system or not authority:
                raise ValueError("write system=authority, several of them with commas between")
            if authorities.setdefault(system, authority) != authority:
                raise ValueError("a system has two authorities")
        return authorities

    @field_validator("hospital_time_zone", mode="wrap")
    @classmethod
    def _zone(cls, value: object, usual: ValidatorFunctionWrapHandler) -> object:
        try:
            return usual(value)
        except ValidationError:  # which repeats the value
            raise ValueError("no time zone of the IANA database") from None

    @field_validator("pseudonym_keys")
    @classmethod
    def _refuse_unfit_keys(cls, value: SecretStr) -> SecretStr:
        # At the start: a stage that reads no note for days would not notice.
        try:
            parse_keys(value.get_secret_value())
        except ConfigurationError as error:
            raise ValueError(f"ADEWATCH_PSEUDONYM_KEYS: {error}") from None
        return value

    @model_validator(mode="after")
    def _refuse_development_defaults(self) -> Settings:
        if self.environment is not Environment.PRODUCTION:
            return self
        unset = sorted(
            name
            for name in ("kafka_bootstrap", "triton_grpc", "redis_url", "database_url",
                         "public_url")
            if name not in self.model_fields_set
        )  # fmt: skip
        if unset:
            raise ValueError(
                f"production needs {', '.join(f'ADEWATCH_{n.upper()}' for n in unset)}"
            )
        if self.database_url.startswith("sqlite"):
            raise ValueError("production needs PostgreSQL: ADEWATCH_DATABASE_URL names SQLite")
        if not self.public_url.startswith("https://"):
            raise ValueError("production needs ADEWATCH_PUBLIC_URL with https")
        secrets = {key.secret for key in parse_keys(self.pseudonym_keys.get_secret_value())}
        if secrets & {key.secret for key in parse_keys(DEVELOPMENT_KEY)}:
            # Also as an older one: anybody can trace its pseudonyms back.
            raise ValueError("production needs ADEWATCH_PSEUDONYM_KEYS without the laptop's key")
        self._refuse_an_open_gateway()
        return self

    def _refuse_an_open_gateway(self) -> None:
        if not (self.gateway_mllp_port or self.gateway_fhir_port):
            return
        if self.gateway_tls_certificate is None:
            raise ValueError("production needs ADEWATCH_GATEWAY_TLS_CERTIFICATE for the gateway")
        if self.gateway_fhir_port and self.gateway_tokens.get_secret_value() == DEVELOPMENT_TOKEN:
            raise ValueError("production needs ADEWATCH_GATEWAY_TOKENS for the FHIR endpoint")
        if self.gateway_mllp_port and self.gateway_client_ca is None:
            # MLLP knows no other way to tell who sends.
            raise ValueError("production needs ADEWATCH_GATEWAY_CLIENT_CA for the MLLP listener")


def load_settings() -> Settings:
    """Read the settings of this process.

    Raises:
        ConfigurationError: in one line, which setting is wrong and why; never its value.
    """
    secrets = os.environ.get("ADEWATCH_SECRETS_DIR")
    if secrets is not None and not Path(secrets).is_dir():
        raise ConfigurationError("ADEWATCH_SECRETS_DIR is not a folder")
    try:
        return Settings(_secrets_dir=secrets) if secrets else Settings()
    except ValidationError as error:
        problems = "; ".join(
            f"{'.'.join(str(part) for part in problem['loc']) or 'settings'}: {problem['msg']}"
            for problem in error.errors(include_input=False, include_url=False)
        )
        raise ConfigurationError(problems) from None
