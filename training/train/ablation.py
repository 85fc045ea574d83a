"""What each part of the relation model is worth: the same training without it."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np

from services.adapters.tokenizer import HuggingFaceTokenEncoder
from services.core.windows import Form
from training.corpora.documents import Document
from training.evaluate.bootstrap import Array, Interval, counts, f1, interval
from training.evaluate.metrics import Score
from training.evaluate.pair_scores import PairModel, score_pairs, torch_pair_runner
from training.rows.pairs import gold_pairs, joined_sentences
from training.train.relation import train_relation
from training.train.relation_pairs import SENTENCES
from training.train.relation_settings import RelationSettings
from training.train.runs import is_trained, load_relation
from training.train.splits import Parts

Change = Callable[[RelationSettings], RelationSettings]

AUGMENTED = 0.3
"""Share of the documents that an augmentation adds again."""

PARAGRAPHS = 200
"""Paragraphs of joined test sentences that are measured per corpus of single sentences."""

THRESHOLD = 0.5

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
        test: counts of *caused* over the candidate pairs of gold mentions, per text: a corpus, or
            paragraphs of its sentences; [documents, 4] as of `bootstrap.counts`.
        pairs_per_second: of torch on this machine, in this run.
    """

    name: str
    dev: float
    test: dict[str, Array]
    pairs_per_second: float

    def f1(self, text: str) -> float:
        """F1 of *caused* over all documents of a text."""
        return float(f1(self.test[text].sum(axis=0)))

    def difference(self, other: Variant, text: str, *, seed: int) -> Interval:
        """Of F1 to that of another variant, by documents drawn for both alike."""
        both = np.stack([self.test[text], other.test[text]], axis=1)
        return interval(both, lambda totals: f1(totals[:, 0]) - f1(totals[:, 1]), seed=seed)


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
        yield measure(name, run, texts(parts, seed=settings.seed))


def texts(parts: dict[str, Parts], *, seed: int) -> dict[str, list[Document]]:
    """The test documents by corpus, and paragraphs of those that are single sentences."""
    found: dict[str, list[Document]] = {}
    for corpus, part in parts.items():
        found[corpus] = part.test
        if corpus in SENTENCES:
            found[f"{corpus}, paragraphs"] = joined_sentences(
                part.test, count=PARAGRAPHS, seed=seed
            )
    return {name: documents for name, documents in found.items() if documents}


def measure(name: str, run: Path, asked: dict[str, list[Document]]) -> Variant:
    """Figures of one trained variant on documents."""
    model = load_relation(run)
    pair_model = PairModel(
        torch_pair_runner(model),
        HuggingFaceTokenEncoder(run / "tokenizer.json"),
        model.config.form,
    )
    begun, pairs, test = time.perf_counter(), 0, {}
    for text, documents in asked.items():
        scores = _scores(pair_model, documents)
        test[text] = counts([score for score, _ in scores])
        pairs += sum(number for _, number in scores)
    seconds = time.perf_counter() - begun
    history = json.loads((run / "run.json").read_text(encoding="utf-8"))["history"]
    return Variant(name, max(epoch["dev"] for epoch in history), test, pairs / seconds)


def _scores(model: PairModel, documents: Sequence[Document]) -> list[tuple[Score, int]]:
    """Per document its score and how many pairs were asked about."""
    pairs = [gold_pairs([document], for_training=False) for document in documents]
    answers = iter(score_pairs(model, [pair for each in pairs for pair in each]))
    scores = []
    for each in pairs:
        said = [next(answers).probability >= THRESHOLD for _ in each]
        right = sum(pair.caused for pair, yes in zip(each, said, strict=True) if yes)
        score = Score(right, sum(said), sum(pair.caused for pair in each))
        scores.append((score, len(each)))
    return scores


def table(variants: Sequence[Variant], *, seed: int) -> str:
    """Markdown: a row per variant, F1 per text with the interval of its difference to the first
    variant, and pairs per second as a ratio to the first."""
    first = variants[0]
    names = list(first.test)
    lines = [
        "| variant | dev | " + " | ".join(names) + " | pairs/s, ratio |",
        "|---|---|" + "---|" * (len(names) + 1),
    ]
    for variant in variants:
        figures = [f"{variant.f1(text):.3f}" for text in names]
        if variant is not first:
            for place, text in enumerate(names):
                low, high = variant.difference(first, text, seed=seed)
                figures[place] += f" [{low:+.3f}, {high:+.3f}]"
        ratio = variant.pairs_per_second / first.pairs_per_second
        lines.append(
            f"| {variant.name} | {variant.dev:.3f} | " + " | ".join(figures) + f" | {ratio:.2f} |"
        )
    return "\n".join(lines)
