"""What the client needs of a trained model: its tokenizer, and the numbers of its card."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from services.adapters.model_history import read_history
from services.adapters.tokenizer import HuggingFaceTokenEncoder
from services.core.assertion_combined import HEAD_ALONE, StatusWeights, read_status_weights
from services.core.bio import TYPES, TagChains
from services.core.confidence import Confidence, read_confidence
from services.core.disagreement import Beside
from services.core.errors import ConfigurationError
from services.core.model_versions import MODELS, VersionPair, serving, shadow
from services.core.tag_chain import TagChain
from services.core.windows import Form

FILES = ("model.onnx", "model.py", "tokenizer.json", "card.json")
"""What a complete version has."""


@dataclass(frozen=True, slots=True)
class ModelFiles:
    """A version of a model in the repository.

    Attributes:
        version: the name of its folder.
        encoder: its tokenizer.
        threshold: least probability of a positive answer, chosen on development data.
        form: how a relation model is shown its pairs.
        learned_statuses: whether the relation model's head for statuses has been trained.
        reads_windows: whether the ner model reads windows of whole sentences, not single ones.
        chains: what the ner model has learned of neighbouring tags; None of one without a CRF.
        confidence: how the relation model's answer is weighed with those on the mentions; None if
            it stands alone.
        status_weights: how its answer on the status is weighed with the rules of assertion.
    """

    version: str
    encoder: HuggingFaceTokenEncoder
    threshold: float
    form: Form = Form.MARKED
    learned_statuses: bool = False
    reads_windows: bool = False
    chains: TagChains | None = None
    confidence: Confidence | None = None
    status_weights: StatusWeights = HEAD_ALONE


def serving_pair(repository: Path) -> VersionPair:
    """The versions that notes are read with: as published, else the newest of each model.

    Raises:
        ConfigurationError: the repository holds no version, or its history is damaged.
    """
    published = serving(read_history(repository))
    if published is not None:
        return published
    return VersionPair(*(str(_versions(repository, model)[-1]) for model in MODELS))


def shadowing(repository: Path) -> Beside | None:
    """The serving pair and the candidate that is to run beside it; None if there is none.

    Raises:
        ConfigurationError: as `serving_pair`.
    """
    history = read_history(repository)
    candidate = shadow(history)
    if candidate is None:
        return None
    # The entry of a shadow says beside what it runs.
    return Beside(history[-1].replaced, candidate)


def load(repository: Path, model: str, version: str) -> ModelFiles:
    """A version by its number.

    Raises:
        ConfigurationError: it is not there or is incomplete.
    """
    path = repository / model / version
    try:
        card = json.loads((path / "card.json").read_text(encoding="utf-8"))
        encoder = HuggingFaceTokenEncoder(path / "tokenizer.json")
        threshold = float(card.get("threshold", 0.5))
        form = Form(card.get("form", Form.MARKED))
        chains = tag_chains(card)
        confidence = read_confidence(card)
        status_weights = read_status_weights(card)
    except (OSError, ValueError, KeyError, TypeError, ConfigurationError) as error:
        raise ConfigurationError(
            f"version {version} of model {model} is incomplete: {type(error).__name__}"
        ) from None
    return ModelFiles(
        version,
        encoder,
        threshold,
        form,
        bool(card.get("learned_statuses", False)),
        bool(card.get("reads_windows", False)),
        chains,
        confidence,
        status_weights,
    )


def tag_chains(card: Mapping[str, Any]) -> TagChains | None:
    """The chains of a card of ner, made to fit the probabilities that the graph answers with.

    Raises:
        KeyError: a type has none.
        TypeError: one is none.
        ValueError: likewise.
    """
    written = card.get("chains")
    if not written:
        return None
    # Served probabilities are those of logits divided by the temperature.
    factor = 1 / float(card.get("temperature", 1.0))
    return {
        type_: TagChain(
            tuple(map(float, written[type_]["start"])),
            tuple(tuple(map(float, row)) for row in written[type_]["transitions"]),
            tuple(map(float, written[type_]["end"])),
        ).scaled(factor)
        for type_ in TYPES
    }


def hashes(repository: Path, pair: VersionPair) -> dict[str, str]:
    """SHA-256 of the files of a pair, by path in the repository ("ner/2/model.onnx").

    Raises:
        ConfigurationError: a file is missing.
    """
    found = {}
    for model in MODELS:
        for name in FILES:
            path = repository / model / pair.of(model) / name
            try:
                content = path.read_bytes()
            except OSError:
                raise ConfigurationError(
                    f"version {pair.of(model)} of model {model} lacks {name}"
                ) from None
            found[f"{model}/{pair.of(model)}/{name}"] = hashlib.sha256(content).hexdigest()
    return found


def _versions(repository: Path, model: str) -> list[int]:
    folder = repository / model
    # A version without a card was exported and is not to serve yet.
    versions = sorted(
        int(path.name)
        for path in folder.glob("[0-9]*")
        if path.name.isdecimal() and (path / "card.json").is_file()
    )
    if not versions:
        raise ConfigurationError(f"no version of model {model} in ADEWATCH_MODEL_REPOSITORY")
    return versions
