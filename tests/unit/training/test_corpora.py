"""Readers of corpus formats, on tiny files written here."""

import json
from pathlib import Path

import pytest

from services.core.contracts import MentionType
from training.corpora import ade, catalogue, clinical, phee, twimed
from training.corpora.documents import AnnotatedRelation, Document
from training.errors import CorpusError

DRUG, ADE = MentionType.DRUG, MentionType.ADE


def surfaces(document: Document) -> list[tuple[MentionType, str]]:
    return [(type_, document.text[span.start : span.end]) for type_, span in document.spans()]


def pairs(document: Document) -> set[tuple[str, str]]:
    return {
        (document.text[drug.start : drug.end], document.text[event.start : event.end])
        for drug, event in document.pairs()
    }


def test_token_json_of_the_ade_corpus(tmp_path: Path) -> None:
    record = {
        "tokens": ["Azithromycin", "-", "induced", "hearing", "loss", "."],
        "entities": [
            {"type": "Adverse-Effect", "start": 3, "end": 5},
            {"type": "Drug", "start": 0, "end": 1},
        ],
        "relations": [{"type": "Adverse-Effect", "head": 0, "tail": 1}],
        "orig_id": 7,
        "pmid": "123",
    }
    path = tmp_path / "ade.json"
    path.write_text(json.dumps([record]))
    (document,) = ade.read_tokens(path)
    assert document.text == "Azithromycin - induced hearing loss ."
    assert document.group == "pmid:123"
    assert surfaces(document) == [(ADE, "hearing loss"), (DRUG, "Azithromycin")]
    assert pairs(document) == {("Azithromycin", "hearing loss")}


def test_negative_sentences_know_nothing_of_drugs(tmp_path: Path) -> None:
    path = tmp_path / "ADE-NEG.txt"
    path.write_text("123 NEG Aspirin was well tolerated.\n")
    (document,) = ade.read_negatives(path)
    assert (document.group, document.text) == ("pmid:123", "Aspirin was well tolerated.")
    assert document.complete == {ADE}


def test_clinical_notes(tmp_path: Path) -> None:
    record = {
        "note_id": "n-1",
        "text": "Rash on Keflex. Stop it.",
        "mentions": [
            {"id": "T1", "type": "ADE", "start": 0, "end": 4, "text": "Rash"},
            {"id": "T2", "type": "DRUG", "start": 8, "end": 14, "text": "Keflex"},
        ],
        "relations": [{"drug": "T2", "event": "T1", "status": "historical"}],
    }
    path = tmp_path / "notes.jsonl"
    path.write_text(json.dumps(record) + "\n\n")
    (document,) = clinical.read_notes(path)
    assert document.group == "n-1"
    assert len(document.sentences) == 2
    assert pairs(document) == {("Keflex", "Rash")}
    assert document.relations[0].status == "historical"


def clinical_note(number: int, *, relations: int) -> Document:
    return Document(
        doc_id=f"n-{number}",
        group=f"n-{number}",
        corpus="clinical",
        text="",
        sentences=(),
        mentions=(),
        relations=(AnnotatedRelation("T1", "T2", "affirmed"),) * relations,
    )


def test_notes_that_the_rules_of_assertion_were_written_with_measure_nothing() -> None:
    notes = [clinical_note(number, relations=number % 2) for number in range(1000)]
    seen = clinical.seen_by_rules(note.doc_id for note in notes if note.relations)
    parts = clinical.split_notes(notes, seed=1)
    assert len(seen) == 250
    assert seen.isdisjoint(note.doc_id for note in parts.test)
    # Of notes with relations as many are test as of notes without.
    with_relations = sum(bool(note.relations) for note in parts.test)
    assert abs(with_relations - 75) < 25
    assert abs(len(parts.test) - with_relations - 75) < 25
    assert len(parts.train) + len(parts.dev) + len(parts.test) == 1000


def test_phee_keeps_indications_as_unrelated_candidates(tmp_path: Path) -> None:
    text = "Lithium for mania caused tremor."
    event = {
        "event_type": "Adverse_event",
        "Treatment": {
            "text": [["Lithium for mania"]],
            "start": [[0]],
            "Drug": {"text": [["Lithium"]], "start": [[0]]},
            "Disorder": {"text": [["mania"]], "start": [[12]]},
        },
        "Effect": {"text": [["tremor"]], "start": [[25]]},
        "Speculated": {"value": True},
    }
    record = {"id": "55_2", "context": text, "annotations": [{"events": [event]}]}
    path = tmp_path / "train.json"
    path.write_text(json.dumps(record))
    (document,) = phee.read_sentences([path])
    assert document.group == "pmid:55"
    assert sorted(surfaces(document)) == [(ADE, "mania"), (ADE, "tremor"), (DRUG, "Lithium")]
    assert pairs(document) == {("Lithium", "tremor")}
    assert document.relations[0].status == "uncertain"


def test_a_benefit_of_phee_is_no_relation(tmp_path: Path) -> None:
    event = {
        "event_type": "Potential_therapeutic_event",
        "Treatment": {"Drug": {"text": [["Lithium"]], "start": [[0]]}},
        "Effect": {"text": [["calm", "sleep"]], "start": [[12, 21]]},
    }
    record = {
        "id": "55_2",
        "context": "Lithium and calm and sleep.",
        "annotations": [{"events": [event]}],
    }
    path = tmp_path / "train.json"
    path.write_text(json.dumps(record))
    (document,) = phee.read_sentences([path])
    assert surfaces(document) == [(DRUG, "Lithium"), (ADE, "calm and sleep")]
    assert document.relations == ()


def test_twimed_keeps_reasons_to_use_as_unrelated_candidates(tmp_path: Path) -> None:
    record = {
        "id": "PMC9_1",
        "text": "Aspirin for pain caused ulcers.",
        "entities": [
            {"id": "T1", "type": "Drug", "spans": [[0, 7]], "text": "Aspirin"},
            {"id": "T2", "type": "Symptom", "spans": [[12, 16]], "text": "pain"},
            {"id": "T3", "type": "Disease", "spans": [[24, 30]], "text": "ulcers"},
        ],
        "relations": [
            {"id": "R1", "type": "Reason-to-use", "arg1": "T2", "arg2": "T1"},
            {"id": "R2", "type": "Outcome-negative", "arg1": "T1", "arg2": "T3"},
        ],
        "attributes": [],
    }
    path = tmp_path / "twimed.jsonl"
    path.write_text(json.dumps(record))
    (document,) = twimed.read_sentences(path)
    assert document.group == "pmc:PMC9"
    assert pairs(document) == {("Aspirin", "ulcers")}
    assert (ADE, "pain") in surfaces(document)


def test_what_cannot_be_read_says_where(tmp_path: Path) -> None:
    broken = tmp_path / "broken.json"
    broken.write_text("[{}]")
    with pytest.raises(CorpusError, match=r"broken\.json"):
        ade.read_tokens(broken)
    with pytest.raises(CorpusError, match=r"broken\.json:1"):
        ade.read_negatives(broken)
    with pytest.raises(CorpusError, match="absent"):
        clinical.read_notes(tmp_path / "absent")
    with pytest.raises(CorpusError, match="known are"):
        catalogue.load(["no-corpus"], tmp_path, seed=1)
