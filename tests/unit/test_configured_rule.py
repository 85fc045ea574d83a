"""The rule that settings describe."""

from __future__ import annotations

import pytest

from services.bootstrap.rule import configured_rule
from services.config import Settings
from services.core.errors import ConfigurationError
from services.core.rules import EVANS, PRESETS
from services.core.sequential import critical_value


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_can_be_configured(name: str) -> None:
    assert configured_rule(Settings(rule=name)) is PRESETS[name]


def test_the_default_is_evans_without_a_boundary() -> None:
    assert configured_rule(Settings()) is EVANS


def test_minimum_and_boundary_are_added() -> None:
    settings = Settings(
        rule="any(evans, fda-eb05)", rule_minimum_cases=4, boundary_alpha=0.05,
        boundary_pairs=750, boundary_horizon_cases=50.0,
    )  # fmt: skip
    rule = configured_rule(settings)
    assert rule.name == "any(evans, fda-eb05)>=4+maxsprt"
    assert rule.boundary is not None
    wanted = critical_value(alpha=0.05 / 750, horizon=50.0, minimum_cases=4)
    assert rule.boundary.critical_value == wanted
    assert (rule.boundary.pairs, rule.boundary.minimum_cases) == (750, 4)


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        (Settings(rule="lift"), "unknown rule"),
        (Settings(rule_minimum_cases=2), "needs 3 cases"),
        (Settings(boundary_alpha=0.05, boundary_horizon_cases=0.001), "boundary of rule evans"),
    ],
)
def test_what_does_not_fit_is_one_line(wrong: Settings, why: str) -> None:
    with pytest.raises(ConfigurationError, match=why):
        configured_rule(wrong)
