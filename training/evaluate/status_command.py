"""`python -m training statuses`: how well statuses are read."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from training.errors import DataMissing, TrainingError
from training.settings import REPOSITORY, SEED, data_dir


def statuses(
    relation: Annotated[
        Path | None, typer.Option(help="version of the relation model; default: the newest")
    ] = None,
    seed: Annotated[int, typer.Option(help="of the split")] = SEED,
) -> None:
    """Tell how well rules and a model's status head read relations that the head never learned.

    Prints rules, head and both (each relation read under weights fitted without its fold) for
    development documents and training documents that the version did not learn. Test documents are
    not read. What serves is fitted on all of them by `cards` and `calibrate`.
    """
    from training.corpora import adewatch, catalogue
    from training.evaluate.status_weights import CORPORA, cross_fitted, figures, unlearned
    from training.evaluate.versions import newest, open_relation
    from training.train.rehearsal import known_to

    version = relation or REPOSITORY / "relation" / str(newest(REPOSITORY / "relation"))
    known = known_to(str(version))
    if not known.contents:
        raise DataMissing(
            f"{version} does not say what it learned from, so nothing can be left out"
        )
    parts = catalogue.load(CORPORA, data_dir(), seed=seed)
    model = open_relation(version)
    if not model.learned_statuses:
        raise TrainingError(f"{version} has learned no statuses")
    read = unlearned(model, known, parts)
    both = iter(cross_fitted([one for some in read.values() for one in some]))
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
