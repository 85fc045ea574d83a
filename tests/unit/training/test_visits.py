"""Notes of played visits: their annotation, and which of them measure."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from services.core.contracts import Assertion
from services.core.spans import Span
from training.corpora import visits
from training.corpora.catalogue import divide
from training.corpora.offsets import EVENTS_ALONE, digest
from training.errors import CorpusError
from training.settings import TRAINED_ON

pytestmark = pytest.mark.training

FIRST = 'PLAN\n\nStop "Flomax", it made him dizzy.'
LAST = "ALLERGIES\n\nSulfa: rash."


def corpus(folder: Path) -> tuple[Path, Path]:
    for name in (*visits.TO_CHOOSE_ON, *visits.TO_MEASURE_ON):
        (folder / f"{name}.csv").write_text("dataset,encounter_id,dialogue,note\n")
    quoted = FIRST.replace('"', '""').replace("\n", "\r\n")
    with (folder / "train.csv").open("a", newline="") as file:
        file.write(f'x,D2N001,[doctor] hi,"{quoted}\r\n"\n')
    with (folder / "clef_taskC_test3.csv").open("a", newline="") as file:
        file.write(f'x,D2N168,[doctor] hi,"{LAST}"\n')
    annotations = folder / "annotations.jsonl"
    records = [
        {
            "note": "aci-D2N001",
            "sha256": digest(FIRST),
            "drugs": [[12, 18]],
            "relations": [[0, 33, 38, "affirmed"]],
        },
        {"note": "aci-D2N168", "sha256": digest(LAST), "drugs": [], "relations": []},
    ]
    annotations.write_text("".join(json.dumps(one) + "\n" for one in records))
    return folder, annotations


def test_notes_are_read_from_their_files(tmp_path: Path) -> None:
    first, last = visits.read_notes(*corpus(tmp_path))
    assert (first.text, last.text) == (FIRST, LAST)
    assert first.statuses() == {(Span(12, 18), Span(33, 38)): Assertion.AFFIRMED}
    assert {first.text[slice(*one.span)] for one in first.mentions} == {"Flomax", "dizzy"}
    assert first.complete == last.complete == EVENTS_ALONE


def test_no_model_learns_from_them(tmp_path: Path) -> None:
    first, last = visits.read_notes(*corpus(tmp_path))
    parts = divide("visits", [first, last], seed=1)
    assert (parts.train, parts.dev, parts.test) == ([], [first], [last])
    edge = [replace(first, doc_id=f"aci-D2N{number:03}") for number in (87, 88)]
    assert [len(one) for one in (visits.split_notes(edge).dev, visits.split_notes(edge).test)] == [
        1,
        1,
    ]
    assert not any("visits" in names.split(",") for names in TRAINED_ON.values())


@pytest.mark.parametrize("broken", ["encounter_id\nD2N001\n", 'encounter_id,note\nD2N001,"Flomax'])
def test_a_damaged_file_is_named_and_not_quoted(tmp_path: Path, broken: str) -> None:
    folder, annotations = corpus(tmp_path)
    (folder / "valid.csv").write_text(broken)
    with pytest.raises(CorpusError, match=r"valid\.csv is no file of notes") as refused:
        visits.read_notes(folder, annotations)
    assert "Flomax" not in str(refused.value)
    (folder / "valid.csv").unlink()
    with pytest.raises(CorpusError, match=r"cannot read .*valid\.csv"):
        visits.read_notes(folder, annotations)


def test_another_text_of_that_name_is_refused(tmp_path: Path) -> None:
    folder, annotations = corpus(tmp_path)
    annotations.write_text(annotations.read_text().replace(digest(LAST), digest(FIRST)))
    with pytest.raises(CorpusError, match="aci-D2N168 is not the one"):
        visits.read_notes(folder, annotations)


def test_the_annotations_of_the_repository_are_of_all_207_notes_and_hold_no_text() -> None:
    records = [
        json.loads(line) for line in visits.ANNOTATIONS.read_text(encoding="utf-8").splitlines()
    ]
    assert [one["note"] for one in records] == [f"aci-D2N{n:03}" for n in range(1, 208)]
    for record in records:
        assert record.keys() == {"note", "sha256", "drugs", "relations"}
        assert all(isinstance(one, int) for span in record["drugs"] for one in span)
        assert {one[0] for one in record["relations"]} == set(range(len(record["drugs"])))
        for _, start, end, status in record["relations"]:
            assert 0 <= start < end
            assert status in set(Assertion)
