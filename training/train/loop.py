"""The training loop of both models: AdamW, linear warm-up and decay, the best epoch on dev."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass

import torch
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from torch import Tensor, nn


@dataclass(frozen=True, slots=True, kw_only=True)
class Optimisation:
    """Hyper-parameters of the loop.

    `bfloat16` multiplies matrices in 16 bits (weights and their updates stay in 32): several times
    as fast on processors with AMX or AVX-512 BF16, slower on others.
    """

    epochs: int
    learning_rate: float
    warmup_fraction: float = 0.06
    weight_decay: float = 0.01
    max_gradient_norm: float = 1.0
    bfloat16: bool = False

    def as_json(self) -> dict[str, float | int]:
        """For the model card."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Epoch:
    """What one epoch gave."""

    number: int
    loss: float
    dev: float
    seconds: float


def seed_everything(seed: int) -> None:
    """Fix every source of randomness of a run."""
    random.seed(seed)
    torch.manual_seed(seed)


def optimise(
    model: nn.Module,
    *,
    batches: Sequence[Sequence[Sequence[int]]],
    loss: Callable[[Sequence[int]], Tensor],
    dev_score: Callable[[], float],
    settings: Optimisation,
) -> list[Epoch]:
    """Train, and leave the model with the weights of its best epoch on dev.

    Args:
        model: trained in place.
        batches: per epoch the batches of row numbers.
        loss: of one batch.
        dev_score: higher is better; called after each epoch with the model in evaluation mode.
        settings: hyper-parameters.
    """
    optimizer = torch.optim.AdamW(
        parameter_groups(model.named_parameters(), settings.weight_decay),
        lr=settings.learning_rate,
        fused=True,
    )
    steps = sum(len(epoch) for epoch in batches)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: linear_schedule(step, steps, settings.warmup_fraction)
    )
    in_bfloat16 = torch.autocast("cpu", torch.bfloat16, enabled=settings.bfloat16)
    history: list[Epoch] = []
    best: dict[str, Tensor] = {}
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns) as progress:
        task = progress.add_task("training", total=steps)
        for number, epoch in enumerate(batches, start=1):
            begun = time.monotonic()
            model.train()
            total = 0.0
            for batch in epoch:
                with in_bfloat16:
                    value = loss(batch)
                optimizer.zero_grad(set_to_none=True)
                value.backward()  # type: ignore[no-untyped-call]
                nn.utils.clip_grad_norm_(model.parameters(), settings.max_gradient_norm)
                optimizer.step()
                schedule.step()
                total += value.item()
                progress.advance(task)
            model.eval()
            with in_bfloat16:
                score = dev_score()
            seconds = time.monotonic() - begun
            history.append(Epoch(number, total / max(1, len(epoch)), score, seconds))
            progress.console.print(
                f"epoch {number}: loss {history[-1].loss:.4f}, dev {score:.4f}, {seconds:.0f} s"
            )
            if score >= max(past.dev for past in history):
                best = {name: value.clone() for name, value in model.state_dict().items()}
    model.load_state_dict(best)
    return history


def linear_schedule(step: int, steps: int, warmup_fraction: float) -> float:
    warmup = max(1, round(steps * warmup_fraction))
    if step < warmup:
        return (step + 1) / warmup
    return max(0.0, (steps - step) / max(1, steps - warmup))


def parameter_groups(
    named: Iterable[tuple[str, nn.Parameter]], weight_decay: float
) -> list[dict[str, object]]:
    """Weight decay for matrices only."""
    matrices: list[nn.Parameter] = []
    others: list[nn.Parameter] = []
    for _, parameter in named:
        (matrices if parameter.ndim > 1 else others).append(parameter)
    return [
        {"params": matrices, "weight_decay": weight_decay},
        {"params": others, "weight_decay": 0.0},
    ]
