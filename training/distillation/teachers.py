"""What an ensemble of trained runs says of the student's training rows and pairs.

Teachers may have other tokenizers than the student: of tags they answer per word, and words are
known by their place in the text.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from services.adapters.tokenizer import HuggingFaceTokenEncoder
from services.core.bio import TAGS, TYPES
from services.core.model_ports import FloatArray
from services.core.spans import Span
from services.core.tag_chain import marginals
from services.extract.tokens import (
    NER_MAX_TOKENS,
    WINDOW_OVERLAP_TOKENS,
    stitch,
    token_windows,
    window_ids,
)
from training.distillation.losses import Distillation, as_tensor, soft_cross_entropy, softened
from training.errors import TrainingError
from training.evaluate.pair_scores import PairModel, score_pairs, torch_pair_runner
from training.evaluate.predict import run_rows, torch_runner
from training.evaluate.tagger import Tagger
from training.evaluate.versions import read_json
from training.models.relation import STATUSES
from training.rows.ner import NerRow, first_tokens
from training.rows.pairs import Pair
from training.train import ner as ner_training
from training.train import relation as relation_training
from training.train.runs import load_ner, load_relation

ROWS_PER_CALL = 256

CAUSED_FROM = 0.5
"""Teachers say something of a pair's status only if they hold it for a relation."""


def open_taggers(runs: Sequence[Path], *, seed: int) -> list[Tagger]:
    """The NER models of runs.

    Raises:
        TrainingError: a run is none of ner, or its split is another one.
    """
    for run in runs:
        _checked(run, "ner", seed)
    models = [load_ner(run) for run in runs]
    return [
        Tagger(
            torch_runner(model),
            HuggingFaceTokenEncoder(run / "tokenizer.json"),
            reads_windows=True,
            chains=model.chains(),
        )
        for run, model in zip(runs, models, strict=True)
    ]


def open_pair_models(runs: Sequence[Path], *, seed: int) -> list[PairModel]:
    """The relation models of runs; see `open_taggers`."""
    reports = [_checked(run, "relation", seed) for run in runs]
    models = [load_relation(run) for run in runs]
    return [
        PairModel(
            torch_pair_runner(model),
            HuggingFaceTokenEncoder(run / "tokenizer.json"),
            model.config.form,
            learned_statuses=bool(report["learned_statuses"]),
        )
        for run, model, report in zip(runs, models, reports, strict=True)
    ]


def ner_teacher(taggers: Sequence[Tagger], how: Distillation) -> ner_training.Teacher:
    """The ensemble as `train_ner` takes it."""

    def teacher(rows: Sequence[NerRow]) -> ner_training.Lesson:
        targets = [as_tensor(one) for one in soft_tags(taggers, rows, how.temperature)]

        def lesson(gold: Tensor, logits: Tensor, batch: Sequence[int]) -> Tensor:
            soft = torch.nn.utils.rnn.pad_sequence(
                [targets[index] for index in batch], batch_first=True, padding_value=float("nan")
            )
            return how.mixed(gold, soft_cross_entropy(logits, soft, temperature=how.temperature))

        return lesson

    return teacher


def pair_teacher(models: Sequence[PairModel], how: Distillation) -> relation_training.Teacher:
    """The ensemble as `train_relation` takes it."""

    def teacher(pairs: Sequence[Pair]) -> relation_training.Lesson:
        found = soft_pairs(models, pairs, how.temperature)
        classes, statuses = (as_tensor(one) for one in found)
        related = (classes[:, 1] >= CAUSED_FROM).float()

        def lesson(gold: Tensor, logits: Tensor, status: Tensor, asked: Sequence[int]) -> Tensor:
            chosen = torch.tensor(list(asked))
            soft = soft_cross_entropy(logits, classes[chosen], temperature=how.temperature)
            soft = soft + soft_cross_entropy(
                status, statuses[chosen], temperature=how.temperature, weights=related[chosen]
            )
            return how.mixed(gold, soft)

        return lesson

    return teacher


def soft_tags(
    taggers: Sequence[Tagger], rows: Sequence[NerRow], temperature: float
) -> Iterator[FloatArray]:
    """Per row the mean of the teachers' softened probabilities, [tokens, types, tags].

    NaN at tokens that begin no word, and at words that a teacher divides otherwise.
    """
    for start in range(0, len(rows), ROWS_PER_CALL):
        part = rows[start : start + ROWS_PER_CALL]
        texts = list(dict.fromkeys(row.text for row in part))
        answers = [dict(zip(texts, _by_word(one, texts), strict=True)) for one in taggers]
        for row in part:
            found = np.full((len(row.ids), len(TYPES), len(TAGS)), np.nan, dtype=np.float32)
            for token, span in row.words:
                said = [answer[row.text].get(span) for answer in answers]
                known = [softened(one, temperature) for one in said if one is not None]
                if len(known) == len(taggers):
                    found[token] = np.mean(known, axis=0)
            yield found


def soft_pairs(
    models: Sequence[PairModel], pairs: Sequence[Pair], temperature: float
) -> tuple[FloatArray, FloatArray]:
    """Means of the teachers' softened probabilities of classes [n, 2] and of statuses [n, 6].

    NaN where a teacher was not asked, and of statuses where no teacher has learned them.
    """
    classes = np.zeros((len(pairs), 2), dtype=np.float32)
    statuses = np.zeros((len(pairs), len(STATUSES)), dtype=np.float32)
    learned = [model for model in models if model.learned_statuses]
    for model in models:
        answers = score_pairs(model, pairs)
        asked = np.array([one.asked for one in answers], dtype=bool)
        caused = np.array([one.probability for one in answers], dtype=np.float32)
        both = softened(np.stack([1 - caused, caused], axis=-1), temperature)
        classes += np.where(asked[:, None], both, np.nan) / len(models)
        if model in learned:
            said = softened(np.stack([one.statuses for one in answers]), temperature)
            statuses += np.where(asked[:, None], said, np.nan) / len(learned)
    return classes, statuses if learned else np.full_like(statuses, np.nan)


def _by_word(tagger: Tagger, texts: Sequence[str]) -> list[dict[Span, FloatArray]]:
    """Per text the probabilities [types, tags] of each word."""
    encodings = tagger.encoder.encode(texts)
    windows = [
        token_windows(encoding, max_tokens=NER_MAX_TOKENS, overlap=WINDOW_OVERLAP_TOKENS)
        for encoding in encodings
    ]
    ids = [
        window_ids(encoding, window)
        for encoding, parts in zip(encodings, windows, strict=True)
        for window in parts
    ]
    answers = iter(run_rows(tagger.run, ids))
    found = []
    for encoding, parts in zip(encodings, windows, strict=True):
        columns = stitch(encoding, parts, [next(answers) for _ in parts])
        by_type = columns.reshape(len(columns), len(TYPES), len(TAGS))
        starts = first_tokens(encoding)
        of_words = by_type[np.array([token for token, _ in starts], dtype=np.int64)]
        if tagger.chains is not None and starts:
            for place, type_ in enumerate(TYPES):
                of_words[:, place] = marginals(tagger.chains[type_], of_words[:, place])
        found.append({span: said for (_, span), said in zip(starts, of_words, strict=True)})
    return found


def _checked(run: Path, task: str, seed: int) -> dict[str, object]:
    report = read_json(run / "run.json")
    if report.get("task") != task:
        raise TrainingError(f"{run} is no run of {task}")
    if report["settings"]["seed"] != seed:
        # It has been trained on documents that the student is chosen and measured on.
        raise TrainingError(
            f"{run} was split with seed {report['settings']['seed']}, the student is with {seed}; "
            "train members of an ensemble with one seed and different --member"
        )
    return report
