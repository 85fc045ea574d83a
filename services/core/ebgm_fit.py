"""Hyperparameters of EBGM by maximum likelihood.

Where the likelihood has no maximum (pairs so alike that they show no mixture, or too few) a weak
density of the hyperparameters is added, see `WEAK_SPREAD` and deploy/decisions/0008.

The likelihood, with its sources, is in `ebgm_likelihood`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import scipy  # its parts load when first used: most processes use none

from services.core.ebgm import Prior
from services.core.ebgm_likelihood import (
    Distinct,
    Points,
    log_likelihood,
    negative,
    packed,
    unpacked,
)
from services.core.estimates import Floats

STARTS = (
    Prior(alpha1=0.2, beta1=0.1, alpha2=2.0, beta2=4.0, weight=1 / 3),
    Prior(alpha1=0.1, beta1=0.1, alpha2=10.0, beta2=10.0, weight=0.2),
    Prior(alpha1=0.3, beta1=0.5, alpha2=6.0, beta2=6.0, weight=0.5),
    Prior(alpha1=0.5, beta1=0.3, alpha2=12.0, beta2=12.0, weight=0.8),
    Prior(alpha1=0.2, beta1=0.2, alpha2=5.0, beta2=5.0, weight=0.4),
)
"""Where the search begins: DuMouchel's start and the others that openEBGM's authors use.

The likelihood may have a further mode far from all of them, and does on openEBGM's own example:
from (20, 2, 3, 3, 0.05) a search ends 0.27 higher, and 128 instead of 131 pairs have EB05 >= 2.
From these starts results compare with published ones.
"""

WEAK_SPREAD = 2.0
"""Standard deviation, about `STARTS[0]`, of the logarithms of the hyperparameters (and of the logit
of the weight) under the weak density: a factor of 7 either way is one deviation."""

_LIMIT = np.log(1e6)
_GRADIENT_TOLERANCE = 1e-8
"""Of the mean log-likelihood, by the logarithms of the hyperparameters."""
_DIFFERENCE = 1e-4
_LAST_STEP = 0.1
"""The longest step that still counts as one near the maximum."""
_AGREEMENT = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """What was found.

    Attributes:
        prior: the best hyperparameters; component 1 is the one with the greater mean.
        log_likelihood: of the points at `prior`.
        converged: whether the best search ended where the gradient vanishes, within the bounds.
            A prior that did not converge must not score pairs silently.
        weak: whether the weak density had to be added.
        agreeing: how many of the searches ended at this likelihood.
        searches: how many were made.
        message: why the likelihood alone did not converge, or empty.
    """

    prior: Prior
    log_likelihood: float
    converged: bool
    weak: bool
    agreeing: int
    searches: int
    message: str


def fit(points: Points, *, starts: Sequence[Prior] = STARTS, warm: Prior | None = None) -> Fit:
    """Search the maximum from every start; with the weak density if there is none.

    Args:
        points: pairs, squashed if there are many.
        starts: where to begin.
        warm: an earlier result. If the search from there converges, no other is made.
    """
    distinct = Distinct(points.n)
    if warm is not None:
        found = _search(points, distinct, warm)
        if _trouble(found) == "":
            return _report([found])
    alone = _report([_search(points, distinct, start) for start in starts])
    if alone.converged:
        return alone
    weak = [_search(points, distinct, start, spread=WEAK_SPREAD) for start in starts]
    found_weak = _report(weak, weak=True)
    why = f"of the likelihood alone: {alone.message}"
    if not found_weak.converged:
        why += f"; with the weak density: {found_weak.message}"
    return replace(
        found_weak,
        log_likelihood=log_likelihood(points, found_weak.prior),
        searches=alone.searches + found_weak.searches,
        message=why,
    )


def _search(
    points: Points, distinct: Distinct, start: Prior, *, spread: float = np.inf
) -> scipy.optimize.OptimizeResult:
    """Newton's method in a trust region: the likelihood has long, flat ridges.

    A finite `spread` adds the weak density.
    """
    scale = float(points.weight.sum())
    centre = packed(STARTS[0])

    def objective(theta: Floats) -> tuple[float, Floats]:
        value, gradient = negative(theta, points, distinct)
        away = (theta - centre) / spread
        return (value + float((away**2).sum()) / 2) / scale, (gradient + away / spread) / scale

    def hessian(theta: Floats) -> Floats:
        steps = np.eye(5) * _DIFFERENCE
        rows = [objective(theta + step)[1] - objective(theta - step)[1] for step in steps]
        found = np.array(rows) / (2 * _DIFFERENCE)
        return (found + found.T) / 2

    def stop_beyond_range(intermediate_result: scipy.optimize.OptimizeResult) -> None:
        if np.any(np.abs(intermediate_result.x) > _LIMIT):
            raise StopIteration

    try:
        found = scipy.optimize.minimize(
            objective,
            packed(start),
            jac=True,
            hess=hessian,
            method="trust-exact",
            callback=stop_beyond_range,
            options={"maxiter": 500, "gtol": _GRADIENT_TOLERANCE, "max_trust_radius": 2.0},
        )
        _polish(found, objective, hessian)
    except (np.linalg.LinAlgError, ValueError):
        # The search stumbled over numbers that are not finite: it found nothing, and says so.
        found = scipy.optimize.OptimizeResult(x=packed(start), fun=np.inf, jac=np.full(5, np.inf))
    found.total = float(found.fun) * scale
    return found


def _polish(
    found: scipy.optimize.OptimizeResult,
    objective: Callable[[Floats], tuple[float, Floats]],
    hessian: Callable[[Floats], Floats],
) -> None:
    """One step more by the gradient alone: near the maximum values differ by less than they are
    rounded, so that the search cannot see its last digits. Kept if the gradient becomes smaller;
    what did not converge stays as it ended."""
    if np.linalg.norm(found.jac) > _GRADIENT_TOLERANCE:
        return
    try:
        step = np.linalg.solve(hessian(found.x), found.jac)
    except np.linalg.LinAlgError:
        return  # flat in some direction: no step is better than another
    if not np.abs(step).max() <= _LAST_STEP:
        return  # almost flat: such a step leaves the range of the numbers
    nearer = found.x - step
    value, gradient = objective(nearer)
    if np.linalg.norm(gradient) < np.linalg.norm(found.jac):
        found.x, found.fun, found.jac = nearer, value, gradient


def _report(found: Sequence[scipy.optimize.OptimizeResult], *, weak: bool = False) -> Fit:
    best = min(found, key=lambda result: result.total)
    tolerance = _AGREEMENT * max(1.0, abs(best.total))
    message = _trouble(best)
    return Fit(
        prior=unpacked(best.x),
        log_likelihood=-best.total,
        converged=message == "",
        weak=weak,
        agreeing=sum(result.total - best.total <= tolerance for result in found),
        searches=len(found),
        message=message,
    )


def _trouble(found: scipy.optimize.OptimizeResult) -> str:
    if not np.all(np.isfinite(found.x)) or not np.isfinite(found.total):
        return "the likelihood is not finite"
    if np.any(np.abs(found.x) > _LIMIT):
        return "a hyperparameter ran to the end of its range"
    if np.linalg.norm(found.jac) > _GRADIENT_TOLERANCE:
        return "the gradient does not vanish"
    return ""
