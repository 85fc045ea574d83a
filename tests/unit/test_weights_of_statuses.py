"""A worker whose rules of assertion are not those that a model was weighed with says so."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest
from structlog.testing import capture_logs

from services.bootstrap.components import Components
from services.config import Settings
from services.core import assertion_rules
from tests.samples.models import SHIPPED, shipped


def said_with(
    rules: str, monkeypatch: pytest.MonkeyPatch, *, repository: Path = SHIPPED
) -> list[Any]:
    """What the log has when notes are to be read with the models of a repository."""
    monkeypatch.setattr(assertion_rules, "VERSION", rules)
    components = Components(Settings(model_repository=repository))
    with capture_logs() as logs:
        components.extractor_of(lambda name: Mock())
    return [(one["log_level"], one["event"], one.get("fitted_with")) for one in logs]


def test_other_rules_are_told_and_their_own_are_not(monkeypatch: pytest.MonkeyPatch) -> None:
    own = assertion_rules.VERSION
    assert not said_with(own, monkeypatch)
    assert said_with("context-0", monkeypatch) == [
        ("warning", "statuses are weighed as for other rules of assertion", own)
    ]


def test_a_head_without_weights_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for model in ("ner", "relation"):
        shutil.copytree(shipped(model), tmp_path / model / "9")
    card = tmp_path / "relation" / "9" / "card.json"
    entries = json.loads(card.read_text(encoding="utf-8"))
    del entries["status_weights"]
    card.write_text(json.dumps(entries))
    assert said_with(assertion_rules.VERSION, monkeypatch, repository=tmp_path) == [
        ("warning", "a relation model has no weights for statuses", None)
    ]
