"""What a mention is counted under when its note explains it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.core.contracts import Coding, MentionType, Named
from services.core.ports import Vocabulary
from services.core.vocabulary.naming import named

DRUG, EVENT = MentionType.DRUG, MentionType.ADE
KNOWN = {
    (DRUG, "AZT"): ("zidovudine", 1.0),
    (DRUG, "azathioprine"): ("azathioprine", 1.0),
    (DRUG, "azathioprin"): ("azathioprine", 0.92),
    (DRUG, "azido-thymidine"): ("thymidine", 0.75),
    (DRUG, "azt"): ("zidovudine", 0.9),
    (DRUG, "MS"): ("morphine", 1.0),
    (EVENT, "multiple sclerosis"): ("multiple sclerosis", 1.0),
}


class Scored(Vocabulary):
    """Knows the names above."""

    @property
    def version(self) -> str:
        return "scored"

    def name(self, mention_type: MentionType, surface: str) -> Named:
        name, score = KNOWN.get((mention_type, surface), (surface, 0.0))
        return Named(name, Coding("test", name, "1", score) if score else None)


@pytest.mark.parametrize(
    ("kind", "text", "expansion", "concept"),
    [
        (DRUG, "AZT", "", "zidovudine"),
        (DRUG, "AZT", "azathioprine", "azathioprine"),
        (DRUG, "AZT", "azathioprin", "azathioprine"),
        (DRUG, "AZT", "azido-thymidine", "zidovudine"),
        (DRUG, "AZT", "nobody's formula", "zidovudine"),
        (DRUG, "XYZ", "nobody's formula", "nobody's formula"),
        (DRUG, "azt", "nobody's formula", "nobody's formula"),
        (DRUG, "azt", "azido-thymidine", "thymidine"),
        (DRUG, "MS", "multiple sclerosis", "multiple sclerosis"),
        (EVENT, "MS", "multiple sclerosis", "multiple sclerosis"),
    ],
)
def test_the_explanation_holds_unless_only_the_usual_meaning_is_known(
    kind: MentionType, text: str, expansion: str, concept: str
) -> None:
    assert named(Scored(), kind, text, expansion).concept == concept


def test_what_is_explained_as_an_event_is_no_drug() -> None:
    assert named(Scored(), DRUG, "MS", "multiple sclerosis").coding is None


names = st.sampled_from(sorted({name for _, name in KNOWN} | {"", "unknown"}))


@given(st.sampled_from([DRUG, EVENT]), names, names)
def test_a_mention_is_named_by_its_text_or_by_its_explanation(
    kind: MentionType, text: str, expansion: str
) -> None:
    found = named(Scored(), kind, text, expansion)
    assert found in (Scored().name(kind, text), Scored().name(kind, expansion))
