"""Touched pairs become transitions of signals: score, decide, record, publish.

The record decides which transition exists: two workers that see the same change offer the same
revision and one of them is ignored. What is recorded and not yet published waits in the record's
outbox, so a crash between any two steps is healed by the next call or by `recover`.

A full rescoring refits EBGM's prior when the table has moved; touched pairs are scored with the
latest prior of the record. Before the first one a rule over EBGM decides nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import islice

import numpy as np
import structlog

from services.core.contracts import Pair, Table, Versions
from services.core.counting_ports import HotCounts
from services.core.counts import CountDelta
from services.core.ebgm import EBGM, Prior
from services.core.engine import MEASURES, measures
from services.core.errors import ConfigurationError, IntegrityError
from services.core.ports import Clock, Publisher, SignalRecord, SignalStatus
from services.core.rules import Rule, passes
from services.core.signal_contracts import Signal, SignalState, Transition
from services.core.statistics_ports import PriorFit
from services.core.tables import Tables
from services.detect.priors import SharedPrior, theta_of

log = structlog.get_logger(__name__)

_PAIRS_PER_STEP = 1000
_MESSAGES_PER_STEP = 500


class Detector:
    """Scores pairs and emits transitions.

    Args:
        counts: what is scored.
        signals: the record of signals; its calls block and run in a thread.
        publisher: acknowledges messages that are durable.
        prior: of EBGM, shared by all workers.
        versions_of: the versions behind a pair's evidence; blocks, runs in a thread.
        historical_only: how many cases of each pair rest on history alone; likewise.
        rule: makes a pair an SDR.
        clock: gives the time of a transition.
        topic: where transitions are announced, keyed by signal.
        encode: one transition as bytes.

    Raises:
        ConfigurationError: the rule needs a measure that is not computed.
    """

    def __init__(
        self,
        counts: HotCounts,
        signals: SignalRecord,
        publisher: Publisher,
        *,
        prior: SharedPrior,
        versions_of: Callable[[Pair], tuple[Versions, ...]],
        historical_only: Callable[[Sequence[Pair]], Mapping[Pair, int]],
        rule: Rule,
        clock: Clock,
        topic: str,
        encode: Callable[[Signal], bytes],
    ) -> None:
        unknown = rule.measures - set(MEASURES)
        if unknown:
            raise ConfigurationError(
                f"rule {rule.name} needs measures that are not computed: "
                f"{', '.join(sorted(unknown))}"
            )
        self._prior = prior
        self._counts = counts
        self._signals = signals
        self._publisher = publisher
        self._versions_of = versions_of
        self._historical_only = historical_only
        self._rule = rule
        self._clock = clock
        self._topic = topic
        self._encode = encode

    async def rescore(self, pairs: Iterable[Pair]) -> list[Signal]:
        """Score pairs at once, each once, and announce what changed.

        Returns:
            The transitions that were recorded; the same pairs with the same counts give none.

        Raises:
            DependencyUnavailable: offer the same pairs again; nothing is lost or said twice.
            IntegrityError: the counts contradict each other; an operator must look.
        """
        fit = await asyncio.to_thread(self._prior.current)
        return await self._rescore(pairs, fit)

    async def rescore_all(self) -> list[Signal]:
        """Score every pair, and every signal whose pair has vanished; see `rescore`.

        Refits the prior if need be. Work and memory are linear in the number of pairs.
        """
        active = await asyncio.to_thread(self._signals.active_pairs)
        sequence, counts = await self._counts.snapshot()
        fit, passing = await asyncio.to_thread(self._everything, sequence, counts)
        # The few that look different are decided on what the record and the counts say then.
        return await self._rescore(sorted(passing.symmetric_difference(active)), fit)

    async def recover(self) -> None:
        """Publish what an earlier process recorded and could not publish."""
        await self.publish()

    async def publish(self) -> int:
        """Announce every recorded transition, at least once each.

        Returns:
            How many messages were sent.
        """
        sent = 0
        while True:
            waiting = await asyncio.to_thread(self._signals.unpublished, _MESSAGES_PER_STEP)
            if not waiting:
                return sent
            messages = [(signal.signal_id, self._encode(signal)) for signal in waiting]
            await self._publisher.publish(self._topic, messages)
            identities = [signal.transition_id for signal in waiting]
            await asyncio.to_thread(self._signals.mark_published, identities)
            sent += len(waiting)

    async def _rescore(self, pairs: Iterable[Pair], fit: PriorFit | None) -> list[Signal]:
        recorded: list[Signal] = []
        if self._decides(fit):
            distinct = iter(dict.fromkeys(pairs))
            while step := list(islice(distinct, _PAIRS_PER_STEP)):
                recorded += await self._transitions(step, fit)
        await self.publish()
        return recorded

    def _decides(self, fit: PriorFit | None) -> bool:
        """Whether all measures of the rule can be computed."""
        return EBGM not in self._rule.measures or theta_of(fit) is not None

    def _everything(self, sequence: int, counts: CountDelta) -> tuple[PriorFit | None, set[Pair]]:
        """The prior for all counted pairs, and the SDRs among them."""
        pairs = list(counts.pairs)
        with _our_counts():
            tables = _tables(pairs, counts)
        fit = self._prior.refreshed(tables, sequence=sequence)
        self._warn_beyond_boundary(tables, counts.possible_pairs)
        if not self._decides(fit):
            return fit, set()
        passing = passes(self._rule, tables.n11, measures(tables, _in_use(fit)))
        return fit, {pairs[index] for index in np.flatnonzero(passing)}

    def _warn_beyond_boundary(self, tables: Tables, pairs: int) -> None:
        """Say so where the boundary no longer promises what it was made for.

        Its family are all pairs that may come to have a case, not those that have one now.
        """
        boundary = self._rule.boundary
        if boundary is None or not len(tables):
            return
        greatest = float(tables.expected().max())
        if pairs > boundary.pairs or greatest > boundary.horizon:
            log.warning(
                "beyond the sequential boundary: raise ADEWATCH_BOUNDARY_PAIRS or _HORIZON_CASES",
                pairs=pairs,
                boundary_pairs=boundary.pairs,
                greatest_expectation=round(greatest, 1),
                horizon_cases=boundary.horizon,
            )

    async def _transitions(self, pairs: Sequence[Pair], fit: PriorFit | None) -> list[Signal]:
        # In this order: the counts are then at least as new as those of the last transition, and
        # a transition in between takes the revision away from ours.
        statuses = await asyncio.to_thread(self._signals.statuses, pairs)
        sequence, tables = await self._counts.tables(pairs)
        return await asyncio.to_thread(self._record, pairs, statuses, sequence, tables, fit)

    def _record(
        self,
        pairs: Sequence[Pair],
        statuses: Mapping[Pair, SignalStatus],
        sequence: int,
        tables: Sequence[Table],
        fit: PriorFit | None,
    ) -> list[Signal]:
        with _our_counts():
            checked = Tables.from_tables(tables)
        found = measures(checked, _in_use(fit))
        passing = passes(self._rule, checked.n11, found)
        signals = []
        for index, pair in enumerate(pairs):
            status = statuses.get(pair)
            transition = transition_of(status, passes_now=bool(passing[index]))
            if transition is None:
                continue
            signals.append(
                Signal(
                    drug=pair.drug,
                    event=pair.event,
                    revision=status.revision + 1 if status else 1,
                    transition=transition,
                    state=SignalState.DETECTED,
                    rule=self._rule.name,
                    counts=tables[index],
                    measures=tuple(estimates.measure(index) for estimates in found.values()),
                    ledger_sequence=sequence,
                    versions=self._versions_of(pair),
                    occurred_at=self._clock.now(),
                    theta=theta_of(fit),
                    boundary=self._rule.boundary,
                    historical_only=self._historical(pair, tables[index]),
                )
            )
        return self._signals.record(signals) if signals else []

    def _historical(self, pair: Pair, table: Table) -> int | None:
        """None where the record has moved on so far that its number is none of these cases."""
        found = self._historical_only([pair])[pair]
        return found if found <= table.n11 else None


def transition_of(status: SignalStatus | None, *, passes_now: bool) -> Transition | None:
    """What happens to a signal, None if nothing does.

    Args:
        status: what is recorded of it, None if it never was one.
        passes_now: whether its pair is an SDR.
    """
    if status is None:
        return Transition.DETECTED if passes_now else None
    if status.active == passes_now:
        return None
    return Transition.RECURRED if passes_now else Transition.SUBSIDED


def _tables(pairs: Sequence[Pair], counts: CountDelta) -> Tables:
    """The tables of all counted pairs."""
    size = len(pairs)
    return Tables.of(
        np.fromiter(counts.pairs.values(), np.int64, size),
        np.fromiter((counts.drugs.get(pair.drug, 0) for pair in pairs), np.int64, size),
        np.fromiter((counts.events.get(pair.event, 0) for pair in pairs), np.int64, size)
        - np.fromiter((counts.unattributed.get(pair, 0) for pair in pairs), np.int64, size),
        np.full(size, counts.total, dtype=np.int64),
    )


def _in_use(fit: PriorFit | None) -> Prior | None:
    return None if fit is None else fit.hyperparameters.prior


@contextmanager
def _our_counts() -> Iterator[None]:
    """Counts that were ours all along: if they contradict each other, our books are wrong."""
    try:
        yield
    except (ValueError, OverflowError) as error:
        raise IntegrityError(f"the hot counts contradict each other: {error}") from None
