"""The compiler of the demo notes, and the packaged notes themselves."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from deploy.demo import compile as demo
from deploy.demo.notes_model import pair_patients
from services.adapters import wire
from services.core.contracts import Assertion, MentionType, Note, NoteStatus
from training.corpora.marked_note import MarkupError, normalise, standing

HEADER = (
    "=== note dm-1 | source north | patient p1 | version 1 | written 2026-03-02T10:15"
    " | type phone note | sex female | age 67"
)
GOOD = """
Given {D1|amoxicillin}.

She had a {A1|rash}
after the {D2|penicillin}.

--- relations
D1 > A1 affirmed
--- tags planted
"""


def folder_with(tmp_path: Path, *notes: str) -> Path:
    (tmp_path / "notes.txt").write_text("\n".join(notes), encoding="utf-8")
    return tmp_path


def header(**changes: str) -> str:
    """A good header with some fields changed, added or (when empty) left out."""
    fields = dict(part.split(" ", 1) for part in HEADER.removeprefix("=== ").split(" | "))
    fields.update(changes)
    return "=== " + " | ".join(f"{name} {value}" for name, value in fields.items() if value)


def causal(drug: str, event: str, status: str = "affirmed", tags: str = "planted") -> str:
    return f"{{A1|{event}}} from {{D1|{drug}}}\n--- relations\nD1 > A1 {status}\n--- tags {tags}\n"


def test_markup_becomes_text_with_offsets(tmp_path: Path) -> None:
    [note] = demo.compile_notes(folder_with(tmp_path, HEADER, GOOD))

    assert note.text == "Given amoxicillin.\n\nShe had a rash\nafter the penicillin."
    assert [(m.mention_id, m.type, note.text[m.start : m.end]) for m in note.mentions] == [
        ("D1", MentionType.DRUG, "amoxicillin"),
        ("A1", MentionType.ADE, "rash"),
        ("D2", MentionType.DRUG, "penicillin"),
    ]
    assert [(r.drug, r.event, r.status) for r in note.relations] == [
        ("D1", "A1", Assertion.AFFIRMED)
    ]
    assert note.tags == {"planted"}
    assert note.where == "notes.txt:1"


def test_the_message_is_one_the_service_reads(tmp_path: Path) -> None:
    [note] = demo.compile_notes(folder_with(tmp_path, HEADER, GOOD))

    message = wire.decode(Note, json.dumps(demo.to_note_json(note)).encode())

    assert message.written_at == note.written_at
    assert (message.note_id, message.patient_key, message.age_years) == ("dm-1", "p1", 67)
    assert demo.to_note_json(note)["written_at"] == "2026-03-02T10:15:00Z"


def test_what_the_header_leaves_out_is_unknown(tmp_path: Path) -> None:
    [note] = demo.compile_notes(folder_with(tmp_path, header(type="", sex="", age=""), GOOD))

    message = demo.to_note_json(note)

    assert (message["sex"], message["age_years"], message["note_type"]) == ("unknown", None, None)


def test_amendments_and_retractions_replace_the_note(tmp_path: Path) -> None:
    notes = demo.compile_notes(
        folder_with(
            tmp_path,
            header(),
            causal("lisinopril", "cough"),
            header(version="2", written="2026-03-03T09:00"),
            causal("lisinopril", "cough", status="negated"),
            header(note="dm-2", patient="p2"),
            causal("lisinopril", "cough"),
            header(note="dm-2", patient="p2", version="2", status="retracted"),
        )
    )

    assert [(note.note_id, note.version) for note in standing(notes)] == [("dm-1", 2)]
    assert notes[3].status is NoteStatus.RETRACTED
    assert notes[3].text == ""
    assert pair_patients(notes) == {}


def test_a_repeat_counts_its_patient_once_and_scarce_pairs_are_not_planted(
    tmp_path: Path,
) -> None:
    parts = [header(), causal("lisinopril", "cough")]
    for number, drug in enumerate(["Lisinopril", "LISINOPRIL", "aspirin"], start=2):
        parts += [header(note=f"dm-{number}", patient=f"p{number}"), causal(drug, "Cough")]
    parts += [
        header(note="dm-9", written="2026-04-01T08:00"),
        causal("lisinopril", "cough", tags="repeat-of dm-1"),
    ]

    notes = demo.compile_notes(folder_with(tmp_path, *parts))

    assert demo.planted_pairs(notes) == {("lisinopril", "cough"): {"p1", "p2", "p3"}}
    assert notes[-1].tags == {"repeat"}
    assert notes[-1].repeat_of == "dm-1"


@pytest.mark.parametrize(
    ("note", "line", "problem"),
    [
        (HEADER + "\nOn {D1|aspirin\n", 2, "brace"),
        (f"{HEADER}\nOn {{X1|aspirin}}\n", 2, "brace"),
        (f"{HEADER}\nOn {{D1| aspirin}}\n", 2, "space"),
        (f"{HEADER}\n{{D1|aspirin}} {{D1|aspirin}}\n", 1, "defined twice: D1"),
        (f"{HEADER}\n{{A1|rash}}\n", 1, "in no relation: A1"),
        (f"{HEADER}\n{{A1|rash}}\n--- relations\nD1 > A1 affirmed\n", 1, "not marked: D1"),
        (f"{HEADER}\n{causal('a', 'b')}".replace("D1 > A1", "A1 > D1"), 4, "a relation reads"),
        (f"{HEADER}\n{causal('a', 'b', status='maybe')}", 4, "Assertion is one of"),
        (f"{HEADER}\n{causal('a', 'b', tags='nice')}", 5, "tags are"),
        (f"{HEADER}\n{causal('a', 'b', tags='none')}", 1, "tagged none"),
        (f"{HEADER}\n{causal('a', 'b')}D1 > A1 affirmed", 6, "nothing goes here"),
        (f"{HEADER}\n", 1, "no text"),
        (f"{header(status='retracted')}\ntext\n", 1, "a retraction has no text"),
        (f"{header(written='2026-02-30T10:15')}\ntext\n", 1, "written is a time"),
        (f"{header(written='2026-02-20')}\ntext\n", 1, "written is a time"),
        (f"{header(patient='')}\ntext\n", 1, "lacks patient"),
        (f"{header(mood='calm')}\ntext\n", 1, "unknown field 'mood'"),
        (f"{HEADER} | age 67\ntext\n", 1, "given twice"),
        (f"{header(age='old')}\ntext\n", 1, "age is no whole number"),
        (f"{header(sex='f')}\ntext\n", 1, "Sex is one of"),
        (f"{header(version='0')}\ntext\n", 1, "versions count from 1"),
        ("text\n", 1, "before the first header"),
        ("=== dm-1\n", 1, "a header starts"),
    ],
)
def test_a_broken_note_is_refused_with_its_line(
    tmp_path: Path, note: str, line: int, problem: str
) -> None:
    with pytest.raises(MarkupError, match=problem) as caught:
        demo.compile_notes(folder_with(tmp_path, note))

    assert caught.value.where == f"notes.txt:{line}"


@pytest.mark.parametrize(
    ("second", "problem"),
    [
        (header(), "version 1 is given twice"),
        (header(version="3"), "there is no version 2"),
        (header(version="2", source="south"), "another source or patient"),
        (header(version="2", written="2026-01-01T00:00"), "written before"),
        (header(note="dm-2", sex="male"), "another sex"),
        (header(note="dm-2", age="70"), "another age"),
    ],
)
def test_notes_that_contradict_each_other_are_refused(
    tmp_path: Path, second: str, problem: str
) -> None:
    with pytest.raises(MarkupError, match=f"notes.txt:3: .*{problem}"):
        demo.compile_notes(folder_with(tmp_path, HEADER, "text", second, "text"))


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"patient": "p2", "written": "2026-05-01T08:00"}, "no note of this patient"),
        ({"written": "2026-03-02T10:15"}, "does not come after"),
    ],
)
def test_a_repeat_names_an_earlier_note_of_its_patient(
    tmp_path: Path, changes: dict[str, str], problem: str
) -> None:
    second = header(note="dm-2", **changes)

    with pytest.raises(MarkupError, match=problem):
        demo.compile_notes(
            folder_with(tmp_path, HEADER, "text", second, "text\n--- tags repeat-of dm-1")
        )


def test_the_command_writes_notes_and_gold(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = folder_with(tmp_path, HEADER, GOOD)
    notes, gold = tmp_path / "notes.jsonl", tmp_path / "gold.jsonl"

    status = demo.main(
        ["--folder", str(folder), "--notes", str(notes), "--gold", str(gold), "--stats"]
    )

    assert status == 0
    assert wire.decode(Note, notes.read_bytes()).note_id == "dm-1"
    row = json.loads(gold.read_text(encoding="utf-8"))
    assert row["mentions"][1] == {"id": "A1", "type": "ADE", "start": 30, "end": 34, "text": "rash"}
    assert row["relations"] == [{"drug": "D1", "event": "A1", "status": "affirmed"}]
    assert "mentions: 2 drugs, 1 events" in capsys.readouterr().out


def test_the_command_fails_with_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert demo.main(["--folder", str(folder_with(tmp_path, "text"))]) == 1
    assert capsys.readouterr().err == "notes.txt:1: text before the first header\n"


def test_packaged_notes_compile_and_every_message_is_readable() -> None:
    notes = demo.compile_notes()

    for note in notes:
        wire.decode(Note, json.dumps(demo.to_note_json(note)).encode())
        for mention in note.mentions:
            assert note.text[mention.start : mention.end] == mention.text
    assert len(notes) >= 200


def test_packaged_pairs_are_planted_in_several_patients_and_the_rest_is_scattered() -> None:
    notes = demo.compile_notes()
    planted = demo.planted_pairs(notes)
    background = {
        pair: patients for pair, patients in pair_patients(notes).items() if pair not in planted
    }

    assert {len(patients) for patients in planted.values()} <= {5, 6, 7}
    assert ("lisinopril", "angioedema") in planted
    assert max(len(patients) for patients in background.values()) <= 2
    assert all(pair == tuple(normalise(name) for name in pair) for pair in planted)
