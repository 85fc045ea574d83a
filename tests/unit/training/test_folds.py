"""Parts of the published folds, on small documents."""

import json
from pathlib import Path

import pytest

from tests.fakes.documents import document
from training.errors import CorpusError
from training.train.folds import beside_fold, fold_parts, read_folds

# Two sentences of each of 20 abstracts; fold k tests on sentences 4k to 4k + 3 … of abstracts that
# other folds have too, because sentence n belongs to abstract n mod 20.
DOCUMENTS = [
    document(f"Sentence {number}.", doc_id=f"ade:{number}", group=f"pmid:{number % 20}")
    for number in range(40)
]
FOLDS = [frozenset(f"ade:{number}" for number in range(4 * k, 4 * k + 4)) for k in range(10)]


def test_a_fold_tests_on_its_sentences_and_divides_no_abstract_between_train_and_dev() -> None:
    parts = fold_parts(DOCUMENTS, FOLDS, 3, seed=5)
    assert {one.doc_id for one in parts.test} == FOLDS[3]
    assert len(parts.train) + len(parts.dev) == 36
    assert parts.dev
    assert {one.group for one in parts.train}.isdisjoint(one.group for one in parts.dev)
    # The published split divides abstracts between training and test.
    assert {one.group for one in parts.test} <= {one.group for one in [*parts.train, *parts.dev]}
    assert fold_parts(DOCUMENTS, FOLDS, 3, seed=5) == parts


def test_the_strict_variant_shares_no_abstract_with_test() -> None:
    parts = fold_parts(DOCUMENTS, FOLDS, 3, seed=5, strict=True)
    assert {one.doc_id for one in parts.test} == FOLDS[3]
    assert len(parts.train) + len(parts.dev) == 32
    assert {one.group for one in parts.test}.isdisjoint(
        one.group for one in [*parts.train, *parts.dev]
    )


def test_other_corpora_lose_what_a_fold_tests_on() -> None:
    parts = fold_parts(DOCUMENTS, FOLDS, 0, seed=5)
    other = [document("Other.", doc_id=f"x:{n}", group=f"pmid:{n}") for n in (0, 99)]
    assert [one.doc_id for one in beside_fold(other, parts)] == ["x:99"]


def test_what_is_no_fold_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="no fold 10"):
        fold_parts(DOCUMENTS, FOLDS, 10, seed=5)
    with pytest.raises(CorpusError, match="fold 9 names 4 sentences, 0 are there"):
        fold_parts(DOCUMENTS[:36], FOLDS, 9, seed=5)
    path = tmp_path / "folds.json"
    path.write_text(json.dumps([[number] for number in range(10)]))
    assert read_folds(path)[7] == {"ade:7"}
    path.write_text(json.dumps([[number // 2] for number in range(10)]))
    with pytest.raises(CorpusError, match="share no sentence"):
        read_folds(path)
    path.write_text("[[1], 2]")
    with pytest.raises(CorpusError, match="no file of folds"):
        read_folds(path)
    with pytest.raises(CorpusError, match="cannot read"):
        read_folds(tmp_path / "absent.json")
