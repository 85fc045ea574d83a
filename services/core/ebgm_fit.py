"""Hyperparameters of EBGM by maximum likelihood, on pairs with at least one case.

A pair enters with its truncated likelihood P·f1(n)/(1 - f1(0)) + (1 - P)·f2(n)/(1 - f2(0)), f_i the
negative binomial of component i: pairs that never occurred are neither stored nor counted here.

Where the likelihood has no maximum (pairs so alike that they show no mixture, or too few) a weak
density of the hyperparameters is added, see `WEAK_SPREAD` and deploy/decisions/0008.

Sources: DuMouchel, Am Stat 1999;53:177-190; DuMouchel & Pregibon, KDD 2001:67-76 (truncation,
data squashing), in the form of Canida & Ihrie, R Journal 2017;9(2):499-519 (openEBGM).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.optimize import OptimizeResult, minimize
from scipy.special import expit, gammaln, logit, psi

from services.core.ebgm import Prior
from services.core.estimates import Floats
from services.core.tables import Counts, counts, refuse

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

POINTS_PER_COUNT = 500
"""Into how many weighted points squashing turns the pairs of one count."""

WEAK_SPREAD = 2.0
"""Standard deviation, about `STARTS[0]`, of the logarithms of the hyperparameters (and of the logit
of the weight) under the weak density: a factor of 7 either way is one deviation."""

_LIMIT = np.log(1e6)
_GRADIENT_TOLERANCE = 1e-8
"""Of the mean log-likelihood, by the logarithms of the hyperparameters."""
_DIFFERENCE = 1e-4
_AGREEMENT = 1e-6


@dataclass(frozen=True, slots=True)
class Points:
    """Pairs, or weighted groups of pairs with one count; arrays of shape [m].

    Attributes:
        n: cases, at least 1.
        expected: E, above 0.
        weight: how many pairs a point stands for.
    """

    n: Counts
    expected: Floats
    weight: Floats


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


def points_of(observed: Counts, expected: Floats) -> Points:
    """Pairs as points of weight 1; pairs without a case are left out.

    Raises:
        ValueError: a pair with cases has no expectation, or no pair has a case.
    """
    observed = counts("observed", observed)
    expected = np.asarray(expected, dtype=np.float64)
    if observed.shape != expected.shape:
        raise ValueError("observed and expected differ in length")
    seen = observed > 0
    if not seen.any():
        raise ValueError("no pair has a case")
    refuse(seen & ~(np.isfinite(expected) & (expected > 0)), "expected is not above 0 and finite")
    return Points(observed[seen], expected[seen], np.ones(int(seen.sum())))


def squash(points: Points, *, per_count: int = POINTS_PER_COUNT) -> Points:
    """Fewer points with nearly the same likelihood.

    Pairs of one count are sorted by E and cut into at most `per_count` groups of equal size; each
    becomes a point at the mean E of the group.
    """
    order = np.lexsort((points.expected, points.n))
    n, expected, weight = points.n[order], points.expected[order], points.weight[order]
    _, start, position, size = np.unique(
        n, return_index=True, return_inverse=True, return_counts=True
    )
    rank = np.arange(len(n)) - start[position]
    of_count = size[position]
    group = np.where(of_count > per_count, rank * per_count // of_count, rank)
    first = np.flatnonzero(np.r_[True, (np.diff(n) != 0) | (np.diff(group) != 0)])
    total = np.add.reduceat(weight, first)
    return Points(n[first], np.add.reduceat(weight * expected, first) / total, total)


def log_likelihood(points: Points, prior: Prior) -> float:
    """Of all points under a prior."""
    value, _ = _negative(_packed(prior), points, _Distinct(points.n))
    return -float(value)


def gradient(points: Points, prior: Prior) -> Floats:
    """Derivatives of `log_likelihood` by α1, β1, α2, β2 and P."""
    _, by_theta = _negative(_packed(prior), points, _Distinct(points.n))
    weight = prior.weight
    scales = (prior.alpha1, prior.beta1, prior.alpha2, prior.beta2, weight * (1.0 - weight))
    by_parameter: Floats = -by_theta / np.array(scales)
    return by_parameter


def fit(points: Points, *, starts: Sequence[Prior] = STARTS, warm: Prior | None = None) -> Fit:
    """Search the maximum from every start; with the weak density if there is none.

    Args:
        points: pairs, squashed if there are many.
        starts: where to begin.
        warm: an earlier result. If the search from there converges, no other is made.
    """
    distinct = _Distinct(points.n)
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


class _Distinct:
    """The distinct counts: functions of the count alone are computed once for each."""

    def __init__(self, n: Counts) -> None:
        self.values, self.position = np.unique(n, return_inverse=True)
        self.log_factorial = gammaln(self.values + 1.0)[self.position]


def _search(
    points: Points, distinct: _Distinct, start: Prior, *, spread: float = np.inf
) -> OptimizeResult:
    """Newton's method in a trust region: the likelihood has long, flat ridges.

    A finite `spread` adds the weak density.
    """
    scale = float(points.weight.sum())
    centre = _packed(STARTS[0])

    def objective(theta: Floats) -> tuple[float, Floats]:
        value, gradient = _negative(theta, points, distinct)
        away = (theta - centre) / spread
        return (value + float((away**2).sum()) / 2) / scale, (gradient + away / spread) / scale

    def hessian(theta: Floats) -> Floats:
        steps = np.eye(5) * _DIFFERENCE
        rows = [objective(theta + step)[1] - objective(theta - step)[1] for step in steps]
        found = np.array(rows) / (2 * _DIFFERENCE)
        return (found + found.T) / 2

    def stop_beyond_range(intermediate_result: OptimizeResult) -> None:
        if np.any(np.abs(intermediate_result.x) > _LIMIT):
            raise StopIteration

    try:
        found = minimize(
            objective,
            _packed(start),
            jac=True,
            hess=hessian,
            method="trust-exact",
            callback=stop_beyond_range,
            options={"maxiter": 500, "gtol": _GRADIENT_TOLERANCE, "max_trust_radius": 2.0},
        )
        _polish(found, objective, hessian)
    except (np.linalg.LinAlgError, ValueError):
        # The search stumbled over numbers that are not finite: it found nothing, and says so.
        found = OptimizeResult(x=_packed(start), fun=np.inf, jac=np.full(5, np.inf))
    found.total = float(found.fun) * scale
    return found


def _polish(
    found: OptimizeResult,
    objective: Callable[[Floats], tuple[float, Floats]],
    hessian: Callable[[Floats], Floats],
) -> None:
    """One step more by the gradient alone: near the maximum values differ by less than they are
    rounded, so that the search cannot see its last digits. Kept if the gradient becomes smaller;
    what did not converge stays as it ended."""
    if np.linalg.norm(found.jac) > _GRADIENT_TOLERANCE:
        return
    try:
        nearer = found.x - np.linalg.solve(hessian(found.x), found.jac)
    except np.linalg.LinAlgError:
        return  # flat in some direction: no step is better than another
    value, gradient = objective(nearer)
    if np.linalg.norm(gradient) < np.linalg.norm(found.jac):
        found.x, found.fun, found.jac = nearer, value, gradient


def _report(found: Sequence[OptimizeResult], *, weak: bool = False) -> Fit:
    best = min(found, key=lambda result: result.total)
    tolerance = _AGREEMENT * max(1.0, abs(best.total))
    message = _trouble(best)
    return Fit(
        prior=_unpacked(best.x),
        log_likelihood=-best.total,
        converged=message == "",
        weak=weak,
        agreeing=sum(result.total - best.total <= tolerance for result in found),
        searches=len(found),
        message=message,
    )


def _trouble(found: OptimizeResult) -> str:
    if not np.all(np.isfinite(found.x)) or not np.isfinite(found.total):
        return "the likelihood is not finite"
    if np.any(np.abs(found.x) > _LIMIT):
        return "a hyperparameter ran to the end of its range"
    if np.linalg.norm(found.jac) > _GRADIENT_TOLERANCE:
        return "the gradient does not vanish"
    return ""


def _packed(prior: Prior) -> Floats:
    """Hyperparameters on the whole line: logarithms, and the logit of the weight."""
    shapes = np.log([prior.alpha1, prior.beta1, prior.alpha2, prior.beta2])
    return np.append(shapes, logit(prior.weight))


def _unpacked(theta: Floats) -> Prior:
    alpha1, beta1, alpha2, beta2 = (float(value) for value in np.exp(theta[:4]))
    weight = float(expit(theta[4]))
    if alpha1 / beta1 < alpha2 / beta2:
        alpha1, beta1, alpha2, beta2, weight = alpha2, beta2, alpha1, beta1, 1.0 - weight
    return Prior(alpha1=alpha1, beta1=beta1, alpha2=alpha2, beta2=beta2, weight=weight)


def _negative(theta: Floats, points: Points, distinct: _Distinct) -> tuple[float, Floats]:
    """Minus the log-likelihood and its gradient by `theta`."""
    alpha1, beta1, alpha2, beta2 = np.exp(theta[:4])
    log1, by_alpha1, by_beta1 = _component(points, distinct, alpha1, beta1)
    log2, by_alpha2, by_beta2 = _component(points, distinct, alpha2, beta2)
    weighted1 = log1 - np.logaddexp(0.0, -theta[4])
    weighted2 = log2 - np.logaddexp(0.0, theta[4])
    log_mixture = np.logaddexp(weighted1, weighted2)
    share1 = points.weight * np.exp(weighted1 - log_mixture)
    share2 = points.weight * np.exp(weighted2 - log_mixture)
    weight = expit(theta[4])
    gradient = np.array(
        [
            alpha1 * (share1 * by_alpha1).sum(),
            beta1 * (share1 * by_beta1).sum(),
            alpha2 * (share2 * by_alpha2).sum(),
            beta2 * (share2 * by_beta2).sum(),
            share1.sum() * (1.0 - weight) - share2.sum() * weight,
        ]
    )
    # Not `dot`: its threads wait for each other where cores are few and busy.
    return -float((points.weight * log_mixture).sum()), -gradient


def _component(
    points: Points, distinct: _Distinct, alpha: float, beta: float
) -> tuple[Floats, Floats, Floats]:
    """ln of the truncated negative binomial, and its derivatives by shape and rate."""
    n, expected = points.n, points.expected
    shape = distinct.values + alpha
    log_shrink = -np.log1p(expected / beta)
    log_none = alpha * log_shrink
    value = (gammaln(shape) - gammaln(alpha))[distinct.position] - distinct.log_factorial
    value += log_none + n * (np.log(expected) - np.log(beta + expected))
    value -= np.log(-np.expm1(log_none))
    # d ln(1 - f(0)) = d ln f(0) · -f(0)/(1 - f(0)) = d ln f(0) / -expm1(-ln f(0)).
    with np.errstate(over="ignore"):
        truncation = 1.0 / np.expm1(-log_none)
    by_alpha = (psi(shape) - psi(alpha))[distinct.position] + log_shrink * (1.0 + truncation)
    none_by_beta = alpha * expected / (beta * (beta + expected))
    by_beta = none_by_beta * (1.0 + truncation) - n / (beta + expected)
    return value, by_alpha, by_beta
