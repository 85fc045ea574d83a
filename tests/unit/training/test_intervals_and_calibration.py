"""Bootstrap intervals and calibration, by hand and by properties."""

import math

import numpy as np
import pytest

from training.evaluate.bootstrap import counts, f1, interval, macro_f1
from training.evaluate.calibration import (
    expected_calibration_error,
    fit_temperature,
    log_loss,
    reliability,
    scaled,
)
from training.evaluate.metrics import Score

SCORES = [Score(1, 1, 1), Score(0, 1, 1), Score(2, 3, 2), Score(1, 1, 2), Score(0, 0, 0)]


def test_f1_of_counts_is_that_of_scores() -> None:
    table = counts([*SCORES, Score(3, 4, 5, 2)])
    assert table.shape == (6, 4)
    total = sum([*SCORES, Score(3, 4, 5, 2)], Score())
    assert float(f1(table.sum(axis=0))) == pytest.approx(total.f1)
    assert f1(np.zeros((2, 4))).tolist() == [0.0, 0.0]
    two_types = np.stack([counts(SCORES).sum(axis=0), np.zeros(4)])
    assert float(macro_f1(two_types)) == pytest.approx(sum(SCORES, Score()).f1 / 2)


def test_an_interval_holds_the_estimate_and_narrows_with_documents() -> None:
    few, many = counts(SCORES * 4), counts(SCORES * 100)
    estimate = float(f1(few.sum(axis=0)))
    wide, narrow = interval(few, f1, seed=1), interval(many, f1, seed=1)
    assert wide.low < narrow.low < estimate < narrow.high < wide.high
    # The standard error falls with the root of the number of documents.
    assert (wide.high - wide.low) / (narrow.high - narrow.low) == pytest.approx(5, rel=0.2)


def test_intervals_are_seeded() -> None:
    table = counts(SCORES * 4)
    assert interval(table, f1, seed=1) == interval(table, f1, seed=1)
    assert interval(table, f1, seed=1) != interval(table, f1, seed=2)


def test_documents_that_are_all_alike_leave_no_doubt() -> None:
    assert interval(counts([Score(1, 2, 1)] * 7), f1, seed=1) == pytest.approx((2 / 3, 2 / 3))
    assert interval(counts([]), f1, seed=1) == (0.0, 0.0)


def test_reliability_by_hand() -> None:
    bins = reliability([0.05, 0.15, 0.11, 1.0], [0, 1, 0, 1])
    assert [one.count for one in bins] == [1, 2, *[0] * 7, 1]
    assert (bins[1].mean_probability, bins[1].share_true) == pytest.approx((0.13, 0.5))
    # (1 · 0.05 + 2 · 0.37 + 1 · 0) / 4
    assert expected_calibration_error(bins) == pytest.approx(0.1975)
    assert expected_calibration_error(reliability([], [])) == 0.0


def test_a_temperature_divides_the_logit() -> None:
    assert scaled([0.5, 0.9], 1.0) == pytest.approx([0.5, 0.9])
    assert float(scaled(0.9, 2.0)) == pytest.approx(1 / (1 + math.exp(-math.log(9) / 2)))
    assert np.isfinite(scaled([0.0, 1.0], 0.05)).all()


def test_the_temperature_that_spoilt_probabilities_is_found() -> None:
    rng = np.random.default_rng(3)
    honest = rng.uniform(0.02, 0.98, size=20000)
    truths = rng.uniform(size=20000) < honest
    overconfident = scaled(honest, 0.4)
    temperature = fit_temperature(overconfident, truths)
    assert temperature == pytest.approx(2.5, rel=0.05)
    mended = scaled(overconfident, temperature)
    assert log_loss(mended, truths) < log_loss(overconfident, truths)
    errors = [expected_calibration_error(reliability(p, truths)) for p in (mended, overconfident)]
    assert errors[0] < 0.01 < errors[1]


def test_answers_of_one_kind_fit_no_temperature() -> None:
    assert fit_temperature([0.9, 0.8], [1, 1]) == 1.0
    assert fit_temperature([], []) == 1.0
