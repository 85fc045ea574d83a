"""Numbers of corpora, agreement of two annotations, and the datasheet."""

import pytest

from services.core.spans import Span
from tests.fakes.documents import document
from training.corpora.agreement import agreement
from training.corpora.datasheet import render
from training.corpora.documents import AnnotatedRelation, AnnotatedTrap, Document
from training.corpora.statistics import statistics
from training.errors import CorpusError

NOTE = document(
    "[Zocor] gave {rash}. Two. [Advil] for pain. Five. {Nausea}.",
    (("T1", "T2"), ("T3", "T4"), ("T1", "T4")),
)
BARE = document("Nothing here at all.", doc_id="d2")


def with_changes(of: Document, **changes: object) -> Document:
    fields = {name: getattr(of, name) for name in of.__dataclass_fields__}
    return Document(**{**fields, **changes})


def test_counts_of_a_corpus() -> None:
    trapped = with_changes(BARE, traps=(AnnotatedTrap("wanted", Span(0, 7)),))
    found = statistics([NOTE, trapped])
    assert (found.documents, found.groups, found.without_relation) == (2, 2, 1)
    assert found.mentions == {"ADE": 2, "DRUG": 2}
    assert found.relations == {"affirmed": 3}
    assert found.traps == {"wanted": 1}
    assert found.distances == {"1": 1, "3": 1, "more": 1}
    assert found.sentences == len(NOTE.sentences) + 1
    assert found.as_json()["relations"] == {"total": 3, "affirmed": 3}
    assert statistics([]).words_median == 0


def test_two_equal_annotations_agree() -> None:
    found = agreement([NOTE, BARE], [NOTE, BARE])
    assert (found.notes, found.drugs.f1, found.relations.f1) == (2, 1.0, 1.0)
    assert (found.same_status, found.compared) == (3, 3)


def test_agreement_counts_relations_by_overlap_and_statuses_where_they_agree() -> None:
    other = with_changes(
        NOTE,
        mentions=(
            *NOTE.mentions[:1],
            with_span(NOTE, 1, longer=1),
            *NOTE.mentions[2:],
        ),
        relations=(AnnotatedRelation("T1", "T2", "uncertain"), AnnotatedRelation("T3", "T4")),
    )
    found = agreement([NOTE], [other])
    assert found.relations.precision == 1.0
    assert found.relations.recall == pytest.approx(2 / 3)
    assert (found.same_status, found.compared) == (1, 2)
    assert found.as_json()["same_status_share"] == 0.5


def with_span(of: Document, index: int, *, longer: int) -> object:
    mention = of.mentions[index]
    span = Span(mention.span.start - longer, mention.span.end)
    return type(mention)(mention.mention_id, mention.type, span)


def test_annotations_of_other_texts_cannot_be_compared() -> None:
    with pytest.raises(CorpusError, match="share no note"):
        agreement([NOTE], [BARE])
    with pytest.raises(CorpusError, match="the text of d1 differs"):
        agreement([NOTE], [with_changes(NOTE, text=NOTE.text.lower())])


def test_the_datasheet_tells_the_numbers() -> None:
    of = statistics([NOTE, BARE])
    page = render(of, {"train": of, "test": statistics([BARE])}, None)
    assert "2 notes of 2 patients, 1 of them" in page
    assert "| affirmed | 3 |" in page
    assert "| train | 2 | 3 | 0 |" in page
    assert "was not measured yet" in page
    assert "CC BY 4.0" in page
    measured = render(of, {"train": of}, agreement([NOTE], [NOTE]).as_json())
    assert "agree with F1 1.000" in measured
    assert "100.0% have the same status" in measured
