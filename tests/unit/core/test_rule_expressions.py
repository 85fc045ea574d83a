"""Rules as a setting spells them."""

from __future__ import annotations

import pytest

from services.core.errors import ConfigurationError
from services.core.rule_expressions import parse_rule
from services.core.rules import EMA, EVANS, FDA_EB05, MHRA, PRESETS, all_of, any_of


@pytest.mark.parametrize("name", PRESETS)
def test_a_name_is_the_preset(name: str) -> None:
    assert parse_rule(f" {name} ") is PRESETS[name]


def test_combinations_may_be_nested() -> None:
    wanted = any_of(FDA_EB05, all_of(MHRA, EMA), EVANS)
    assert parse_rule("any(fda-eb05, all( mhra,ema ) ,evans)") == wanted
    # The name under which signals remember it says the same again.
    assert parse_rule(wanted.name) == wanted


@pytest.mark.parametrize(
    "wrong",
    ["", "(", "all(", "all(evans", "all(evans,)", "all(evans, ema", "evans ema", "evans)",
     "all(evans, ema) any", ",", "evans + ema", "all(evans;ema)", "all()", "a" * 501],
)  # fmt: skip
def test_what_is_no_expression_is_refused(wrong: str) -> None:
    with pytest.raises(ConfigurationError, match="is no expression"):
        parse_rule(wrong)


@pytest.mark.parametrize("wrong", ["lift", "all(evans, lift)", "all", "any"])
def test_an_unknown_name_is_refused_with_the_known_ones(wrong: str) -> None:
    with pytest.raises(ConfigurationError, match="the rules are: evans, ema"):
        parse_rule(wrong)


def test_one_rule_is_no_combination() -> None:
    with pytest.raises(ConfigurationError, match="at least two"):
        parse_rule("all(evans)")
