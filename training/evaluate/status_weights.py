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

from services.core.assertion import RuledAssertion, assert_relation
from services.core.assertion_combined import StatusWeights, combine, surety
from services.core.contracts import Assertion
from services.core.sections import find_sections
from training.corpora.documents import Document
from training.errors import TrainingError
from training.evaluate.metrics import mean_f1
from training.evaluate.pair_scores import PairModel, score_pairs
from training.evaluate.status_figures import status_scores
from training.models.relation import STATUSES
from training.rows.pairs import gold_pairs

FOLDS = 5
SEEN_BEFORE = 4
"""A clue that fewer relations show has no weight."""

HEAD_ALONE = 0.7
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


def fit(data: Sequence[Example], *, written_for_this: str) -> StatusWeights:
    """The weights under which the gold statuses are most likely.

    Args:
        data: relations that the head never learned.
        written_for_this: the corpus whose relations count once, not `OTHERS_COUNT` times.

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
        [1.0 if one.corpus == written_for_this else OTHERS_COUNT for one in data],
        dtype=torch.float64,
    )
    start = torch.zeros(rows.shape[1], len(STATUSES), dtype=torch.float64)
    start[: len(STATUSES)] = HEAD_ALONE * torch.eye(len(STATUSES))
    fitted = _regress(rows, gold, counts, start).tolist()
    by_status = [dict(zip(STATUSES, row, strict=True)) for row in fitted]
    return StatusWeights(
        bias=by_status[-1],
        head=dict(zip(STATUSES, by_status, strict=False)),
        clues=dict(zip(clues, by_status[len(STATUSES) : -1], strict=True)),
    )


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


def cross_fitted(data: Sequence[Example], *, written_for_this: str) -> list[Assertion]:
    """The combined status of every relation under weights fitted on the other folds."""
    fold = [zlib.crc32(one.group.encode()) % FOLDS for one in data]
    weights = [
        fit(
            [one for one, place in zip(data, fold, strict=True) if place != left_out],
            written_for_this=written_for_this,
        )
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


def as_source(weights: StatusWeights, *, relation: str, relations: int) -> str:
    """The text of `services/core/assertion_weights.py`.

    Args:
        weights: to be shipped.
        relation: version of the relation model.
        relations: number they were fitted on.
    """

    def row(values: Mapping[Assertion, float]) -> str:
        return f"_by_status({', '.join(f'{values[one]:.2f}' for one in STATUSES)})"

    lines = [
        '"""How much a head and the clues of the rules count for each status; written by',
        "`python -m training statuses --write`, anew whenever rules or relation model change.",
        "",
        f"Fitted with {relation} on {relations:,} relations that it never learned.",
        '"""',
        "",
        "from __future__ import annotations",
        "",
        "from collections.abc import Mapping",
        "",
        "from services.core.contracts import Assertion",
        "",
        "",
        "def _by_status(*weights: float) -> Mapping[Assertion, float]:",
        "    return dict(zip(Assertion, weights, strict=True))",
        "",
        "",
        f"BIAS = {row(weights.bias)}",
        "",
        "HEAD = {",
        *(f"    Assertion.{one.name}: {row(weights.head[one])}," for one in STATUSES),
        "}",
        "",
        "CLUES = {",
        *(f'    "{clue}": {row(one)},' for clue, one in sorted(weights.clues.items())),
        "}",
    ]
    return "\n".join(lines) + "\n"
