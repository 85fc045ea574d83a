"""A run that is the mean of others: its weights theirs, what it has learned all that they have."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from training.errors import DataMissing, TrainingError
from training.evaluate.versions import read_json
from training.models.averaging import averaged
from training.models.ner import NerModel
from training.models.published import published_ner, published_relation, tokens_of
from training.models.relation import RelationModel
from training.train.ner import chains_report
from training.train.rehearsal import LEARNED, Known, known_to
from training.train.runs import load_ner, load_relation, save_model

TOKENIZER = "tokenizer.json"
PROPOSER = "proposer"

ALIKE = ("task", "reads_windows", "learned_statuses")
"""Entries of the reports of two runs that have a mean; `SETTINGS` likewise, of their settings."""

SETTINGS = ("encoder", "seed", "crf", "form")

OF_A_MEMBER = ("settings", "documents", "rows", "history")
"""What the mean's report keeps of each."""


@dataclass(frozen=True, slots=True)
class Member:
    """One of the models of a mean.

    Attributes:
        model: its weights.
        folder: where its tokenizer and the list of what it learned lie.
        report: how it was made, as `run.json` has it.
    """

    model: NerModel | RelationModel
    folder: Path
    report: Mapping[str, Any]


def open_member(task: str, folder: Path, encoder: str) -> Member:
    """A run, or a published version.

    Args:
        task: `ner` or `relation`.
        folder: of the run or the version.
        encoder: what a version was trained from, for its architecture: a name or a folder.

    Raises:
        DataMissing: it is neither, or incomplete.
        TrainingError: it is of the other model.
    """
    if (folder / "model.pt").is_file():
        report = read_json(folder / "run.json")
        _check_task(task, report["task"], folder)
        return Member(load_ner(folder) if task == "ner" else load_relation(folder), folder, report)
    if not (folder / "card.json").is_file():
        raise DataMissing(f"{folder} holds neither a run nor a published version")
    card = read_json(folder / "card.json")
    _check_task(task, card["model"], folder)
    opened = published_ner if task == "ner" else published_relation
    return Member(opened(folder, encoder), folder, _report(card))


def average(members: Sequence[Member], run: Path) -> None:
    """Write the run that is their mean, to be exported and described like any other.

    Args:
        members: two or more.
        run: the folder to write.

    Raises:
        TrainingError: they differ in kind, encoder, split or tokens, so that a mean says nothing.
        DataMissing: what one of them has learned cannot be read.
    """
    first, *others = members
    for other in others:
        _check_alike(first, other)
    weights = averaged([one.model.state_dict() for one in members])
    # What was learned in two forms counts as learned in the later one's.
    learned: dict[str, str] = {}
    for one in members:
        if not (one.folder / LEARNED).is_file():
            raise DataMissing(f"{one.folder} does not say what it learned from ({LEARNED})")
        learned |= known_to(str(one.folder)).contents
    model = first.model
    model.load_state_dict(weights)
    save_model(run, model)
    Known("", learned).write(run, {})
    shutil.copyfile(first.folder / TOKENIZER, run / TOKENIZER)
    # A published version does not say with which mentions it was trained; a run does.
    proposers = [one.report[PROPOSER] for one in members if PROPOSER in one.report]
    documents: dict[str, dict[str, int]] = {}
    for one in members:
        for name, sizes in one.report["documents"].items():
            known = documents.get(name, sizes)
            documents[name] = max(known, sizes, key=lambda each: int(each["train"]))
    (run / "run.json").write_text(
        json.dumps(
            {
                **first.report,
                **({PROPOSER: proposers[0]} if proposers else {}),
                **({"chains": chains_report(model)} if isinstance(model, NerModel) else {}),
                "documents": documents,
                "rows": max(one.report["rows"] for one in members),
                "history": [],
                "averaged": [{name: one.report[name] for name in OF_A_MEMBER} for one in members],
            },
            indent=2,
        ),
        encoding="utf-8",
    )


def _check_task(asked: str, found: str, folder: Path) -> None:
    if found != asked:
        raise TrainingError(f"{folder} is of {found}, not of {asked}")


def _check_alike(first: Member, other: Member) -> None:
    for name in ALIKE:
        if first.report.get(name) != other.report.get(name):
            raise TrainingError(f"{first.folder} and {other.folder} differ in {name}")
    settings = first.report["settings"], other.report["settings"]
    for name in SETTINGS:
        # An earlier version may not name what it did without.
        one, another = (each.get(name) or None for each in settings)
        if one != another:
            raise TrainingError(f"{first.folder} and {other.folder} differ in {name}")
    if tokens_of(first.folder / TOKENIZER) != tokens_of(other.folder / TOKENIZER):
        raise TrainingError(f"{first.folder} and {other.folder} read other tokens")


def _report(card: Mapping[str, Any]) -> dict[str, Any]:
    """The card of a version as the report of the run that it was."""
    return {
        "task": card["model"],
        "settings": card["hyper_parameters"],
        "rows": card["training_rows"],
        "documents": {name: entry["documents"] for name, entry in card["data"].items()},
        "history": card["history"],
        **{name: card[name] for name in ("reads_windows", "learned_statuses") if name in card},
    }
