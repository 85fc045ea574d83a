"""How time grows with size, told by comparison: how fast a machine is says nothing of the code."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

ROUNDS = 30


def seconds_of(work: Callable[[], object]) -> float:
    """The processor's time that a call takes, at least a microsecond."""
    began = time.process_time()
    work()
    return max(time.process_time() - began, 1e-6)


def assert_growth(
    seconds: Callable[[int], float], *, small: int, large: int, at_most: float
) -> None:
    """The larger size takes at most so many times what the smaller takes.

    Each is the least of several rounds, of more where the machine does other things as well.

    Args:
        seconds: the time that a size takes.
        small, large: the sizes.
        at_most: times.

    Raises:
        AssertionError: it takes more.
    """
    least = {small: math.inf, large: math.inf}
    for done in range(1, ROUNDS + 1):
        for size in least:
            least[size] = min(least[size], seconds(size))
        if done >= 3 and least[large] <= at_most * least[small]:
            return
    raise AssertionError(
        f"{large} takes {least[large] / least[small]:.1f} times as long as {small}, not {at_most}"
    )


def assert_linear(work: Callable[[int], object], *, size: int) -> None:
    """Eight times the size takes some eight times as long, and far from the square's 64.

    Raises:
        AssertionError: it takes more than 24 times as long.
    """
    assert_growth(
        lambda wanted: seconds_of(lambda: work(wanted)), small=size, large=8 * size, at_most=24
    )
