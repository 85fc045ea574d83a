"""The relation model over candidate pairs of any number, for evaluation."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from services.core.assertion_combined import HEAD_ALONE, StatusWeights
from services.core.confidence import Confidence
from services.core.model_ports import FloatArray, IntArray, TokenEncoder
from services.core.windows import Form
from services.extract.batching import length_batches
from services.extract.tokens import RELATION_MAX_TOKENS
from training.evaluate.metrics import Score
from training.models.relation import CAUSED, STATUSES, RelationModel
from training.rows.pairs import Pair
from training.rows.relation import collate, window_rows

PairRunner = Callable[[IntArray, IntArray, IntArray], tuple[FloatArray, FloatArray]]
"""`input_ids`, `attention_mask` [batch, tokens] and `pairs` [batch, P, 4] to the probabilities of
the classes [batch, P, 2] and of the statuses [batch, P, 6]."""

BATCH_TOKENS = 4096
BATCH_ROWS = 64


@dataclass(frozen=True, slots=True)
class PairModel:
    """A relation model that can be asked.

    Attributes:
        run: its graph or torch module.
        encoder: its tokenizer.
        form: how it is shown its pairs.
        learned_statuses: whether its head for statuses has been trained.
        confidence: how its answer is weighed with those on the mentions; None if it stands alone.
        status_weights: how its answer on the status is weighed with the rules of assertion.
    """

    run: PairRunner
    encoder: TokenEncoder
    form: Form
    learned_statuses: bool = False
    confidence: Confidence | None = None
    status_weights: StatusWeights = HEAD_ALONE


@dataclass(frozen=True, slots=True)
class PairAnswer:
    """What the model says of one pair.

    Attributes:
        probability: of *caused*; 0 for a pair that is too far apart to be asked about.
        statuses: probability per status in the order of `STATUSES`, [6].
        asked: whether the pair was near enough to be asked about.
    """

    probability: float
    statuses: FloatArray
    asked: bool = True


def score_pairs(model: PairModel, pairs: Sequence[Pair]) -> list[PairAnswer]:
    """One answer per pair, in order."""
    unknown = np.full(len(STATUSES), 1 / len(STATUSES), dtype=np.float32)
    answers = [PairAnswer(0.0, unknown, asked=False)] * len(pairs)
    rows = window_rows(pairs, model.encoder, form=model.form, max_tokens=RELATION_MAX_TOKENS)
    lengths = [len(row.ids) for row in rows]
    for batch in length_batches(lengths, max_tokens=BATCH_TOKENS, max_rows=BATCH_ROWS):
        together = collate([rows[index] for index in batch])
        probabilities, statuses = model.run(
            together.input_ids.numpy(), together.attention_mask.numpy(), together.pairs.numpy()
        )
        for place, index in enumerate(batch):
            for number, source in enumerate(rows[index].sources):
                answers[source] = PairAnswer(
                    float(probabilities[place, number, CAUSED]), statuses[place, number]
                )
    return answers


def torch_pair_runner(model: RelationModel) -> PairRunner:
    """A torch model as a runner."""

    def run(ids: IntArray, mask: IntArray, pairs: IntArray) -> tuple[FloatArray, FloatArray]:
        with torch.inference_mode():
            logits, status = model(
                torch.from_numpy(ids), torch.from_numpy(mask), torch.from_numpy(pairs)
            )
            return (
                logits.float().softmax(dim=-1).numpy(),
                status.float().softmax(dim=-1).numpy(),
            )

    return run


def pair_score(model: PairModel, pairs: Sequence[Pair], *, threshold: float = 0.5) -> Score:
    """Precision and recall of *caused* over candidate pairs."""
    predicted = [answer.probability >= threshold for answer in score_pairs(model, pairs)]
    return Score(
        sum(pair.caused for pair, said in zip(pairs, predicted, strict=True) if said),
        sum(predicted),
        sum(pair.caused for pair in pairs),
    )
