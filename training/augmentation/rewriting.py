"""The same relations in other words: a language model proposes, rules decide. Pure and seeded.

Only words of the context are replaced, never a mention, so that every label stays right. What a
rule cannot vouch for is refused: words beside a mention (they may belong to it), words that speak
of causes, treatment, time or assertion, and proposals that bring a drug or an event into the text.
"""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from services.core.assertion_rules import RULES
from services.core.contracts import MentionType
from services.core.spans import Span
from services.core.vocabulary import keys
from services.core.vocabulary.lexicon import Lexicon
from training.augmentation.renaming import rewritten
from training.corpora.documents import Document

WORDS_PER_REPLACEMENT = 10
"""A document of so many words gets one word replaced, a longer one more."""

MOST_REPLACEMENTS = 4

LONGEST_NAME = 3
"""Words of a name that a proposal could complete."""

_PLACE = re.compile(r"(?<= )[a-z]{4,20}(?=[ .,;:)])")
_WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")
_PROPOSAL = re.compile(r"[a-z]{3,20}")

_KEPT_WORDS = """
about above after again against along also although among because been before being below
between both cannot could does doing done down during each either ever every except from
further have having hence here however into itself just less like many more most much
neither never none once only onto other otherwise over rather same several shall should
since some still such than that their them then there therefore these they this those
though through throughout thus together toward under unless until upon versus very were what
when where whereas whether which while whom whose will with within without would yet your
allergic allergy associated association attributable attributed causal causally cause caused
causes causing complicated complication complications consequence developed developing
develops effect effects experienced followed following implicated induce induced induces
intolerance intolerant leading linked manifested precipitated presented presenting produced
provoked reaction reactions related reported resulted resulting results revealed secondary
suspected toxic toxicity triggered unrelated suffered occurred occurring occurs worsened recovered
recovery relieved disappeared recurred subsided ceased responded blamed ascribed elicited evoked
administered administration changed combination continued discontinued discontinuation dose
doses drug drugs exposure given held improved increased initiated initiation injection
medication medications overdose prescribed received receiving reduced restarted resolved
started stopped switched taken taking therapy tolerated treated treatment withdrawal
withdrawn
absence absent avoid brother daily daughter denied denies episode family father history
hours days weeks months years mother negative possible possibly previous previously prior
probable probably sister today tomorrow yesterday unlikely likely
"""

KEPT = frozenset(_KEPT_WORDS.split())
"""Words that what is learned may depend on, and words that carry the grammar."""


@dataclass(frozen=True, slots=True)
class Gap:
    """A word of a text that another one may replace."""

    before: str
    word: str
    after: str


Proposer = Callable[[Sequence[Gap]], list[list[str]]]
"""Per gap other words for it, the best first."""

IsName = Callable[[str], bool]
"""Whether a vocabulary knows a phrase as a drug or an event."""


def names_of(lexicon: Lexicon) -> IsName:
    """The names of a lexicon, of drugs and of events, as they stand there."""
    kinds = [(kind, lexicon.entries[kind].names) for kind in MentionType if kind in lexicon.entries]

    def is_name(phrase: str) -> bool:
        return any(keys.key(kind, phrase) in names for kind, names in kinds)

    return is_name


def with_other_words(
    documents: Sequence[Document],
    propose: Proposer,
    is_name: IsName,
    *,
    fraction: float,
    most: int,
    seed: int,
) -> list[Document]:
    """Copies of some documents with other words in the context of their mentions.

    Args:
        documents: of training; those without a mention are left alone.
        propose: the language model.
        is_name: knows the names that must not come in.
        fraction: share of the documents with mentions that is tried, rounded down.
        most: documents tried at most.
        seed: the same seed tries the same documents and places.
    """
    rng = random.Random(seed)  # noqa: S311 - a sample, no secret
    suitable = [document for document in documents if document.mentions]
    count = min(most, int(fraction * len(suitable)))
    tried = [suitable[index] for index in sorted(rng.sample(range(len(suitable)), count))]
    chosen = [_chosen(document, is_name, rng) for document in tried]
    gaps = [
        Gap(one.text[: span.start], one.text[slice(*span)], one.text[span.end :])
        for one, spans in zip(tried, chosen, strict=True)
        for span in spans
    ]
    proposals = iter(propose(gaps))
    made = []
    for document, spans in zip(tried, chosen, strict=True):
        replaced = [
            (span, word)
            for span in spans
            if (word := _first_fitting(document.text, span, next(proposals), is_name)) is not None
        ]
        copy = rewritten(document, replaced, mark="words") if replaced else None
        if copy is not None and _cues(copy.text) == _cues(document.text):
            made.append(copy)
    return made


def places(document: Document, is_name: IsName) -> list[Span]:
    """The words that may be replaced, in the order of the text."""
    words = [Span(*match.span()) for match in _WORD.finditer(document.text)]
    marked = [one.span for one in document.mentions] + [trap.span for trap in document.traps]
    near = {
        neighbour
        for number, word in enumerate(words)
        if any(word.overlaps(span) for span in marked)
        for neighbour in words[max(0, number - 1) : number + 2]
    }
    return [
        span
        for match in _PLACE.finditer(document.text)
        if (span := Span(*match.span())) not in near
        and not any(span.overlaps(one) for one in marked)
        and match[0] not in KEPT
        and not is_name(match[0])
    ]


def fits(text: str, span: Span, word: str, is_name: IsName) -> bool:
    """Whether a word may stand in a span of a text.

    It must be another plain word that carries no label, and no run of up to `LONGEST_NAME` words
    that it is part of may be a name.
    """
    if not _PROPOSAL.fullmatch(word) or word in KEPT or word == text[slice(*span)]:
        return False
    changed = text[: span.start] + word + text[span.end :]
    around = [Span(*match.span()) for match in _WORD.finditer(changed)]
    here = next((n for n, one in enumerate(around) if one.start == span.start), None)
    if here is None:
        return False
    return not any(
        is_name(changed[around[first].start : around[last].end])
        for first in range(max(0, here - LONGEST_NAME + 1), here + 1)
        for last in range(here, min(len(around), first + LONGEST_NAME))
    )


def _chosen(document: Document, is_name: IsName, rng: random.Random) -> list[Span]:
    """Some of the places, in order, so far apart that no name can hold two of them."""
    free = places(document, is_name)
    words = _WORD.findall(document.text)
    wanted = min(MOST_REPLACEMENTS, max(1, len(words) // WORDS_PER_REPLACEMENT))
    kept: list[Span] = []
    for span in rng.sample(free, len(free)):
        if len(kept) == wanted:
            break
        if all(_words_between(document.text, span, other) >= LONGEST_NAME for other in kept):
            kept.append(span)
    return sorted(kept)


def _words_between(text: str, one: Span, other: Span) -> int:
    first, second = sorted((one, other))
    return len(_WORD.findall(text[first.end : second.start]))


def _first_fitting(text: str, span: Span, proposed: Sequence[str], is_name: IsName) -> str | None:
    return next((word for word in proposed if fits(text, span, word, is_name)), None)


def _cues(text: str) -> Counter[tuple[int, str]]:
    """What the rules of assertion find in a text: the statuses must not change."""
    flat = re.sub(r"\s", " ", text.lower())
    return Counter(
        (number, match[0])
        for number, rule in enumerate(RULES)
        for match in rule.pattern.finditer(flat)
    )
