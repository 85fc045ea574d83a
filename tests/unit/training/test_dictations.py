"""Annotations without their texts, and the texts they belong to."""

import json
from pathlib import Path

import pytest

from services.core.contracts import MentionType
from services.core.spans import Span
from training.corpora.dictations import ANNOTATIONS, DRAWN, read_notes, split_notes
from training.corpora.documents import ALL_TYPES, Document
from training.corpora.offsets import digest
from training.errors import CorpusError

pytestmark = pytest.mark.training

TEXT = "ALLERGIES: Penicillin causes rash. On Zocor."


def corpus(folder: Path, *, text: str = TEXT) -> tuple[Path, Path, Path]:
    texts, annotations = folder / "mtsamples.jsonl", folder / "annotations.jsonl"
    drawn = folder / "drawn.jsonl"
    drawn.touch()
    texts.write_text(json.dumps({"sample_ids": [7, 8], "transcription": text}) + "\n")
    annotations.write_text(
        json.dumps(
            {
                "note": "mts-8",
                "sha256": digest(TEXT),
                "drugs": [[11, 21], [38, 43]],
                "relations": [[0, 29, 33, "historical"]],
            }
        )
        + "\n"
    )
    return texts, annotations, drawn


def test_an_annotation_finds_its_text(tmp_path: Path) -> None:
    (note,) = read_notes(*corpus(tmp_path))
    assert (note.doc_id, note.corpus, note.complete) == ("mts-8", "dictations", ALL_TYPES)
    assert [note.text[slice(*mention.span)] for mention in note.mentions] == [
        "Penicillin",
        "Zocor",
        "rash",
    ]
    assert {pair: str(status) for pair, status in note.statuses().items()} == {
        (Span(11, 21), Span(29, 33)): "historical"
    }


def test_another_text_of_that_name_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="mts-8 is not the one"):
        read_notes(*corpus(tmp_path, text=TEXT.lower()))


@pytest.mark.parametrize("broken", ["{", '{"note": "mts-8"}', '{"note": "mts-8", "sha256": 1}'])
def test_what_is_no_annotation_is_refused(tmp_path: Path, broken: str) -> None:
    texts, annotations, drawn = corpus(tmp_path)
    for file in (annotations, drawn):
        before = file.read_text()
        file.write_text(broken)
        with pytest.raises(CorpusError):
            read_notes(texts, annotations, drawn)
        file.write_text(before)
    assert len(read_notes(texts, annotations, drawn)) == 1


def test_a_status_that_is_none_is_refused_and_no_text_is_quoted(tmp_path: Path) -> None:
    texts, annotations, drawn = corpus(tmp_path)
    annotations.write_text(annotations.read_text().replace("historical", "perhaps"))
    with pytest.raises(CorpusError, match="no file of annotations"):
        read_notes(texts, annotations, drawn)
    texts.write_text(json.dumps({"transcription": TEXT, "sample_ids": "Penicillin"})[:-1])
    with pytest.raises(CorpusError, match="no file of notes") as refused:
        read_notes(texts, annotations, drawn)
    assert "Penicillin" not in str(refused.value)


def test_missing_files_are_named(tmp_path: Path) -> None:
    files = corpus(tmp_path)
    for place in range(len(files)):
        one_missing = (*files[:place], tmp_path / "none", *files[place + 1 :])
        with pytest.raises(CorpusError, match=r"cannot read .*none"):
            read_notes(*one_missing)


def test_of_notes_drawn_at_random_only_events_are_complete_and_they_measure(tmp_path: Path) -> None:
    texts, annotations, drawn = corpus(tmp_path)
    drawn.write_text(annotations.read_text().replace("mts-8", "mts-7"))
    chosen, random = read_notes(texts, annotations, drawn)
    assert (random.doc_id, random.complete) == ("mts-7", frozenset({MentionType.ADE}))
    assert random.relations == chosen.relations
    parts = split_notes([chosen, random], seed=1)
    assert parts.test == [random]
    assert [*parts.train, *parts.dev] == [chosen]


def test_none_of_the_chosen_ones_measures() -> None:
    notes = [
        Document(doc_id=f"mts-{n}", group=f"mts-{n}", corpus="dictations", text="", sentences=())
        for n in range(200)
    ]
    parts = split_notes(notes, seed=1)
    assert parts.test == []
    assert 15 <= len(parts.dev) <= 50
    assert len(parts.train) + len(parts.dev) == 200


def test_no_note_is_both_chosen_and_drawn() -> None:
    names = [
        {json.loads(line)["note"] for line in file.read_text(encoding="utf-8").splitlines()}
        for file in (ANNOTATIONS, DRAWN)
    ]
    assert names[0].isdisjoint(names[1])
    assert [len(one) for one in names] == [549, 320]


@pytest.mark.parametrize("file", [ANNOTATIONS, DRAWN])
def test_the_annotations_of_the_repository_hold_no_text(file: Path) -> None:
    for line in file.read_text(encoding="utf-8").splitlines():
        record = json.loads(line)
        assert record.keys() == {"note", "sha256", "drugs", "relations"}
        assert all(isinstance(one, int) for span in record["drugs"] for one in span)
        for place, start, end, status in record["relations"]:
            assert 0 <= place < len(record["drugs"])
            assert 0 <= start < end
            assert status in {
                "affirmed", "historical", "uncertain", "negated", "hypothetical", "family"
            }  # fmt: skip
