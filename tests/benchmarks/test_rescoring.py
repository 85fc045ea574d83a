"""Cost of scoring all pairs with all measures and limits, against plain scipy in the same run."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from functools import partial

import numpy as np
import pytest
from scipy.stats import gamma

from services.core.ebgm import Prior
from services.core.engine import measures
from services.core.tables import Tables

PRIOR = Prior(alpha1=3.25, beta1=0.4, alpha2=2.02, beta2=1.91, weight=0.065)
PLAIN_PAIRS = 20_000


def simulated(pairs: int, *, seed: int = 3) -> Tables:
    """Tables with many rare pairs and few frequent ones, as reports have them."""
    random = np.random.default_rng(seed)
    total = 50_000_000
    drug = np.minimum(random.lognormal(8.0, 1.8, pairs), 5e6).astype(np.int64) + 10
    event = np.minimum(random.lognormal(8.0, 1.8, pairs), 5e6).astype(np.int64) + 10
    ratio = random.gamma(2.0, 0.5, pairs)
    n11 = 1 + random.poisson(ratio * drug * event / total)
    return Tables.of(np.minimum(n11, np.minimum(drug, event)), drug, event, np.full(pairs, total))


def seconds(work: Callable[[], object]) -> tuple[float, float]:
    """Of the wall clock, and of the processor: they differ where the machine is shared."""
    wall, processor = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - wall, time.process_time() - processor


def plain(tables: Tables) -> None:
    """IC limits pair by pair, as a direct reading of the formula with scipy.stats has them."""
    expected = tables.expected()
    for n, mean in zip(tables.n11, expected, strict=True):
        gamma.ppf([0.025, 0.975], n + 0.5, scale=1 / (mean + 0.5))


@pytest.mark.benchmark
@pytest.mark.timeout(1800)
def test_rescoring_cost_per_pair(capsys: pytest.CaptureFixture[str]) -> None:
    sizes = [
        int(size) for size in os.environ.get("ADEWATCH_BENCHMARK_PAIRS", "10000,100000").split(",")
    ]
    lines = [f"{'pairs':>12}  {'wall s':>8}  {'cpu s':>8}  {'cpu µs a pair':>14}"]
    for size in sizes:
        wall, processor = seconds(partial(measures, simulated(size), PRIOR))
        lines.append(
            f"{size:>12,}  {wall:>8.3f}  {processor:>8.3f}  {processor / size * 1e6:>14.3f}"
        )
    wall, processor = seconds(partial(plain, simulated(PLAIN_PAIRS)))
    lines.append(f"plain scipy, IC limits alone: {processor / PLAIN_PAIRS * 1e6:.1f} cpu µs a pair")
    with capsys.disabled():
        print("\n" + "\n".join(lines))
