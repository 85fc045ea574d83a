"""A worker whose rules of assertion are not those that a model was weighed with says so."""

from __future__ import annotations

from typing import Any
from unittest.mock import Mock

import pytest
from structlog.testing import capture_logs

from services.bootstrap.components import Components
from services.config import Settings
from services.core import assertion_rules
from tests.samples.models import SHIPPED


def said_with(rules: str, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What the log has when notes are to be read with the models that ship."""
    monkeypatch.setattr(assertion_rules, "VERSION", rules)
    components = Components(Settings(model_repository=SHIPPED))
    with capture_logs() as logs:
        components.extractor_of(lambda name: Mock())
    return [(one["log_level"], one["fitted_with"], one["rules"]) for one in logs]


def test_other_rules_are_told_and_their_own_are_not(monkeypatch: pytest.MonkeyPatch) -> None:
    own = assertion_rules.VERSION
    assert not said_with(own, monkeypatch)
    assert said_with("context-0", monkeypatch) == [("warning", own, "context-0")]
