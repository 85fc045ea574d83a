"""`python -m training compare`: which pair of versions is to serve, by development documents."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from training.corpora.documents import Document
from training.errors import DataMissing
from training.evaluate.scoring import MentionFinder, Reading
from training.settings import REPOSITORY, SEED, data_dir
from training.train.splits import Parts


def compare(
    pairs: Annotated[
        list[str],
        typer.Argument(
            metavar="NER,RELATION...",
            help="each a folder of a version, or a number in the repository; the first pair serves",
        ),
    ],
    repository: Annotated[Path, typer.Option(help="the model repository")] = REPOSITORY,
    seed: Annotated[int, typer.Option(help="of the split and the resamples")] = SEED,
) -> None:
    """Hold pairs of versions against the one that serves, before a test document is read.

    Reads the development documents, fits the weights of probabilities and the threshold of each
    pair on four fifths and measures them on the fifth. A pair is to serve if the mean strict F1 of
    the kinds of text is better by more than 0.005 and no kind is worse beyond chance. Statuses,
    which do not decide, are read under weights that all development documents have fitted, for
    every pair alike. Some minutes for each pair.
    """
    from training.corpora import catalogue
    from training.evaluate.choice import figures
    from training.evaluate.kinds import CALIBRATED_ON, by_kind
    from training.evaluate.tagger import finder
    from training.evaluate.versions import open_ner
    from training.train.rehearsal import refuse_learned

    versions = {pair: _versions(pair, repository) for pair in pairs}
    if len(set(versions.values())) < 2:
        raise DataMissing("two different pairs are needed to compare")
    parts = catalogue.load(CALIBRATED_ON, data_dir(), seed=seed)
    refuse_learned({folder for pair in versions.values() for folder in pair}, parts)
    kinds = by_kind(parts)
    found = {
        ner: {kind: _once(finder(open_ner(ner)), part) for kind, part in kinds.items()}
        for ner in dict.fromkeys(ner for ner, _ in versions.values())
    }
    readings = {
        pair: _read(found[ner], relation, parts) for pair, (ner, relation) in versions.items()
    }
    typer.echo(json.dumps(figures(readings, seed=seed), indent=2))


def _once(find: MentionFinder, documents: Sequence[Document]) -> MentionFinder:
    """A finder that has read its documents, however many relation models ask."""
    found = find(documents)
    return lambda documents: found


def _read(
    found: Mapping[str, MentionFinder], relation: Path, parts: Mapping[str, Parts]
) -> dict[str, list[Reading]]:
    from training.evaluate.kinds import by_kind
    from training.evaluate.scoring import read_documents
    from training.evaluate.status_weights import fit_statuses
    from training.evaluate.tagger import scorer
    from training.evaluate.versions import open_relation
    from training.train.rehearsal import Known

    model = open_relation(relation)
    # Not those of its card, which a candidate has not yet.
    weights = fit_statuses(model, Known("", {}), parts)
    score = scorer(replace(model, status_weights=weights))
    return {kind: read_documents(part, found[kind], score) for kind, part in by_kind(parts).items()}


def _versions(pair: str, repository: Path) -> tuple[Path, Path]:
    """The folders of both versions.

    Raises:
        DataMissing: there are not two of them, or one holds no version of its model.
    """
    from training.evaluate.measuring import versions_in

    named = pair.split(",")
    if len(named) != 2:
        raise DataMissing(f"a pair is NER,RELATION, not {pair!r}")
    folders = {
        task: repository / task / name if name.isdigit() else Path(name)
        for task, name in zip(("ner", "relation"), named, strict=True)
    }
    for task, folder in folders.items():
        if not (folder / "model.onnx").is_file() or set(versions_in(folder)) != {task}:
            raise DataMissing(f"{folder} holds no version of {task}")
    return folders["ner"], folders["relation"]
