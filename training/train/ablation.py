"""What each part of the relation model is worth: the same training without it."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from services.adapters.tokenizer import HuggingFaceTokenEncoder
from services.core.windows import Form
from training.evaluate.metrics import Score
from training.evaluate.pair_scores import PairModel, pair_score, torch_pair_runner
from training.rows.pairs import Pair, gold_pairs
from training.train.relation import RelationSettings, train_relation
from training.train.runs import is_trained, load_relation
from training.train.splits import Parts

Change = Callable[[RelationSettings], RelationSettings]

AUGMENTED = 0.3
"""Share of the documents that an augmentation adds again."""

REWRITTEN = "with-other-words"
"""The variant that needs a causal language model."""

VARIANTS: dict[str, Change] = {
    "whole": lambda settings: settings,
    "without-contrastive-term": lambda settings: replace(settings, alpha=1.0),
    "without-pair-attention": lambda settings: replace(settings, pair_attention=False),
    "without-context-attention": lambda settings: replace(settings, context_attention=False),
    "without-markers": lambda settings: replace(settings, markers=False),
    "without-joined-sentences": lambda settings: replace(settings, joined=0),
    "marked": lambda settings: replace(settings, form=Form.MARKED),
    "with-other-drugs": lambda settings: replace(
        settings, augmentation=replace(settings.augmentation, renamed=AUGMENTED)
    ),
    REWRITTEN: lambda settings: replace(
        settings, augmentation=replace(settings.augmentation, rewritten=AUGMENTED)
    ),
}
"""Each variant differs from the whole model in one thing."""


@dataclass(frozen=True, slots=True)
class Variant:
    """What became of one training.

    Attributes:
        name: of `VARIANTS`.
        dev: mean F1 of its best epoch on dev.
        test: F1 of *caused* over the candidate pairs of gold mentions, per corpus.
        pairs_per_second: of torch on this machine, in this run.
    """

    name: str
    dev: float
    test: dict[str, Score]
    pairs_per_second: float


def run_variants(
    names: Sequence[str],
    parts: dict[str, Parts],
    proposer: Path,
    settings: RelationSettings,
    folder: Path,
) -> Iterator[Variant]:
    """Train and measure variants one by one; one that lies there trained is only measured.

    Args:
        names: of `VARIANTS`.
        parts: documents by corpus.
        proposer: see `train_relation`.
        settings: of the whole model.
        folder: gets one run per variant.

    Raises:
        TrainingError: a variant that lies there was trained otherwise.
    """
    for name in names:
        run, changed = folder / name, VARIANTS[name](settings)
        if not is_trained(run, asdict(changed), parts):
            train_relation(parts, proposer, changed, run)
        yield measure(name, run, parts)


def measure(name: str, run: Path, parts: dict[str, Parts]) -> Variant:
    """Figures of one trained variant on the test documents."""
    model = load_relation(run)
    asked = PairModel(
        torch_pair_runner(model),
        HuggingFaceTokenEncoder(run / "tokenizer.json"),
        model.config.form,
    )
    pairs: dict[str, list[Pair]] = {
        corpus: gold_pairs(part.test, for_training=False) for corpus, part in parts.items()
    }
    begun = time.perf_counter()
    test = {corpus: pair_score(asked, found) for corpus, found in pairs.items() if found}
    seconds = time.perf_counter() - begun
    history = json.loads((run / "run.json").read_text(encoding="utf-8"))["history"]
    return Variant(
        name,
        max(epoch["dev"] for epoch in history),
        test,
        sum(map(len, pairs.values())) / seconds,
    )


def table(variants: Sequence[Variant]) -> str:
    """Markdown: a row per variant, F1 per corpus, and pairs per second as a ratio to the first."""
    corpora = sorted({corpus for variant in variants for corpus in variant.test})
    lines = [
        "| variant | dev | " + " | ".join(corpora) + " | pairs/s, ratio |",
        "|---|---|" + "---|" * (len(corpora) + 1),
    ]
    for variant in variants:
        figures = [
            f"{variant.test[corpus].f1:.4f}" if corpus in variant.test else "–"
            for corpus in corpora
        ]
        ratio = variant.pairs_per_second / variants[0].pairs_per_second
        lines.append(
            f"| {variant.name} | {variant.dev:.4f} | " + " | ".join(figures) + f" | {ratio:.2f} |"
        )
    return "\n".join(lines)
