"""What a training run leaves behind: weights, tokenizer, and how they were made."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

from services.core.windows import Form
from training.errors import TrainingError
from training.models.encoder import empty_encoder, encoder_config
from training.models.ner import NerModel
from training.models.relation import RelationConfig, RelationModel
from training.settings import reported_model
from training.train.splits import Parts, sizes


def settings_report(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Settings as a run reports them: models as `reported_model` names them."""
    augmentation = settings["augmentation"]
    return {
        **settings,
        "encoder": reported_model(settings["encoder"]),
        "start": "/".join(Path(settings["start"]).parts[-2:]),
        "augmentation": {**augmentation, "generator": reported_model(augmentation["generator"])},
    }


def is_trained(run: Path, settings: Mapping[str, Any], parts: Mapping[str, Parts]) -> bool:
    """Whether the training that is asked for lies there already.

    Args:
        run: its folder.
        settings: of the training, as a dictionary.
        parts: documents by corpus.

    Raises:
        TrainingError: another training lies there, whose figures would pass for those of this one.
    """
    path = run / "run.json"
    if not path.exists():
        return False
    made = json.loads(path.read_text(encoding="utf-8"))
    asked = json.loads(json.dumps(settings_report(settings)))
    if (made.get("settings"), made.get("documents")) != (asked, sizes(parts)):
        raise TrainingError(
            f"{run} holds a training with other settings or documents: name another folder"
        )
    return True


def save_model(run: Path, model: NerModel | RelationModel) -> None:
    """Write `model.pt`: the weights and what the model is built from."""
    run.mkdir(parents=True, exist_ok=True)
    saved: dict[str, object] = {
        "state": model.state_dict(),
        "encoder": encoder_config(model.encoder),
    }
    if isinstance(model, NerModel):
        saved["crf"] = model.chain is not None
    else:
        saved["relation"] = {**asdict(model.config), "form": str(model.config.form)}
    torch.save(saved, run / "model.pt")


def load_ner(run: Path) -> NerModel:
    """The NER model of a run, in evaluation mode."""
    saved = torch.load(run / "model.pt", weights_only=True)
    model = NerModel(empty_encoder(saved["encoder"]), crf=saved.get("crf", False))
    model.load_state_dict(saved["state"])
    return model.eval()


def load_relation(run: Path) -> RelationModel:
    """The relation model of a run, in evaluation mode."""
    saved = torch.load(run / "model.pt", weights_only=True)
    config = saved["relation"]
    model = RelationModel(
        empty_encoder(saved["encoder"]),
        RelationConfig(**{**config, "form": Form(config["form"])}),
    )
    model.load_state_dict(saved["state"])
    return model.eval()
