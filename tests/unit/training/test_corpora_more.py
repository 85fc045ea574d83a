"""Readers of BC5CDR, DDI 2013 and the original files of the ADE corpus, on tiny files."""

from pathlib import Path

import pytest

from services.core.contracts import MentionType
from services.core.spans import Span
from training.corpora import ade_rel, bc5cdr, ddi
from training.corpora.documents import Document
from training.errors import CorpusError

DRUG, ADE = MentionType.DRUG, MentionType.ADE


def surfaces(document: Document) -> list[tuple[MentionType, str]]:
    return [(type_, document.text[span.start : span.end]) for type_, span in document.spans()]


def pairs(document: Document) -> set[tuple[str, str]]:
    return {
        (document.text[drug.start : drug.end], document.text[event.start : event.end])
        for drug, event in document.pairs()
    }


PUBTATOR = """\
11|t|Lithium and tremor.
11|a|Lithium gave tremor. One. Two. Three. Four. Late tremor with gold.
11\t0\t7\tLithium\tChemical\tD008094
11\t12\t18\ttremor\tDisease\tD014202
11\t20\t27\tLithium\tChemical\tD008094
11\t33\t39\ttremor\tDisease\tD014202|D000001\tone|two
11\t69\t75\ttremor\tDisease\tD014202
11\t81\t85\tgold\tChemical\t-1
11\tCID\tD008094\tD014202

"""


def test_bc5cdr_relations_reach_all_mention_pairs_of_a_window(tmp_path: Path) -> None:
    path = tmp_path / "train.pubtator"
    path.write_text(PUBTATOR + PUBTATOR.replace("11", "12"))
    document, other = bc5cdr.read_abstracts([path])
    assert (document.doc_id, document.group, other.group) == ("bc5cdr:11", "pmid:11", "pmid:12")
    assert document.text.startswith("Lithium and tremor. Lithium gave")
    assert [type_ for type_, _ in surfaces(document)] == [DRUG, ADE, DRUG, ADE, ADE, DRUG]
    # Two chemicals times two diseases; the third disease is more than four sentences away, and
    # what has no MeSH id is related to nothing.
    assert document.pairs() == {
        (Span(0, 7), Span(12, 18)),
        (Span(0, 7), Span(33, 39)),
        (Span(20, 27), Span(12, 18)),
        (Span(20, 27), Span(33, 39)),
    }
    assert document.complete == {DRUG, ADE}


@pytest.mark.parametrize(
    "content",
    ["11|t|No abstract", PUBTATOR.replace("\t0\t7", "\t1\t7"), PUBTATOR.replace("Disease", "Cell")],
)
def test_a_broken_pubtator_file_is_named(tmp_path: Path, content: str) -> None:
    path = tmp_path / "dev.pubtator"
    path.write_text(content)
    with pytest.raises(CorpusError, match=r"dev\.pubtator is no PubTator"):
        bc5cdr.read_abstracts([path])


DDI = """<?xml version="1.0" encoding="UTF-8"?>
<document id="DDI-MedLine.d1">
  <sentence id="s0" text="Take loop or thiazide diuretics.&#xd;&#xa;">
    <entity id="e0" charOffset="13-30" type="group" text="thiazide diuretics"/>
    <entity id="e1" charOffset="5-8;22-30" type="group" text="loop diuretics"/>
  </sentence>
  <sentence id="s1" text=" Aspirin too.">
    <entity id="e2" charOffset="1-7" type="brand" text="Aspirin"/>
    <pair id="p0" e1="e0" e2="e2" ddi="true" type="effect"/>
  </sentence>
</document>
"""


def test_ddi_gives_drug_names_only(tmp_path: Path) -> None:
    folder = tmp_path / "Train" / "MedLine"
    folder.mkdir(parents=True)
    (folder / "777.xml").write_text(DDI)
    (tmp_path / "Train" / "Aspirin_ddi.xml").write_text(DDI.replace("MedLine.d1", "DrugBank.d2"))
    bank, medline = ddi.read_documents(tmp_path)
    assert (medline.doc_id, medline.group) == ("ddi:DDI-MedLine.d1", "pmid:777")
    assert bank.group == "ddi:Aspirin_ddi"
    assert surfaces(medline) == [
        (DRUG, "thiazide diuretics"),
        (DRUG, "loop or thiazide diuretics"),
        (DRUG, "Aspirin"),
    ]
    assert [medline.text[start:end] for start, end in medline.sentences] == [
        "Take loop or thiazide diuretics.",
        "Aspirin too.",
    ]
    assert medline.complete == {DRUG}
    assert medline.relations == ()


def test_a_broken_ddi_document_is_named(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="holds no documents"):
        ddi.read_documents(tmp_path)
    path = tmp_path / "d.xml"
    path.write_text(DDI.replace('"1-7"', '"1-70"'))
    with pytest.raises(CorpusError, match=r"d\.xml is no document.*e2"):
        ddi.read_documents(tmp_path)
    path.write_text("<document")
    with pytest.raises(CorpusError, match=r"d\.xml is no document"):
        ddi.read_documents(tmp_path)


def test_mentions_of_the_original_ade_corpus_stand_where_their_offsets_fit(tmp_path: Path) -> None:
    sentence = "Rash after gold; rash again after gold."
    path = tmp_path / "DRUG-AE.rel"
    # The sentence begins at 100 of its abstract.
    path.write_text(
        f"5|{sentence}|rash|117|121|gold|134|138\n"
        f"5|{sentence}|Rash|100|104|gold|111|115\n"
        f"5|{sentence}|Rash|100|104|gold|111|115\n"
        "6|Gold rash.|rash|5|9|Gold|0|4\n"
    )
    document, other = ade_rel.read_effects(path)
    assert (document.group, other.group) == ("pmid:5", "pmid:6")
    assert document.pairs() == {(Span(34, 38), Span(17, 21)), (Span(11, 15), Span(0, 4))}
    assert len(document.relations) == 2
    assert pairs(other) == {("Gold", "rash")}
    assert document.complete == {DRUG, ADE}


def test_doses_tell_of_their_drugs_and_of_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "DRUG-DOSE.rel"
    path.write_text("5|Gold 1 mg.|1 mg|15|19|Gold|10|14\n")
    (document,) = ade_rel.read_doses(path)
    assert surfaces(document) == [(DRUG, "Gold")]
    assert document.complete == frozenset()


@pytest.mark.parametrize("line", ["5|Gold.|rash|0", "5|Gold.|rash|x|4|Gold|0|4", "5|A|b|0|1|A|0|1"])
def test_a_broken_relation_file_names_the_line(tmp_path: Path, line: str) -> None:
    path = tmp_path / "DRUG-AE.rel"
    path.write_text(f"6|Gold rash.|rash|5|9|Gold|0|4\n{line}\n")
    with pytest.raises(CorpusError, match=r"DRUG-AE\.rel:2"):
        ade_rel.read_effects(path)
