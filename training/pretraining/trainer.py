"""The pretraining itself: it may stop after any step and go on as if it had not."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

from services.adapters.tokenizer import HuggingFaceTokenEncoder
from training.errors import TrainingError
from training.pretraining.masked_model import (
    MaskedModel,
    load_masked,
    padded,
    write_tokenizer_folder,
)
from training.pretraining.rows import (
    MaskedRow,
    Masking,
    TextRow,
    batch_rows,
    epoch_of,
    fingerprint,
    mask_words,
    pack,
)
from training.pretraining.settings import PretrainSettings
from training.settings import reported_model
from training.train.loop import linear_schedule, parameter_groups, seed_everything

CHECKPOINT = "checkpoint.pt"
REPORT = "pretraining.json"
HELD_OUT_ROWS = 512


@dataclass(frozen=True, slots=True)
class Measured:
    """Losses at one step: nats per hidden token."""

    step: int
    train: float
    held_out: float


@dataclass(frozen=True, slots=True)
class Limits:
    """When to stop for today, and how to tell what happens.

    Attributes:
        seconds: after which no further step begins; None for no limit.
        clock: seconds that only grow.
        say: takes a line for the person who waits.
    """

    seconds: float | None = None
    clock: Callable[[], float] = time.monotonic
    say: Callable[[str], None] = print


def pretrain(
    sentences: Sequence[str],
    held_out: Sequence[str],
    settings: PretrainSettings,
    folder: Path,
    *,
    limits: Limits,
    device: torch.device,
) -> bool:
    """Train until all steps are done or the time is up, and write the encoder as it is then.

    On one machine's CPU the encoder is the same to the bit whether the training was interrupted
    or not: batches, masks and dropout follow from seed and step alone, and the checkpoint holds
    weights and the optimiser's state.

    Args:
        sentences: text to learn from.
        held_out: text to measure the loss on; it should be no part of `sentences`.
        settings: of the whole training; a training that goes on must have the same.
        folder: becomes an encoder's folder, with checkpoint and report.
        limits: for this call.
        device: where to compute.

    Returns:
        Whether all steps are done.

    Raises:
        TrainingError: there is no text, or the folder holds the checkpoint of another training.
    """
    seed_everything(settings.seed)
    masking = write_tokenizer_folder(settings.encoder, folder, share=settings.mask_share)
    encoder = HuggingFaceTokenEncoder(folder / "tokenizer.json")
    rows = list(pack(sentences, encoder, max_tokens=settings.max_tokens))
    measured = list(pack(held_out, encoder, max_tokens=settings.max_tokens))[:HELD_OUT_ROWS]
    if not rows or not measured:
        raise TrainingError("there is no text to train on or to measure on")
    model = load_masked(settings.encoder).to(device)
    training = _Training(model, rows, masking, settings, device)
    identity = {**asdict(settings), "text": fingerprint(rows), "masked": fingerprint(measured)}
    history = training.restore(folder / CHECKPOINT, identity)
    begun = limits.clock()
    while training.step < settings.steps:
        if limits.seconds is not None and limits.clock() - begun >= limits.seconds:
            break
        training.advance()
        if training.step % settings.checkpoint_every == 0 or training.step == settings.steps:
            history.append(
                Measured(
                    training.step,
                    round(sum(training.losses) / len(training.losses), 4),
                    round(training.loss_on(measured), 4),
                )
            )
            training.losses = []
            training.save(folder / CHECKPOINT, identity, history)
            limits.say(_line(history[-1], settings.steps))
    training.save(folder / CHECKPOINT, identity, history)
    model.write(folder)
    _report(folder, identity, training.step, history)
    return training.step >= settings.steps


class _Training:
    """Model, optimiser, the number of the step, and the losses since they were last reported."""

    def __init__(
        self,
        model: MaskedModel,
        rows: Sequence[TextRow],
        masking: Masking,
        settings: PretrainSettings,
        device: torch.device,
    ) -> None:
        self.step = 0
        self.losses: list[float] = []
        self._model, self._rows, self._masking = model, rows, masking
        self._settings, self._device = settings, device
        self._optimizer = torch.optim.AdamW(
            [
                {**group, "head": head}
                for head, named in _head_and_encoder(model).items()
                for group in parameter_groups(named, settings.weight_decay)
            ],
            lr=settings.learning_rate,
            fused=True,
        )

    def advance(self) -> None:
        """One step; notes the mean loss per hidden token."""
        settings = self._settings
        self._model.train()
        # Dropout follows from the step, so that its state needs no saving.
        torch.manual_seed(random.Random(f"{settings.seed}:{self.step}").getrandbits(63))  # noqa: S311
        for group in self._optimizer.param_groups:
            group["lr"] = settings.learning_rate * self._factor(head=group["head"])
        batches = [
            [self._masked(index, number) for index in self._batch(number)]
            for number in range(
                self.step * settings.accumulate, (self.step + 1) * settings.accumulate
            )
        ]
        hidden = sum(label >= 0 for batch in batches for row in batch for label in row.labels)
        self._optimizer.zero_grad(set_to_none=True)
        total = 0.0
        for batch in batches:
            with torch.autocast(self._device.type, torch.bfloat16, enabled=settings.bfloat16):
                loss = self._model.loss(*padded(batch, self._device)) / hidden
            loss.backward()  # type: ignore[no-untyped-call]
            total += loss.item()
        nn.utils.clip_grad_norm_(self._model.parameters(), 1.0)
        self._optimizer.step()
        self.losses.append(total)
        self.step += 1

    def loss_on(self, rows: Sequence[TextRow]) -> float:
        """Mean loss per hidden token, always with the same words hidden."""
        self._model.eval()
        total, hidden = 0.0, 0
        for start in range(0, len(rows), self._settings.rows):
            batch = [
                mask_words(row, self._masking, random.Random(f"held out:{start + place}"))  # noqa: S311
                for place, row in enumerate(rows[start : start + self._settings.rows])
            ]
            with torch.inference_mode():
                total += self._model.loss(*padded(batch, self._device)).item()
            hidden += sum(label >= 0 for row in batch for label in row.labels)
        return total / hidden

    def save(self, path: Path, identity: dict[str, object], history: Sequence[Measured]) -> None:
        """Write the checkpoint beside the old one, then put it in its place."""
        beside = path.with_suffix(".new")
        torch.save(
            {
                "identity": identity,
                "step": self.step,
                "losses": self.losses,
                "model": self._model.state_dict(),
                "optimizer": self._optimizer.state_dict(),
                "history": [asdict(one) for one in history],
            },
            beside,
        )
        beside.replace(path)

    def restore(self, path: Path, identity: dict[str, object]) -> list[Measured]:
        """Go on from a checkpoint, if there is one; what was measured until then."""
        if not path.exists():
            return []
        saved: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
        other = sorted(name for name in identity if saved["identity"].get(name) != identity[name])
        if other:
            raise TrainingError(
                f"{path} is of another training ({', '.join(other)} differ); "
                "choose another folder or give the same settings"
            )
        self._model.load_state_dict(saved["model"])
        self._optimizer.load_state_dict(saved["optimizer"])
        self.step, self.losses = int(saved["step"]), list(saved["losses"])
        return [Measured(**one) for one in saved["history"]]

    def _batch(self, number: int) -> list[int]:
        settings = self._settings
        return batch_rows(number, len(self._rows), size=settings.rows, seed=settings.seed)

    def _masked(self, index: int, number: int) -> MaskedRow:
        # Other words in every epoch, the same ones however rows are batched.
        epoch = epoch_of(number, len(self._rows), size=self._settings.rows)
        rng = random.Random(f"{self._settings.seed}:{epoch}:{index}")  # noqa: S311
        return mask_words(self._rows[index], self._masking, rng)

    def _factor(self, *, head: bool) -> float:
        """Of the learning rate in this step."""
        settings = self._settings
        if head:
            return linear_schedule(self.step, settings.steps, settings.warmup_fraction)
        late = self.step - settings.head_steps
        if late < 0:
            return 0.0
        return linear_schedule(
            late, max(1, settings.steps - settings.head_steps), settings.warmup_fraction
        )


def _head_and_encoder(
    model: MaskedModel,
) -> dict[bool, list[tuple[str, nn.Parameter]]]:
    """Parameters of the head (True) and of the encoder, whose embeddings both share."""
    encoder = {id(parameter) for parameter in model.encoder.parameters()}
    named = list(model.named_parameters())
    return {
        True: [(name, one) for name, one in named if id(one) not in encoder],
        False: [(name, one) for name, one in named if id(one) in encoder],
    }


def _line(measured: Measured, steps: int) -> str:
    return (
        f"step {measured.step} of {steps}: loss {measured.train:.4f}, "
        f"on held-out text {measured.held_out:.4f}"
    )


def _report(
    folder: Path, identity: dict[str, object], step: int, history: Sequence[Measured]
) -> None:
    settings = {**identity, "encoder": reported_model(str(identity["encoder"]))}
    (folder / REPORT).write_text(
        json.dumps(
            {"settings": settings, "steps": step, "history": [asdict(one) for one in history]},
            indent=2,
        ),
        encoding="utf-8",
    )
