"""The ten published folds of the ADE corpus, as parts to train, choose and measure on.

Fold k of Eberts & Ulges (ECAI 2020) tests on its tenth of the sentences and trains on the other
nine. Those divide sentences, not abstracts: most test abstracts have other sentences in training.
The strict variant leaves these out of training.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path

from training.corpora.documents import Document
from training.corpora.overlap import without_overlap
from training.errors import CorpusError
from training.train.splits import Parts, position

DEV_FRACTION = 0.10
FOLDS = 10


def read_folds(path: Path) -> list[frozenset[str]]:
    """Per fold the ids of the documents that it tests on.

    Args:
        path: JSON, for each fold the list of `orig_id` of its test sentences.

    Raises:
        CorpusError: the file is missing, has another format, or folds overlap.
    """
    try:
        folds = json.loads(path.read_text(encoding="utf-8"))
        ids = [frozenset(f"ade:{int(number)}" for number in fold) for fold in folds]
    except OSError as error:
        raise CorpusError(f"cannot read {path}: {error.strerror}") from error
    except (ValueError, TypeError) as error:
        raise CorpusError(f"{path} is no file of folds: {error!r}") from error
    if len(ids) != FOLDS or sum(map(len, ids)) != len({one for fold in ids for one in fold}):
        raise CorpusError(f"{path} must hold {FOLDS} folds that share no sentence")
    return ids


def fold_parts(
    documents: Iterable[Document],
    folds: Sequence[frozenset[str]],
    fold: int,
    *,
    seed: int,
    strict: bool = False,
) -> Parts:
    """Training, dev and test documents of one fold.

    Args:
        documents: of the ADE corpus.
        folds: from `read_folds`.
        fold: 0 to 9.
        seed: of the dev part: about a tenth of the training abstracts, undivided.
        strict: leave out of training and dev what shares an abstract or a sentence with test.

    Raises:
        CorpusError: there is no such fold, or a sentence of it is not among the documents.
    """
    if not 0 <= fold < len(folds):
        raise CorpusError(f"no fold {fold}; folds are 0 to {len(folds) - 1}")
    everything = list(documents)
    test = [document for document in everything if document.doc_id in folds[fold]]
    if len(test) != len(folds[fold]):
        raise CorpusError(f"fold {fold} names {len(folds[fold])} sentences, {len(test)} are there")
    rest = [document for document in everything if document.doc_id not in folds[fold]]
    if strict:
        rest = without_overlap(rest, test)
    dev = [one for one in rest if position(one.group, seed=seed) < DEV_FRACTION]
    train = [one for one in rest if position(one.group, seed=seed) >= DEV_FRACTION]
    return Parts(train, dev, test)


def beside_fold(documents: Iterable[Document], parts: Parts) -> list[Document]:
    """Of another corpus what may be trained on beside a fold: no PMID and no sentence of its dev
    and test."""
    return without_overlap(documents, [*parts.dev, *parts.test])
