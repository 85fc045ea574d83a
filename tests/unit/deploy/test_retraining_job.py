"""What starts a retraining on a schedule asks for what the command line and the settings know.

Nothing is started here: these tests read manifest, compose file and README as their readers would.
"""

from __future__ import annotations

import re
import shlex
import tomllib
from pathlib import Path, PurePosixPath
from typing import Any

import pytest
import typer
import yaml  # type: ignore[import-untyped]
from typer.testing import CliRunner

from deploy.local.layout import REPOSITORY
from services.config import Settings
from training.cli import app
from training.settings import data_dir

pytestmark = pytest.mark.training

CRONJOB: dict[str, Any] = yaml.safe_load(
    (REPOSITORY / "deploy" / "retrain-cronjob.yaml").read_text()
)
JOB: dict[str, Any] = CRONJOB["spec"]["jobTemplate"]["spec"]
POD: dict[str, Any] = JOB["template"]["spec"]
(CONTAINER,) = POD["containers"]
ENVIRONMENT = {one["name"]: one["value"] for one in CONTAINER["env"]}
VOLUMES = {one["name"]: one for one in POD["volumes"]}
MOUNTS = {one["mountPath"]: one for one in CONTAINER["volumeMounts"]}
COMPOSE: dict[str, Any] = yaml.safe_load((REPOSITORY / "deploy" / "compose.yaml").read_text())
SERVICE: dict[str, Any] = COMPOSE["services"]["retrain"]
README = (REPOSITORY / "README.md").read_text()
OTHER_VARIABLES = {"ADEWATCH_SECRETS_DIR", "ADEWATCH_DATA_DIR"}
"""Read before the settings are, and by training."""


def crontab() -> tuple[str, list[str]]:
    """When the crontab line of the README starts a retraining, and the words of its command."""
    (line,) = re.findall(r"^[\d*,/-]+(?: [\d*,/-]+){4} .*retrain .*$", README, re.MULTILINE)
    *when, command = line.split(" ", 5)
    return " ".join(when), shlex.split(command)


def asked(words: list[str]) -> dict[str, Any]:
    """The options of `python -m training WORDS`, as the command gets them; it raises what it
    refuses."""
    command = typer.main.get_command(app)
    name, retrain, rest = command.resolve_command(typer.Context(command), words)  # type: ignore[attr-defined]
    assert name == "retrain"
    options: dict[str, Any] = retrain.make_context(name, list(rest)).params
    return options


def of_training(words: list[str]) -> list[str]:
    return words[words.index("training") + 1 :]


@pytest.mark.parametrize(
    "words",
    [
        pytest.param(CONTAINER["args"], id="manifest"),
        pytest.param(SERVICE["command"], id="compose"),
        pytest.param(of_training(crontab()[1]), id="crontab"),
    ],
)
def test_the_command_line_takes_what_the_schedule_gives_it(words: list[str]) -> None:
    options = asked(words)
    assert options["publishes"]
    assert options["verdicts_from_store"]
    assert options["verdicts"] is None
    # From what serves, with its encoder: another reads other tokens.
    assert options["from_serving"]
    assert PurePosixPath(options["encoder"]).name == "encoder"
    assert options["within"] > 0


def test_the_command_line_refuses_what_it_does_not_know() -> None:
    with pytest.raises(Exception, match="No such option: --verdicts-from-shop"):
        asked([*CONTAINER["args"], "--verdicts-from-shop"])
    refused = CliRunner().invoke(app, [*CONTAINER["args"], "--verdicts-from-shop"])
    assert refused.exit_code == 2


def test_the_job_runs_weekly_alone_and_once() -> None:
    assert (CRONJOB["apiVersion"], CRONJOB["kind"]) == ("batch/v1", "CronJob")
    spec = CRONJOB["spec"]
    for schedule in (spec["schedule"], crontab()[0]):
        assert re.fullmatch(r"\d+ \d+ \* \* [0-6]", schedule)
    assert spec["concurrencyPolicy"] == "Forbid"
    assert JOB["backoffLimit"] == 0
    assert POD["restartPolicy"] == "Never"
    # The trainings end by themselves before Kubernetes ends them.
    assert JOB["activeDeadlineSeconds"] > 2 * 60 * asked(CONTAINER["args"])["within"]
    assert CONTAINER["resources"].keys() == {"requests", "limits"}
    for bound in CONTAINER["resources"].values():
        assert {"cpu", "memory"} <= bound.keys()
    assert int(CONTAINER["resources"]["limits"]["cpu"]) == asked(CONTAINER["args"])["threads"]


def test_every_variable_of_the_job_is_one_that_is_read() -> None:
    settings = {f"ADEWATCH_{field.upper()}" for field in Settings.model_fields}
    assert set(ENVIRONMENT) <= settings | OTHER_VARIABLES
    # A secret in the manifest would be no secret.
    assert not set(ENVIRONMENT) & {"ADEWATCH_DATABASE_URL", "ADEWATCH_PSEUDONYM_KEYS"}


def test_production_accepts_the_settings_of_the_job(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = "postgresql+psycopg://adewatch:word@postgres:5432/adewatch"
    secrets = {"adewatch_database_url": url, "adewatch_pseudonym_keys": "k1:0123456789abcdef"}
    mounted = MOUNTS[ENVIRONMENT["ADEWATCH_SECRETS_DIR"]]
    items = VOLUMES[mounted["name"]]["secret"]["items"]
    assert {one["path"] for one in items} == set(secrets) == set(SERVICE["secrets"])
    for name, secret in secrets.items():
        (tmp_path / name).write_text(secret)
    for variable, value in ENVIRONMENT.items():
        monkeypatch.setenv(variable, value)
    settings = Settings(_secrets_dir=tmp_path)
    assert settings.environment == "production"
    assert settings.database_url == url
    assert str(settings.model_repository) in MOUNTS
    # Training reads the corpora from the folder of that name.
    monkeypatch.setenv("ADEWATCH_DATA_DIR", str(tmp_path))
    assert data_dir() == tmp_path


def test_only_what_a_retraining_writes_can_be_written() -> None:
    assert {one["name"] for one in CONTAINER["volumeMounts"]} == set(VOLUMES)
    writable = {path for path, mount in MOUNTS.items() if not mount.get("readOnly")}
    runs = str(asked(CONTAINER["args"])["runs"])
    assert writable == {ENVIRONMENT["ADEWATCH_MODEL_REPOSITORY"], runs, "/tmp"}  # noqa: S108
    corpora = MOUNTS[ENVIRONMENT["ADEWATCH_DATA_DIR"]]
    assert corpora["readOnly"]
    assert asked(CONTAINER["args"])["encoder"].startswith(f"{corpora['mountPath']}/")
    security = CONTAINER["securityContext"]
    assert security["readOnlyRootFilesystem"]
    assert not security["allowPrivilegeEscalation"]
    assert security["capabilities"] == {"drop": ["ALL"]}


def test_it_runs_as_the_user_of_the_image_who_is_not_root() -> None:
    dockerfile = (REPOSITORY / "deploy" / "Dockerfile").read_text()
    (stage,) = re.findall(
        r"^FROM base AS training$.*?^ENTRYPOINT.*?$", dockerfile, re.MULTILINE | re.DOTALL
    )
    (user,) = re.findall(r"^USER (\d+)$", stage, re.MULTILINE)
    assert POD["securityContext"]["runAsNonRoot"]
    assert POD["securityContext"]["runAsUser"] == int(user) > 0
    # The group by which it reads the secrets.
    assert POD["securityContext"]["fsGroup"] == int(user)
    assert VOLUMES["secrets"]["secret"]["defaultMode"] == 0o440
    assert 'ENTRYPOINT ["python", "-m", "training"]' in stage
    assert f" -o {user} -g {user} {asked(CONTAINER['args'])['runs']}\n" in stage


def test_manifest_and_compose_run_the_image_of_this_version() -> None:
    version = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]["version"]
    assert CONTAINER["image"] == SERVICE["image"] == f"adewatch-training:{version}"
    assert SERVICE["build"]["target"] == "training"
    assert SERVICE["profiles"] == ["training"]


def test_in_compose_it_finds_its_folders_too() -> None:
    targets = {volume.split(":/")[1].removesuffix(":ro") for volume in SERVICE["volumes"]}
    options = asked(SERVICE["command"])
    for path in (
        str(options["runs"]),
        str(PurePosixPath(options["encoder"]).parent),
        SERVICE["environment"]["ADEWATCH_DATA_DIR"],
        SERVICE["environment"]["ADEWATCH_MODEL_REPOSITORY"],
    ):
        assert path.removeprefix("/") in targets
