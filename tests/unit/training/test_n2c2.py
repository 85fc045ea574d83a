"""Brat folders as n2c2 2018 Track 2 writes them, on notes written here."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from services.core.contracts import MentionType
from services.core.spans import Span
from training.corpora import catalogue, n2c2
from training.corpora.commands import app
from training.corpora.documents import Document
from training.errors import CorpusError
from training.evaluate.measuring import read_corpus
from training.train.splits import split

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
    folder.mkdir(parents=True, exist_ok=True)
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


def test_a_discontinuous_mention_keeps_its_fragments(tmp_path: Path) -> None:
    (note,) = n2c2.read_folder(write(tmp_path, entity_lines()))
    assert [TEXT[slice(*one)] for one in note.entities[9].fragments] == ["GI", "bleeding"]
    assert not any(entity.fragments for entity in note.entities[:9])
    drug, whole, broken = n2c2.to_document(note).mentions
    assert (drug.fragments, whole.fragments) == ((), ())
    assert broken.fragments == note.entities[9].fragments
    assert broken.span == (broken.fragments[0].start, broken.fragments[-1].end)


def test_fragments_stand_in_the_order_of_the_text(tmp_path: Path) -> None:
    (entity,) = n2c2.read_folder(write(tmp_path, ["T1\tStrength 11 13;9 10\tmg 5"]))[0].entities
    assert (entity.span, entity.fragments) == ((9, 13), ((9, 10), (11, 13)))


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


def test_an_event_that_is_the_reason_of_another_drug_is_no_trap(tmp_path: Path) -> None:
    start, end = TEXT.index("GI bleed"), TEXT.index("GI bleed") + 8
    both = f"T11\tReason {start} {end}\tGI bleed"
    (document,) = n2c2.read_notes(write(tmp_path, [*entity_lines(), both]))
    assert [TEXT[slice(*trap.span)] for trap in document.traps] == ["atrial fibrillation"]


def test_a_mention_may_hold_a_sign_that_looks_like_the_end_of_a_line(tmp_path: Path) -> None:
    (tmp_path / "1.txt").write_text("GI\u2028bleed", encoding="utf-8")
    (tmp_path / "1.ann").write_bytes("T1\tADE 0 8\tGI\u2028bleed\r\n".encode())
    assert n2c2.read_folder(tmp_path)[0].entities[0].span == (0, 8)


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


@pytest.fixture
def released(tmp_path: Path) -> Path:
    """A data folder with one note to train on in it, one to test on, and what archives add."""
    folder = tmp_path / n2c2.FOLDER
    write(folder / "training_20180910", entity_lines() + relation_lines())
    (folder / "training_20180910/._100035.ann").write_bytes(b"\xff")
    test = write(folder / "gold-standard-test-data/latest", entity_lines()[:2])
    for path in test.iterdir():
        path.rename(path.with_stem("100036"))
    return tmp_path


def test_the_catalogue_reads_all_folders_below_and_tests_on_the_released_test_notes(
    released: Path,
) -> None:
    parts = catalogue.load(["n2c2"], released, seed=1)["n2c2"]
    assert [one.doc_id for one in parts.test] == ["n2c2:gold-standard-test-data/latest/100036"]
    ((learned,),) = [part for part in (parts.train, parts.dev) if part]
    assert (learned.doc_id, learned.group, learned.corpus) == (
        "n2c2:training_20180910/100035",
        "n2c2:100035",
        "n2c2",
    )


def test_the_folder_can_be_measured_by_its_path(released: Path) -> None:
    found = read_corpus(str(released / n2c2.FOLDER), "test", seed=1)
    assert [one.group for one in found] == ["n2c2:100036", "n2c2:100035"]


def notes(tmp_path: Path, place: Callable[[int], str]) -> list[Document]:
    for number in range(300):
        (tmp_path / place(number)).mkdir(exist_ok=True)
        (tmp_path / place(number) / f"{number}.txt").write_text("x")
        (tmp_path / place(number) / f"{number}.ann").write_text("")
    return n2c2.read_notes(tmp_path)


def test_what_is_released_to_test_on_is_neither_learned_nor_chosen_on(tmp_path: Path) -> None:
    read = notes(tmp_path, lambda number: "test" if number % 3 == 0 else "latest")
    parts = n2c2.split_notes(read, seed=1)
    assert {int(one.group[5:]) for one in parts.test} == set(range(0, 300, 3))
    assert 10 < len(parts.dev) < 30
    assert len(parts.train) + len(parts.dev) == 200
    # Whoever has the test notes or lacks them chooses on the same.
    alone = n2c2.split_notes([one for one in read if one not in parts.test], seed=1)
    assert alone.dev == parts.dev
    assert parts.dev != n2c2.split_notes(read, seed=2).dev


def test_without_released_test_notes_all_are_divided(tmp_path: Path) -> None:
    read = notes(tmp_path, lambda _: "latest")
    assert n2c2.split_notes(read, seed=1) == split(read, seed=1)
    assert split(read, seed=1).test


def test_a_note_that_lies_there_twice_is_refused(released: Path) -> None:
    write(released / n2c2.FOLDER / "test_data_Task2", entity_lines())
    with pytest.raises(CorpusError, match=r"note 100035 lies in .*Task2 and in .*training_"):
        catalogue.read("n2c2", released)


def test_every_type_is_counted(released: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ADEWATCH_DATA_DIR", str(released))
    result = CliRunner().invoke(app, ["stats", "--corpora", "n2c2"])
    assert result.exit_code == 0, result.output
    figures = json.loads(result.stdout)["n2c2"]
    assert (figures["documents"], figures["mentions"]["DRUG"], figures["mentions"]["ADE"]) == (
        2,
        2,
        2,
    )
    assert figures["relations"] == {"total": 2, "affirmed": 2}
    assert figures["as_released"] == {
        "entities": {"total": 12}
        | dict.fromkeys(n2c2.ENTITY_TYPES, 1)
        | {"Drug": 2, "Strength": 2, "ADE": 2},
        "relations": {"total": 9} | dict.fromkeys(n2c2.RELATION_TYPES, 1) | {"ADE-Drug": 2},
        "discontinuous": 1,
    }


def test_types_that_do_not_occur_are_counted_too(tmp_path: Path) -> None:
    found = n2c2.counts(n2c2.read_folder(write(tmp_path, entity_lines()[:1])))
    assert found["entities"] == {"total": 1, **dict.fromkeys(n2c2.ENTITY_TYPES, 0), "Drug": 1}
    assert found["relations"] == {"total": 0, **dict.fromkeys(n2c2.RELATION_TYPES, 0)}
