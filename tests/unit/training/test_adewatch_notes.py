"""The markup of our own notes: traps and nesting, and how notes become documents and parts."""

from pathlib import Path

import pytest

from services.core.contracts import MentionType
from training.corpora import adewatch
from training.corpora.documents import Document
from training.corpora.marked_note import MarkupError, TrapKind
from training.corpora.markup import compile_notes, parse_file, problems
from training.errors import CorpusError

DRUG, ADE = MentionType.DRUG, MentionType.ADE

NOTE = """\
=== note an-{name} | source northgate | patient p{name} | version 1 | written 2025-03-02T10:15
For {{T1:indication|mania}}: {{A1|{{D1|lithium}} toxicity}} | see below.
Her mother had {{A2|tremor}} on {{D2|it's lithium}}.
--- relations
D1 > A1 affirmed
D2 > A2 family
--- tags psychiatry
"""


def folder_with(folder: Path, *names: str) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "notes.txt").write_text("\n".join(NOTE.format(name=name) for name in names))
    return folder


def test_traps_and_an_event_that_contains_its_drug(tmp_path: Path) -> None:
    [note] = compile_notes(folder_with(tmp_path, "1"))
    assert note.text == (
        "For mania: lithium toxicity | see below.\nHer mother had tremor on it's lithium."
    )
    assert [(mention.mention_id, mention.text) for mention in note.mentions] == [
        ("A1", "lithium toxicity"),
        ("D1", "lithium"),
        ("A2", "tremor"),
        ("D2", "it's lithium"),
    ]
    for mention in note.mentions:
        assert note.text[mention.start : mention.end] == mention.text
    (trap,) = note.traps
    assert (trap.trap_id, trap.kind, trap.text) == ("T1", TrapKind.INDICATION, "mania")
    assert note.text[trap.start : trap.end] == "mania"
    assert note.tags == {"psychiatry"}


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("{T1:mood|sad}", "TrapKind is one of indication"),
        ("{T1|sad}", "brace"),
        ("{D1|{D2|a} b}", "D2 stands within D1"),
        ("{T1:wanted|{D1|a} b}", "D1 stands within T1"),
        ("{D1|a}}", "brace"),
        ("{D1|a | b}", "brace"),
        ("{D1|}", "D1 is empty"),
        ("{T1:wanted|a} {T1:wanted|b}", "defined twice: T1"),
    ],
)
def test_what_breaks_the_markup_is_refused(tmp_path: Path, text: str, problem: str) -> None:
    path = tmp_path / "broken.txt"
    path.write_text(f"{NOTE.splitlines()[0].format(name='1')}\n{text}\n")
    with pytest.raises(MarkupError, match=rf"broken\.txt:[12]: .*{problem}"):
        parse_file(path)


def test_every_broken_note_of_a_file_is_listed(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    notes = [NOTE.format(name="1").replace("{T1", "{T1:"), NOTE.format(name="2")]
    notes.append(NOTE.format(name="3").replace("D2 > A2", "D2 > A9"))
    path.write_text("\n".join(notes))
    assert [str(problem).split(": ")[0] for problem in problems(path)] == [
        "notes.txt:2",
        "notes.txt:17",
    ]


def test_a_folder_without_notes_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="holds no notes"):
        compile_notes(tmp_path)


def document(tmp_path: Path) -> Document:
    notes, demo = folder_with(tmp_path / "notes", "1"), folder_with(tmp_path / "demo", "1")
    first, _ = adewatch.read_notes(notes, demo)
    return first


def test_a_note_becomes_a_document_with_statuses_and_traps(tmp_path: Path) -> None:
    note = document(tmp_path)
    assert (note.doc_id, note.group, note.corpus) == ("an-1", "adewatch:p1", "adewatch")
    assert len(note.sentences) == 2
    assert {relation.status for relation in note.relations} == {"affirmed", "family"}
    assert [(trap.kind, note.text[slice(*trap.span)]) for trap in note.traps] == [
        ("indication", "mania")
    ]
    assert note.complete == {DRUG, ADE}


def test_the_demo_notes_are_test_and_patients_are_not_divided(tmp_path: Path) -> None:
    notes = folder_with(tmp_path / "notes", *(str(number) for number in range(400)))
    demo = folder_with(tmp_path / "demo", *(str(number) for number in range(5)))
    parts = adewatch.split_notes(adewatch.read_notes(notes, demo), seed=1)
    assert len(parts.train) + len(parts.dev) + len(parts.test) == 405
    assert sum(document.doc_id.startswith("demo:") for document in parts.test) == 5
    assert 30 <= len(parts.test) - 5 <= 70
    assert 25 <= len(parts.dev) <= 60
    groups = [{document.group for document in part} for part in (parts.train, parts.dev)]
    assert groups[0].isdisjoint(groups[1])
    assert adewatch.split_notes(adewatch.read_notes(notes, demo), seed=1) == parts


def test_only_patients_that_the_rules_were_not_written_with_measure(tmp_path: Path) -> None:
    notes = folder_with(tmp_path / "notes", *(str(number) for number in range(40)))
    demo = folder_with(tmp_path / "demo", "1")
    parts = adewatch.split_notes(adewatch.read_notes(notes, demo), seed=1)
    measuring = {f"adewatch:p{number}" for number in range(0, 40, 8)}
    assert {note.group for note in parts.test} == {*measuring, "adewatch:demo:p1"}


def test_the_packaged_notes_keep_the_format() -> None:
    found = adewatch.read_notes()
    assert len({note.doc_id for note in found}) == len(found)
