"""The compiled lexicon as a file, and the one that is shipped."""

from __future__ import annotations

import gzip
import time
from pathlib import Path

import pytest

from deploy.demo.compile import NOTES_FOLDER, compile_notes, planted_pairs
from services.adapters.vocabulary import lexicon_file
from services.core.contracts import MentionType
from services.core.errors import ConfigurationError
from services.core.vocabulary.lexicon import Concept, Entries, Lexicon

DRUG, EVENT = MentionType.DRUG, MentionType.ADE
ASPIRIN = Concept(
    type=DRUG,
    name="aspirin",
    system="DrugBank",
    code="DB00945",
    version="1",
    broader=(("class", "salicylates: all"), ("class", "b")),
    mesh=("D001241",),
)
ENTRIES = {DRUG: Entries([ASPIRIN], {"aspirin": 0, "asa": 0}), EVENT: Entries([], {})}


@pytest.fixture(scope="module")
def shipped() -> Lexicon:
    return lexicon_file.load()


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "a.gz"
    lexicon_file.write(path, ENTRIES)
    loaded = lexicon_file.load(path)
    assert list(loaded.concepts(DRUG)) == [ASPIRIN]
    assert loaded.entries[DRUG].names == {"aspirin": 0, "asa": 0}


def test_the_version_is_that_of_the_content(tmp_path: Path) -> None:
    one, same, other = tmp_path / "1.gz", tmp_path / "2.gz", tmp_path / "3.gz"
    lexicon_file.write(one, ENTRIES)
    lexicon_file.write(same, ENTRIES)
    lexicon_file.write(other, {DRUG: Entries([ASPIRIN], {"aspirin": 0})})
    assert one.read_bytes() == same.read_bytes()
    assert lexicon_file.load(one).version == lexicon_file.load(same).version
    assert lexicon_file.load(one).version != lexicon_file.load(other).version


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"no gzip", "no lexicon"),
        (gzip.compress(b"keys-0\n"), "compile it anew"),
        (gzip.compress(b"keys-3\nDRUG\taspirin\n"), "damaged"),
    ],
)
def test_a_file_that_is_none_is_refused(tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "x.gz"
    path.write_bytes(content)
    with pytest.raises(ConfigurationError, match=said):
        lexicon_file.load(path)


@pytest.mark.parametrize(
    ("kind", "surface", "concept"),
    [
        (DRUG, "HCTZ", "hydrochlorothiazide"),
        (DRUG, "ASA", "aspirin"),
        (DRUG, "Zestril", "lisinopril"),
        (DRUG, "Coumadin", "warfarin"),
        (DRUG, "Tylenol", "acetaminophen"),
        (DRUG, "paracetamol", "acetaminophen"),
        (DRUG, "lisinopril/HCTZ", "hydrochlorothiazide + lisinopril"),
        (DRUG, "Zestoretic", "hydrochlorothiazide + lisinopril"),
        (DRUG, "metoprolol succinate ER", "metoprolol"),
        (DRUG, "lisinoprill", "lisinopril"),
        (DRUG, "NaHCO3", "sodium bicarbonate"),
        (DRUG, "NO", "nitric oxide"),
        (DRUG, "no antibiotics", "anti bacterial agent"),
        (DRUG, "glutamate", "glutamic acid"),
        (DRUG, "steroids", "steroid"),
        (DRUG, "oral steroids", "adrenal cortex hormone"),
        (DRUG, "loop diuretics", "sodium potassium chloride symporter inhibitor"),
        (EVENT, "albuminuria", "albuminuria"),
        (EVENT, "VTE", "venous thromboembolism"),
        (EVENT, "numbness", "hypesthesia"),
        (EVENT, "low sodium", "hyponatremia"),
        (EVENT, "hyponatraemia", "hyponatremia"),
        (EVENT, "hyponatremia", "hyponatremia"),
        (EVENT, "high potassium", "hyperkalemia"),
        (EVENT, "SOB", "dyspnea"),
        (EVENT, "hives", "urticaria"),
        (EVENT, "skin rash", "rash"),
    ],
)
def test_the_shipped_lexicon_knows(
    shipped: Lexicon, kind: MentionType, surface: str, concept: str
) -> None:
    assert shipped.name(kind, surface).concept == concept


def test_the_shipped_lexicon_gives_drugs_their_classes(shipped: Lexicon) -> None:
    found = shipped.find(DRUG, "lisinopril")
    assert found is not None
    assert ("class", "angiotensin converting enzyme inhibitor") in found[0].broader


def test_concepts_of_the_shipped_lexicon_have_one_name_each_and_are_their_own(
    shipped: Lexicon,
) -> None:
    for kind in MentionType:
        names = [concept.name for concept in shipped.concepts(kind)]
        assert len(names) == len(set(names)) > 1000
        for name in names[:: len(names) // 200]:
            assert shipped.name(kind, name).concept == name


def test_planted_pairs_of_the_demo_stay_apart(shipped: Lexicon) -> None:
    planted = planted_pairs(compile_notes(NOTES_FOLDER))
    named = {(shipped.name(DRUG, d).concept, shipped.name(EVENT, e).concept) for d, e in planted}
    assert len(named) == len(planted) == 10
    assert all(shipped.find(DRUG, d) and shipped.find(EVENT, e) for d, e in planted)


def test_the_shipped_file_is_small_and_loads_in_a_second_of_work() -> None:
    assert lexicon_file.SHIPPED.stat().st_size < 3_000_000
    started = time.process_time()
    lexicon_file.load()
    print(f"loaded in {time.process_time() - started:.2f} s")
