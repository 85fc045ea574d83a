"""Looking at a simulated stream by a rule: when it finds what was planted, and what it imagines."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.core.disproportionality import CHI2, IC, PRR, ROR, chi2, ic, prr, ror
from services.core.ebgm import EBGM, ebgm
from services.core.engine import Hyperparameters, Search, refreshed
from services.core.estimates import Estimates, Field, Floats
from services.core.rules import Rule, passes
from services.core.sequential import MAXSPRT, log_likelihood_ratio, surveillance_ratio
from services.core.simulation.margins import Margins
from services.core.simulation.stream import Days, Notes, Stream
from services.core.tables import Tables

_PLAIN: Mapping[str, Callable[[Tables], Estimates]] = {PRR: prr, CHI2: chi2, ROR: ror, IC: ic}


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarms:
    """What a rule said.

    Attributes:
        first: day of the first look at which a pair was an SDR, -1 for never; [drugs, events].
        delays: for each planted pair the days from onset to the first look since then at which it
            was an SDR, None if there was none.
        false: pairs that were an SDR at some look without being causal (yet).
    """

    first: Days
    delays: tuple[int | None, ...]
    false: int


def watch(
    stream: Stream,
    notes: Notes,
    rule: Rule,
    *,
    every_days: int = 1,
    stratified: bool = False,
    search: Search | None = None,
) -> Alarms:
    """Look at all pairs at the end of every `every_days`-th day, with all notes to date.

    The prior of EBGM is refitted as the engine does; before the first fit such a rule is silent.

    Args:
        stream, notes: what was simulated.
        rule: to look by.
        every_days: days between looks.
        stratified: whether a sequential boundary takes its expectation by stratum.
        search: finds the prior of EBGM; maximum likelihood if None.
    """
    margins = Margins(stream, notes)
    first = np.full((stream.drugs, stream.events), -1, dtype=np.int64)
    delays: list[int | None] = [None] * len(stream.planted)
    onset = np.full(first.shape, stream.days, dtype=np.int64)
    for cause in stream.planted:
        onset[cause.drug, cause.event] = cause.onset_day
    fitted: Hyperparameters | None = None
    for look in range(every_days - 1, stream.days, every_days):
        margins.advance(look + 1)
        fitted = _refitted(margins, rule, fitted, search)
        sdr = _sdrs(margins, rule, fitted, stratified=stratified)
        first[sdr & (first < 0)] = look
        for number, cause in enumerate(stream.planted):
            if delays[number] is None and look >= cause.onset_day and sdr[cause.drug, cause.event]:
                delays[number] = look - cause.onset_day
    return Alarms(
        first=first, delays=tuple(delays), false=int(((first >= 0) & (first < onset)).sum())
    )


def ranking_scores(
    stream: Stream,
    notes: Notes,
    measure: str,
    field: Field = Field.ESTIMATE,
    *,
    stratified: bool = False,
) -> Floats:
    """One number of one measure at the end of the stream, shape [drugs, events].

    -inf for pairs without a case, or without that number.

    Args:
        stream, notes: what was simulated.
        measure, field: which number.
        stratified: whether a MaxSPRT takes its expectation by stratum.
    """
    margins = Margins(stream, notes)
    margins.advance(stream.days)
    fitted = refreshed(None, _seen(margins)[1]) if measure == EBGM else None
    place, tables = _seen(margins)
    expected = _expected(margins, place, tables, stratified=stratified)
    found = _measured(frozenset({measure}), tables, fitted, expected)
    scores = np.full((stream.drugs, stream.events), -np.inf)
    if measure in found:
        numbers, known = found[measure].numbers(field)
        scores[place] = np.where(known, numbers, -np.inf)
    return scores


def auc(scores: Floats, causal: NDArray[np.bool_]) -> float:
    """Probability that a causal pair scores above another one, ties counting half.

    Raises:
        ValueError: there is no causal pair, or no other one.
    """
    positive, negative = scores[causal], np.sort(scores[~causal])
    if not len(positive) or not len(negative):
        raise ValueError("auc needs causal and other pairs")
    below = np.searchsorted(negative, positive, side="left")
    not_above = np.searchsorted(negative, positive, side="right")
    return float((below + not_above).sum() / 2 / len(positive) / len(negative))


_Place = tuple[NDArray[np.intp], NDArray[np.intp]]
"""Numbers of drugs and of events."""


def _seen(margins: Margins, minimum: int = 1) -> tuple[_Place, Tables]:
    drug, event = np.nonzero(margins.cases() >= minimum)
    return (drug, event), margins.tables(drug, event)


def _expected(margins: Margins, place: _Place, tables: Tables, *, stratified: bool) -> Floats:
    return margins.stratified_expectation(*place) if stratified else tables.expected()


def _refitted(
    margins: Margins, rule: Rule, fitted: Hyperparameters | None, search: Search | None
) -> Hyperparameters | None:
    if EBGM not in rule.measures:
        return None
    tables = _seen(margins)[1]
    if search is None:
        return refreshed(fitted, tables)
    return refreshed(fitted, tables, search=search)


def _sdrs(
    margins: Margins, rule: Rule, fitted: Hyperparameters | None, *, stratified: bool
) -> NDArray[np.bool_]:
    place, tables = _seen(margins, rule.minimum_cases)
    sdr = np.zeros(margins.pairs.shape[1:], dtype=np.bool_)
    expected = _expected(margins, place, tables, stratified=stratified)
    if rule.boundary is not None:
        # Few pairs ever reach it, and the rest of such a rule matters for these only.
        llr = log_likelihood_ratio(tables.n11, expected)
        reached = llr >= rule.boundary.critical_value
        place, expected = (place[0][reached], place[1][reached]), expected[reached]
        tables = margins.tables(*place)
    if not len(tables):
        return sdr
    found = _measured(rule.measures, tables, fitted, expected)
    if rule.measures <= set(found):
        sdr[place] = passes(rule, tables.n11, found)
    return sdr


def _measured(
    names: frozenset[str], tables: Tables, fitted: Hyperparameters | None, expected: Floats
) -> Mapping[str, Estimates]:
    """The named measures, without EBGM as long as there is no prior."""
    found = {name: _PLAIN[name](tables) for name in names if name in _PLAIN}
    if MAXSPRT in names:
        found[MAXSPRT] = surveillance_ratio(tables.n11, expected)
    if EBGM in names and fitted is not None and fitted.prior is not None:
        found[EBGM] = ebgm(tables, fitted.prior)
    return found
