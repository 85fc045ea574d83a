"""The rule that the settings describe."""

from __future__ import annotations

from services.config import Settings
from services.core.errors import ConfigurationError
from services.core.rule_expressions import parse_rule
from services.core.rules import Rule, at_least, bounded
from services.core.sequential import boundary


def configured_rule(settings: Settings) -> Rule:
    """A preset or a combination, with a minimum of cases and a sequential boundary if asked for.

    Raises:
        ConfigurationError: the rule is unknown, or minimum and boundary do not fit it.
    """
    rule = parse_rule(settings.rule)
    if settings.rule_minimum_cases is not None:
        rule = at_least(rule, settings.rule_minimum_cases)
    if settings.boundary_alpha is None:
        return rule
    try:
        limit = boundary(
            alpha=settings.boundary_alpha,
            pairs=settings.boundary_pairs,
            horizon=settings.boundary_horizon_cases,
            minimum_cases=rule.minimum_cases,
        )
    except ValueError as error:
        raise ConfigurationError(f"the boundary of rule {rule.name}: {error}") from None
    return bounded(rule, limit)
