"""Fits how the rules of assertion and the status head of a relation model are weighed together.

Multinomial logistic regression on relations that the head never learned, held near "the head
alone" (`services.core.assertion_combined`).
"""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from services.core import assertion_rules
from services.core.assertion import RuledAssertion, assert_relation
from services.core.assertion_combined import (
    HEAD_ALONE,
    StatusWeights,
    combine,
    read_status_weights,
    status_weights_entry,
    surety,
)
from services.core.contracts import Assertion
from services.core.sections import find_sections
from training.corpora import adewatch
from training.corpora.documents import Document
from training.errors import TrainingError
from training.evaluate.metrics import mean_f1
from training.evaluate.pair_scores import PairModel, score_pairs
from training.evaluate.status_figures import status_scores
from training.models.relation import STATUSES
from training.rows.pairs import gold_pairs
from training.train.rehearsal import Known
from training.train.splits import Parts

CORPORA = ("adewatch", "clinical", "dictations", "visits")
"""What annotates statuses in whole notes."""

FOLDS = 5
SEEN_BEFORE = 4
"""A clue that fewer relations show has no weight."""

HEAD_COUNTS = 0.7
"""What the head's answer for a status weighs for that status before anything is fitted; all else
weighs nothing."""

STRENGTH = 1.0
"""How strongly weights are held near that."""

OTHERS_COUNT = 2.0
"""Relations of texts that were not written for training count so much: they are few, and what is
read in a hospital is like them."""


@dataclass(frozen=True, slots=True)
class Example:
    """A gold relation as the rules and the head read it.

    Attributes:
        group: what must not be divided between fitting and measuring.
        corpus: where it is from.
        rule: what the rules read.
        learned: the head's probability per status.
        gold: the annotated status.
    """

    group: str
    corpus: str
    rule: RuledAssertion
    learned: Mapping[Assertion, float]
    gold: Assertion


def examples(relation: PairModel, documents: Iterable[Document]) -> list[Example]:
    """The gold relations of documents that the model can be asked about."""
    found = []
    for document in documents:
        gold = document.statuses()
        pairs = [
            one
            for one in gold_pairs([document], for_training=False)
            if (one.drug, one.event) in gold
        ]
        sections = find_sections(document.text) if pairs else ()
        found += [
            Example(
                document.group,
                document.corpus,
                assert_relation(document.text, document.sentences, pair.drug, pair.event, sections),
                dict(zip(STATUSES, map(float, answer.statuses), strict=True)),
                gold[pair.drug, pair.event],
            )
            for pair, answer in zip(pairs, score_pairs(relation, pairs), strict=True)
            if answer.asked
        ]
    return found


def unlearned(
    relation: PairModel, known: Known, parts: Mapping[str, Parts]
) -> dict[str, list[Example]]:
    """The relations that a head never learned: of development documents, and of the training
    documents that are not among what it knows. Test documents are not read.

    Args:
        relation: its model.
        known: what it learned; nothing if nobody knows, and then no training document is read.
        parts: documents; of `CORPORA`, others are not looked at.

    Raises:
        TrainingError: it has learned what is held out.
    """
    known.refuse_held_out(parts)
    annotated = [parts[name] for name in CORPORA if name in parts]
    return {
        "development": examples(relation, [one for part in annotated for one in part.dev]),
        "training, never learned": examples(
            relation,
            [one for part in annotated for one in known.never_learned(part.train)]
            if known.contents
            else [],
        ),
    }


def fit_statuses(relation: PairModel, known: Known, parts: Mapping[str, Parts]) -> StatusWeights:
    """What the card of a relation version has for its statuses.

    Args:
        relation: the version.
        known: what it learned.
        parts: documents by corpus.

    Raises:
        TrainingError: see `unlearned`.
    """
    if not relation.learned_statuses:
        return HEAD_ALONE
    data = [one for some in unlearned(relation, known, parts).values() for one in some]
    return fit(data) if data else HEAD_ALONE


def fit(data: Sequence[Example]) -> StatusWeights:
    """The weights under which the gold statuses are most likely.

    Args:
        data: relations that the head never learned.

    Raises:
        TrainingError: there is none.
    """
    if not data:
        raise TrainingError("there are no relations to fit the weights of clues on")
    shown = Counter(clue for one in data for clue in one.rule.clues)
    clues = sorted(clue for clue, count in shown.items() if count >= SEEN_BEFORE)
    rows = torch.tensor([_row(one, clues) for one in data], dtype=torch.float64)
    gold = torch.tensor([STATUSES.index(one.gold) for one in data])
    counts = torch.tensor(
        [1.0 if one.corpus == adewatch.CORPUS else OTHERS_COUNT for one in data],
        dtype=torch.float64,
    )
    start = torch.zeros(rows.shape[1], len(STATUSES), dtype=torch.float64)
    start[: len(STATUSES)] = HEAD_COUNTS * torch.eye(len(STATUSES))
    fitted = _regress(rows, gold, counts, start).tolist()
    by_status = [dict(zip(STATUSES, row, strict=True)) for row in fitted]
    whole = StatusWeights(
        bias=by_status[-1],
        head=dict(zip(STATUSES, by_status, strict=False)),
        clues=dict(zip(clues, by_status[len(STATUSES) : -1], strict=True)),
        rules=assertion_rules.VERSION,
        relations=len(data),
    )
    # As many digits as a card keeps: what is measured is what serves.
    return read_status_weights({"status_weights": status_weights_entry(whole)})


def _row(example: Example, clues: Sequence[str]) -> list[float]:
    head = [surety(example.learned[one]) for one in STATUSES]
    return [*head, *(float(clue in example.rule.clues) for clue in clues), 1.0]


def _regress(rows: Tensor, gold: Tensor, counts: Tensor, start: Tensor) -> Tensor:
    weights = start.clone().requires_grad_()
    optimizer = torch.optim.LBFGS([weights], max_iter=300, line_search_fn="strong_wolfe")

    def loss() -> Tensor:
        optimizer.zero_grad()
        each = nn.functional.cross_entropy(rows @ weights, gold, reduction="none")
        value = ((each * counts).sum() + STRENGTH * (weights - start).square().sum()) / counts.sum()
        value.backward()  # type: ignore[no-untyped-call]
        return value

    optimizer.step(loss)  # type: ignore[no-untyped-call]
    return weights.detach()


def cross_fitted(data: Sequence[Example]) -> list[Assertion]:
    """The combined status of every relation under weights fitted on the other folds."""
    fold = [zlib.crc32(one.group.encode()) % FOLDS for one in data]
    weights = [
        fit([one for one, place in zip(data, fold, strict=True) if place != left_out])
        for left_out in range(FOLDS)
    ]
    return [
        combine(one.rule, one.learned, weights[place])
        for one, place in zip(data, fold, strict=True)
    ]


def macro_f1(gold: Sequence[Assertion], read: Sequence[Assertion]) -> float:
    """The mean F1 of the statuses that occur in gold."""
    return mean_f1(status_scores(Counter(zip(gold, read, strict=True))).values())


def figures(read: Sequence[tuple[Example, Assertion]]) -> str:
    """One line on relations and the status that both together read: the macro F1 of rules and head
    alone, and of both."""
    gold = [one.gold for one, _ in read]
    readings = {
        "rules": [one.rule.status for one, _ in read],
        "head": [max(STATUSES, key=one.learned.__getitem__) for one, _ in read],
        "both": [status for _, status in read],
    }
    found = ", ".join(f"{name} {macro_f1(gold, said):.3f}" for name, said in readings.items())
    return f"{len(read)} relations, macro F1: {found}"
