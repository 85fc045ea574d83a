"""Training of the relation model."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from torch import Tensor

from services.adapters.tokenizer import HuggingFaceTokenEncoder
from services.core.contracts import MentionType
from services.core.ports import TokenEncoder
from services.core.windows import MARKERS
from training.corpora.documents import Document
from training.loop import Optimisation, optimise, seed_everything
from training.losses import relation_loss
from training.metrics import Score
from training.models.encoder import load_encoder, write_tokenizer
from training.models.relation import CAUSED, RelationModel
from training.pairs import (
    Pair,
    across_sentences,
    gold_pairs,
    joined_sentences,
    predicted_negatives,
    rows,
)
from training.predict import Runner, predict_mentions, run_rows, torch_runner
from training.runs import load_ner, save_model
from training.sampling import grouped_batches
from training.splits import Parts


@dataclass(frozen=True, slots=True, kw_only=True)
class RelationSettings:
    """What a run of the relation model is made with, besides its data."""

    encoder: str
    seed: int
    epochs: int = 4
    learning_rate: float = 2e-4
    max_tokens: int = 2048
    max_rows: int = 32
    alpha: float = 0.7
    temperature: float = 0.1
    hard_weight: float = 2.0
    joined: int = 600
    clinical_copies: int = 4
    negatives_per_note: int = 4


def train_relation(
    parts: dict[str, Parts], proposer: Path, settings: RelationSettings, run: Path
) -> None:
    """Train on the training parts, choose the epoch on the dev parts, and write the run.

    Args:
        parts: documents by corpus.
        proposer: run of a NER model that never saw clinical notes: the events it finds in them
            and that are not gold are the false candidates that serving will meet.
        settings: hyper-parameters.
        run: the folder to write, with `model.pt`, `tokenizer.json` and `run.json`.
    """
    seed_everything(settings.seed)
    vocabulary = write_tokenizer(settings.encoder, run / "tokenizer.json", markers=MARKERS)
    encoder = HuggingFaceTokenEncoder(run / "tokenizer.json")
    pairs = _training_pairs(parts, proposer, settings)
    dev = dev_pairs(parts, proposer, limit=settings.negatives_per_note, seed=settings.seed)
    data = rows(pairs, encoder)
    first, second, third, fourth = encoder.marker_ids(MARKERS)
    model = RelationModel(
        load_encoder(settings.encoder, vocabulary=vocabulary),
        marker_ids=(first, second, third, fourth),
    )
    ids = [torch.tensor(row.ids) for row in data]
    labels = torch.tensor([row.label for row in data])
    groups = torch.tensor([row.group for row in data])
    class_weights = torch.ones(2)

    def loss(batch: Sequence[int]) -> Tensor:
        input_ids = torch.nn.utils.rnn.pad_sequence([ids[i] for i in batch], batch_first=True)
        mask = torch.zeros_like(input_ids)
        for place, i in enumerate(batch):
            mask[place, : len(ids[i])] = 1
        output = model.compute(input_ids, mask)
        chosen = torch.tensor(batch)
        return relation_loss(
            output.logits,
            output.vectors,
            labels[chosen],
            groups[chosen],
            alpha=settings.alpha,
            temperature=settings.temperature,
            hard_weight=settings.hard_weight,
            class_weights=class_weights,
        )

    def dev_score() -> float:
        runner = torch_runner(model)
        scores = [pair_score(runner, encoder, part) for part in dev.values()]
        return sum(score.f1 for score in scores) / len(scores)

    history = optimise(
        model,
        batches=[
            grouped_batches(
                [len(row.ids) for row in data],
                [row.group for row in data],
                max_tokens=settings.max_tokens,
                max_rows=settings.max_rows,
                seed=settings.seed + epoch,
            )
            for epoch in range(settings.epochs)
        ],
        loss=loss,
        dev_score=dev_score,
        settings=Optimisation(epochs=settings.epochs, learning_rate=settings.learning_rate),
    )
    save_model(run, model)
    (run / "run.json").write_text(
        json.dumps(
            {
                "task": "relation",
                "settings": {**asdict(settings), "encoder": Path(settings.encoder).name},
                "rows": len(data),
                "positives": int(labels.sum()),
                "documents": {
                    name: {"train": len(p.train), "dev": len(p.dev), "test": len(p.test)}
                    for name, p in parts.items()
                },
                "history": [asdict(epoch) for epoch in history],
            },
            indent=2,
        )
    )


def pair_score(
    runner: Runner, encoder: TokenEncoder, pairs: Sequence[Pair], *, threshold: float = 0.5
) -> Score:
    """Precision and recall of *caused* over candidate pairs."""
    encodings = encoder.encode([pair.marked for pair in pairs])
    answers = run_rows(runner, [encoding.ids for encoding in encodings])
    predicted = [bool(answer[CAUSED] >= threshold) for answer in answers]
    return Score(
        sum(pair.caused for pair, said in zip(pairs, predicted, strict=True) if said),
        sum(predicted),
        sum(pair.caused for pair in pairs),
    )


def false_candidates(
    documents: Sequence[Document], proposer: Path, *, limit: int, seed: int
) -> list[Pair]:
    """Pairs of gold drugs with events that the proposer finds and that are not gold."""
    encoder = HuggingFaceTokenEncoder(proposer / "tokenizer.json")
    found = predict_mentions(torch_runner(load_ner(proposer)), encoder, documents)
    return [
        pair
        for document, mentions in zip(documents, found, strict=True)
        for pair in predicted_negatives(
            document,
            [mention.span for mention in mentions if mention.type is MentionType.ADE],
            limit=limit,
            seed=seed,
        )
    ]


def _training_pairs(
    parts: dict[str, Parts], proposer: Path, settings: RelationSettings
) -> list[Pair]:
    pairs: list[Pair] = []
    # Sentences that two corpora share give their relations once.
    known = {document.group for document in parts["ade"].train} if "ade" in parts else set()
    for name, part in parts.items():
        gold = gold_pairs(part.train)
        if name == "phee":
            gold = [pair for pair in gold if not (pair.caused and pair.document.group in known)]
        pairs += gold
        if name == "clinical":
            caused = [pair for pair in gold if pair.caused]
            pairs += caused * (settings.clinical_copies - 1)
            pairs += false_candidates(
                part.train, proposer, limit=settings.negatives_per_note, seed=settings.seed
            )
        if name == "ade":
            joined = joined_sentences(part.train, count=settings.joined, seed=settings.seed)
            crossing = across_sentences(gold_pairs(joined))
            # Only some of the many pairs of a paragraph: each is read with all of its sentences.
            pairs += crossing[:: max(1, len(crossing) // settings.joined)]
    return pairs


def dev_pairs(
    parts: Mapping[str, Parts], proposer: Path, *, limit: int, seed: int
) -> dict[str, list[Pair]]:
    """Candidate pairs of the dev documents by corpus; notes with false candidates too."""
    dev = {name: gold_pairs(part.dev) for name, part in parts.items()}
    if "clinical" in dev:
        dev["clinical"] += false_candidates(parts["clinical"].dev, proposer, limit=limit, seed=seed)
    return dev
