"""Detection emits transitions, each once, whatever happens in between."""

from __future__ import annotations

import dataclasses

import pytest

from services.core.contracts import Pair, Table, Versions
from services.core.counts import CountDelta, case_delta, combine
from services.core.errors import ConfigurationError, DependencyUnavailable, IntegrityError
from services.core.estimates import Field
from services.core.ports import SignalStatus
from services.core.rules import EVANS, Comparison, Condition, Rule
from services.core.signal_contracts import Signal, SignalState, Transition
from services.detect.handler import Detector, transition_of
from services.detect.priors import SharedPrior
from tests.fakes.clock import START, FakeClock
from tests.fakes.extractions import BLEEDING, COUGH, RASH, VERSIONS
from tests.fakes.faults import Faults
from tests.fakes.hot_counts import MemoryHotCounts
from tests.fakes.prior_record import MemoryPriorRecord
from tests.fakes.publisher import MemoryPublisher
from tests.fakes.signal_record import MemorySignalRecord

TOPIC = "pv.signals"
HEADACHE = Pair("other", "headache")


def counts_of(tables: dict[Pair, int], *, total: int = 100) -> CountDelta:
    """Ten cases of every drug and of every event; only n11 differs."""
    return CountDelta(
        pairs=tables,
        drugs={pair.drug: 10 for pair in tables},
        events={pair.event: 10 for pair in tables},
        total=total,
    )


STRONG = {RASH: 6, HEADACHE: 1}
WEAK = {RASH: 1, HEADACHE: 1}


class World:
    """A detector and all that it touches."""

    def __init__(self, *, rule: Rule = EVANS) -> None:
        self.faults = Faults()
        self.counts = MemoryHotCounts()
        self.signals = MemorySignalRecord(faults=self.faults)
        self.publisher = MemoryPublisher(faults=self.faults)
        self.priors = MemoryPriorRecord()
        self.clock = FakeClock()
        self.historical = 0
        self.detector = self.worker(rule=rule)

    def worker(self, *, rule: Rule = EVANS) -> Detector:
        return Detector(
            self.counts,
            self.signals,
            self.publisher,
            prior=SharedPrior(self.priors, clock=self.clock),
            versions_of=self.versions_of,
            historical_only=lambda pairs: dict.fromkeys(pairs, self.historical),
            rule=rule,
            clock=self.clock,
            topic=TOPIC,
            encode=lambda signal: signal.transition_id.encode(),
        )

    def count(self, tables: dict[Pair, int], *, sequence: int = 1, total: int = 100) -> None:
        self.counts.state = ("ledger", sequence, counts_of(tables, total=total))

    @staticmethod
    def versions_of(pair: Pair) -> tuple[Versions, ...]:
        return (VERSIONS,) if pair == RASH else ()

    def history(self, pair: Pair) -> list[Transition]:
        return [signal.transition for signal in self.signals.transitions.get(pair, [])]


@pytest.fixture
def world() -> World:
    return World()


def kinds(signals: list[Signal]) -> list[Transition]:
    return [signal.transition for signal in signals]


@pytest.mark.parametrize(
    ("status", "passes_now", "expected"),
    [
        (None, False, None),
        (None, True, Transition.DETECTED),
        (SignalStatus(1, active=True), True, None),
        (SignalStatus(1, active=True), False, Transition.SUBSIDED),
        (SignalStatus(2, active=False), False, None),
        (SignalStatus(2, active=False), True, Transition.RECURRED),
    ],
)
def test_only_a_change_is_a_transition(
    status: SignalStatus | None, passes_now: bool, expected: Transition | None
) -> None:
    assert transition_of(status, passes_now=passes_now) is expected


async def test_a_touched_pair_that_passes_is_detected(world: World) -> None:
    world.count(STRONG, sequence=42)
    [found] = await world.detector.rescore([RASH, HEADACHE, COUGH])
    assert found == Signal(
        drug=RASH.drug,
        event=RASH.event,
        revision=1,
        transition=Transition.DETECTED,
        state=SignalState.DETECTED,
        rule="evans",
        counts=Table(6, 10, 10, 100),
        measures=found.measures,
        ledger_sequence=42,
        versions=(VERSIONS,),
        occurred_at=START,
        historical_only=0,
    )
    measures = {measure.name: measure for measure in found.measures}
    assert list(measures) == ["prr", "chi2", "ror", "ic", "maxsprt"]
    assert measures["prr"].estimate == pytest.approx((6 / 10) / (4 / 90))
    assert world.publisher.sent == [(TOPIC, found.signal_id, found.transition_id.encode())]
    assert world.signals.unpublished(10) == []


@pytest.mark.parametrize(("historical", "said"), [(2, 2), (6, 6), (7, None)])
async def test_a_transition_says_how_many_cases_are_history_unless_these_are_other_cases(
    world: World, historical: int, said: int | None
) -> None:
    world.count(STRONG)
    world.historical = historical
    [found] = await world.detector.rescore([RASH])
    assert (found.counts.n11, found.historical_only) == (6, said)


async def test_the_same_pairs_again_say_nothing_new(world: World) -> None:
    world.count(STRONG)
    await world.detector.rescore([RASH, HEADACHE])
    assert await world.detector.rescore([RASH, HEADACHE]) == []
    assert await world.detector.rescore_all() == []
    assert len(world.publisher.sent) == 1


async def test_a_pair_touched_often_is_decided_once(world: World) -> None:
    world.count(STRONG)
    assert len(await world.detector.rescore([RASH, RASH, HEADACHE, RASH])) == 1


async def test_a_signal_subsides_and_recurs_under_its_identity(world: World) -> None:
    found = []
    for tables in (STRONG, WEAK, WEAK, STRONG):
        world.count(tables)
        found += await world.detector.rescore([RASH])
    assert kinds(found) == [Transition.DETECTED, Transition.SUBSIDED, Transition.RECURRED]
    assert [signal.revision for signal in found] == [1, 2, 3]
    assert len({signal.signal_id for signal in found}) == 1
    assert len({key for _, key, _ in world.publisher.sent}) == 1


async def test_a_full_rescoring_finds_what_others_moved(world: World) -> None:
    world.count({RASH: 2, HEADACHE: 1})
    assert await world.detector.rescore_all() == []
    world.count({**STRONG, COUGH: 1})
    assert kinds(await world.detector.rescore_all()) == [Transition.DETECTED]
    # The expectation of a pair that nobody touched rises with the others.
    world.count(STRONG, total=19)
    assert kinds(await world.detector.rescore_all()) == [Transition.SUBSIDED]


async def test_a_signal_whose_pair_vanished_subsides(world: World) -> None:
    world.count(STRONG)
    await world.detector.rescore_all()
    world.count({HEADACHE: 1})
    [subsided] = await world.detector.rescore_all()
    assert subsided.transition is Transition.SUBSIDED
    assert subsided.counts == Table(0, 0, 0, 100)
    assert await world.detector.rescore_all() == []


async def test_signals_subside_when_no_case_is_left(world: World) -> None:
    world.count(STRONG)
    await world.detector.rescore_all()
    world.counts.state = ("ledger", 2, CountDelta())
    [subsided] = await world.detector.rescore_all()
    assert subsided.counts == Table(0, 0, 0, 0)


async def test_many_signals_are_scored_in_steps(world: World) -> None:
    tables = {Pair(f"drug {number}", f"event {number}"): 6 for number in range(2100)}
    world.count(tables)
    assert len(await world.detector.rescore_all()) == 2100
    assert len({key for _, key, _ in world.publisher.sent}) == 2100
    assert await world.detector.rescore(tables) == []


async def test_lost_counts_make_nothing_subside(world: World) -> None:
    world.count(STRONG)
    await world.detector.rescore_all()
    world.counts.state = None
    for attempt in (world.detector.rescore_all, lambda: world.detector.rescore([RASH])):
        with pytest.raises(DependencyUnavailable):
            await attempt()
    assert world.history(RASH) == [Transition.DETECTED]


async def test_drug_and_event_of_one_case_may_come_without_the_pair(world: World) -> None:
    a_y = Pair("a", "y")
    # With every case of a and every case of y as margins, 31 cases would be 26 + 26 - 20 and -1.
    cases = [{Pair("a", "x"), Pair("b", "y")}] * 6 + [{a_y}] * 20 + [{Pair("c", "z")}] * 5
    world.counts.state = ("ledger", 1, combine(case_delta(set(), case) for case in cases))
    found = await world.detector.rescore([a_y])
    assert [(signal.transition, signal.counts) for signal in found] == [
        (Transition.DETECTED, Table(n11=20, drug=26, event=20, total=31))
    ]
    # The schedule reads the same tables.
    assert a_y not in {(s.drug, s.event) for s in await world.detector.rescore_all()}
    fresh = World()
    fresh.counts.state = world.counts.state
    [detected] = [s for s in await fresh.detector.rescore_all() if (s.drug, s.event) == a_y]
    assert detected.counts == found[0].counts


async def test_counts_that_contradict_each_other_stop_the_stage(world: World) -> None:
    world.count({RASH: 11})
    await refused(world, "n11 is above drug")
    # More cases of the event blamed on other drugs than there are cases of the event.
    wrong = dataclasses.replace(counts_of({RASH: 1}), unattributed={RASH: 11})
    world.counts.state = ("ledger", 1, wrong)
    await refused(world, "event is negative")
    world.count({RASH: 2**70})
    await refused(world, "too large")


async def refused(world: World, why: str) -> None:
    for attempt in (world.detector.rescore_all, lambda: world.detector.rescore([RASH])):
        with pytest.raises(IntegrityError, match=why):
            await attempt()


@pytest.mark.parametrize(
    "step",
    [
        "signals.record",
        "signals.record:done",
        "publish",
        "publish:done",
        "signals.mark_published",
    ],
)
async def test_a_crash_between_any_two_steps_is_healed_by_the_same_input(
    world: World, step: str
) -> None:
    world.count(STRONG)
    world.faults.planned = [step]
    with pytest.raises(DependencyUnavailable):
        await world.detector.rescore([RASH])
    await world.worker().rescore([RASH])
    assert world.history(RASH) == [Transition.DETECTED]
    assert len({value for _, _, value in world.publisher.sent}) == 1
    assert world.signals.unpublished(10) == []


async def test_recovery_publishes_what_was_left(world: World) -> None:
    world.count(STRONG)
    world.faults.planned = ["publish"]
    with pytest.raises(DependencyUnavailable):
        await world.detector.rescore([RASH])
    await world.worker().recover()
    assert len(world.publisher.sent) == 1
    await world.worker().recover()
    assert len(world.publisher.sent) == 1


async def test_two_workers_that_decide_the_same_say_it_once(world: World) -> None:
    world.count(STRONG)
    stale = world.signals.statuses([RASH])
    await world.detector.rescore([RASH])

    class StaleRecord(MemorySignalRecord):
        """Answers as it did before the other worker wrote."""

        def statuses(self, pairs: object) -> object:  # type: ignore[override]
            return stale

    late = StaleRecord()
    late.transitions, late.outbox = world.signals.transitions, world.signals.outbox
    world.signals = late
    assert await world.worker().rescore([RASH]) == []
    assert len(world.publisher.sent) == 1


async def test_a_rule_without_its_measure_is_refused_at_the_start() -> None:
    rule = dataclasses.replace(
        EVANS, criterion=Condition("lift", Field.LOWER, Comparison.AT_LEAST, 2.0)
    )
    with pytest.raises(ConfigurationError, match="lift"):
        World(rule=rule)


async def test_evidence_that_is_gone_has_no_versions(world: World) -> None:
    world.count({BLEEDING: 6, HEADACHE: 1})
    [found] = await world.detector.rescore([BLEEDING])
    assert found.versions == ()
