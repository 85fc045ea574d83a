"""`python -m training statuses`: how well statuses are read, and the weights that combine."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from training.errors import DataMissing, TrainingError
from training.settings import SEED, data_dir

WEIGHTS = Path("services/core/assertion_weights.py")
CORPORA = ("adewatch", "clinical", "dictations", "visits")
"""What annotates statuses in whole notes."""


def statuses(
    relation: Annotated[
        Path | None, typer.Option(help="version of the relation model; default: the newest")
    ] = None,
    write: Annotated[bool, typer.Option("--write", help=f"into {WEIGHTS}")] = False,
    seed: Annotated[int, typer.Option(help="of the split")] = SEED,
) -> None:
    """Weigh the rules of assertion and a model's status head on relations that it never learned.

    Prints rules, head and both (each relation read under weights fitted without its fold) for
    development documents and training documents that the version did not learn. Test documents are
    not read.
    """
    from training.corpora import adewatch, catalogue
    from training.evaluate.status_weights import (
        as_source,
        cross_fitted,
        examples,
        figures,
        fit,
    )
    from training.publish.versions import newest, open_relation, read_json
    from training.train.rehearsal import known_to

    folder = Path("model_repository/relation")
    version = relation or folder / str(newest(folder))
    known = known_to(str(version))
    if not known.contents:
        raise DataMissing(
            f"{version} does not say what it learned from, so nothing can be left out"
        )
    parts = catalogue.load(CORPORA, data_dir(), seed=seed)
    known.refuse_held_out(parts)
    documents = {
        "development": [one for part in parts.values() for one in part.dev],
        "training, never learned": [
            one for part in parts.values() for one in known.never_learned(part.train)
        ],
    }
    model = open_relation(version, read_json(version / "card.json"))
    if not model.learned_statuses:
        raise TrainingError(f"{version} has learned no statuses")
    read = {name: examples(model, some) for name, some in documents.items()}
    data = [one for some in read.values() for one in some]
    both = iter(cross_fitted(data, written_for_this=adewatch.CORPUS))
    for name, some in read.items():
        combined = [next(both) for _ in some]
        for kind, own in (("our notes", True), ("notes of others", False)):
            rows = [
                (one, status)
                for one, status in zip(some, combined, strict=True)
                if (one.corpus == adewatch.CORPUS) is own
            ]
            if rows:
                typer.echo(f"{name}, {kind}: {figures(rows)}")
    if write:
        weights = fit(data, written_for_this=adewatch.CORPUS)
        WEIGHTS.write_text(
            as_source(weights, relation="/".join(version.parts[-2:]), relations=len(data)),
            encoding="utf-8",
        )
        typer.echo(f"written to {WEIGHTS}; raise VERSION in services/core/assertion_rules.py")
