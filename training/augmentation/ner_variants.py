"""What each augmentation, and the CRF, is worth to the NER model: the same training with it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from services.adapters.tokenizer import HuggingFaceTokenEncoder
from training.evaluate.metrics import Score
from training.evaluate.predict import predict_mentions, torch_runner
from training.train.ablation import AUGMENTED, REWRITTEN
from training.train.ner import NerSettings, ner_score, train_ner
from training.train.runs import is_trained, load_ner
from training.train.splits import Parts

JOINED = 600

Change = Callable[[NerSettings], NerSettings]

VARIANTS: dict[str, Change] = {
    "plain": lambda settings: settings,
    "with-joined-sentences": lambda settings: replace(settings, joined=JOINED),
    "with-other-drugs": lambda settings: replace(
        settings, augmentation=replace(settings.augmentation, renamed=AUGMENTED)
    ),
    "with-crf": lambda settings: replace(settings, crf=True),
    REWRITTEN: lambda settings: replace(
        settings, augmentation=replace(settings.augmentation, rewritten=AUGMENTED)
    ),
}
"""Each variant differs from the plain training in one thing."""


@dataclass(frozen=True, slots=True)
class Variant:
    """What became of one training.

    Attributes:
        name: of `VARIANTS`.
        dev: mean F1 of its best epoch on dev.
        test: strict micro score of mentions, per corpus.
    """

    name: str
    dev: float
    test: dict[str, Score]


def run_variants(
    names: Sequence[str], parts: dict[str, Parts], settings: NerSettings, folder: Path
) -> Iterator[Variant]:
    """Train and measure variants one by one; one that lies there trained is only measured.

    Raises:
        TrainingError: a variant that lies there was trained otherwise.
    """
    for name in names:
        run, changed = folder / name, VARIANTS[name](settings)
        if not is_trained(run, asdict(changed), parts):
            train_ner(parts, changed, run)
        yield measure(name, run, parts)


def measure(name: str, run: Path, parts: dict[str, Parts]) -> Variant:
    """Figures of one trained variant on the test documents that have mentions."""
    model = load_ner(run)
    runner, chains = torch_runner(model), model.chains()
    encoder = HuggingFaceTokenEncoder(run / "tokenizer.json")
    history = json.loads((run / "run.json").read_text(encoding="utf-8"))["history"]
    return Variant(
        name,
        max(epoch["dev"] for epoch in history),
        {
            corpus: ner_score(
                part.test, predict_mentions(runner, encoder, part.test, chains=chains)
            )
            for corpus, part in parts.items()
            if any(document.mentions for document in part.test)
        },
    )


def table(variants: Sequence[Variant]) -> str:
    """Markdown: a row per variant, strict micro F1 per corpus."""
    corpora = sorted({corpus for variant in variants for corpus in variant.test})
    lines = [f"| variant | dev | {' | '.join(corpora)} |", "|---|---|" + "---|" * len(corpora)]
    for variant in variants:
        figures = " | ".join(f"{variant.test[corpus].f1:.4f}" for corpus in corpora)
        lines.append(f"| {variant.name} | {variant.dev:.4f} | {figures} |")
    return "\n".join(lines)
