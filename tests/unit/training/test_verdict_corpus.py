"""Exported verdicts are read as documents of one judged pair, for training only."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from services.core.contracts import Assertion, MentionType
from tests.fakes.documents import document
from training.corpora.verdicts import read_verdicts, with_verdicts
from training.errors import CorpusError
from training.train.splits import Parts

TEXT = "The patient had a bad rash after amoxicillin.\x85\u2028She is well."


def record(**other: Any) -> dict[str, Any]:
    start, drug = TEXT.index("rash"), TEXT.index("amoxicillin")
    return {
        "note_id": "e1",
        "group": "n1",
        "text": TEXT,
        "mentions": [
            {"id": "T1", "type": "DRUG", "start": drug, "end": drug + 11},
            {"id": "T2", "type": "ADE", "start": start, "end": start + 4},
        ],
        "relations": [{"drug": "T1", "event": "T2", "status": "historical"}],
        **other,
    }


def written(path: Path, *records: dict[str, Any]) -> Path:
    path.write_text(
        "".join(json.dumps(one, ensure_ascii=False) + "\n" for one in records), encoding="utf-8"
    )
    return path


def test_a_verdict_is_a_document_of_one_pair(tmp_path: Path) -> None:
    path = written(tmp_path / "v.jsonl", record(), record(note_id="e2", relations=[]))
    confirmed, refuted = read_verdicts(path)
    assert confirmed.text == TEXT
    ((drug, event),) = confirmed.pairs()
    assert (TEXT[drug.start : drug.end], TEXT[event.start : event.end]) == ("amoxicillin", "rash")
    assert confirmed.statuses() == {(drug, event): Assertion.HISTORICAL}
    assert refuted.pairs() == set()
    assert len(refuted.spans(MentionType.ADE)) == 1
    # Other mentions in the window are not annotated: their absence says nothing.
    assert confirmed.complete == frozenset()
    assert confirmed.group == refuted.group


def test_no_verdicts_are_no_documents(tmp_path: Path) -> None:
    assert read_verdicts(written(tmp_path / "v.jsonl")) == []
    parts = {"ade": Parts([document("[Zocor] gave {rash}.")], [], [])}
    assert with_verdicts(parts, [], mentions_too=True) == parts


@pytest.mark.parametrize(
    "wrong",
    [
        {"text": None},
        {"mentions": [{"id": "T1", "type": "DRUG", "start": 5, "end": 500}]},
        {"relations": [{"drug": "T1", "event": "T9", "status": "affirmed"}]},
        {"relations": [{"drug": "T1", "event": "T2", "status": "perhaps"}]},
    ],
)
def test_what_is_no_verdict_is_named_by_its_line_and_never_quoted(
    tmp_path: Path, wrong: dict[str, Any]
) -> None:
    path = written(tmp_path / "v.jsonl", record(), record(**wrong))
    with pytest.raises(CorpusError, match=r"v\.jsonl:2 is no verdict: \w+Error$") as error:
        read_verdicts(path)
    assert "rash" not in str(error.value)
    with pytest.raises(CorpusError, match="cannot read"):
        read_verdicts(tmp_path / "nowhere")


def test_verdicts_are_trained_on_unless_their_words_are_held_out(tmp_path: Path) -> None:
    path = written(
        tmp_path / "v.jsonl",
        record(),
        record(note_id="e2", relations=[]),
    )
    verdicts = read_verdicts(path)
    learned = [document("[Zocor] gave {rash}.", doc_id="train")]
    free = with_verdicts({"ade": Parts(learned, [], [])}, verdicts, mentions_too=False)
    assert free["verdicts"] == Parts(train=verdicts, dev=[], test=[])
    assert free["ade"].train == learned
    mentions = with_verdicts({"ade": Parts(learned, [], [])}, verdicts, mentions_too=True)
    assert mentions["verdicts"].train == verdicts[:1]
    # Too short a sentence for de-duplication, but a window of what is held out.
    short = document("Rash on Zocor.", doc_id="short")
    note = document("Well. Rash on Zocor. It went.", doc_id="note")
    found = with_verdicts({"ade": Parts(learned, [], [note])}, [short], mentions_too=False)
    assert found["verdicts"].train == []
    held_out = document("The patient had a bad {rash} after [amoxicillin].", doc_id="test")
    for dev, test in (([held_out], []), ([], [held_out])):
        found = with_verdicts({"ade": Parts(learned, dev, test)}, verdicts, mentions_too=False)
        assert found["verdicts"].train == []
