"""Pretraining at small size: interrupted or not it ends in the same encoder."""

import json
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
import torch
from transformers import BertConfig

from training.errors import TrainingError
from training.models.encoder import load_encoder, write_tokenizer
from training.pretraining.settings import PretrainSettings
from training.pretraining.trainer import CHECKPOINT, REPORT, Limits, pretrain

pytestmark = pytest.mark.training

TEXT = [
    "she had a rash after aspirin.",
    "no nausea with zocor.",
    "she had nausea after zocor.",
    "no rash with aspirin.",
] * 3
HELD_OUT = ["she had no rash.", "nausea after aspirin."]
CPU = torch.device("cpu")


@pytest.fixture
def settings(encoder_folder: Path) -> PretrainSettings:
    return PretrainSettings(
        encoder=str(encoder_folder),
        seed=7,
        steps=6,
        rows=2,
        learning_rate=1e-2,
        head_steps=2,
        max_tokens=12,
        checkpoint_every=4,
    )


def run(settings: PretrainSettings, out: Path, limits: Limits | None = None) -> bool:
    limits = limits or Limits(say=lambda line: None)
    return pretrain(TEXT, HELD_OUT, settings, out, limits=limits, device=CPU)


def weights(folder: Path) -> dict[str, torch.Tensor]:
    return load_encoder(str(folder)).backbone.state_dict()


def ticking(steps: int) -> Iterator[float]:
    """A clock that passes the limit after so many steps."""
    yield from [0.0] * (steps + 1)
    while True:
        yield 99.0


def test_an_interrupted_training_ends_as_one_that_was_not(
    settings: PretrainSettings, tmp_path: Path
) -> None:
    assert run(settings, tmp_path / "whole")
    interrupted = tmp_path / "parts"
    for steps in (3, 2):
        clock = ticking(steps)
        limits = Limits(seconds=1, clock=partial(next, clock), say=lambda line: None)
        assert not run(settings, interrupted, limits)
    assert run(settings, interrupted)
    whole, parts = weights(tmp_path / "whole"), weights(interrupted)
    assert all(torch.equal(whole[name], parts[name]) for name in whole)
    assert (interrupted / REPORT).read_text() == (tmp_path / "whole" / REPORT).read_text()


def test_training_changes_the_encoder_after_the_first_steps_of_the_head_alone(
    settings: PretrainSettings, encoder_folder: Path, tmp_path: Path
) -> None:
    before = weights(encoder_folder)
    clock = ticking(2)
    limits = Limits(seconds=1, clock=lambda: next(clock), say=lambda line: None)
    run(settings, tmp_path / "out", limits)
    head_only = weights(tmp_path / "out")
    assert all(torch.equal(before[name], head_only[name]) for name in before)
    run(settings, tmp_path / "out")
    assert any(
        not torch.equal(before[name], after) for name, after in weights(tmp_path / "out").items()
    )


def test_the_loss_falls_and_is_told(settings: PretrainSettings, tmp_path: Path) -> None:
    said: list[str] = []
    longer = replace(settings, steps=60, checkpoint_every=20)
    run(longer, tmp_path / "out", Limits(say=said.append))
    history = json.loads((tmp_path / "out" / REPORT).read_text())["history"]
    assert [one["step"] for one in history] == [20, 40, 60]
    assert history[-1]["train"] < history[0]["train"]
    assert len(said) == 3
    assert f"{history[0]['held_out']:.4f}" in said[0]


def test_accumulated_batches_are_one_large_batch(
    settings: PretrainSettings, encoder_folder: Path, tmp_path: Path
) -> None:
    config = BertConfig.from_pretrained(encoder_folder)
    config.hidden_dropout_prob = config.attention_probs_dropout_prob = 0.0
    config.save_pretrained(encoder_folder)
    plain = replace(settings, steps=1, head_steps=0, rows=4, learning_rate=1e-3)
    run(plain, tmp_path / "one")
    run(replace(plain, rows=2, accumulate=2), tmp_path / "two")
    one, two = (
        json.loads((tmp_path / name / REPORT).read_text())["history"][0] for name in ("one", "two")
    )
    assert two["train"] == pytest.approx(one["train"], abs=2e-4)
    assert two["held_out"] == pytest.approx(one["held_out"], abs=2e-3)


def test_the_checkpoint_of_another_training_is_refused(
    settings: PretrainSettings, tmp_path: Path
) -> None:
    run(replace(settings, steps=1), tmp_path / "out")
    with pytest.raises(TrainingError, match="steps"):
        run(settings, tmp_path / "out")
    with pytest.raises(TrainingError, match="no text"):
        pretrain([], HELD_OUT, settings, tmp_path / "x", limits=Limits(), device=CPU)
    assert (tmp_path / "out" / CHECKPOINT).exists()


def test_fine_tuning_takes_the_folder(settings: PretrainSettings, tmp_path: Path) -> None:
    run(settings, tmp_path / "out")
    size = write_tokenizer(str(tmp_path / "out"), tmp_path / "tokenizer.json", markers=["<DRUG>"])
    encoder = load_encoder(str(tmp_path / "out"), vocabulary=size)
    assert size == load_encoder(str(tmp_path / "out")).vocabulary + 1
    assert encoder.vocabulary == size
