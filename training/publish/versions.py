"""From training runs to a complete version in the model repository."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from services.adapters.model_files import tag_chains
from services.adapters.tokenizer import HuggingFaceTokenEncoder
from services.core.assertion_combined import status_weights_entry
from services.core.windows import Form
from training.corpora.documents import Document
from training.errors import CardError, DataMissing, ExportLoss
from training.evaluate.graphs import onnx_pair_runner, onnx_runner
from training.evaluate.kinds import CALIBRATED_ON, CHOSEN_ON, MEASURED, by_kind
from training.evaluate.metrics import mean_f1
from training.evaluate.pair_scores import PairModel, pair_score
from training.evaluate.predict import predict_mentions
from training.evaluate.status_weights import fit_statuses
from training.evaluate.tagger import Tagger, calibrated, read, report
from training.evaluate.versions import CLIENT, open_ner, open_relation, read_json
from training.publish.cards import sha256, write_cards
from training.publish.export import export, quantise
from training.train.ner import ner_score
from training.train.rehearsal import LEARNED, known_to, refuse_learned
from training.train.relation_pairs import dev_pairs, related
from training.train.runs import load_ner, load_relation
from training.train.splits import Parts

TOKENIZER = "tokenizer.json"

GREATEST_LOSS = 0.005
"""Mean F1 on dev that int8 may cost."""

GraphScore = Callable[[Path], float]
"""Mean F1 on dev of a graph."""


def client_settings(run: Mapping[str, Any]) -> dict[str, object]:
    """What a client of a model must know, from the report of its run: entries of the card."""
    if run["task"] == "ner":
        return {"reads_windows": run["reads_windows"], "chains": run.get("chains")}
    form = run["settings"]["form"]
    # Of a marked model nobody asks for statuses: it must not be measured with them.
    learned = bool(run["learned_statuses"]) and form == Form.LEVITATED
    return {"form": form, "learned_statuses": learned}


def export_version(task: str, run: Path, folder: Path, dev_f1: GraphScore) -> None:
    """Write graph and tokenizer of a version, and how it was exported to `export.json` of the run.

    Args:
        task: `ner` or `relation`.
        run: the training run.
        folder: the version to write.
        dev_f1: mean F1 of a graph on dev.

    Raises:
        ExportLoss: the int8 form loses more than `GREATEST_LOSS`.
        ParityError: the graph differs from the torch model.
        DataMissing: the run is incomplete.
    """
    for name in (TOKENIZER, LEARNED):
        if not (run / name).is_file():
            raise DataMissing(f"{run} holds no complete run: no {name}")
    model = load_ner(run) if task == "ner" else load_relation(run)
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as temporary:
        full, small = Path(temporary) / "fp32.onnx", Path(temporary) / "int8.onnx"
        difference = export(model, full, vocabulary=model.encoder.vocabulary)
        before = dev_f1(full)
        quantise(full, small)
        after = dev_f1(small)
        if before - after > GREATEST_LOSS:
            raise ExportLoss(f"int8 costs too much F1 on dev: {before:.4f} → {after:.4f}")
        shutil.copyfile(small, folder / "model.onnx")
    for name in (TOKENIZER, LEARNED):
        shutil.copyfile(run / name, folder / name)
    for name in ("card.json", "CARD.md"):
        # Of another graph that was here.
        (folder / name).unlink(missing_ok=True)
    (folder / CLIENT).write_text(
        json.dumps({"model": task, **client_settings(read_json(run / "run.json"))}),
        encoding="utf-8",
    )
    (run / "export.json").write_text(
        json.dumps(
            {
                "form": "int8 weights: embeddings by row, matrices by blocks of 64 (MatMulNBits)",
                "dev_f1_fp32": round(before, 4),
                "dev_f1_int8": round(after, 4),
                "parity_fp32_max_abs": difference,
                "bytes": (folder / "model.onnx").stat().st_size,
                "sha256": sha256(folder / "model.onnx"),
            },
            indent=2,
        )
    )


def ner_dev_f1(parts: Mapping[str, Parts], run: Path) -> GraphScore:
    """Mean strict micro F1 of mentions over the dev documents of the measured corpora."""
    encoder = HuggingFaceTokenEncoder(run / "tokenizer.json")
    report = read_json(run / "run.json")
    windows, chains = bool(report["reads_windows"]), tag_chains(report)

    def score(graph: Path) -> float:
        runner = onnx_runner(graph)
        return mean_f1(
            ner_score(
                parts[name].dev,
                predict_mentions(
                    runner, encoder, parts[name].dev, reads_windows=windows, chains=chains
                ),
            )
            for name in CHOSEN_ON
        )

    return score


def relation_dev_f1(parts: Mapping[str, Parts], run: Path, proposer: Path) -> GraphScore:
    """Mean F1 over the dev pairs that chose the epoch."""
    encoder = HuggingFaceTokenEncoder(run / "tokenizer.json")
    settings = read_json(run / "run.json")["settings"]
    form = Form(settings["form"])
    pairs = dev_pairs(parts, proposer, limit=settings["negatives_per_note"], seed=settings["seed"])

    def score(graph: Path) -> float:
        model = PairModel(onnx_pair_runner(graph), encoder, form)
        return mean_f1(pair_score(model, part) for part in pairs.values() if related(part))

    return score


def measure(
    ner: Tagger,
    relation: PairModel,
    documents: Mapping[str, Sequence[Document]],
    *,
    threshold: float,
) -> dict[str, object]:
    """The report of every corpus."""
    return {
        name: report(read(ner, relation, part), threshold=threshold)
        for name, part in documents.items()
    }


def fitted_to(
    parts: Mapping[str, Parts], ner: Tagger, relation: PairModel, folder: Path
) -> tuple[PairModel, float]:
    """A relation model with its weights for probabilities and statuses, and the threshold.

    Args:
        parts: documents of `CALIBRATED_ON` by corpus.
        ner: what it reads with.
        relation: any weights that it has are not used.
        folder: its version, which says what it learned from.
    """
    weights = fit_statuses(relation, known_to(str(folder)), parts)
    confidence, threshold = calibrated(ner, relation, by_kind(parts))
    return replace(relation, confidence=confidence, status_weights=weights), threshold


def weights_entries(relation: PairModel, ner: Path) -> dict[str, object]:
    """What a card says of the weights of a relation model: with which NER model and on what they
    were fitted."""
    found: dict[str, object] = {}
    if relation.confidence is not None:
        found["confidence"] = {
            **asdict(relation.confidence),
            "fitted_with_ner": sha256(ner / "model.onnx"),
            "fitted_on": list(CALIBRATED_ON),
        }
    if relation.learned_statuses:
        found["status_weights"] = status_weights_entry(relation.status_weights)
    return found


def fitted_with_another(ner: Path, relation: Path) -> bool:
    """Whether the weights of a relation version were fitted with another NER model than this."""
    weights = read_json(relation / "card.json").get("confidence") or {}
    return weights.get("fitted_with_ner", "") not in ("", sha256(ner / "model.onnx"))


def describe_versions(
    parts: Mapping[str, Parts],
    folders: Mapping[str, Path],
    runs: Mapping[str, Path],
    commands: list[str],
) -> dict[str, object]:
    """Measure both served graphs on test, and write cards.

    Confidence and threshold are fitted and chosen on dev, the weights for statuses on dev and on
    what the version never learned, unless the relation model is published: then it has them.

    Args:
        parts: documents by corpus.
        folders: the version of each model.
        runs: of the models whose cards are to be written; another model is published and has one.
        commands: that make these versions again.

    Returns:
        The figures on the test documents.

    Raises:
        CardError: a graph was not exported from its run.
        DataMissing: a run or a version is incomplete.
        TrainingError: a version has learned what chooses or measures.
    """
    made = {task: read_json(run / "run.json") for task, run in runs.items()}
    exported = {task: _exported(run, folders[task]) for task, run in runs.items()}
    reading = {task: client_settings(run) for task, run in made.items()}
    published = {
        task: read_json(folder / "card.json")
        for task, folder in folders.items()
        if task not in runs
    }
    refuse_learned(folders.values(), parts)
    ner = open_ner(folders["ner"], (reading | published)["ner"])
    relation = open_relation(folders["relation"], (reading | published)["relation"])
    if "relation" in published:
        threshold = float(published["relation"]["threshold"])
    else:
        relation, threshold = fitted_to(parts, ner, relation, folders["relation"])
        reading["relation"] |= weights_entries(relation, folders["ner"])
    figures = measure(
        ner, relation, {name: parts[name].test for name in MEASURED}, threshold=threshold
    )
    for task in runs:
        write_cards(
            folders[task],
            task=task,
            run=made[task],
            reading=reading[task],
            threshold=threshold if task == "relation" else 0.5,
            metrics=figures,
            export=exported[task],
            commands=commands,
        )
        (folders[task] / CLIENT).unlink(missing_ok=True)
    return {"threshold": threshold, "test": figures}


def _exported(run: Path, folder: Path) -> dict[str, Any]:
    """How a version was exported from a run; a card must not describe another run's graph."""
    report, graph = read_json(run / "export.json"), folder / "model.onnx"
    if not graph.is_file():
        raise DataMissing(f"{folder} holds no model.onnx")
    if report.get("sha256") != sha256(graph):
        raise CardError(f"the graph in {folder} was not exported from {run}")
    return report
