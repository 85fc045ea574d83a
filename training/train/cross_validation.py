"""Both models on the published folds of the ADE corpus: train, choose on dev, measure on test."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from statistics import mean, stdev
from typing import Any

from services.adapters.tokenizer import HuggingFaceTokenEncoder
from training.corpora.documents import Document
from training.evaluate.pair_scores import PairModel, torch_pair_runner
from training.evaluate.predict import torch_runner
from training.evaluate.tagger import Tagger, calibrated, read, report
from training.train.folds import beside_fold, fold_parts
from training.train.ner import NerSettings, train_ner
from training.train.relation import train_relation
from training.train.relation_settings import RelationSettings
from training.train.runs import is_trained, load_ner, load_relation
from training.train.splits import Parts

FIGURES = {
    "ner_strict_micro": ("ner_strict", "micro", "f1"),
    "ner_strict_macro": ("ner_strict", "macro_f1"),
    "relations_on_gold_mentions": ("relations_on_gold_mentions", "f1"),
    "end_to_end_strict": ("end_to_end_strict", "f1"),
}
"""What is averaged over folds, by its place in the figures of one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FoldPlan:
    """What is trained on every fold.

    Attributes:
        documents: of the ADE corpus.
        beside: other corpora by name; what overlaps with dev or test of a fold is left out.
        folds: from `read_folds`.
        strict: see `fold_parts`.
        ner: settings of the NER model.
        relation: settings of the relation model. It proposes no false events: the corpus has none
            but annotated sentences.
    """

    documents: list[Document]
    beside: Mapping[str, list[Document]]
    folds: list[frozenset[str]]
    strict: bool
    ner: NerSettings
    relation: RelationSettings


def run_folds(plan: FoldPlan, which: Sequence[int], out: Path) -> Iterator[dict[str, Any]]:
    """Figures of each fold; a model that lies there trained is only measured.

    Args:
        plan: what to train.
        which: folds, 0 to 9.
        out: gets a folder per fold.

    Raises:
        TrainingError: a model that lies there was trained otherwise.
    """
    for fold in which:
        folder = out / str(fold)
        parts = fold_parts(plan.documents, plan.folds, fold, seed=plan.ner.seed, strict=plan.strict)
        train = {"ade": parts} | {
            name: Parts(beside_fold(documents, parts), [], [])
            for name, documents in plan.beside.items()
        }
        if not is_trained(folder / "ner", asdict(plan.ner), train):
            train_ner(train, plan.ner, folder / "ner")
        if not is_trained(folder / "relation", asdict(plan.relation), train):
            train_relation(train, folder / "ner", plan.relation, folder / "relation")
        found = {"fold": fold, **measure(parts, folder)}
        (folder / "figures.json").write_text(json.dumps(found, indent=2), encoding="utf-8")
        yield found


def measure(parts: Parts, folder: Path) -> dict[str, object]:
    """Figures on the test part, with confidence and threshold of dev."""
    relation_model, ner_model = load_relation(folder / "relation"), load_ner(folder / "ner")
    ner = Tagger(
        torch_runner(ner_model),
        HuggingFaceTokenEncoder(folder / "ner/tokenizer.json"),
        reads_windows=True,
        chains=ner_model.chains(),
    )
    relation = PairModel(
        torch_pair_runner(relation_model),
        HuggingFaceTokenEncoder(folder / "relation/tokenizer.json"),
        relation_model.config.form,
    )
    confidence, threshold = calibrated(ner, relation, {"ade": parts.dev})
    relation = replace(relation, confidence=confidence)
    figures = report(read(ner, relation, parts.test), threshold=threshold, baselines=True)
    return {"threshold": threshold, "confidence": asdict(confidence), **figures}


def summary(folds: Sequence[Mapping[str, Any]]) -> dict[str, object]:
    """Mean and standard deviation over folds of what the literature reports."""
    found: dict[str, object] = {"folds": [one["fold"] for one in folds]}
    for name, path in FIGURES.items():
        values = [_at(one, path) for one in folds]
        found[name] = {
            "mean": round(mean(values), 4),
            "deviation": round(stdev(values), 4) if len(values) > 1 else None,
            "folds": values,
        }
    return found


def _at(figures: Mapping[str, Any], path: Sequence[str]) -> float:
    found: Any = figures
    for name in path:
        found = found[name]
    return float(found)
