"""A candidate through the gate to the server of the settings, with the real models."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import typer

from services.adapters import model_files
from services.adapters.model_publisher import Smoke
from services.bootstrap.publishing import publisher_of
from services.config import Settings, load_settings
from services.core import assertion_rules
from services.core.model_versions import MODELS, Publication, VersionPair
from training.corpora import adewatch, catalogue
from training.corpora.documents import Document
from training.errors import CardError, DataMissing, TrainingError
from training.evaluate.kinds import MEASURED
from training.evaluate.measuring import open_models, read
from training.evaluate.pair_metrics import SpanPair, chosen
from training.evaluate.versions import read_json
from training.publish import release
from training.publish.served_parity import agrees_with_offline
from training.publish.versions import fitted_with_another
from training.settings import data_dir


def what_serves() -> dict[str, Path]:
    """The serving version's folder of each model. Asked before a training, it says what publishing
    would lack before hours are spent.

    Raises:
        ConfigurationError: a setting is wrong, or there is no pair to compare with.
    """
    repository = load_settings().model_repository
    return _folders(repository, model_files.serving_pair(repository))


def released(
    candidate: Mapping[str, Path],
    report: Path,
    *,
    publishes: bool,
    as_shadow: bool,
    reason: str,
    seed: int,
) -> Publication | None:
    """A candidate through the gate and, if asked for, to the server of the settings."""
    settings = load_settings()
    documents = fixed_set(seed)
    smoke = _agreement(settings, documents[adewatch.CORPUS])
    return release.release(
        candidate,
        gate=_gate(settings, candidate, documents, seed=seed),
        report=report,
        publisher=publisher_of(settings, smoke) if publishes else None,
        reason=reason,
        as_shadow=as_shadow,
    )


def fixed_set(seed: int) -> dict[str, list[Document]]:
    """The dev part of the measured corpora. Without a folder of data it is that of our own notes,
    which is always there."""
    if os.environ.get("ADEWATCH_DATA_DIR"):
        parts = catalogue.load(MEASURED, data_dir(), seed=seed)
    else:
        typer.echo("ADEWATCH_DATA_DIR is not set: the gate looks at our own notes only", err=True)
        parts = catalogue.load([adewatch.CORPUS], Path(), seed=seed)
    return {name: part.dev for name, part in parts.items()}


def _folders(repository: Path, pair: VersionPair) -> dict[str, Path]:
    return {model: repository / model / pair.of(model) for model in MODELS}


def _gate(
    settings: Settings,
    candidate: Mapping[str, Path],
    documents: release.FixedSet,
    *,
    seed: int,
) -> Callable[[Mapping[str, str]], release.GateReport]:
    def gate(hashes: Mapping[str, str]) -> release.GateReport:
        repository = settings.model_repository
        serving = model_files.serving_pair(repository)
        serves = _folders(repository, serving)
        # A model that the candidate does not bring keeps its version.
        pair = {**serves, **candidate}
        found = release.GateReport(
            at=datetime.now(UTC),
            serving=serving,
            candidate=hashes,
            fixed_set=release.digest_of(documents),
            comparisons=release.through_the_gate(
                _claims(serves), _claims(pair), documents, seed=seed
            ),
        )
        if fitted_with_another(pair["ner"], pair["relation"]):
            typer.echo(
                "the relation model's weights were fitted with another NER model than it will "
                "read with: `python -m training calibrate` fits them",
                err=True,
            )
        rules = read_json(pair["relation"] / "card.json").get("status_weights", {}).get("rules")
        if rules not in (None, assertion_rules.VERSION):
            typer.echo(
                f"the relation model's weights for statuses were fitted with rules {rules}, these "
                f"are {assertion_rules.VERSION}: `python -m training calibrate` fits them",
                err=True,
            )
        return found

    return gate


def _claims(folders: Mapping[str, Path]) -> release.Claims:
    try:
        models = open_models(list(folders.values()))
    except TrainingError:
        raise
    except Exception as error:  # ONNX Runtime's and the tokenizer's errors share no root
        named = ", ".join(str(folder) for folder in folders.values())
        raise CardError(f"a graph of {named} cannot be opened: {type(error).__name__}") from error

    def claims(documents: Sequence[Document]) -> list[set[SpanPair]]:
        return [chosen(one.end_to_end, models.threshold) for one in read(models, documents)]

    return claims


def _agreement(settings: Settings, documents: Sequence[Document]) -> Smoke:
    if not documents:
        raise DataMissing("there are no notes of our own to test the server with")
    return agrees_with_offline(settings, documents)
