"""Drug-name replacement: exact counts, and offsets that still fit."""

from dataclasses import replace
from pathlib import Path

import pytest

from services.core.contracts import MentionType
from services.core.spans import Span
from tests.fakes.documents import document
from training.augmentation.renaming import read_drug_names, with_other_drugs
from training.corpora.documents import AnnotatedMention, Document
from training.errors import CorpusError

NOTE = document(
    "[Zocor] with [GOLD] gave {rash}. On [zocor] no more {hives}.",
    (("T1", "T3"), ("T4", "T5")),
)
NAMES = ["timolol", "insulin glargine", "digoxin"]


def test_every_wording_gets_one_name_and_all_offsets_move_along() -> None:
    (made,) = with_other_drugs([NOTE], NAMES, fraction=1.0, seed=3)
    surfaces = [made.text[slice(*mention.span)] for mention in made.mentions]
    assert (surfaces[2], surfaces[4]) == ("rash", "hives")
    assert surfaces[0].lower() == surfaces[3]
    assert surfaces[0][0].isupper()
    assert surfaces[1].isupper()
    assert surfaces[1].lower() != surfaces[3]
    assert {surfaces[1].lower(), surfaces[3]} <= set(NAMES)
    assert [made.text[slice(*sentence)][-1] for sentence in made.sentences] == [".", "."]
    assert made.relations == NOTE.relations
    assert (made.doc_id, made.group) == ("d1~drugs", NOTE.group)
    assert "ocor" not in made.text


def test_fragments_move_along_and_a_replaced_mention_is_of_one_piece() -> None:
    drug, other, event, *rest = NOTE.mentions
    broken = (
        replace(drug, fragments=(Span(0, 2), Span(3, 5))),
        other,
        replace(event, fragments=(Span(21, 22), Span(23, 25))),
        *rest,
    )
    (made,) = with_other_drugs([replace(NOTE, mentions=broken)], NAMES, fraction=1.0, seed=3)
    assert made.text != NOTE.text
    assert [made.text[slice(*one)] for one in made.mentions[2].fragments] == ["r", "sh"]
    assert made.mentions[0].fragments == ()


def test_exactly_the_fraction_of_the_suitable_documents_is_copied() -> None:
    bare = document("No drug here, but {rash}.", doc_id="bare")
    nested = Document(
        "nested",
        "nested",
        "test",
        "lithium toxicity",
        (Span(0, 16),),
        (
            AnnotatedMention("D", MentionType.DRUG, Span(0, 7)),
            AnnotatedMention("A", MentionType.ADE, Span(0, 16)),
        ),
    )
    documents = [
        bare,
        nested,
        *(document(f"[gold{n}] gave {{rash}}.", doc_id=str(n)) for n in range(11)),
    ]
    made = with_other_drugs(documents, NAMES, fraction=0.5, seed=3)
    assert len(made) == 5
    assert len({one.doc_id for one in made}) == 5
    assert with_other_drugs(documents, NAMES, fraction=0.5, seed=3) == made
    assert with_other_drugs(documents, NAMES, fraction=0.5, seed=4) != made
    assert with_other_drugs(documents, [], fraction=1.0, seed=3) == []


def test_names_of_a_vocabulary_are_those_that_read_like_words(tmp_path: Path) -> None:
    path = tmp_path / "brands.csv"
    path.write_text("product_name,n\nZOCOR,1\nZocor,2\n8-MOP,1\nA/T/S,1\nINSULIN GLARGINE,1\n")
    assert read_drug_names(path) == ["insulin glargine", "zocor"]
    with pytest.raises(CorpusError, match="no column name"):
        read_drug_names(path, column="name")
    with pytest.raises(CorpusError, match="cannot read"):
        read_drug_names(tmp_path / "absent.csv")
