"""How well statuses are read: gold relations that were found, by their annotated status."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from services.core.contracts import Assertion
from services.core.counts import COUNTED
from training.corpora.documents import COARSE_STATUSES, STATUS_CORPORA
from training.evaluate.metrics import Score, mean_f1
from training.evaluate.pair_metrics import overlapping
from training.evaluate.scoring import Reading

SUPPRESSED = (Assertion.NEGATED, Assertion.HYPOTHETICAL)
"""Statuses of what did not happen: such a relation must not pass as affirmed."""


def status_figures(readings: Sequence[Reading], *, threshold: float) -> dict[str, object] | None:
    """Of gold relations between gold mentions that the model finds, which status is read.

    What a corpus does not tell apart is one status (`COARSE_STATUSES`).

    Returns:
        F1 per status and their mean over the statuses that occur, and how many negated or
        hypothetical relations pass as affirmed; None where no corpus annotates statuses.
    """
    seen: Counter[tuple[Assertion, Assertion]] = Counter()
    for reading in readings:
        gold = reading.document.statuses()
        coarse = COARSE_STATUSES.get(reading.document.corpus, {})
        seen.update(
            (gold[pair.spans], coarse.get(pair.status, pair.status))
            for pair in reading.on_gold
            if pair.caused >= threshold and pair.status is not None and pair.spans in gold
        )
    if not seen:
        return None
    scores = status_scores(seen)
    return {
        "relations": seen.total(),
        "macro_f1": round(mean_f1(scores.values()), 4),
        "per_status": {str(status): score.as_json() for status, score in scores.items()},
        "suppressed": sum(number for (gold, _), number in seen.items() if gold in SUPPRESSED),
        "suppressed_passing_as_affirmed": sum(
            seen[status, Assertion.AFFIRMED] for status in SUPPRESSED
        ),
    }


def counted_pairs(readings: Sequence[Reading], *, threshold: float) -> list[Score] | None:
    """Per document, the relations that would be counted against those that should be.

    End to end: an affirmed or historical relation is right if both its spans overlap those of a
    gold one that is affirmed or historical; a negated one that passes as affirmed is wrong.

    Returns:
        None where no corpus annotates statuses.
    """
    known = [one for one in readings if one.document.corpus in STATUS_CORPORA]
    if not known:
        return None
    return [
        overlapping(
            {spans for spans, status in one.document.statuses().items() if status in COUNTED},
            {
                pair.spans
                for pair in one.end_to_end
                if pair.caused >= threshold and pair.status in COUNTED
            },
        )
        for one in known
    ]


def status_scores(seen: Mapping[tuple[Assertion, Assertion], int]) -> dict[Assertion, Score]:
    """A score for each status that is annotated somewhere, from numbers of (gold, read)."""
    return {
        status: Score(
            seen.get((status, status), 0),
            sum(number for (_, said), number in seen.items() if said is status),
            sum(number for (gold, _), number in seen.items() if gold is status),
        )
        for status in Assertion
        if any(gold is status for gold, _ in seen)
    }
