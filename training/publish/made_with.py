"""The commands that train a version again, from what its run says of itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from training.settings import RUNS, SEED, TRAINED_ON
from training.train.ner import NerSettings
from training.train.relation_settings import RelationSettings
from training.train.runs import settings_report

OPTIONS = {
    "epochs": "--epochs",
    "within": "--within",
    "learning_rate": "--learning-rate",
    "seed": "--seed",
    "member": "--member",
    "joined": "--joined",
    "rehearsed": "--rehearsed",
    "negatives_per_note": "--negatives",
    "dictated_copies": "--copies",
}
"""Options of `ner` and `relation` by the setting that they set."""

SWITCHES = {
    "bfloat16": "--bfloat16",
    "crf": "--crf",
    "context_attention": "--no-context-attention",
}
"""Likewise, of settings that are on or off: what gives the one that is not usual."""

AUGMENTATIONS = {"renamed": "--renamed", "rewritten": "--rewritten", "generator": "--generator"}

PROPOSER = RUNS / "ner-literature"

GENERIC_ENCODER = "model"
"""The folder of the encoder that is taken where none is named."""


def commands(runs: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """What makes the runs again and measures them.

    Args:
        runs: `run.json` by task; that of the relation model names its proposer.
    """
    proposer = runs.get("relation", {}).get("proposer")
    return [
        "python -m training encoder",
        *([f"{training('ner', proposer)} --out {PROPOSER}"] if proposer else []),
        *(training(task, run) for task, run in runs.items()),
        *(f"python -m training export {task}" for task in runs),
        "python -m training cards" + (f" --only {next(iter(runs))}" if len(runs) == 1 else ""),
    ]


def training(task: str, run: Mapping[str, Any]) -> str:
    """The command of one training, with every option that is not the usual one."""
    settings, usual = run["settings"], _usual(task)
    words = [f"python -m training {task}"]
    corpora = ",".join(run["documents"])
    if corpora != TRAINED_ON[task]:
        words.append(f"--corpora {corpora}")
    if settings["encoder"] != GENERIC_ENCODER:
        words.append(f"--encoder {RUNS / settings['encoder']}")
    if settings.get("start"):
        words.append(f"--start model_repository/{settings['start']}")
    words += _differing(settings, usual, OPTIONS)
    words += [
        option
        for name, option in SWITCHES.items()
        if settings.get(name, usual.get(name)) != usual.get(name)
    ]
    words += _differing(settings["augmentation"], usual["augmentation"], AUGMENTATIONS)
    return " ".join(words)


def _usual(task: str) -> dict[str, Any]:
    kind = NerSettings if task == "ner" else RelationSettings
    return settings_report(asdict(kind(encoder=GENERIC_ENCODER, seed=SEED)))


def _differing(
    settings: Mapping[str, Any], usual: Mapping[str, Any], options: Mapping[str, str]
) -> Sequence[str]:
    return [
        f"{option} {settings[name]}"
        for name, option in options.items()
        if name in settings and settings[name] != usual.get(name)
    ]
