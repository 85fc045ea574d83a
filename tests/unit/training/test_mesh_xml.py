"""Extracts of MeSH from the NLM's XML."""

from __future__ import annotations

from pathlib import Path

import pytest

from training.errors import CorpusError
from training.vocabulary import sources
from training.vocabulary.mesh_xml import descriptors, extract, supplements

pytestmark = pytest.mark.training

DESCRIPTORS = """<?xml version="1.0"?>
<DescriptorRecordSet LanguageCode="eng">
<DescriptorRecord><DescriptorUI>D058186</DescriptorUI>
<DescriptorName><String>Acute Kidney Injury</String></DescriptorName>
<TreeNumberList><TreeNumber>C12.050.351.968.419.780.050</TreeNumber></TreeNumberList>
<ConceptList><Concept><TermList>
<Term IsPermutedTermYN="N"><String>Acute Kidney Injury</String></Term>
<Term IsPermutedTermYN="Y"><String>Kidney Injury, Acute</String></Term>
<Term IsPermutedTermYN="N"><String>Acute Renal Failure</String></Term>
<Term IsPermutedTermYN="N"><String>{long}</String></Term>
</TermList></Concept></ConceptList></DescriptorRecord>
<DescriptorRecord><DescriptorUI>D000001</DescriptorUI>
<DescriptorName><String>Somewhere</String></DescriptorName>
<TreeNumberList><TreeNumber>Z01.058</TreeNumber></TreeNumberList>
<ConceptList><Concept><TermList><Term IsPermutedTermYN="N"><String>Somewhere</String></Term>
</TermList></Concept></ConceptList></DescriptorRecord>
</DescriptorRecordSet>""".format(long="x" * 61)

SUPPLEMENTS = """<?xml version="1.0"?>
<SupplementalRecordSet LanguageCode="eng">
<SupplementalRecord><SupplementalRecordUI>C1</SupplementalRecordUI>
<SupplementalRecordName><String>levobupivacaine</String></SupplementalRecordName>
<ConceptList><Concept><RegistryNumberList><RegistryNumber>A5H73K9U3W</RegistryNumber>
<RegistryNumber>27262-47-1</RegistryNumber></RegistryNumberList><TermList>
<Term><String>levobupivacaine</String></Term><Term><String>Chirocaine</String></Term>
<Term><String>{long}</String></Term></TermList></Concept></ConceptList>
</SupplementalRecord>
<SupplementalRecord><SupplementalRecordUI>C2</SupplementalRecordUI>
<SupplementalRecordName><String>acting</String></SupplementalRecordName>
<PharmacologicalActionList><PharmacologicalAction/></PharmacologicalActionList>
</SupplementalRecord>
<SupplementalRecord><SupplementalRecordUI>C3</SupplementalRecordUI>
<SupplementalRecordName><String>neither</String></SupplementalRecordName></SupplementalRecord>
</SupplementalRecordSet>""".format(long="x" * 61)


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    one, other = tmp_path / "desc.xml", tmp_path / "supp.xml"
    one.write_text(DESCRIPTORS)
    other.write_text(SUPPLEMENTS)
    return one, other


def test_descriptors_of_the_branches_have_their_terms(files: tuple[Path, Path]) -> None:
    name = "Acute Kidney Injury"
    assert list(descriptors(files[0])) == [
        ("D058186", name, name),
        ("D058186", name, "Acute Renal Failure"),
    ]


def test_supplements_have_an_action_or_a_cas_number(files: tuple[Path, Path]) -> None:
    assert list(supplements(files[1])) == [
        ("C1", "levobupivacaine", "27262-47-1", "Chirocaine"),
        ("C2", "acting", "", ""),
    ]


def test_what_is_written_is_what_the_sources_read(
    files: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    extract(*files, out=tmp_path)
    monkeypatch.setattr(sources, "OPEN", tmp_path)
    (term,) = sources.mesh_entry_terms()
    assert term.names == ("Acute Kidney Injury", "Acute Renal Failure")
    one, other = sources.mesh_supplements()
    assert (one.code, one.synonyms) == ("C1", ("Chirocaine",))
    assert (other.code, other.synonyms) == ("C2", ())


def test_a_file_that_is_none_says_so(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match=r"cannot read nowhere\.xml"):
        list(descriptors(tmp_path / "nowhere.xml"))
    (tmp_path / "broken.xml").write_text("<DescriptorRecordSet><Desc")
    with pytest.raises(CorpusError, match="is no XML"):
        list(descriptors(tmp_path / "broken.xml"))


def test_the_shipped_extracts_are_read() -> None:
    names = {term.code: term.names for term in sources.mesh_entry_terms()}
    assert "Acute Renal Injury" in names["D058186"]
    assert len(names) > 10_000
    assert len(sources.mesh_supplements()) > 20_000
    assert ("D000788",) in {term.mesh for term in sources.disease_ontology()}
