"""The steps of a retraining with the real models."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from services.core.model_versions import Publication
from services.core.windows import Form
from training.corpora import catalogue
from training.corpora.documents import Document
from training.corpora.verdicts import CORPUS, with_verdicts
from training.evaluate.kinds import CALIBRATED_ON, CHOSEN_ON
from training.evaluate.versions import read_json
from training.models.published import PARTS
from training.publish.verdict_sources import Source
from training.publish.versions import describe_versions, export_version, ner_dev_f1, relation_dev_f1
from training.settings import data_dir
from training.train.ner import NerSettings, train_ner
from training.train.relation import train_relation
from training.train.relation_settings import RelationSettings
from training.train.splits import Parts

PROPOSER_EPOCHS = 2
"""Of the NER model that never saw clinical notes, as the README trains it."""

PROPOSER_SHARE = 0.2
"""Of the time that the relation model has, where it has an end: two epochs of the literature take
about so much of an hour."""

GOING_ON_RATE = 6e-5
"""Learning rate of a training that goes on from a published version, and its epochs."""
GOING_ON_EPOCHS = 1

REHEARSED = 0.25
"""Share of the known documents that such a training sees again."""

Release = Callable[[Mapping[str, Path], Path], Publication | None]
"""(candidate, file for the gate's report) to the publication."""


def recipes(
    encoder: str,
    *,
    seed: int,
    bfloat16: bool,
    start: Mapping[str, Path],
    epochs: Mapping[str, int | None],
    within: float = 0.0,
) -> tuple[NerSettings, RelationSettings]:
    """How both models are trained.

    Args:
        encoder: name or folder.
        seed: of split, samples and weights.
        bfloat16: see `Optimisation`.
        start: published version of each model to go on from, which will be of its kind (with a
            CRF or without, its form, attention and markers); empty to begin with the encoder.
        epochs: of each model; None for the usual number.
        within: minutes that each of them may train at most, of fewer epochs if need be; 0: no end.
            Of those of the relation model the first are its proposer's (`proposer_recipe`).

    Raises:
        DataMissing: the card of a version to go on from cannot be read.
    """
    # With a CRF, as decision 27 found best.
    ner = NerSettings(encoder=encoder, seed=seed, bfloat16=bfloat16, within=within, crf=True)
    relation = RelationSettings(
        encoder=encoder, seed=seed, bfloat16=bfloat16, within=within * (1 - PROPOSER_SHARE)
    )
    if start:
        ner = replace(
            ner,
            start=str(start["ner"]),
            learning_rate=GOING_ON_RATE,
            epochs=GOING_ON_EPOCHS,
            rehearsed=REHEARSED,
            crf=bool(read_json(start["ner"] / "card.json").get("chains")),
        )
        card = read_json(start["relation"] / "card.json")
        made_with = card.get("hyper_parameters", {})
        relation = replace(
            relation,
            start=str(start["relation"]),
            learning_rate=GOING_ON_RATE,
            epochs=GOING_ON_EPOCHS,
            rehearsed=REHEARSED,
            # As serving reads it.
            form=Form(card.get("form", Form.MARKED)),
            **{part: made_with.get(part, True) for part in PARTS},
        )
    return (
        replace(ner, epochs=epochs["ner"] or ner.epochs),
        replace(relation, epochs=epochs["relation"] or relation.epochs),
    )


def proposer_recipe(relation: RelationSettings) -> NerSettings:
    """How the NER model is trained whose false events a relation model learns from.

    Args:
        relation: of `recipes`. Both together end within the minutes that were given for it.
    """
    return NerSettings(
        encoder=relation.encoder,
        seed=relation.seed,
        epochs=PROPOSER_EPOCHS,
        bfloat16=relation.bfloat16,
        within=relation.within * PROPOSER_SHARE / (1 - PROPOSER_SHARE),
    )


@dataclass(slots=True)
class ModelSteps:
    """`training.publish.retraining.Steps` with torch.

    Attributes:
        ner, relation: settings of the trainings.
        ner_corpora, relation_corpora: names of corpora.
        verdicts: reads what reviewers said; None if nobody is asked.
        publish: see `Release`.
        command: that makes this again, for the cards.
    """

    ner: NerSettings
    relation: RelationSettings
    ner_corpora: tuple[str, ...]
    relation_corpora: tuple[str, ...]
    verdicts: Source | None
    publish: Release
    command: str
    _verdicts: list[Document] = field(default_factory=list)

    def load(self, run: Path) -> Mapping[str, int]:
        """See `Steps`: what cannot be read is said before hours of training."""
        self._verdicts = [] if self.verdicts is None else self.verdicts(run)
        parts = self._ner_parts() | self._relation_parts()
        return {name: len(part.train) for name, part in parts.items()}

    def train(self, run: Path) -> None:
        """See `Steps`."""
        train_ner(self._ner_parts(), self.ner, run / "ner")
        train_ner(self._corpora(("ade",)), proposer_recipe(self.relation), run / "proposer")
        train_relation(self._relation_parts(), run / "proposer", self.relation, run / "relation")

    def export(self, run: Path, candidate: Path) -> Mapping[str, Path]:
        """See `Steps`."""
        parts = self._corpora(dict.fromkeys((*CHOSEN_ON, *self.relation_corpora)))
        folders = {task: candidate / task / "1" for task in ("ner", "relation")}
        export_version("ner", run / "ner", folders["ner"], ner_dev_f1(parts, run / "ner"))
        export_version(
            "relation",
            run / "relation",
            folders["relation"],
            relation_dev_f1(parts, run / "relation", run / "proposer"),
        )
        runs = {task: run / task for task in folders}
        describe_versions(self._corpora(CALIBRATED_ON), folders, runs, [self.command])
        return folders

    def release(self, candidate: Mapping[str, Path], report: Path) -> Publication | None:
        """See `Steps`."""
        return self.publish(candidate, report)

    def _parts(self, names: tuple[str, ...], *, mentions_too: bool) -> dict[str, Parts]:
        """Corpora to train on, with the verdicts, apart from what any measured corpus holds out."""
        everything = with_verdicts(
            self._corpora(dict.fromkeys((*names, *CALIBRATED_ON))),
            self._verdicts,
            mentions_too=mentions_too,
        )
        return {name: part for name, part in everything.items() if name in (*names, CORPUS)}

    def _ner_parts(self) -> dict[str, Parts]:
        return self._parts(self.ner_corpora, mentions_too=True)

    def _relation_parts(self) -> dict[str, Parts]:
        return self._parts(self.relation_corpora, mentions_too=False)

    def _corpora(self, names: Iterable[str]) -> dict[str, Parts]:
        return catalogue.load(names, data_dir(), seed=self.ner.seed)
