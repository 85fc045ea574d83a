"""From training runs to a complete version in the model repository."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from services.adapters.tokenizer import HuggingFaceTokenEncoder
from training.cards import write_cards
from training.corpora.documents import Document
from training.errors import ExportLoss
from training.evaluate import Model, choose_threshold, read, report
from training.export import export, onnx_runner, quantise
from training.predict import Runner, predict_mentions
from training.runs import load_ner, load_relation
from training.splits import Parts
from training.train_ner import ner_score
from training.train_relation import dev_pairs, pair_score

GREATEST_LOSS = 0.005
"""Mean F1 on dev that int8 may cost."""

MEASURED = ("ade", "clinical")
"""Corpora whose annotation fits both models; thresholds and figures come from them."""


def open_version(folder: Path) -> Model:
    """A model from a folder with `model.onnx` and `tokenizer.json`."""
    return Model(
        onnx_runner(folder / "model.onnx"), HuggingFaceTokenEncoder(folder / "tokenizer.json")
    )


def export_version(task: str, run: Path, folder: Path, dev_f1: Callable[[Runner], float]) -> None:
    """Write graph and tokenizer of a version, and how it was exported to `export.json` of the run.

    Args:
        task: `ner` or `relation`.
        run: the training run.
        folder: the version to write.
        dev_f1: mean F1 of a runner on dev.

    Raises:
        ExportLoss: the int8 form loses more than `GREATEST_LOSS`.
        ParityError: the graph differs from the torch model.
    """
    model = load_ner(run) if task == "ner" else load_relation(run)
    vocabulary = model.encoder.vocabulary
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as temporary:
        full, small = Path(temporary) / "fp32.onnx", Path(temporary) / "int8.onnx"
        difference = export(model, full, vocabulary=vocabulary, per_token=task == "ner")
        before = dev_f1(onnx_runner(full))
        quantise(full, small)
        after = dev_f1(onnx_runner(small))
        if before - after > GREATEST_LOSS:
            raise ExportLoss(f"int8 costs too much F1 on dev: {before:.4f} → {after:.4f}")
        shutil.copyfile(small, folder / "model.onnx")
    shutil.copyfile(run / "tokenizer.json", folder / "tokenizer.json")
    (run / "export.json").write_text(
        json.dumps(
            {
                "form": "int8 weights: embeddings by row, matrices by blocks of 64 (MatMulNBits)",
                "dev_f1_fp32": round(before, 4),
                "dev_f1_int8": round(after, 4),
                "parity_fp32_max_abs": difference,
                "bytes": (folder / "model.onnx").stat().st_size,
            },
            indent=2,
        )
    )


def ner_dev_f1(parts: Mapping[str, Parts], run: Path) -> Callable[[Runner], float]:
    """Mean strict micro F1 of mentions over the dev documents of the measured corpora."""
    encoder = HuggingFaceTokenEncoder(run / "tokenizer.json")

    def score(runner: Runner) -> float:
        scores = [
            ner_score(parts[name].dev, predict_mentions(runner, encoder, parts[name].dev)).f1
            for name in MEASURED
        ]
        return sum(scores) / len(scores)

    return score


def relation_dev_f1(
    parts: Mapping[str, Parts], run: Path, proposer: Path
) -> Callable[[Runner], float]:
    """Mean F1 over the dev pairs that chose the epoch."""
    encoder = HuggingFaceTokenEncoder(run / "tokenizer.json")
    settings = json.loads((run / "run.json").read_text())["settings"]
    pairs = dev_pairs(parts, proposer, limit=settings["negatives_per_note"], seed=settings["seed"])

    def score(runner: Runner) -> float:
        scores = [pair_score(runner, encoder, part).f1 for part in pairs.values()]
        return sum(scores) / len(scores)

    return score


def measure(
    ner: Model,
    relation: Model,
    documents: Mapping[str, Sequence[Document]],
    *,
    threshold: float,
) -> dict[str, object]:
    """The report of every corpus."""
    return {
        name: report(read(ner, relation, part), threshold=threshold)
        for name, part in documents.items()
    }


def describe_versions(
    parts: Mapping[str, Parts],
    folders: Mapping[str, Path],
    runs: Mapping[str, Path],
    commands: list[str],
) -> dict[str, object]:
    """Choose the threshold on dev, measure both served graphs on test, and write all cards.

    Returns:
        The figures on the test documents.
    """
    ner, relation = open_version(folders["ner"]), open_version(folders["relation"])
    dev = {name: read(ner, relation, parts[name].dev) for name in MEASURED}
    threshold = choose_threshold(dev)
    figures = measure(
        ner, relation, {name: parts[name].test for name in MEASURED}, threshold=threshold
    )
    for task, folder in folders.items():
        write_cards(
            folder,
            task=task,
            run=json.loads((runs[task] / "run.json").read_text()),
            threshold=threshold if task == "relation" else 0.5,
            metrics=figures,
            export=json.loads((runs[task] / "export.json").read_text()),
            commands=commands,
        )
    return {"threshold": threshold, "test": figures}
