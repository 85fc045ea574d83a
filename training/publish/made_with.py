"""The commands that train a version again, from what its run says of itself."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from training.settings import (
    ELSEWHERE,
    PRETRAINED_ENCODER,
    RUNS,
    SEED,
    SHIPPED_ENCODER,
    TRAINED_ON,
    default_encoder,
)
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
    "form": "--form",
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

OF_RUNS = (SHIPPED_ENCODER.name, PRETRAINED_ENCODER.name)
"""Encoders that stand in a report by the name of their folder in `RUNS`."""


def commands(runs: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """What makes the runs again and measures them.

    Args:
        runs: `run.json` by task; that of the relation model names its proposer.
    """
    proposer = runs.get("relation", {}).get("proposer")
    everything = [*([proposer] if proposer else []), *runs.values()]
    trainings = [one for run in everything for one in run.get("averaged", [run])]
    models = {name for run in trainings for name in _models(run)}
    return [
        *(
            f"# {name}: a folder with a model as Hugging Face writes it, no part of this repository"
            for name in sorted(models)
            if name.startswith(f"{ELSEWHERE}/")
        ),
        *(["python -m training encoder"] if models & {*OF_RUNS} else []),
        *([f"{training('ner', proposer)} --out {PROPOSER}"] if proposer else []),
        *(command for task, run in runs.items() for command in _made(task, run)),
        *(f"python -m training export {task}" for task in runs),
        "python -m training cards" + (f" --only {next(iter(runs))}" if len(runs) == 1 else ""),
    ]


def _made(task: str, run: Mapping[str, Any]) -> list[str]:
    """The training of a run, or those that it is the mean of."""
    members = {
        RUNS / f"{task}-{number}": member
        for number, member in enumerate(run.get("averaged", []), start=1)
    }
    if not members:
        return [training(task, run)]
    return [
        *(f"{training(task, member)} --out {out}" for out, member in members.items()),
        f"python -m training average {task} {' '.join(map(str, members))}",
    ]


def as_given(words: Sequence[str]) -> str:
    """A command as it was given to `python -m training`, without paths of this machine."""
    return f"python -m training {shlex.join(map(_without_place, words))}"


def _without_place(word: str) -> str:
    option, equals, value = word.rpartition("=")
    place = Path(value)
    return f"{option}{equals}{ELSEWHERE}/{place.name}" if place.is_absolute() else word


def training(task: str, run: Mapping[str, Any]) -> str:
    """The command of one training, with every option that is not the usual one."""
    settings, usual = run["settings"], _usual(task)
    words = [f"python -m training {task}"]
    corpora = ",".join(run["documents"])
    if corpora != TRAINED_ON[task]:
        words.append(f"--corpora {corpora}")
    encoder = settings["encoder"]
    if encoder != GENERIC_ENCODER:
        words.append(f"--encoder {RUNS / encoder if encoder in OF_RUNS else encoder}")
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


def _models(run: Mapping[str, Any]) -> tuple[str, str]:
    settings = run["settings"]
    return settings["encoder"], settings["augmentation"]["generator"]


def _usual(task: str) -> dict[str, Any]:
    kind = NerSettings if task == "ner" else RelationSettings
    return settings_report(asdict(kind(encoder=default_encoder(), seed=SEED)))


def _differing(
    settings: Mapping[str, Any], usual: Mapping[str, Any], options: Mapping[str, str]
) -> Sequence[str]:
    return [
        f"{option} {settings[name]}"
        for name, option in options.items()
        if name in settings and settings[name] != usual.get(name)
    ]
