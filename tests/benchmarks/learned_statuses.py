"""What a published relation model says of the status of relations it was not trained on."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

from services.core.contracts import Assertion
from services.core.spans import Span
from tests.benchmarks.assertion_cases import Case
from training.corpora import catalogue
from training.evaluate.pair_scores import score_pairs
from training.evaluate.versions import open_relation
from training.models.relation import STATUSES
from training.rows.pairs import gold_pairs
from training.settings import SEED

CORPORA = ("clinical", "adewatch", "phee")


def learned_statuses(
    version: Path, data: Path, cases: Iterable[Case]
) -> dict[str, dict[Assertion, float]]:
    """A probability per status of every case whose document is in a test part, by `Case.key`.

    Args:
        version: folder of a version of the relation model.
        data: folder of the corpora.
        cases: relations; those of other documents are left out.
    """
    parts = catalogue.load(list(CORPORA), data, seed=SEED)
    held_out = {document.text: document for part in parts.values() for document in part.test}
    wanted: dict[str, dict[tuple[Span, Span], list[str]]] = defaultdict(lambda: defaultdict(list))
    for case in cases:
        if case.text in held_out:
            wanted[case.text][case.drug, case.event].append(case.key)
    pairs = [
        pair
        for pair in gold_pairs([held_out[text] for text in wanted])
        if (pair.drug, pair.event) in wanted[pair.document.text]
    ]
    model = open_relation(version)
    return {
        key: dict(zip(STATUSES, map(float, answer.statuses), strict=True))
        for pair, answer in zip(pairs, score_pairs(model, pairs), strict=True)
        for key in wanted[pair.document.text][pair.drug, pair.event]
    }
