"""Training of the relation model."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path

import torch
from torch import Tensor

from services.adapters.tokenizer import HuggingFaceTokenEncoder
from services.core.windows import MARKERS
from services.extract.tokens import RELATION_MAX_TOKENS
from training.errors import CorpusError
from training.evaluate.metrics import mean_f1
from training.evaluate.pair_scores import PairModel, pair_score, torch_pair_runner
from training.models.encoder import load_encoder, write_tokenizer
from training.models.losses import relation_loss, status_loss
from training.models.published import start_from
from training.models.relation import CLASSES, RelationConfig, RelationModel, heads_of
from training.rows.pairs import MAX_TOKENS, Pair
from training.rows.relation import IGNORED, STATUS_READINGS, WindowRow, collate, window_rows
from training.rows.sampling import grouped_batches
from training.train.encoder_checks import check_markers, check_model, check_tokenizer
from training.train.loop import Optimisation, optimise, seed_everything, time_left
from training.train.rehearsal import known_to
from training.train.relation_pairs import dev_pairs, related, training_pairs, with_copies
from training.train.relation_settings import RelationSettings
from training.train.runs import save_model, settings_report
from training.train.splits import Parts, sizes

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
        run: the folder to write, with `model.pt`, `tokenizer.json`, `run.json` and
            `learned.txt`.
        teacher: prepares what is learned beside gold.

    Raises:
        TrainingError: the encoder cannot do what it must; before anything is trained.
        CorpusError: no dev document has a relation.
    """
    began = time.monotonic()
    seed = settings.seed + settings.member
    known = known_to(settings.start, share=settings.rehearsed)
    known.refuse_held_out(parts)
    proposed_by = _made(proposer)
    vocabulary = write_tokenizer(settings.encoder, run / "tokenizer.json", markers=MARKERS)
    encoder = HuggingFaceTokenEncoder(run / "tokenizer.json")
    first, second, third, fourth = encoder.marker_ids(MARKERS)
    check_tokenizer(settings.encoder, encoder)
    check_markers(settings.encoder, encoder)

    def begun() -> RelationModel:
        return _begun(settings, vocabulary, (first, second, third, fourth))

    check_model(settings.encoder, begun(), encoder, max_tokens=RELATION_MAX_TOKENS)
    seed_everything(seed)
    pairs = training_pairs(parts, proposer, settings, known)
    dev = dev_pairs(parts, proposer, limit=settings.negatives_per_note, seed=settings.seed)
    if not any(map(related, dev.values())):
        raise CorpusError("no dev document has a relation, so no epoch can be chosen")
    data = with_copies(
        window_rows(pairs, encoder, form=settings.form, max_tokens=MAX_TOKENS), pairs, settings
    )
    model = begun()
    if settings.start:
        start_from(model, Path(settings.start), run / "tokenizer.json")
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
            seconds=time_left(settings.within, time.monotonic() - began),
        ),
    )
    save_model(run, model)
    known.write(run, parts)
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
                "proposer": proposed_by,
                "history": [asdict(epoch) for epoch in history],
            },
            indent=2,
        )
    )


def _begun(
    settings: RelationSettings, vocabulary: int, marker_ids: tuple[int, int, int, int]
) -> RelationModel:
    encoder = load_encoder(settings.encoder, vocabulary=vocabulary)
    return RelationModel(
        encoder,
        RelationConfig(
            marker_ids=marker_ids,
            form=settings.form,
            heads=heads_of(encoder.width),
            pair_attention=settings.pair_attention,
            context_attention=settings.context_attention,
            markers=settings.markers,
        ),
    )


def _made(proposer: Path) -> dict[str, object] | None:
    """Settings and documents of the proposer's run, if it says so."""
    path = proposer / "run.json"
    if not path.is_file():
        return None
    run = json.loads(path.read_text(encoding="utf-8"))
    return {"settings": run["settings"], "documents": run["documents"]}


def _statuses_known(data: Sequence[WindowRow]) -> bool:
    return any(status != IGNORED for row in data for status in row.statuses)


def _status_weights(data: Sequence[WindowRow], *, exponent: float = 0.5) -> Tensor:
    """``w_s = (n_max / n_s) ** exponent`` over the known labels."""
    counts = Counter(status for row in data for status in row.statuses if status != IGNORED)
    most = max(counts.values(), default=1)
    return torch.tensor(
        [(most / max(1, counts[place])) ** exponent for place in range(len(STATUS_READINGS))]
    )
