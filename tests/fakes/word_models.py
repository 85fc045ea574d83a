"""Models of a few words: what a text names is a list, what it relates stands in one sentence."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

import numpy as np

from services.core import bio
from services.core.contracts import Assertion, MentionType
from services.core.model_ports import Encoding, Inference, IntArray
from services.extract.relations import CAUSED

_WORD = re.compile(r"\w+|[^\w\s]")
_START, _END = 1, 2  # 0 fills rows up
_STOP = "."


class WordEncoder:
    """A token per word or sign; the case of letters makes no difference."""

    def __init__(self) -> None:
        self._ids: dict[str, int] = {}

    def id_of(self, word: str) -> int:
        """The id of a word, the same for every text."""
        return self._ids.setdefault(word.casefold(), _END + 1 + len(self._ids))

    def encode(self, texts: Sequence[str]) -> list[Encoding]:
        """Encodings between two special tokens."""
        return [self._encoded(text) for text in texts]

    def _encoded(self, text: str) -> Encoding:
        words = list(_WORD.finditer(text))
        return Encoding(
            ids=(_START, *(self.id_of(word.group()) for word in words), _END),
            offsets=((0, 0), *(word.span() for word in words), (0, 0)),
            word_ids=(None, *range(len(words)), None),
        )


class NamesKnown:
    """An ner model that knows its drugs and events by heart."""

    def __init__(
        self, encoder: WordEncoder, *, drugs: Iterable[str], events: Iterable[str]
    ) -> None:
        begins = bio.LABEL_IDS[f"B-{MentionType.DRUG}"], bio.LABEL_IDS[f"B-{MentionType.ADE}"]
        self._labels = {encoder.id_of(drug): begins[0] for drug in drugs} | {
            encoder.id_of(event): begins[1] for event in events
        }

    async def infer(
        self, input_ids: IntArray, attention_mask: IntArray, pairs: IntArray | None = None
    ) -> Inference:
        """[batch, tokens, labels]."""
        labels = np.vectorize(lambda one: self._labels.get(int(one), 0))(input_ids)
        return Inference(np.eye(len(bio.LABELS), dtype=np.float32)[labels], "names-1")


class OneSentence:
    """A relation model of the levitated form: what no full stop parts is related."""

    def __init__(self, encoder: WordEncoder) -> None:
        self._stop = encoder.id_of(_STOP)

    async def infer(
        self, input_ids: IntArray, attention_mask: IntArray, pairs: IntArray | None = None
    ) -> Inference:
        """[batch, pairs, classes]; of statuses it has no opinion."""
        if pairs is None:
            raise ValueError("this model is asked about pairs")
        answers = np.zeros((*pairs.shape[:2], 2), dtype=np.float32)
        for row, ids in enumerate(input_ids):
            for place, quad in enumerate(pairs[row]):
                if quad[0] != -1:
                    related = self._stop not in ids[quad.min() : quad.max() + 1]
                    answers[row, place, CAUSED if related else 1 - CAUSED] = 1.0
        statuses = np.full((*pairs.shape[:2], len(Assertion)), 1 / len(Assertion), np.float32)
        return Inference(answers, "sentences-1", statuses)
