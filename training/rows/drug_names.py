"""Which names in a text are of one drug: as serving knows it, by the shipped vocabularies."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache

from services.adapters.vocabulary import lexicon_file
from services.core.contracts import MentionType
from services.core.spans import Span
from services.core.vocabulary import abbreviations, naming
from services.core.vocabulary.lexicon import Lexicon

DrugNames = Callable[[str, Sequence[Span]], list[str]]
"""(text, drug mentions) to a key per mention, equal for names of one drug."""


def by_wording(text: str, drugs: Sequence[Span]) -> list[str]:
    """Names are of one drug if they are the same words."""
    return [text[drug.start : drug.end].lower() for drug in drugs]


def by_lexicon(text: str, drugs: Sequence[Span]) -> list[str]:
    """Names are of one drug if the extract stage gives them one concept."""
    long_forms = abbreviations.explained(text) if drugs else {}
    surfaces = [text[drug.start : drug.end] for drug in drugs]
    said = [(surface, abbreviations.in_full(surface, long_forms)) for surface in surfaces]
    return [naming.named(_lexicon(), MentionType.DRUG, *one).concept for one in said]


@cache
def _lexicon() -> Lexicon:
    return lexicon_file.load()
