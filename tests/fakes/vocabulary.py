"""A vocabulary that is a dictionary."""

from __future__ import annotations

from collections.abc import Mapping

from services.core.contracts import Coding, MentionType, Named
from services.core.ports import Vocabulary

SYSTEM = "test"


class WordVocabulary(Vocabulary):
    """Counts the words it has under another name, with a code, and others under their own."""

    def __init__(self, version: str, names: Mapping[str, str]) -> None:
        self._version = version
        self._names = names

    @property
    def version(self) -> str:
        return self._version

    def name(self, mention_type: MentionType, surface: str) -> Named:
        name = self._names.get(surface)
        if name is None:
            return Named(surface, None)
        return Named(name, Coding(SYSTEM, name.upper(), self._version, 1.0))
