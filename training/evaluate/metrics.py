"""Precision, recall and F1 of mentions and relations, strict and lenient."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from services.core.bio import TypedSpan


@dataclass(frozen=True, slots=True)
class Score:
    """Counts; the ratios are 0 where their denominator is."""

    true_positives: int = 0
    predicted: int = 0
    gold: int = 0
    found: int | None = None
    """Gold items that some prediction matches; None if that equals `true_positives`."""

    @property
    def precision(self) -> float:
        """Share of the predictions that are right."""
        return self.true_positives / self.predicted if self.predicted else 0.0

    @property
    def recall(self) -> float:
        """Share of the gold items that are found."""
        found = self.true_positives if self.found is None else self.found
        return found / self.gold if self.gold else 0.0

    @property
    def f1(self) -> float:
        """Harmonic mean of both."""
        total = self.precision + self.recall
        return 2 * self.precision * self.recall / total if total else 0.0

    def __add__(self, other: Score) -> Score:
        return Score(
            self.true_positives + other.true_positives,
            self.predicted + other.predicted,
            self.gold + other.gold,
            (self.true_positives if self.found is None else self.found)
            + (other.true_positives if other.found is None else other.found),
        )

    def as_json(self) -> dict[str, float | int]:
        """Rounded figures with their counts."""
        return {
            "precision": round(self.precision, 4),
            "recall": round(self.recall, 4),
            "f1": round(self.f1, 4),
            "gold": self.gold,
            "predicted": self.predicted,
        }


def mean_f1(scores: Iterable[Score]) -> float:
    """Mean of F1 over corpora; each counts alike."""
    values = [score.f1 for score in scores]
    return sum(values) / len(values)


def strict(gold: Iterable[Hashable], predicted: Iterable[Hashable]) -> Score:
    """Exact equality; each item counts once."""
    gold_set, predicted_set = set(gold), set(predicted)
    return Score(len(gold_set & predicted_set), len(predicted_set), len(gold_set))


def lenient(gold: Iterable[TypedSpan], predicted: Iterable[TypedSpan]) -> Score:
    """The definition of n2c2 2018: the same type and overlapping spans."""
    gold_set, predicted_set = set(gold), set(predicted)
    right = sum(any(_matches(item, other) for other in gold_set) for item in predicted_set)
    found = sum(any(_matches(item, other) for other in predicted_set) for item in gold_set)
    return Score(right, len(predicted_set), len(gold_set), found)


def _matches(one: TypedSpan, other: TypedSpan) -> bool:
    return one.type is other.type and one.span.overlaps(other.span)


def mention_scores(
    pairs: Iterable[tuple[Sequence[TypedSpan], Sequence[TypedSpan]]],
    score: Callable[[Iterable[TypedSpan], Iterable[TypedSpan]], Score] = strict,
) -> dict[str, Score]:
    """Scores per type over (gold, predicted) of documents."""
    totals: dict[str, Score] = defaultdict(Score)
    for gold, predicted in pairs:
        types = {mention.type for mention in (*gold, *predicted)}
        for type_ in types:
            totals[type_] += score(
                [mention for mention in gold if mention.type is type_],
                [mention for mention in predicted if mention.type is type_],
            )
    return dict(totals)


def summary(per_type: Mapping[str, Score]) -> dict[str, object]:
    """Per type, micro and macro F1."""
    total = sum(per_type.values(), Score())
    macro = sum(score.f1 for score in per_type.values()) / len(per_type) if per_type else 0.0
    return {
        "micro_f1": round(total.f1, 4),
        "macro_f1": round(macro, 4),
        "micro": total.as_json(),
        "per_type": {name: score.as_json() for name, score in sorted(per_type.items())},
    }
