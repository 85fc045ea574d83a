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
    as fast on processors with AMX, slower on others.
    With `seconds` no step begins after them but the first, and the learning rate falls to nothing
    with the time that is left: a slow processor takes fewer steps instead of more time. Scoring
    between epochs counts as time, the last scoring comes after.
    """

    epochs: int
    learning_rate: float
    warmup_fraction: float = 0.06
    weight_decay: float = 0.01
    max_gradient_norm: float = 1.0
    bfloat16: bool = False
    seconds: float | None = None

    def as_json(self) -> dict[str, float | int | None]:
        """For the model card."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Epoch:
    """What one epoch, or what there was time for of it, gave."""

    number: int
    steps: int
    loss: float
    dev: float
    seconds: float


def time_left(within: float, spent: float) -> float | None:
    """Seconds for steps of a training that has `within` minutes, `spent` seconds after its begin;
    None, no end, for 0 minutes."""
    return max(1.0, 60 * within - spent) if within > 0 else None


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
    clock: Callable[[], float] = time.monotonic,
) -> list[Epoch]:
    """Train, and leave the model with the weights of its best epoch on dev.

    Args:
        model: trained in place.
        batches: per epoch the batches of row numbers.
        loss: of one batch.
        dev_score: higher is better; called after each epoch with the model in evaluation mode.
        settings: hyper-parameters.
        clock: seconds that only go forward.
    """
    optimizer = torch.optim.AdamW(
        parameter_groups(model.named_parameters(), settings.weight_decay),
        lr=settings.learning_rate,
        fused=True,
    )
    steps = sum(len(epoch) for epoch in batches)
    started = clock()

    def time_spent() -> float:
        """The share of the time that is spent; 0 where it has no end."""
        return 0.0 if settings.seconds is None else (clock() - started) / settings.seconds

    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer,
        lambda step: linear_schedule(
            max(step, steps * time_spent()), steps, settings.warmup_fraction
        ),
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
            if number > 1 and time_spent() >= 1:
                break
            begun = clock()
            model.train()
            total = 0.0
            done = 0
            for batch in epoch:
                with in_bfloat16:
                    value = loss(batch)
                optimizer.zero_grad(set_to_none=True)
                value.backward()  # type: ignore[no-untyped-call]
                nn.utils.clip_grad_norm_(model.parameters(), settings.max_gradient_norm)
                optimizer.step()
                schedule.step()
                total += value.item()
                done += 1
                progress.advance(task)
                if time_spent() >= 1:
                    break
            model.eval()
            with in_bfloat16:
                score = dev_score()
            seconds = clock() - begun
            history.append(Epoch(number, done, total / max(1, done), score, seconds))
            cut = "" if done == len(epoch) else f" (time for {done} of {len(epoch)} steps)"
            progress.console.print(
                f"epoch {number}: loss {history[-1].loss:.4f}, dev {score:.4f}, "
                f"{seconds:.0f} s{cut}"
            )
            if score >= max(past.dev for past in history):
                best = {name: value.clone() for name, value in model.state_dict().items()}
    model.load_state_dict(best)
    return history


def linear_schedule(step: float, steps: int, warmup_fraction: float) -> float:
    """The share of the learning rate at a step; time that goes faster than steps is between two."""
    warmup = max(1, round(steps * warmup_fraction))
    if step < warmup:
        return min(1.0, (step + 1) / warmup)
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
