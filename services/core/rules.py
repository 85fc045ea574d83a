"""Rules that make a pair a signal of disproportionate reporting (SDR), as data.

A rule is a criterion over measures and a minimum number of cases. The presets are published ones
under the names by which they are known; those over EBGM need a fitted prior.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np

from services.core.disproportionality import CHI2, IC, PRR, ROR
from services.core.ebgm import EBGM
from services.core.errors import ConfigurationError
from services.core.estimates import Bools, Estimates, Field
from services.core.sequential import MAXSPRT
from services.core.signal_contracts import Boundary
from services.core.tables import Counts


class Comparison(StrEnum):
    """How a number is compared with a threshold."""

    AT_LEAST = ">="
    ABOVE = ">"
    AT_MOST = "<="
    BELOW = "<"


_COMPARE: Mapping[Comparison, Callable[..., Bools]] = {
    Comparison.AT_LEAST: operator.ge,
    Comparison.ABOVE: operator.gt,
    Comparison.AT_MOST: operator.le,
    Comparison.BELOW: operator.lt,
}


@dataclass(frozen=True, slots=True)
class Condition:
    """One number of one measure against a threshold.

    A number that does not exist never meets it.
    """

    measure: str
    field: Field
    comparison: Comparison
    threshold: float


@dataclass(frozen=True, slots=True)
class Cases:
    """At least so many cases (n11)."""

    minimum: int


@dataclass(frozen=True, slots=True)
class AllOf:
    """Every part must hold; of no parts, all do."""

    parts: tuple[Criterion, ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """One part must hold; of no parts, none does."""

    parts: tuple[Criterion, ...]


Criterion = Condition | Cases | AllOf | AnyOf


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """When a pair is an SDR.

    Attributes:
        name: under which signals remember it.
        citation: who proposed it, and where.
        criterion: what its measures must satisfy.
        minimum_cases: the fewest cases (n11) of an SDR, at least 1.
        boundary: what `bounded` added, for the record.
    """

    name: str
    citation: str
    criterion: Criterion
    minimum_cases: int
    boundary: Boundary | None = None

    def __post_init__(self) -> None:
        if self.minimum_cases < 1:
            raise ConfigurationError(f"rule {self.name}: minimum_cases must be at least 1")

    @property
    def measures(self) -> frozenset[str]:
        """Names of the measures it looks at."""
        return frozenset(_measures(self.criterion))


def passes(rule: Rule, n11: Counts, measures: Mapping[str, Estimates]) -> Bools:
    """Which of n pairs are SDRs.

    Args:
        rule: to be applied.
        n11: cases of each pair, shape [n].
        measures: estimates of the same pairs by name, at least `rule.measures`.

    Returns:
        Shape [n].

    Raises:
        ConfigurationError: a measure of the rule is not among those given.
    """
    missing = rule.measures - set(measures)
    if missing:
        raise ConfigurationError(
            f"rule {rule.name} needs measures that are not computed: {', '.join(sorted(missing))}"
        )
    return (n11 >= rule.minimum_cases) & _holds(rule.criterion, n11, measures)


def all_of(*rules: Rule) -> Rule:
    """A pair is an SDR if it is one by every rule.

    Raises:
        ConfigurationError: fewer than two rules.
    """
    return _combined("all", rules)


def any_of(*rules: Rule) -> Rule:
    """A pair is an SDR if it is one by at least one rule, each with its own minimum of cases.

    Raises:
        ConfigurationError: fewer than two rules.
    """
    return _combined("any", rules)


def bounded(rule: Rule, boundary: Boundary) -> Rule:
    """A rule with a sequential boundary: the pair's MaxSPRT must reach the critical value as well.

    For continuous surveillance, where the rule alone is asked again and again. The boundary comes
    from `services.core.sequential.boundary` with the minimum of cases of the rule.

    Raises:
        ConfigurationError: the critical value is not above 0.
    """
    if not boundary.critical_value > 0:
        raise ConfigurationError(f"rule {rule.name}: the critical value must be above 0")
    reached = Condition(MAXSPRT, Field.ESTIMATE, Comparison.AT_LEAST, boundary.critical_value)
    return replace(
        rule,
        name=f"{rule.name}+maxsprt",
        criterion=AllOf((rule.criterion, reached)),
        boundary=boundary,
    )


def at_least(rule: Rule, cases: int) -> Rule:
    """The rule with a greater minimum of cases; a smaller one would change what it says.

    Raises:
        ConfigurationError: the rule asks for more cases by itself.
    """
    if cases < rule.minimum_cases:
        raise ConfigurationError(
            f"rule {rule.name} needs {rule.minimum_cases} cases by itself, {cases} are fewer"
        )
    if cases == rule.minimum_cases:
        return rule
    return replace(rule, name=f"{rule.name}>={cases}", minimum_cases=cases)


def preset(name: str) -> Rule:
    """A published rule by name.

    Raises:
        ConfigurationError: unknown; the message lists the names.
    """
    try:
        return PRESETS[name]
    except KeyError:
        known = ", ".join(PRESETS)
        raise ConfigurationError(f"unknown rule {name!r}; the rules are: {known}") from None


def _combined(how: str, rules: tuple[Rule, ...]) -> Rule:
    if len(rules) < 2:
        raise ConfigurationError("a combination needs at least two rules")
    parts = tuple(AllOf((Cases(rule.minimum_cases), rule.criterion)) for rule in rules)
    return Rule(
        name=f"{how}({', '.join(rule.name for rule in rules)})",
        citation="; ".join(rule.citation for rule in rules),
        criterion=AllOf(parts) if how == "all" else AnyOf(parts),
        # Of several rules that must all hold, the strictest minimum is that of the whole.
        minimum_cases=(max if how == "all" else min)(rule.minimum_cases for rule in rules),
    )


def _measures(criterion: Criterion) -> set[str]:
    if isinstance(criterion, Condition):
        return {criterion.measure}
    if isinstance(criterion, Cases):
        return set()
    return set().union(*(_measures(part) for part in criterion.parts))


def _holds(criterion: Criterion, n11: Counts, measures: Mapping[str, Estimates]) -> Bools:
    if isinstance(criterion, Condition):
        numbers, comparable = measures[criterion.measure].numbers(criterion.field)
        return comparable & _COMPARE[criterion.comparison](numbers, criterion.threshold)
    if isinstance(criterion, Cases):
        return n11 >= criterion.minimum
    every = isinstance(criterion, AllOf)
    held = np.full(len(n11), every)
    for part in criterion.parts:
        of_part = _holds(part, n11, measures)
        held = held & of_part if every else held | of_part
    return held


EVANS = Rule(
    name="evans",
    citation="Evans, Waller & Davis. Pharmacoepidemiol Drug Saf 2001;10:483-486",
    criterion=AllOf(
        (
            Condition(PRR, Field.ESTIMATE, Comparison.AT_LEAST, 2.0),
            Condition(CHI2, Field.ESTIMATE, Comparison.AT_LEAST, 4.0),
        )
    ),
    minimum_cases=3,
)

# The document asks for 3 cases of substances under additional monitoring and for 5 of all others.
# Its third criterion, an event on the list of important medical events, is a matter of review.
EMA = Rule(
    name="ema",
    citation="EMA/849944/2016, Screening for adverse reactions in EudraVigilance, section 4.1.3",
    criterion=Condition(ROR, Field.LOWER, Comparison.ABOVE, 1.0),
    minimum_cases=5,
)

FDA_EB05 = Rule(
    name="fda-eb05",
    citation="Szarfman, Machado & O'Neill. Drug Saf 2002;25:381-392",
    criterion=Condition(EBGM, Field.LOWER, Comparison.AT_LEAST, 2.0),
    minimum_cases=1,
)

MHRA = Rule(
    name="mhra",
    citation="Candore et al. Drug Saf 2015;38:577-587",
    criterion=AllOf(
        (
            Condition(EBGM, Field.ESTIMATE, Comparison.AT_LEAST, 2.5),
            Condition(EBGM, Field.LOWER, Comparison.AT_LEAST, 1.8),
        )
    ),
    minimum_cases=3,
)

UMC_IC025 = Rule(
    name="umc-ic025",
    citation="Norén, Hopstadius & Bate. Stat Methods Med Res 2013;22:57-69",
    criterion=Condition(IC, Field.LOWER, Comparison.ABOVE, 0.0),
    minimum_cases=1,
)

PRESETS: Mapping[str, Rule] = {rule.name: rule for rule in (EVANS, EMA, FDA_EB05, MHRA, UMC_IC025)}
DEFAULT = EVANS
