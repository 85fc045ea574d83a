"""Reliability of the probabilities that the models answer: of mentions, of relations on gold
mentions, and of relations end to end."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from training.evaluate import calibration
from training.evaluate.pair_metrics import overlapping
from training.evaluate.scoring import Reading

Truths = tuple[list[float], list[bool]]
"""Probabilities of answers, and whether each is right."""


def mention_truths(readings: Sequence[Reading]) -> Truths:
    """Probabilities of the found mentions, and whether each is exactly a gold mention. Only of
    the types that are completely annotated in their document: of others nothing is known."""
    found = [
        (probability, mention in one.document.spans())
        for one in readings
        for mention, probability in one.probabilities.items()
        if mention.type in one.document.complete
    ]
    return [probability for probability, _ in found], [right for _, right in found]


def pair_truths(readings: Sequence[Reading]) -> Truths:
    """Probabilities of the pairs of gold mentions, and whether they are related."""
    scored = [(pair, one.document.pairs()) for one in readings for pair in one.on_gold]
    return [pair.caused for pair, _ in scored], [pair.spans in gold for pair, gold in scored]


def found_truths(readings: Sequence[Reading]) -> Truths:
    """Probabilities of the pairs of found mentions, and whether they overlap a gold relation."""
    scored = [(pair, one.document.pairs()) for one in readings for pair in one.end_to_end]
    right = [overlapping(gold, {pair.spans}).true_positives > 0 for pair, gold in scored]
    return [pair.caused for pair, _ in scored], right


@dataclass(frozen=True, slots=True)
class Answered:
    """One kind of answer, and how its figures call it.

    Attributes:
        title: for people.
        truths: what is answered in readings, and whether it is right.
        counted: the figure that says how many answers there are.
        share: the figure that says which share of those in a bin is right.
    """

    title: str
    truths: Callable[[Sequence[Reading]], Truths]
    counted: str = "pairs"
    share: str = "share_related"


ANSWERED = {
    "calibration_mentions": Answered("Mentions", mention_truths, "mentions", "share_right"),
    "calibration": Answered("Relations on gold mentions", pair_truths),
    "calibration_end_to_end": Answered("Relations end to end", found_truths),
}
"""By the name that the figures of a corpus have for them."""


def reliability_of(
    readings: Sequence[Reading], answered: Answered, *, temperature: float = 1.0
) -> dict[str, object]:
    """Reliability of one kind of answer, as JSON: how many there are, expected calibration error,
    log loss (natural logarithm) and ten bins of equal width.

    Args:
        readings: of documents with gold.
        answered: which answers.
        temperature: that the log odds are divided by; 1 leaves the answers as they are.
    """
    probabilities, truths = answered.truths(readings)
    scaled = calibration.scaled(probabilities, temperature)
    bins = calibration.reliability(scaled, truths)
    return {
        answered.counted: len(truths),
        "temperature": round(temperature, 4),
        "expected_calibration_error": round(calibration.expected_calibration_error(bins), 4),
        "log_loss": round(calibration.log_loss(scaled, truths), 4),
        "bins": [
            {
                "from": round(one.low, 2),
                "to": round(one.high, 2),
                answered.counted: one.count,
                "mean_probability": round(float(one.mean_probability), 4),
                answered.share: round(float(one.share_true), 4),
            }
            for one in bins
        ],
    }
