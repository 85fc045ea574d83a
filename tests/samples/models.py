"""The versions of the models that the repository ships."""

from __future__ import annotations

from pathlib import Path

from deploy.local.layout import REPOSITORY
from services.adapters import model_files

SHIPPED = REPOSITORY / "model_repository"


def shipped(model: str) -> Path:
    """The folder of the version of a model that serves as long as nothing is published."""
    return SHIPPED / model / model_files.serving_pair(SHIPPED).of(model)
