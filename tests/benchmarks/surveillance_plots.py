"""The surveillance benchmark as pictures."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import matplotlib as mpl
import numpy as np

from tests.benchmarks.simulated_years import ALPHA, Outcome, Watcher

mpl.use("Agg")
from matplotlib import pyplot as plt

Results = Sequence[tuple[Watcher, Outcome]]


def write_plots(results: Results, folder: Path) -> list[Path]:
    """Draw what the table says.

    Returns:
        The files written: time to detection, false alarms, AUC.
    """
    folder.mkdir(parents=True, exist_ok=True)
    return [
        _detection(results, folder / "time_to_detection.png"),
        _false_alarms(results, folder / "false_alarms.png"),
        _areas(results, folder / "auc.png"),
    ]


def _detection(results: Results, path: Path) -> Path:
    figure, axes = plt.subplots(figsize=(9, 5))
    for number, (watcher, outcome) in enumerate(results):
        for delays, style in ((outcome.daily, "-"), (outcome.monthly, ":")):
            days = np.sort([delay for delay in delays if np.isfinite(delay)])
            share = np.arange(1, len(days) + 1) / len(delays)
            label = f"{watcher.label}, {'daily' if style == '-' else 'monthly'}"
            axes.step(days, share, style, where="post", color=f"C{number % 10}", label=label)
    axes.set_xlabel("days after onset")
    axes.set_ylabel("share of planted pairs found")
    axes.set_ylim(0, 1)
    axes.legend(loc="lower right", fontsize=6, ncols=2)
    return _saved(figure, path)


def _false_alarms(results: Results, path: Path) -> Path:
    figure, axes = plt.subplots(figsize=(9, 5))
    place = np.arange(len(results))
    for offset, name in ((-0.2, "null"), (0.2, "mixed")):
        false = [
            outcome.false_null if name == "null" else outcome.false_mixed for _, outcome in results
        ]
        shares = [float(np.mean(np.array(years) > 0)) if years else 0.0 for years in false]
        axes.bar(place + offset, shares, width=0.4, label=f"{name} years")
    axes.axhline(ALPHA, color="black", linewidth=0.8, label=f"{ALPHA:.0%}")
    axes.set_xticks(place, [watcher.label for watcher, _ in results], rotation=60, ha="right")
    axes.set_ylabel("share of years with a false alarm")
    axes.legend(loc="upper right")
    return _saved(figure, path)


def _areas(results: Results, path: Path) -> Path:
    figure, axes = plt.subplots(figsize=(9, 5))
    axes.boxplot([outcome.areas for _, outcome in results])
    labels = [watcher.label for watcher, _ in results]
    axes.set_xticks(np.arange(1, len(labels) + 1), labels, rotation=60, ha="right")
    axes.set_ylabel("area under the curve, by year")
    return _saved(figure, path)


def _saved(figure: plt.Figure, path: Path) -> Path:
    figure.tight_layout()
    figure.savefig(path, dpi=120)
    plt.close(figure)
    return path
