"""A stack tells the service where things are, in words the service reads."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import pytest

from deploy.local.errors import StackError
from deploy.local.layout import Installed, installed
from deploy.local.ports import Ports
from deploy.local.stack import STAGES, Stack, open_stack, saved_ports, stack_file
from services.config import Settings


@pytest.fixture
def parts(tmp_path: Path) -> Installed:
    """Where an installation would be: nothing is started in these tests."""
    return installed(tmp_path / "state")


@pytest.fixture
def stack(tmp_path: Path, parts: Installed) -> Stack:
    return Stack(
        directory=tmp_path / "stack",
        installed=parts,
        ports=Ports.choose(),
        settings={"ADEWATCH_RULE": "evans"},
    )


def test_every_variable_is_a_setting_of_the_service(stack: Stack) -> None:
    names = {name for name in stack.environment() if name.startswith("ADEWATCH_")}
    settings = {f"ADEWATCH_{field.upper()}" for field in Settings.model_fields}
    assert names <= settings
    assert names >= {
        "ADEWATCH_KAFKA_BOOTSTRAP",
        "ADEWATCH_TRITON_GRPC",
        "ADEWATCH_REDIS_URL",
        "ADEWATCH_DATABASE_URL",
        "ADEWATCH_MODEL_REPOSITORY",
        "ADEWATCH_RULE",
    }


def test_the_service_accepts_them(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in stack.environment().items():
        monkeypatch.setenv(name, value)
    settings = Settings()
    assert settings.kafka_bootstrap == f"127.0.0.1:{stack.ports.kafka}"
    assert settings.webhook_allowed_networks == ("127.0.0.0/8",)
    assert settings.database_url == f"sqlite:///{stack.directory / 'adewatch.sqlite'}"


def test_the_shells_other_variables_stay_in_the_shell(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOME_TOKEN", "secret")
    monkeypatch.setenv("ADEWATCH_RULE", "other")
    assert "SOME_TOKEN" not in stack.environment()
    assert stack.environment()["ADEWATCH_RULE"] == "evans"


def test_workers_stop_before_what_they_need(stack: Stack) -> None:
    names = [component.name for component in stack.components]
    assert names == ["kafka", "redis", "triton", "receiver", *STAGES]


def test_an_unknown_component_is_answered_with_the_known_ones(stack: Stack) -> None:
    assert stack.component("detect") is stack.workers["detect"]
    with pytest.raises(StackError, match="no component 'web'; there are kafka, redis"):
        stack.component("web")


def test_ports_differ() -> None:
    ports = asdict(Ports.choose())
    assert len(set(ports.values())) == len(ports)


def test_a_stack_is_found_again_with_its_ports(tmp_path: Path, parts: Installed) -> None:
    ports = Ports.choose()
    path = stack_file(tmp_path)
    path.parent.mkdir()
    Stack(directory=tmp_path, installed=parts, ports=ports).save()
    assert saved_ports(tmp_path) == ports
    assert open_stack(tmp_path, parts).ports == ports
    assert path.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("content", [None, "", "{}", '{"ports": {"kafka": 1}}'])
def test_a_missing_or_damaged_file_means_there_was_no_stack(
    tmp_path: Path, content: str | None
) -> None:
    if content is not None:
        stack_file(tmp_path).parent.mkdir()
        stack_file(tmp_path).write_text(content)
    assert saved_ports(tmp_path) is None


def test_a_stack_that_was_never_started_does_not_run(stack: Stack) -> None:
    assert not stack.is_running()
    stack.stop()
