"""No sentence that a corpus chooses or tests on is read in pretraining."""

import json
import lzma
from pathlib import Path

import pytest

from tests.fakes.documents import document
from training.corpora import catalogue, n2c2
from training.corpora.overlap import sentence_key
from training.errors import CorpusError
from training.pretraining.texts import HeldOut, Text, read_texts, without
from training.train.splits import split

pytestmark = pytest.mark.training

SEED = 5
ABSENT = ("ade", "ade-dose", "ddi", "dictations", "phee", "twimed", "visits")
LONG = "She developed a severe rash after three doses of gold."
OTHER = "He was started on insulin and sent home the next day."


def held_out() -> HeldOut:
    held = HeldOut()
    held.add([document(f"{LONG} No fever.", group="pmid:1")])
    return held


def test_a_held_out_document_is_not_read_under_any_of_its_names() -> None:
    text = Text(frozenset({"mts-7", "pmid:1"}), (OTHER,))
    assert held_out().allowed(text) == []
    assert held_out().allowed(Text(frozenset({"mts-7"}), (OTHER,))) == [OTHER]


def test_a_held_out_sentence_is_not_read_wherever_it_stands() -> None:
    many = tuple(f"{OTHER[:-1]} of {word} alone." for word in ("May", "June", "July", "March"))
    text = Text(frozenset({"pmid:2"}), (*many, LONG.upper(), "No fever."))
    assert held_out().allowed(text) == [*many, "No fever."]


def test_a_text_made_of_held_out_sentences_is_a_held_out_document() -> None:
    text = Text(frozenset({"pmid:2"}), (LONG, OTHER, "No fever."))
    assert held_out().allowed(text) == []


def test_what_is_left_out_is_counted_and_what_is_read_is_read_once() -> None:
    texts = [Text(frozenset({"a"}), (OTHER,)), Text(frozenset({"b"}), (OTHER, "Well."))]
    reading = without([*texts, Text(frozenset({"pmid:1"}), (LONG,))], held_out(), ["x"])
    assert reading.train == [OTHER, "Well."]
    assert (reading.texts, reading.texts_left_out, reading.sentences_left_out) == (3, 1, 1)
    assert reading.held_out == ["x"]


def word(number: int) -> str:
    return "drug" + "".join("abcdefghij"[int(digit)] for digit in f"{number:03d}")


def sentence(number: int) -> str:
    return f"She developed a severe rash after {word(number)} was given."


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Corpora of 60 sentences each; the notes of `clinical` are among those of MTSamples."""
    for name in ("ade_corpus_v2", "bc5cdr", "clinical_ade", "mtsamples", "rct_fulltext_pmc"):
        (tmp_path / name).mkdir()
    (tmp_path / "ade_corpus_v2/ADE-NEG.txt").write_text(
        "".join(f"{n} NEG {sentence(n)}\n" for n in range(60))
    )
    (tmp_path / "ade_corpus_v2/DRUG-AE.rel").write_text(
        "".join(f"{n}|{sentence(n)}|rash|23|27|{word(n)}|34|41\n" for n in range(100, 160))
    )
    (tmp_path / "bc5cdr/train.pubtator").write_text(
        "".join(f"{n}|t|{sentence(n)}\n{n}|a|{sentence(n + 100)}\n\n" for n in range(200, 260))
    )
    (tmp_path / "bc5cdr/dev.pubtator").write_text("")
    with (tmp_path / "clinical_ade/notes.jsonl").open("w") as notes:
        for n in range(400, 460):
            note = {"note_id": f"mts-{n}", "text": sentence(n), "mentions": [], "relations": []}
            notes.write(json.dumps(note) + "\n")
    with (tmp_path / "mtsamples/mtsamples.jsonl").open("w") as notes:
        for n in range(400, 520):
            text = f"{sentence(n)} Short remark {word(n)}."
            notes.write(json.dumps({"sample_ids": [n], "transcription": text}) + "\n")
    articles = tmp_path / "rct_fulltext_pmc/articles_ccby_cc0_pd.jsonl.xz"
    with lzma.open(articles, "wt") as lines:
        for n in range(600, 603):
            lines.write(json.dumps({"pmid": str(n), "text": sentence(n)}) + "\n")
    return tmp_path


def test_nothing_of_dev_and_test_of_any_corpus_is_read(data: Path) -> None:
    reading = read_texts(data, seed=SEED, articles=2, absent=ABSENT)
    read, number, notes = set(reading.train), 0, 0
    for name in ("ade-neg", "ade-rel", "bc5cdr", "clinical"):
        parts = split(catalogue.read(name, data), seed=SEED)
        for one in (*parts.dev, *parts.test):
            number += 1
            assert read.isdisjoint(one.text[start:end] for start, end in one.sentences)
        for one in parts.train:
            assert read >= {one.text[start:end] for start, end in one.sentences}
        for one in (*parts.dev, *parts.test):
            if one.corpus == "clinical":
                # The rest of the note goes too, though no other corpus knows it.
                notes += 1
                remark = f"Short remark {word(int(one.group.removeprefix('mts-')))}."
                assert remark not in read
    assert number > 20
    assert {sentence(600), sentence(601)} <= read
    assert sentence(602) not in read
    assert reading.texts_left_out >= notes > 0
    assert read.isdisjoint(one for one in reading.held_out if sentence_key(one) is not None)


def test_a_corpus_that_folds_measure_on_is_held_out_wholly(data: Path) -> None:
    reading = read_texts(data, seed=SEED, articles=0, absent=ABSENT, unseen=["ade-neg"])
    assert not any(sentence(n) in reading.train for n in range(60))


def test_a_licensed_corpus_is_held_out_where_it_is_there(data: Path) -> None:
    note = data / n2c2.FOLDER / "test/7.txt"
    note.parent.mkdir(parents=True)
    note.write_text(sentence(601))
    note.with_suffix(".ann").write_text("")
    reading = read_texts(data, seed=SEED, articles=2, absent=ABSENT)
    assert sentence(600) in reading.train
    assert sentence(601) not in reading.train


def test_a_licensed_corpus_that_is_to_be_held_out_wholly_must_be_there(data: Path) -> None:
    with pytest.raises(CorpusError, match="holds no annotations"):
        read_texts(data, seed=SEED, articles=0, absent=ABSENT, unseen=["n2c2"])


def test_a_missing_corpus_must_be_named(data: Path) -> None:
    with pytest.raises(CorpusError, match="cannot read"):
        read_texts(data, seed=SEED, articles=0, absent=ABSENT[1:])
    with pytest.raises(CorpusError, match="no corpus none"):
        read_texts(data, seed=SEED, articles=0, absent=["none"])
    with pytest.raises(CorpusError, match="cannot be absent"):
        read_texts(data, seed=SEED, articles=0, absent=["bc5cdr"])
