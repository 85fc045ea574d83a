"""The compose file is coherent in itself and with the service's settings.

No container is started here: these tests read the file as Docker would.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]

from deploy.local.layout import REPOSITORY
from deploy.local.stack import STAGES
from services.config import Settings
from services.gateway.tokens import parse_tokens

FILE = REPOSITORY / "deploy" / "compose.yaml"
COMPOSE: dict[str, Any] = yaml.safe_load(FILE.read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
ONE_SHOTS = {"topics", "migration", "retrain"}
OURS = {
    name
    for name, service in SERVICES.items()
    if service.get("build", {}).get("target") in ("service", "training")
}
# Read before the settings are, or by Triton's models, or by training.
OTHER_VARIABLES = {"ADEWATCH_SECRETS_DIR", "ADEWATCH_TRITON_THREADS", "ADEWATCH_DATA_DIR"}

each_service = pytest.mark.parametrize("name", sorted(SERVICES))


def test_all_stages_are_there_with_what_they_need() -> None:
    assert set(SERVICES) == {
        *("kafka", "redis", "postgres", "triton", "receiver", "gateway"),
        *ONE_SHOTS,
        *STAGES,
    }
    for stage in STAGES:
        assert SERVICES[stage]["command"] == ["worker", stage]
    assert "triton" in SERVICES["extract"]["depends_on"]


@each_service
def test_it_is_built_from_files_that_exist_or_pinned(name: str) -> None:
    build = SERVICES[name].get("build")
    if build is None:
        _, _, tag = SERVICES[name]["image"].partition(":")
        assert any(character.isdigit() for character in tag)
        return
    context = (FILE.parent / build["context"]).resolve()
    assert context == REPOSITORY
    stages = _stages(context / build["dockerfile"])
    assert build["target"] in stages


@each_service
def test_it_is_bounded_and_watched(name: str) -> None:
    service = SERVICES[name]
    assert service["mem_limit"]
    assert ("healthcheck" in service) == (name not in ONE_SHOTS)
    assert service["restart"] == ("no" if name in ONE_SHOTS else "unless-stopped")
    # What the hospital's systems call is published; nothing else is.
    assert ("ports" in service) == (name == "gateway")


@each_service
def test_it_waits_for_what_can_come_true(name: str) -> None:
    for other, wait in SERVICES[name].get("depends_on", {}).items():
        expected = "service_completed_successfully" if other in ONE_SHOTS else "service_healthy"
        assert wait == {"condition": expected}
        assert other in SERVICES


@each_service
def test_its_volumes_and_secrets_are_declared(name: str) -> None:
    service = SERVICES[name]
    for volume in service.get("volumes", []):
        source = volume.rpartition(":/")[0]
        if source.startswith("${"):
            assert (name, source) == ("retrain", "${ADEWATCH_DATA_DIR:-./corpora}")
            assert volume.endswith(":ro")
        elif source.startswith("."):
            # Only a publication changes what serves.
            assert volume.endswith(":ro") == (name != "retrain")
            assert (FILE.parent / source).resolve() == REPOSITORY / "model_repository"
        else:
            assert source in COMPOSE["volumes"]
    assert set(service.get("secrets", [])) <= set(COMPOSE["secrets"])


@pytest.mark.parametrize("name", sorted(OURS))
def test_every_variable_of_the_service_is_one_of_its_settings(name: str) -> None:
    settings = {f"ADEWATCH_{field.upper()}" for field in Settings.model_fields}
    assert set(SERVICES[name]["environment"]) <= settings | OTHER_VARIABLES


def test_production_accepts_these_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    url = "postgresql+psycopg://adewatch:word@postgres:5432/adewatch"
    secrets = {"adewatch_database_url": url, "adewatch_pseudonym_keys": "k1:0123456789abcdef"}
    assert set(SERVICES["extract"]["secrets"]) == set(secrets)
    for name, secret in secrets.items():
        (tmp_path / name).write_text(secret)
    for variable, value in SERVICES["extract"]["environment"].items():
        monkeypatch.setenv(variable, _default_of(value))
    settings = Settings(_secrets_dir=tmp_path)
    assert settings.environment == "production"
    assert settings.database_url == url
    assert settings.webhook_allowed_networks == ()


def test_production_accepts_the_settings_of_the_gateway(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gateway = SERVICES["gateway"]
    secrets = {
        "adewatch_database_url": "postgresql+psycopg://adewatch:word@postgres:5432/adewatch",
        "adewatch_pseudonym_keys": "k1:0123456789abcdef",
        "adewatch_gateway_tokens": "lab:0123456789abcdef",
    }
    files = {
        Path(gateway["environment"][variable]).name
        for variable in gateway["environment"]
        if gateway["environment"][variable].startswith("/run/secrets/")
    }
    assert set(gateway["secrets"]) == set(secrets) | files
    for name, secret in secrets.items():
        (tmp_path / name).write_text(secret)
    for variable, value in gateway["environment"].items():
        monkeypatch.setenv(variable, _default_of(value))
    settings = Settings(_secrets_dir=tmp_path)
    ports = {settings.gateway_mllp_port, settings.gateway_fhir_port}
    assert gateway["ports"] == [f"{port}:{port}" for port in sorted(ports)]
    assert parse_tokens(settings.gateway_tokens.get_secret_value())


def test_the_broker_takes_what_the_service_may_send() -> None:
    broker = SERVICES["kafka"]["environment"]
    limit = Settings.model_fields["message_max_bytes"].default
    assert int(broker["KAFKA_MESSAGE_MAX_BYTES"]) >= limit
    assert broker["KAFKA_AUTO_CREATE_TOPICS_ENABLE"] == "false"


@pytest.mark.parametrize("name", sorted(OURS | {"triton", "receiver"}))
def test_our_containers_cannot_change_themselves(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"]
    assert service["cap_drop"] == ["ALL"]


@pytest.mark.parametrize("file", ["Dockerfile", "Dockerfile.triton"])
def test_images_end_as_somebody_who_is_not_root(file: str) -> None:
    for name, stage in _stages(FILE.parent / file).items():
        if "ENTRYPOINT" in stage:
            assert "USER 10001" in stage, name


def test_the_image_of_triton_copies_all_of_our_code_that_it_runs(tmp_path: Path) -> None:
    copied = re.findall(
        r"COPY (deploy/.+) /src/(\S+)", _stages(FILE.parent / "Dockerfile.triton")["cpu"]
    )
    for files, folder in copied:
        (tmp_path / folder).mkdir(parents=True, exist_ok=True)
        for file in files.split():
            shutil.copy(REPOSITORY / file, tmp_path / folder)
    # No package is installed there yet.
    code = (
        f"import sys; sys.path.insert(0, {str(tmp_path)!r}); import deploy.local.triton_environment"
    )
    subprocess.run([sys.executable, "-I", "-S", "-B", "-c", code], check=True)


@pytest.mark.parametrize("image", ["service", "receiver"])
def test_serving_installs_no_training_packages(image: str) -> None:
    text = _made_of(image)
    # Nothing of this would be seen if it looked at no installation.
    assert "pip install" in text
    for word in ("[training]", "[local", "[dev]", "torch"):
        assert word not in text


def test_an_image_without_a_target_is_that_of_the_service() -> None:
    assert list(_stages(FILE.parent / "Dockerfile"))[-1] == "service"


def test_the_image_that_retrains_has_the_torch_of_the_project_for_processors() -> None:
    text = _made_of("training")
    assert ".[training]" in text
    assert "[dev]" not in text
    (pin,) = (
        line
        for line in (FILE.parent / "constraints.txt").read_text().splitlines()
        if line.startswith("torch==")
    )
    assert f'"{pin}+cpu"' in text
    # What is installed afterwards keeps to the constraints, as that of the service does.
    for line in text.splitlines():
        if "pip install" in line:
            assert ("--constraint deploy/constraints.txt" in line) != ("--no-deps" in line)


def _made_of(image: str) -> str:
    """The text of a stage of our Dockerfile and of every stage that it is made of."""
    stages = _stages(FILE.parent / "Dockerfile")
    wanted, text = [image], ""
    while wanted:
        stage = stages[wanted.pop()]
        text += stage
        wanted += [
            name
            for name in re.findall(r"(?:^FROM |--from=)(\S+)", stage, re.MULTILINE)
            if name in stages
        ]
    return text


def _stages(dockerfile: Path) -> dict[str, str]:
    """The text of every named stage, without comments."""
    stages: dict[str, str] = {}
    name = ""
    for line in dockerfile.read_text().splitlines():
        if line.startswith("FROM "):
            name = line.split(" AS ")[1]
            stages[name] = line + "\n"
        elif name and not line.startswith("#"):
            stages[name] += line + "\n"
    return stages


def _default_of(value: str) -> str:
    """What `${NAME:-default}` is without NAME."""
    if value.startswith("${"):
        return value.removesuffix("}").partition(":-")[2]
    return value
