"""Which errors the models make: of mentions by kind, of relations by cause, distance, section and
negation."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from enum import StrEnum

from services.core.spans import Span
from training.corpora.documents import Document
from training.corpora.statistics import covering_sentences
from training.evaluate.figures import Figures
from training.evaluate.pair_metrics import SpanPair, chosen
from training.evaluate.scoring import Reading

NO_HEADING = "no heading"


class MentionError(StrEnum):
    """What is wrong with a mention."""

    BOUNDARY = "boundary"
    TYPE = "type"
    MISSED = "missed"
    SPURIOUS = "spurious"


class PairError(StrEnum):
    """Why a gold relation was missed, or what a false one was made of."""

    NO_DRUG = "missed: drug not found"
    NO_EVENT = "missed: event not found"
    NOT_ASKED = "missed: pair not considered"
    BELOW = "missed: below the threshold"
    BOTH_GOLD = "spurious: both mentions are gold"
    TRAP = "spurious: the event is a trap"
    NO_GOLD = "spurious: a mention is not gold"


# Cues of the sentence of the event; what they negate is not asked.
_NEGATION = re.compile(
    r"\b(?:no|not|never|without|denie[sd]|deny|denying|negative for|free of|absence of|ruled out)\b"
    r"|n't\b",
    re.IGNORECASE,
)
_HEADING = re.compile(r"^[ \t]*([A-Z][A-Za-z /&()'-]{2,40}):", re.MULTILINE)


def error_report(readings: Sequence[Reading], *, threshold: float) -> Figures:
    """Counts of errors; relations are compared by overlapping spans of any status.

    Returns:
        `mentions`: by type and kind. `relations`: by cause; and how many are gold, missed and
        false by the sentences that cover them, by section (the last heading before the event)
        and by whether the event's sentence negates something.
    """
    mentions: dict[str, Counter[str]] = {}
    for reading in readings:
        for type_, kind in mention_errors(reading):
            mentions.setdefault(type_, Counter())[kind.value] += 1
    causes = Counter(cause.value for one in readings for _, cause in pair_errors(one, threshold))
    return {
        "mentions": {type_: dict(counts) for type_, counts in sorted(mentions.items())},
        "relations": {
            "causes": dict(sorted(causes.items())),
            "by_sentences": _by(readings, threshold, _distance),
            "by_section": _by(readings, threshold, _section),
            "by_negation": _by(readings, threshold, _negation),
        },
    }


def mention_errors(reading: Reading) -> list[tuple[str, MentionError]]:
    """Per wrong or missed mention its type and what is wrong, in the types that are completely
    annotated. A boundary error is counted once, at the prediction."""
    complete = reading.document.complete
    gold = {mention for mention in reading.document.spans() if mention.type in complete}
    said = {mention for mention in reading.mentions if mention.type in complete}
    errors = []
    for mention in said - gold:
        near = [other for other in gold if other.span.overlaps(mention.span)]
        if any(other.type is mention.type for other in near):
            errors.append((mention.type.value, MentionError.BOUNDARY))
        elif near:
            errors.append((mention.type.value, MentionError.TYPE))
        else:
            errors.append((mention.type.value, MentionError.SPURIOUS))
    missed = [m for m in gold - said if not _overlaps_any(m.span, [other.span for other in said])]
    return errors + [(mention.type.value, MentionError.MISSED) for mention in missed]


def pair_errors(reading: Reading, threshold: float) -> list[tuple[SpanPair, PairError]]:
    """Per missed and per false relation its cause."""
    gold, said = reading.document.pairs(), chosen(reading.end_to_end, threshold)
    missed = [pair for pair in sorted(gold) if not _matched(pair, said)]
    false = [pair for pair in sorted(said) if not _matched(pair, gold)]
    return [
        *((pair, _why_missed(pair, reading)) for pair in missed),
        *((pair, _what_false(pair, reading)) for pair in false),
    ]


def section(document: Document, span: Span) -> str:
    """The last heading ("PLAN:") that begins a line before a span, in lower case."""
    names = [match[1] for match in _HEADING.finditer(document.text, 0, span.end)]
    return names[-1].strip().lower() if names else NO_HEADING


def negated(document: Document, span: Span) -> bool:
    """Whether the sentence of a span holds a cue of negation."""
    return any(
        _NEGATION.search(document.text, sentence.start, sentence.end) is not None
        for sentence in document.sentences
        if sentence.overlaps(span)
    )


def _why_missed(pair: SpanPair, reading: Reading) -> PairError:
    drug, event = pair
    found = [mention.span for mention in reading.mentions]
    if not _overlaps_any(drug, found):
        return PairError.NO_DRUG
    if not _overlaps_any(event, found):
        return PairError.NO_EVENT
    asked = {scored.spans for scored in reading.end_to_end}
    return PairError.BELOW if _matched(pair, asked) else PairError.NOT_ASKED


def _what_false(pair: SpanPair, reading: Reading) -> PairError:
    gold = [mention.span for mention in reading.document.mentions]
    if _overlaps_any(pair[1], [trap.span for trap in reading.document.traps]):
        return PairError.TRAP
    both = all(_overlaps_any(span, gold) for span in pair)
    return PairError.BOTH_GOLD if both else PairError.NO_GOLD


def _matched(pair: SpanPair, others: Iterable[SpanPair]) -> bool:
    return any(pair[0].overlaps(drug) and pair[1].overlaps(event) for drug, event in others)


def _overlaps_any(span: Span, others: Iterable[Span]) -> bool:
    return any(span.overlaps(other) for other in others)


def _distance(document: Document, pair: SpanPair) -> str:
    return covering_sentences(document.sentences, *pair)


def _negation(document: Document, pair: SpanPair) -> str:
    return "negation in the sentence" if negated(document, pair[1]) else "no negation"


def _section(document: Document, pair: SpanPair) -> str:
    return section(document, pair[1])


def _by(
    readings: Sequence[Reading], threshold: float, kind: Callable[[Document, SpanPair], str]
) -> dict[str, dict[str, int]]:
    """Gold, missed and false relations by some kind, the most frequent kind first."""
    table: dict[str, Counter[str]] = {}
    for one in readings:
        counted = [("gold", pair) for pair in one.document.pairs()]
        for pair, error in pair_errors(one, threshold):
            counted.append(("missed" if error.value.startswith("missed") else "false", pair))
        for name, pair in counted:
            table.setdefault(kind(one.document, pair), Counter())[name] += 1
    ordered = sorted(table.items(), key=lambda item: (-item[1].total(), item[0]))
    return {
        key: {name: counts[name] for name in ("gold", "missed", "false")} for key, counts in ordered
    }
