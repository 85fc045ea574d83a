"""Relations written for tests: the drug in [brackets], the event in {braces}."""

from __future__ import annotations

import re

from services.core.assertion import assert_relation
from services.core.contracts import Assertion
from services.core.sentences import split_sentences
from services.core.spans import Span


def read(marked: str) -> Assertion:
    """The assertion of an example."""
    spans: dict[str, Span] = {}
    text = ""
    for piece in re.split(r"(\[[^]]*\]|\{[^}]*\})", marked):
        if piece[:1] in ("[", "{"):
            spans[piece[0]] = Span(len(text), len(text) + len(piece) - 2)
            piece = piece[1:-1]
        text += piece
    return assert_relation(text, split_sentences(text), spans["["], spans["{"]).status
