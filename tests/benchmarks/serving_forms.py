"""The forms in which a graph could serve: how fast, how good, how large, and whether a text is read
the same in any company.

    python -m tests.benchmarks.serving_forms [--task ner] [--model RUN] [--encoder FOLDER]
        [--notes 60] [--rounds 5]

A model, by default the one that serves, is exported in fp32 and put into five forms: fp32; int8
with the scales of activations taken from each batch (dynamic) or from training notes (static); and
8-bit weights by blocks (MatMulNBits) with activations in fp32 or in int8. Of each are printed the
tokens per second of one thread, as a ratio to fp32 in the same round (median, least, greatest), F1
on development notes of our own (mentions, strict; relations on gold mentions), megabytes, and the
greatest change of a probability of a window when it is read beside a longer one.

A version's weights have been rounded once; a run (`model.pt`) has them as they were trained.
`python -m training encoder` makes the encoder that a version needs.
"""

from __future__ import annotations

import argparse
import logging
import statistics
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnxruntime.quantization import (
    CalibrationDataReader,
    QuantFormat,
    QuantType,
    quantize_dynamic,
    quantize_static,
)

from services.adapters.tokenizer import HuggingFaceTokenEncoder
from services.core.bio import TagChains
from services.core.windows import Form
from services.extract.batching import length_batches, pad, pad_pairs
from services.extract.tokens import NER_MAX_TOKENS, RELATION_MAX_TOKENS, token_windows, window_ids
from training.corpora import adewatch
from training.corpora.documents import Document
from training.evaluate.graphs import onnx_pair_runner, onnx_runner, session_of
from training.evaluate.pair_scores import PairModel, pair_score
from training.evaluate.predict import predict_mentions
from training.evaluate.versions import newest
from training.models.encoder import load_encoder
from training.models.ner import NerModel
from training.models.published import published_chains, published_relation, start_from
from training.models.relation import RelationModel
from training.publish.export import export, quantise
from training.rows.ner import windows
from training.rows.pairs import gold_pairs
from training.rows.relation import window_rows
from training.settings import REPOSITORY, SEED, SHIPPED_ENCODER
from training.train.ner import ner_score
from training.train.runs import load_ner, load_relation

Feed = dict[str, NDArray[np.int64]]

BATCH_TOKENS, BATCH_ROWS = 4096, 64
"""As of evaluation."""


@dataclass(frozen=True, slots=True)
class Subject:
    """What is put into forms.

    Attributes:
        model: in torch.
        score: F1 of a graph on development notes.
        rows: feeds of development windows, one row each.
        calibration: likewise of training notes.
    """

    model: NerModel | RelationModel
    score: Callable[[Path], float]
    rows: list[Feed]
    calibration: list[Feed]


class _Reader(CalibrationDataReader):  # type: ignore[misc]
    def __init__(self, feeds: Sequence[Feed]) -> None:
        self._feeds = iter(feeds)

    def get_next(self) -> Any:
        return next(self._feeds, None)


def dynamic(source: Path, target: Path, _: Sequence[Feed]) -> None:
    """Matrices in int8, one scale for the activations of a batch."""
    quantize_dynamic(
        source,
        target,
        op_types_to_quantize=["MatMul"],
        per_channel=True,
        weight_type=QuantType.QInt8,
    )


def static(source: Path, target: Path, calibration: Sequence[Feed]) -> None:
    """Matrices in int8, scales of activations from what training notes give."""
    quantize_static(
        source,
        target,
        _Reader(calibration),
        quant_format=QuantFormat.QDQ,
        op_types_to_quantize=["MatMul"],
        per_channel=True,
        activation_type=QuantType.QInt8,
        weight_type=QuantType.QInt8,
    )


FORMS: dict[str, Callable[[Path, Path, Sequence[Feed]], None]] = {
    "dynamic int8": dynamic,
    "static int8": static,
    "8-bit weights, fp32 activations": lambda source, target, _: quantise(
        source, target, int8_activations=False
    ),
    "8-bit weights, int8 activations": lambda source, target, _: quantise(
        source, target, int8_activations=True
    ),
}


Notes = tuple[list[Document], list[Document]]
"""To calibrate with, of the training part, and to measure with, of the development part."""


def ner_subject(folder: Path, encoder: str, notes: Notes) -> Subject:
    """A NER model of a run or a version."""
    tokens = HuggingFaceTokenEncoder(folder / "tokenizer.json")
    if (folder / "model.pt").is_file():
        model = load_ner(folder)
    else:
        model = NerModel(load_encoder(encoder), crf=published_chains(folder) is not None)
        start_from(model, folder, folder / "tokenizer.json")
        model.eval()
    chains: TagChains | None = model.chains()

    def feeds(documents: Sequence[Document]) -> list[Feed]:
        encodings = tokens.encode([one.text for one in windows(documents, tokens)])
        return [
            _feed([window_ids(encoding, part)])
            for encoding in encodings
            for part in token_windows(encoding, max_tokens=NER_MAX_TOKENS, overlap=0)
        ]

    def score(graph: Path) -> float:
        found = predict_mentions(onnx_runner(graph), tokens, notes[1], chains=chains)
        return ner_score(notes[1], found).f1

    return Subject(model, score, feeds(notes[1]), feeds(notes[0]))


def relation_subject(folder: Path, encoder: str, notes: Notes) -> Subject:
    """A relation model of the levitated form; see `ner_subject`."""
    tokens = HuggingFaceTokenEncoder(folder / "tokenizer.json")
    trained = (folder / "model.pt").is_file()
    model = load_relation(folder) if trained else published_relation(folder, encoder)

    def feeds(documents: Sequence[Document]) -> list[Feed]:
        pairs = gold_pairs(documents, for_training=False)
        found = window_rows(pairs, tokens, form=Form.LEVITATED, max_tokens=RELATION_MAX_TOKENS)
        return [{**_feed([row.ids]), "pairs": pad_pairs([row.pairs])} for row in found]

    def score(graph: Path) -> float:
        asked = PairModel(onnx_pair_runner(graph), tokens, Form.LEVITATED)
        return pair_score(asked, gold_pairs(notes[1], for_training=False)).f1

    return Subject(model, score, feeds(notes[1]), feeds(notes[0]))


def _feed(rows: Sequence[Sequence[int]]) -> Feed:
    ids, mask = pad(rows)
    return {"input_ids": ids, "attention_mask": mask}


def together(feeds: Sequence[Feed]) -> Feed:
    """Rows as one batch."""
    batch = _feed([feed["input_ids"][0].tolist() for feed in feeds])
    if "pairs" in feeds[0]:
        batch["pairs"] = pad_pairs([[tuple(one) for one in feed["pairs"][0]] for feed in feeds])
    return batch


def tokens_per_second(graph: Path, feeds: Sequence[Feed]) -> float:
    """Of one thread, over rows in batches of like length."""
    session = session_of(graph, threads=1)
    lengths = [feed["input_ids"].shape[1] for feed in feeds]
    batches = [
        together([feeds[place] for place in batch])
        for batch in length_batches(lengths, max_tokens=BATCH_TOKENS, max_rows=BATCH_ROWS)
    ]
    session.run(None, batches[0])
    began = time.process_time()
    for batch in batches:
        session.run(None, batch)
    tokens: int = sum(lengths)
    return tokens / (time.process_time() - began)


def company(graph: Path, feeds: Sequence[Feed]) -> float:
    """The greatest change of a probability of a row when a longer one stands beside it."""
    session = session_of(graph, threads=1)
    greatest = 0.0
    rows = sorted(feeds, key=lambda feed: feed["input_ids"].shape[1])
    for short, long in pairwise(rows[:: max(1, len(rows) // 20)]):
        alone = _probabilities(session.run(["logits"], short)[0])
        beside = _probabilities(session.run(["logits"], together([short, long]))[0])
        inside = tuple(slice(size) for size in alone.shape)
        greatest = max(greatest, float(np.abs(alone - beside[inside]).max()))
    return greatest


def _probabilities(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    shifted = np.exp(logits - logits.max(axis=-1, keepdims=True))
    found: NDArray[np.float32] = shifted / shifted.sum(axis=-1, keepdims=True)
    return found


def lines(subject: Subject, *, rounds: int) -> Iterator[str]:
    """A row of the table for each form."""
    yield f"{'form':34}{'MB':>6}{'F1':>8}{'company':>10}{'tokens/s':>10}   to fp32"
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        graphs = {"fp32": Path(folder) / "fp32.onnx"}
        export(subject.model, graphs["fp32"], vocabulary=subject.model.encoder.vocabulary)
        for number, (name, make) in enumerate(FORMS.items()):
            graphs[name] = Path(folder) / f"{number}.onnx"
            make(graphs["fp32"], graphs[name], subject.calibration)
        speeds = {name: list[float]() for name in graphs}
        for _ in range(rounds):
            for name, graph in graphs.items():
                speeds[name].append(tokens_per_second(graph, subject.rows))
        for name, graph in graphs.items():
            ratios = [one / full for one, full in zip(speeds[name], speeds["fp32"], strict=True)]
            yield (
                f"{name:34}{graph.stat().st_size / 1e6:6.0f}{subject.score(graph):8.4f}"
                f"{company(graph, subject.rows):10.2g}{statistics.median(speeds[name]):10.0f}   "
                f"{statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})"
            )


def main() -> None:
    """Print the table of one model."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--task", choices=["ner", "relation"], default="ner")
    parser.add_argument("--model", type=Path, help="a run or a version; default: the newest")
    parser.add_argument("--encoder", default=str(SHIPPED_ENCODER), help="of a version")
    parser.add_argument("--notes", type=int, default=60, help="to calibrate and to measure with")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    logging.disable(logging.WARNING)  # the quantizers tell of every node
    models = REPOSITORY / options.task
    folder = options.model or models / str(newest(models))
    parts = adewatch.split_notes(adewatch.read_notes(), seed=SEED)
    notes = parts.train[: options.notes], parts.dev[: options.notes]
    subject = (ner_subject if options.task == "ner" else relation_subject)(
        folder, options.encoder, notes
    )
    for line in lines(subject, rounds=options.rounds):
        sys.stdout.write(line + "\n")


if __name__ == "__main__":
    main()
