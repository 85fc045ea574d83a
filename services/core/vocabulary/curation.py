"""What people decided about names: it goes before what any vocabulary says."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from services.core import normalise
from services.core.contracts import Coding, MentionType, Named
from services.core.vocabulary import keys
from services.core.vocabulary.lexicon import Lexicon

SYSTEM = "curated"
_VERSION_DIGITS = 8


@dataclass(frozen=True, slots=True, order=True)
class Decision:
    """Mentions of this surface, in any spelling, are counted under this concept."""

    type: MentionType
    surface: str
    concept: str

    @property
    def key(self) -> str:
        """What the surface is looked up by."""
        return keys.key(self.type, self.surface)


class CuratedVocabulary:
    """A lexicon under the decisions of people.

    Args:
        lexicon: answers where nobody decided.
        decisions: one per type and key; their order does not matter.
    """

    def __init__(self, lexicon: Lexicon, decisions: Sequence[Decision] = ()) -> None:
        self._lexicon = lexicon
        self._named = {(d.type, d.key): self._decided(d) for d in sorted(decisions)}
        self._version = lexicon.version
        if self._named:
            told = "\n".join(f"{t.value}\t{k}\t{n.concept}" for (t, k), n in self._named.items())
            digest = hashlib.sha256(told.encode()).hexdigest()[:_VERSION_DIGITS]
            self._version = f"{lexicon.version}+curated-{digest}"

    @property
    def version(self) -> str:
        """The lexicon's, and a hash of the decisions if there are any."""
        return self._version

    @property
    def lexicon(self) -> Lexicon:
        """What answers where nobody decided."""
        return self._lexicon

    def name(self, mention_type: MentionType, surface: str) -> Named:
        """The concept that people decided on, else the lexicon's."""
        if self._named:
            decided = self._named.get((mention_type, keys.key(mention_type, surface)))
            if decided is not None:
                return decided
        return self._lexicon.name(mention_type, surface)

    def _decided(self, decision: Decision) -> Named:
        """A concept of the lexicon if it has one of that very name, else one of our own."""
        found = self._lexicon.find(decision.type, decision.concept)
        if found is not None and found[1] == 1.0:
            concept = found[0]
            return Named(concept.name, Coding(concept.system, concept.code, concept.version, 1.0))
        name = normalise.concept(decision.type, decision.concept)
        return Named(name, Coding(SYSTEM, name, "", 1.0))
