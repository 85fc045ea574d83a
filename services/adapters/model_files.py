"""What the client needs of a trained model: its tokenizer and the threshold of its card."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from services.adapters.tokenizer import HuggingFaceTokenEncoder
from services.core.errors import ConfigurationError
from services.core.windows import Form


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
    """

    version: str
    encoder: HuggingFaceTokenEncoder
    threshold: float
    form: Form = Form.MARKED
    learned_statuses: bool = False
    reads_windows: bool = False


def newest(repository: Path, model: str) -> ModelFiles:
    """The version that Triton serves: the one with the greatest number.

    Raises:
        ConfigurationError: the repository holds no complete version of the model.
    """
    folder = repository / model
    versions = sorted(int(path.name) for path in folder.glob("[0-9]*") if path.name.isdecimal())
    if not versions:
        raise ConfigurationError(f"no version of model {model} in ADEWATCH_MODEL_REPOSITORY")
    path = folder / str(versions[-1])
    try:
        card = json.loads((path / "card.json").read_text(encoding="utf-8"))
        encoder = HuggingFaceTokenEncoder(path / "tokenizer.json")
        form = Form(card.get("form", Form.MARKED))
    except (OSError, ValueError) as error:
        raise ConfigurationError(
            f"version {versions[-1]} of model {model} is incomplete: {type(error).__name__}"
        ) from None
    return ModelFiles(
        str(versions[-1]),
        encoder,
        float(card.get("threshold", 0.5)),
        form,
        bool(card.get("learned_statuses", False)),
        bool(card.get("reads_windows", False)),
    )
