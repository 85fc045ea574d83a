"""Training of the relation model."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from pathlib import Path

import torch
from torch import Tensor

from services.adapters.tokenizer import HuggingFaceTokenEncoder
from services.core.contracts import MentionType
from services.core.spans import Span
from services.core.windows import MARKERS, Form
from training.augmentation.plan import NO_AUGMENTATION, Augmentation, added
from training.corpora.documents import DICTATED, Document
from training.errors import CorpusError
from training.evaluate.metrics import mean_f1
from training.evaluate.pair_scores import PairModel, pair_score, torch_pair_runner
from training.evaluate.predict import predict_mentions, torch_runner
from training.models.encoder import load_encoder, write_tokenizer
from training.models.losses import relation_loss, status_loss
from training.models.relation import (
    CLASSES,
    RelationConfig,
    RelationModel,
)
from training.rows.pairs import (
    MAX_TOKENS,
    Pair,
    gold_pairs,
    joined_sentences,
    predicted_negatives,
)
from training.rows.relation import IGNORED, STATUS_READINGS, WindowRow, collate, window_rows
from training.rows.sampling import grouped_batches
from training.train.loop import Optimisation, optimise, seed_everything
from training.train.runs import load_ner, save_model, settings_report
from training.train.splits import Parts, sizes

NOTES = (*DICTATED, "adewatch")
"""Corpora whose documents mention many events that no drug is blamed for."""

SENTENCES = ("ade", "phee", "twimed")
"""Corpora of single sentences, which are joined to paragraphs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RelationSettings:
    """What a run of the relation model is made with, besides its data.

    `alpha` = 1 trains without the contrastive term; `form` and the three switches are those of
    `RelationConfig`; `seed` and `member` those of `NerSettings`.
    """

    encoder: str
    seed: int
    member: int = 0
    epochs: int = 5
    learning_rate: float = 2e-4
    bfloat16: bool = False
    max_tokens: int = 2048
    max_rows: int = 32
    alpha: float = 0.7
    temperature: float = 0.1
    hard_weight: float = 2.0
    status_weight: float = 0.6
    joined: int = 400
    dictated_copies: int = 4
    negatives_per_note: int = 4
    form: Form = Form.LEVITATED
    pair_attention: bool = True
    context_attention: bool = True
    markers: bool = True
    augmentation: Augmentation = NO_AUGMENTATION


Lesson = Callable[[Tensor, Tensor, Tensor, Sequence[int]], Tensor]
"""Mixes the loss on gold with one of its own, from logits [n, classes] and status logits
[n, statuses] of pairs by number."""

Teacher = Callable[[Sequence[Pair]], Lesson]


def train_relation(
    parts: dict[str, Parts],
    proposer: Path,
    settings: RelationSettings,
    run: Path,
    *,
    teacher: Teacher | None = None,
) -> None:
    """Train on the training parts, choose the epoch on the dev parts, and write the run.

    Args:
        parts: documents by corpus.
        proposer: run of a NER model that never saw clinical notes: the events it finds in them
            and that are not gold are the false candidates that serving will meet.
        settings: hyper-parameters.
        run: the folder to write, with `model.pt`, `tokenizer.json` and `run.json`.
        teacher: prepares what is learned beside gold.
    """
    seed = settings.seed + settings.member
    seed_everything(seed)
    vocabulary = write_tokenizer(settings.encoder, run / "tokenizer.json", markers=MARKERS)
    encoder = HuggingFaceTokenEncoder(run / "tokenizer.json")
    pairs = _training_pairs(parts, proposer, settings)
    dev = dev_pairs(parts, proposer, limit=settings.negatives_per_note, seed=settings.seed)
    if not any(map(related, dev.values())):
        raise CorpusError("no dev document has a relation, so no epoch can be chosen")
    data = _with_copies(
        window_rows(pairs, encoder, form=settings.form, max_tokens=MAX_TOKENS), pairs, settings
    )
    first, second, third, fourth = encoder.marker_ids(MARKERS)
    model = RelationModel(
        load_encoder(settings.encoder, vocabulary=vocabulary),
        RelationConfig(
            marker_ids=(first, second, third, fourth),
            form=settings.form,
            pair_attention=settings.pair_attention,
            context_attention=settings.context_attention,
            markers=settings.markers,
        ),
    )
    lesson = None if teacher is None else teacher(pairs)
    status_weights = _status_weights(data)

    def loss(batch: Sequence[int]) -> Tensor:
        rows = [data[index] for index in batch]
        together = collate(rows)
        output = model.compute(together.input_ids, together.attention_mask, together.pairs)
        real = together.real
        labels = torch.tensor([label for row in rows for label in row.labels])
        groups = torch.tensor([row.group for row in rows for _ in row.labels])
        statuses = torch.tensor([status for row in rows for status in row.statuses])
        value = relation_loss(
            output.logits[real],
            output.vectors[real],
            labels,
            groups,
            alpha=settings.alpha,
            temperature=settings.temperature,
            hard_weight=settings.hard_weight,
            class_weights=torch.ones(len(CLASSES)),
        )
        if settings.status_weight > 0:
            value = value + settings.status_weight * status_loss(
                output.status[real], statuses, status_weights, STATUS_READINGS, ignored=IGNORED
            )
        if lesson is None:
            return value
        asked = [source for row in rows for source in row.sources]
        return lesson(value, output.logits[real], output.status[real], asked)

    def dev_score() -> float:
        asked = PairModel(torch_pair_runner(model), encoder, settings.form)
        return mean_f1(pair_score(asked, part) for part in dev.values() if related(part))

    history = optimise(
        model,
        batches=[
            grouped_batches(
                [len(row.ids) + 4 * len(row.pairs) for row in data],
                [row.group for row in data],
                max_tokens=settings.max_tokens,
                max_rows=settings.max_rows,
                seed=seed + epoch,
            )
            for epoch in range(settings.epochs)
        ],
        loss=loss,
        dev_score=dev_score,
        settings=Optimisation(
            epochs=settings.epochs,
            learning_rate=settings.learning_rate,
            bfloat16=settings.bfloat16,
        ),
    )
    save_model(run, model)
    (run / "run.json").write_text(
        json.dumps(
            {
                "task": "relation",
                "settings": settings_report(asdict(settings)),
                "rows": len(data),
                "pairs": sum(len(row.labels) for row in data),
                "positives": sum(sum(row.labels) for row in data),
                "learned_statuses": settings.status_weight > 0 and _statuses_known(data),
                "documents": sizes(parts),
                "history": [asdict(epoch) for epoch in history],
            },
            indent=2,
        )
    )


def related(pairs: Sequence[Pair]) -> bool:
    """Whether any pair is a relation."""
    return any(pair.caused for pair in pairs)


def _statuses_known(data: Sequence[WindowRow]) -> bool:
    return any(status != IGNORED for row in data for status in row.statuses)


def _status_weights(data: Sequence[WindowRow], *, exponent: float = 0.5) -> Tensor:
    """``w_s = (n_max / n_s) ** exponent`` over the known labels."""
    counts = Counter(status for row in data for status in row.statuses if status != IGNORED)
    most = max(counts.values(), default=1)
    return torch.tensor(
        [(most / max(1, counts[place])) ** exponent for place in range(len(STATUS_READINGS))]
    )


def false_candidates(
    documents: Sequence[Document], proposer: Path, *, limit: int, seed: int
) -> list[Pair]:
    """Pairs of gold drugs with events that the proposer finds and that are not gold."""
    trained = (proposer / "model.pt").stat().st_mtime_ns
    return [
        pair
        for document, events in zip(
            documents, _proposed_events(proposer, trained, tuple(documents)), strict=True
        )
        for pair in predicted_negatives(document, events, limit=limit, seed=seed)
    ]


@lru_cache(maxsize=4)
def _proposed_events(
    proposer: Path, trained: int, documents: tuple[Document, ...]
) -> list[list[Span]]:
    """Events that a proposer finds in each document; kept, because every ablation asks it.

    Args:
        proposer: see `train_relation`.
        trained: when, so that another model in its place is asked anew.
        documents: what to read.
    """
    encoder = HuggingFaceTokenEncoder(proposer / "tokenizer.json")
    model = load_ner(proposer)
    found = predict_mentions(torch_runner(model), encoder, documents, chains=model.chains())
    return [
        [mention.span for mention in mentions if mention.type is MentionType.ADE]
        for mentions in found
    ]


def _training_pairs(
    parts: dict[str, Parts], proposer: Path, settings: RelationSettings
) -> list[Pair]:
    pairs: list[Pair] = []
    # Sentences that two corpora share give their relations once.
    known = {document.group for document in parts["ade"].train} if "ade" in parts else set()
    for name, part in parts.items():
        copies = added(part.train, settings.augmentation, seed=settings.seed)
        gold = gold_pairs([*part.train, *copies])
        if name == "phee":
            gold = [pair for pair in gold if not (pair.caused and pair.document.group in known)]
        pairs += gold
        if name in NOTES:
            pairs += false_candidates(
                part.train, proposer, limit=settings.negatives_per_note, seed=settings.seed
            )
        if name in SENTENCES and settings.joined > 0:
            # With their own relations: a paragraph of nothing but negative pairs teaches that
            # sentences in company have none.
            own = [one for one in part.train if name != "phee" or one.group not in known]
            pairs += gold_pairs(joined_sentences(own, count=settings.joined, seed=settings.seed))
    return pairs


def _with_copies(
    data: Sequence[WindowRow], pairs: Sequence[Pair], settings: RelationSettings
) -> list[WindowRow]:
    """Rows of dictations, of which there are few, several times; each copy a group of its own."""
    groups = 1 + max((row.group for row in data), default=0)
    dictated = [
        row
        for row in data
        if all(pairs[place].document.corpus in DICTATED for place in row.sources)
    ]
    copies = [
        replace(row, group=row.group + groups * number)
        for number in range(1, settings.dictated_copies)
        for row in dictated
    ]
    return [*data, *copies]


def dev_pairs(
    parts: Mapping[str, Parts], proposer: Path, *, limit: int, seed: int
) -> dict[str, list[Pair]]:
    """Candidate pairs of the dev documents by corpus; notes with false candidates too."""
    dev = {name: gold_pairs(part.dev) for name, part in parts.items()}
    for name in NOTES:
        if name in dev:
            dev[name] += false_candidates(parts[name].dev, proposer, limit=limit, seed=seed)
    return dev
