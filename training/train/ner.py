"""Training of the NER model."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from torch import Tensor

from services.adapters.tokenizer import HuggingFaceTokenEncoder
from services.core.bio import TAGS, TYPES, Decoded
from services.extract.tokens import NER_MAX_TOKENS
from training.augmentation.plan import NO_AUGMENTATION, Augmentation, added
from training.corpora.documents import DICTATED, Document
from training.errors import CorpusError
from training.evaluate.metrics import Score, mean_f1, mention_scores
from training.evaluate.predict import predict_mentions, torch_runner, typed
from training.models.encoder import load_encoder, write_tokenizer
from training.models.losses import tagging_loss
from training.models.ner import NerModel
from training.models.published import start_from
from training.rows.ner import IGNORED, NerRow, rows, sample, windows
from training.rows.pairs import joined_sentences
from training.rows.sampling import bucketed_batches
from training.train.encoder_checks import check_model, check_tokenizer
from training.train.loop import Optimisation, optimise, seed_everything, time_left
from training.train.rehearsal import Known, known_to
from training.train.runs import save_model, settings_report
from training.train.splits import Parts, sizes


@dataclass(frozen=True, slots=True, kw_only=True)
class NerSettings:
    """What a run of NER is made with, besides its data.

    `seed` is that of the split too. Runs of one seed and other numbers as `member` differ in
    samples and weights only: an ensemble of which no member has seen what another is chosen on.
    With `crf` neighbouring tags depend on each other, and class weights do not count.
    `start` is a published version to go on from, and `rehearsed` the share to learn from of the
    documents that it knows.
    `joined` paragraphs of two to four sentences are made of the ADE corpus.
    The steps end `within` so many minutes, fewer than `epochs` ask for on a slow processor; 0: they
    take the time they need. The last scoring comes after.
    """

    encoder: str
    seed: int
    start: str = ""
    member: int = 0
    epochs: int = 8
    within: float = 0.0
    learning_rate: float = 3e-4
    bfloat16: bool = False
    max_tokens: int = 1024
    max_rows: int = 24
    bare_fraction: float = 0.25
    negative_fraction: float = 0.12
    event_copies: int = 3
    class_weight_exponent: float = 0.25
    crf: bool = False
    joined: int = 0
    rehearsed: float = 1.0
    augmentation: Augmentation = NO_AUGMENTATION


Lesson = Callable[[Tensor, Tensor, Sequence[int]], Tensor]
"""Mixes the loss on gold with one of its own, from the logits [batch, tokens, types, tags] of rows
by number."""

Teacher = Callable[[Sequence[NerRow]], Lesson]


def train_ner(
    parts: dict[str, Parts], settings: NerSettings, run: Path, *, teacher: Teacher | None = None
) -> None:
    """Train on the training parts, choose the epoch on the dev parts, and write the run.

    Args:
        parts: documents by corpus.
        settings: hyper-parameters.
        run: the folder to write, with `model.pt`, `tokenizer.json`, `run.json` and
            `learned.txt`.
        teacher: prepares what is learned beside gold.

    Raises:
        TrainingError: the encoder cannot do what it must; before anything is trained.
        CorpusError: no dev document has a mention.
    """
    began = time.monotonic()
    seed = settings.seed + settings.member
    known = known_to(settings.start, share=settings.rehearsed)
    known.refuse_held_out(parts)
    vocabulary = write_tokenizer(settings.encoder, run / "tokenizer.json")
    encoder = HuggingFaceTokenEncoder(run / "tokenizer.json")
    check_tokenizer(settings.encoder, encoder)
    check_model(settings.encoder, _begun(settings, vocabulary), encoder, max_tokens=NER_MAX_TOKENS)
    seed_everything(seed)
    data = _training_rows(parts, settings, encoder, known)
    # Where no type is completely annotated the score is 0 in every epoch and says nothing.
    dev = [part.dev for part in parts.values() if any(map(_scored, part.dev))]
    if not dev:
        raise CorpusError("no dev document has a mention, so no epoch can be chosen")
    model = _begun(settings, vocabulary)
    if settings.start:
        start_from(model, Path(settings.start), run / "tokenizer.json")
    lesson = None if teacher is None else teacher(data)
    weights = class_weights(data, exponent=settings.class_weight_exponent)
    tags = [torch.tensor(row.tags).T for row in data]
    ids = [torch.tensor(row.ids) for row in data]

    def loss(batch: Sequence[int]) -> Tensor:
        input_ids = torch.nn.utils.rnn.pad_sequence([ids[i] for i in batch], batch_first=True)
        gold = torch.nn.utils.rnn.pad_sequence(
            [tags[i] for i in batch], batch_first=True, padding_value=IGNORED
        )
        mask = torch.zeros_like(input_ids)
        for place, i in enumerate(batch):
            mask[place, : len(ids[i])] = 1
        logits = model(input_ids, mask)
        if model.chain is None:
            value = tagging_loss(logits.flatten(0, 1), gold.flatten(0, 1), weights, ignored=IGNORED)
        else:
            places, words = word_places([data[i] for i in batch])
            rows_of = torch.arange(len(batch)).unsqueeze(1)
            value = model.chain.loss(
                logits[rows_of, places], gold[rows_of, places], words, ignored=IGNORED
            )
        return value if lesson is None else lesson(value, logits, batch)

    def dev_score() -> float:
        runner, chains = torch_runner(model), model.chains()
        return mean_f1(
            ner_score(documents, predict_mentions(runner, encoder, documents, chains=chains))
            for documents in dev
        )

    history = optimise(
        model,
        batches=[
            bucketed_batches(
                [len(row.ids) for row in data],
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
                "task": "ner",
                "settings": settings_report(asdict(settings)),
                "reads_windows": True,
                "chains": chains_report(model),
                "rows": len(data),
                "documents": sizes(parts),
                "history": [asdict(epoch) for epoch in history],
            },
            indent=2,
        )
    )


def _begun(settings: NerSettings, vocabulary: int) -> NerModel:
    return NerModel(load_encoder(settings.encoder, vocabulary=vocabulary), crf=settings.crf)


def word_places(data: Sequence[NerRow]) -> tuple[Tensor, Tensor]:
    """The first tokens of the words of rows, [batch, words], and which of them are words."""
    starts = [torch.tensor([token for token, _ in row.words] or [0]) for row in data]
    places = torch.nn.utils.rnn.pad_sequence(starts, batch_first=True)
    counts = torch.tensor([len(one) for one in starts])
    return places, torch.arange(places.shape[1]) < counts.unsqueeze(1)


def chains_report(model: NerModel) -> dict[str, object] | None:
    """The chains of a model with a CRF, as its card has them."""
    chains = model.chains()
    return None if chains is None else {type_: asdict(one) for type_, one in chains.items()}


def ner_score(documents: Sequence[Document], predicted: Sequence[Sequence[Decoded]]) -> Score:
    """Strict micro score of the mentions of the types that are completely annotated."""
    pairs = [
        (
            [one for one in document.spans() if one.type in document.complete],
            [one for one in typed(found) if one.type in document.complete],
        )
        for document, found in zip(documents, predicted, strict=True)
    ]
    return sum(mention_scores(pairs).values(), Score())


def _scored(document: Document) -> bool:
    """Whether `ner_score` looks for any mention in a document."""
    return any(mention.type in document.complete for mention in document.mentions)


def class_weights(data: Sequence[NerRow], *, exponent: float) -> Tensor:
    """``w_kc = (n_k,max / n_kc) ** exponent`` over the tags of the rows, [types, tags]."""
    weights = torch.ones(len(TYPES), len(TAGS))
    for place in range(len(TYPES)):
        counts = Counter(tag for row in data for tag in row.tags[place] if tag >= 0)
        most = max(counts.values(), default=1)
        for tag in range(len(TAGS)):
            weights[place, tag] = (most / max(1, counts[tag])) ** exponent
    return weights


def _training_rows(
    parts: dict[str, Parts],
    settings: NerSettings,
    encoder: HuggingFaceTokenEncoder,
    known: Known,
) -> list[NerRow]:
    data: list[NerRow] = []
    for name, part in parts.items():
        copies = settings.event_copies if name in DICTATED else 1
        # The corpus of negative sentences is large and has no mention at all.
        negatives = name == "ade-neg"
        train = known.to_learn(
            part.train, share=settings.rehearsed, seed=settings.seed + settings.member
        )
        documents = [*train, *added(train, settings.augmentation, seed=settings.seed)]
        if name == "ade" and settings.joined > 0:
            documents += joined_sentences(train, count=settings.joined, seed=settings.seed)
        data += rows(
            sample(
                windows(documents, encoder),
                bare_fraction=settings.negative_fraction if negatives else settings.bare_fraction,
                event_copies=copies,
                seed=settings.seed + settings.member,
            ),
            encoder,
        )
    return data
