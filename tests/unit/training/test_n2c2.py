"""Brat folders as n2c2 2018 Track 2 writes them, on notes written here."""

from pathlib import Path

import pytest

from services.core.contracts import MentionType
from services.core.spans import Span
from training.corpora import n2c2
from training.errors import CorpusError

TEXT = (
    "Warfarin 5 mg\r\ntablet po daily x 3 months, two tabs, for atrial fibrillation.\n"
    "GI bleed and gum bleeding."
)
PLACES = {
    "T1": ("Drug", "Warfarin"),
    "T2": ("Strength", "5 mg"),
    "T3": ("Form", "tablet"),
    "T4": ("Route", "po"),
    "T5": ("Frequency", "daily"),
    "T6": ("Duration", "3 months"),
    "T7": ("Dosage", "two tabs"),
    "T8": ("Reason", "atrial fibrillation"),
    "T9": ("ADE", "GI bleed"),
}


def entity_lines() -> list[str]:
    lines = []
    for name, (type_, surface) in PLACES.items():
        start = TEXT.index(surface)
        lines.append(f"{name}\t{type_} {start} {start + len(surface)}\t{surface}")
    start, end = TEXT.index("GI bleed"), len(TEXT) - 1
    lines.append(f"T10\tADE {start} {start + 2};{end - 8} {end}\tGI bleeding")
    return lines


def relation_lines() -> list[str]:
    return [
        f"R{number}\t{PLACES[f'T{number}'][0]}-Drug Arg1:T{number} Arg2:T1"
        for number in range(2, 10)
    ] + ["R10\tADE-Drug Arg1:T10 Arg2:T1"]


def write(folder: Path, lines: list[str]) -> Path:
    (folder / "100035.txt").write_bytes(TEXT.encode())
    (folder / "100035.ann").write_text("\n".join([*lines, "#1\tAnnotatorNotes T1\tsure"]) + "\n")
    return folder


def test_all_nine_entity_types_and_eight_relation_types(tmp_path: Path) -> None:
    (note,) = n2c2.read_folder(write(tmp_path, entity_lines() + relation_lines()))
    assert note.name == "100035"
    assert {entity.type for entity in note.entities} == set(n2c2.ENTITY_TYPES)
    assert {link.type for link in note.links} == set(n2c2.RELATION_TYPES)
    assert len(n2c2.ENTITY_TYPES) == 9
    assert len(n2c2.RELATION_TYPES) == 8
    for entity in note.entities[:9]:
        assert note.text[slice(*entity.span)] == PLACES[entity.entity_id][1]


def test_a_discontinuous_mention_reaches_from_its_first_to_its_last_character(
    tmp_path: Path,
) -> None:
    (note,) = n2c2.read_folder(write(tmp_path, entity_lines()))
    assert note.text[slice(*note.entities[9].span)] == "GI bleed and gum bleeding"


def test_a_note_becomes_drugs_events_and_their_relations(tmp_path: Path) -> None:
    (document,) = n2c2.read_notes(write(tmp_path, entity_lines() + relation_lines()))
    assert (document.doc_id, document.group) == ("n2c2:100035", "n2c2:100035")
    assert [mention.type for mention in document.mentions] == [
        MentionType.DRUG,
        MentionType.ADE,
        MentionType.ADE,
    ]
    start = TEXT.index("GI bleed")
    assert document.pairs() == {
        (Span(0, 8), Span(start, start + 8)),
        (Span(0, 8), Span(start, len(TEXT) - 1)),
    }
    assert [(trap.kind, TEXT[slice(*trap.span)]) for trap in document.traps] == [
        ("indication", "atrial fibrillation")
    ]


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("T1\tDrug 0 8\tWarfarin", "T1 is given twice"),
        ("T11\tPerson 0 8\tWarfarin", "an entity reads"),
        ("T11\tDrug 1 8\tWarfarin", "offsets of T11"),
        ("T11\tDrug 8 8\t", "offsets of T11"),
        ("R1\tADE-Drug Arg1:T1", "a relation reads"),
        ("R1\tDrug-ADE Arg1:T1 Arg2:T9", "a relation reads"),
        ("R1\tADE-Drug Arg1:T77 Arg2:T1", "T77 is no entity"),
        ("R1\tADE-Drug Arg1:T8 Arg2:T1", "T8 is no ADE"),
        ("R1\tADE-Drug Arg1:T9 Arg2:T9", "T9 is no Drug"),
        ("X1\tnothing", "neither an entity"),
    ],
)
def test_a_broken_annotation_names_its_line(tmp_path: Path, line: str, problem: str) -> None:
    with pytest.raises(CorpusError, match=rf"100035\.ann:11: .*{problem}"):
        n2c2.read_folder(write(tmp_path, [*entity_lines(), line]))


def test_missing_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="holds no annotations"):
        n2c2.read_folder(tmp_path)
    (tmp_path / "1.ann").write_text("")
    with pytest.raises(CorpusError, match=r"cannot read .*1\.txt"):
        n2c2.read_folder(tmp_path)
