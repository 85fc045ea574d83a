"""What a full rescoring costs: all measures with all limits, for 10⁴ to 10⁷ pairs.

    python -m tests.benchmarks.rescoring [--sizes 10000 100000 1000000 2000000 10000000]

Two million pairs are to take less than ten seconds; it says whether they did. Up to that size the
same pairs go through vigipy (extra `dev`): PRR, ROR and GPS at the same fixed hyperparameters,
with what it always adds (p-values, discovery rates, sorting), against all six measures of ours.
A plain reading of the formulas with scipy.stats, pair by pair, checks EB05 and EB95 by root
finding. Reports seconds of the wall clock and of the processor, which differ where the machine is
shared, and how far the numbers of both differ from ours.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Generic, TypeVar

import numpy as np
from scipy.optimize import brentq
from scipy.stats import gamma, nbinom, norm

from services.core.ebgm import EBGM, Prior
from services.core.engine import measures
from services.core.estimates import Estimates, Field
from services.core.tables import Tables
from tests.benchmarks import vigipy_scores

PRIOR = Prior(alpha1=3.25, beta1=0.4, alpha2=2.02, beta2=1.91, weight=0.065)
SIZES = (10_000, 100_000, 1_000_000, 2_000_000, 10_000_000)
VIGIPY_SIZES = (10_000, 100_000, 2_000_000)
PLAIN_PAIRS = 1_000
TARGET_PAIRS, TARGET_SECONDS = 2_000_000, 10.0

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Timed(Generic[T]):
    """What a piece of work gave, and what it cost."""

    found: T
    wall: float
    processor: float

    def line(self, name: str, pairs: int) -> str:
        """One row of the table."""
        each = self.processor / pairs * 1e6
        return f"{name:<14}{pairs:>12,}{self.wall:>10.3f}{self.processor:>10.3f}{each:>14.3f}"


def timed(work: Callable[[], T]) -> Timed[T]:
    """Do it once. Wall clock and processor differ where the machine is shared."""
    wall, processor = time.perf_counter(), time.process_time()
    found = work()
    return Timed(found, time.perf_counter() - wall, time.process_time() - processor)


def simulated(pairs: int, *, seed: int = 3) -> Tables:
    """Tables with many rare pairs and few frequent ones, as reports have them."""
    random = np.random.default_rng(seed)
    total = 50_000_000
    drug = np.minimum(random.lognormal(8.0, 1.8, pairs), 5e6).astype(np.int64) + 10
    event = np.minimum(random.lognormal(8.0, 1.8, pairs), 5e6).astype(np.int64) + 10
    ratio = random.gamma(2.0, 0.5, pairs)
    n11 = 1 + random.poisson(ratio * drug * event / total)
    return Tables.of(np.minimum(n11, np.minimum(drug, event)), drug, event, np.full(pairs, total))


def plain(tables: Tables) -> list[tuple[float, float]]:
    """All limits pair by pair with scipy.stats; gives EB05 and EB95."""
    z = norm.ppf(0.975)
    limits = []
    for n, mean, b, c, d in zip(
        tables.n11.tolist(), tables.expected().tolist(), tables.b.tolist(), tables.c.tolist(),
        tables.d.tolist(), strict=True,
    ):  # fmt: skip
        gamma.ppf([0.025, 0.975], n + 0.5, scale=1 / (mean + 0.5))
        with np.errstate(divide="ignore"):
            spread = z * np.sqrt((1 / np.array([n, b, c, d])).sum())
        np.exp([np.log(n) - spread, np.log(n) + spread])
        limits.append(_plain_ebgm(n, mean))
    return limits


def _plain_ebgm(n: int, mean: float) -> tuple[float, float]:
    one = nbinom.pmf(n, PRIOR.alpha1, PRIOR.beta1 / (PRIOR.beta1 + mean))
    two = nbinom.pmf(n, PRIOR.alpha2, PRIOR.beta2 / (PRIOR.beta2 + mean))
    share = PRIOR.weight * one / (PRIOR.weight * one + (1 - PRIOR.weight) * two)
    first = gamma(PRIOR.alpha1 + n, scale=1 / (PRIOR.beta1 + mean))
    second = gamma(PRIOR.alpha2 + n, scale=1 / (PRIOR.beta2 + mean))

    def excess(ratio: float, probability: float) -> float:
        return float(share * first.cdf(ratio) + (1 - share) * second.cdf(ratio)) - probability

    low, high = (float(brentq(excess, 0.0, 1e9, args=(p,), xtol=1e-12)) for p in (0.05, 0.95))
    return low, high


def difference(found: Mapping[str, Estimates], limits: list[tuple[float, float]]) -> float:
    """Greatest relative difference of EB05 and EB95 from the plain ones."""
    lower, upper = (found[EBGM].numbers(field)[0] for field in (Field.LOWER, Field.UPPER))
    theirs = np.array(limits)
    ours = np.stack((lower, upper), axis=1)
    return float(np.abs(ours / theirs - 1.0).max())


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description="What a full rescoring costs")
    parser.add_argument("--sizes", nargs="+", type=int, default=list(SIZES))
    arguments = parser.parse_args()
    print(f"{'':<14}{'pairs':>12}{'wall s':>10}{'cpu s':>10}{'cpu µs a pair':>14}")
    for size in arguments.sizes:
        tables = simulated(size)
        ours = timed(partial(measures, tables, PRIOR))
        print(ours.line("adewatch", size), flush=True)
        if size == TARGET_PAIRS:
            print(target(ours.wall))
        if vigipy_scores.AVAILABLE and size in VIGIPY_SIZES:
            _compare(tables, ours)
    if not vigipy_scores.AVAILABLE:
        print("vigipy is not installed (extra `dev`): not compared")
    few = simulated(PLAIN_PAIRS)
    slow = timed(partial(plain, few))
    print(slow.line("plain scipy", PLAIN_PAIRS))
    apart = difference(measures(few, PRIOR), slow.found)
    print(f"EB05 and EB95 differ from plain scipy by {apart:.1e} at most, relative")


def target(seconds: float) -> str:
    """What is to be reached, and whether it was."""
    reached = "reached" if seconds < TARGET_SECONDS else "missed"
    return f"  {TARGET_PAIRS:,} pairs in less than {TARGET_SECONDS:.0f} s: {reached}"


def _compare(tables: Tables, ours: Timed[Mapping[str, Estimates]]) -> None:
    container = vigipy_scores.container_of(tables)
    theirs = timed(partial(vigipy_scores.scores, container, PRIOR))
    print(theirs.line("vigipy", len(tables)))
    print(
        f"  vigipy takes {theirs.wall / ours.wall:.1f} times as long "
        f"(processor {theirs.processor / ours.processor:.1f} times)"
    )
    for name, apart in vigipy_scores.differences(theirs.found, ours.found).items():
        print(f"  {name} differs from vigipy by {apart:.1e} at most, relative", flush=True)


if __name__ == "__main__":
    main()
