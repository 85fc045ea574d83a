"""Notes to mentions: sentences → token windows → NER → spans of the note."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from services.core import bio
from services.core.contracts import Mention
from services.core.model_ports import Encoding, TokenEncoder
from services.core.ports import Vocabulary
from services.core.sentences import split_sentences
from services.core.spans import Span
from services.core.vocabulary import abbreviations, naming
from services.extract.batching import BatchedModel
from services.extract.tokens import (
    WINDOW_OVERLAP_TOKENS,
    TokenWindow,
    reading_windows,
    stitch,
    token_windows,
    window_ids,
)


@dataclass(frozen=True, slots=True)
class ReadText:
    """A text with its sentences and the mentions found in it, in the order of the text.

    `vocabulary` is the version of the vocabulary that named them.
    """

    text: str
    sentences: list[Span]
    mentions: tuple[Mention, ...]
    vocabulary: str


@dataclass(frozen=True, slots=True)
class _Sentence:
    text: int
    span: Span
    encoding: Encoding
    windows: list[TokenWindow]


class MentionFinder:
    """Finds drug and event mentions in texts, with one NER model, and names their concepts."""

    def __init__(
        self,
        encoder: TokenEncoder,
        model: BatchedModel,
        *,
        max_tokens: int,
        vocabulary: Callable[[], Vocabulary],
        windows: bool = False,
        chains: bio.TagChains | None = None,
    ) -> None:
        """Build the finder.

        Args:
            encoder: the tokenizer of the model.
            model: the NER model.
            max_tokens: tokens of one reading, special tokens included.
            vocabulary: gives the one in force, asked for once per call.
            windows: whether the model reads runs of whole sentences, as many as fit.
            chains: what the model has learned of neighbouring tags, if it has.
        """
        self._encoder = encoder
        self._model = model
        self._max_tokens = max_tokens
        self._vocabulary = vocabulary
        self._windows = windows
        self._chains = chains

    async def find(self, texts: Sequence[str]) -> tuple[list[ReadText], frozenset[str]]:
        """Read texts of any length, empty ones included.

        Returns:
            One ReadText per text, in order, and the versions of the model that answered.

        Raises:
            DependencyUnavailable: the inference server did not answer.
        """
        splits = [split_sentences(text) for text in texts]
        sentences = self._encode(texts, splits)
        rows = [
            window_ids(sentence.encoding, window)
            for sentence in sentences
            for window in sentence.windows
        ]
        answers = await self._model.run(rows)
        found: list[list[bio.Decoded]] = [[] for _ in texts]
        position = 0
        for sentence in sentences:
            end = position + len(sentence.windows)
            probabilities = stitch(sentence.encoding, sentence.windows, answers.rows[position:end])
            position = end
            start, stop = sentence.span
            surface = texts[sentence.text][start:stop]
            found[sentence.text].extend(
                bio.Decoded(type_, Span(start + span.start, start + span.end), probability)
                for type_, span, probability in bio.decode(
                    sentence.encoding, probabilities, surface, chains=self._chains
                )
            )
        # One vocabulary for the whole batch: curation may replace it meanwhile.
        vocabulary = self._vocabulary()
        return [
            ReadText(text, split, named_mentions(text, decoded, vocabulary), vocabulary.version)
            for text, split, decoded in zip(texts, splits, found, strict=True)
        ], answers.versions

    def _encode(self, texts: Sequence[str], splits: Sequence[list[Span]]) -> list[_Sentence]:
        places = [
            (index, span)
            for index, split in enumerate(splits)
            for span in self._units(texts[index], split)
        ]
        encodings = self._encoder.encode(
            [texts[index][span.start : span.end] for index, span in places]
        )
        return [
            _Sentence(
                index,
                span,
                encoding,
                token_windows(encoding, max_tokens=self._max_tokens, overlap=WINDOW_OVERLAP_TOKENS),
            )
            for (index, span), encoding in zip(places, encodings, strict=True)
        ]

    def _units(self, text: str, sentences: list[Span]) -> list[Span]:
        """What is read at a time."""
        if not self._windows:
            return sentences
        return reading_windows(text, sentences, self._encoder, max_tokens=self._max_tokens)


def named_mentions(
    text: str, decoded: Sequence[bio.Decoded], vocabulary: Vocabulary
) -> tuple[Mention, ...]:
    """The mentions of a text under their concepts, by what the text says of its abbreviations."""
    mentions: list[Mention] = []
    long_forms = abbreviations.explained(text) if decoded else {}
    for type_, span, probability in decoded:
        surface = text[span.start : span.end]
        expansion = abbreviations.in_full(surface, long_forms)
        named = naming.named(vocabulary, type_, surface, expansion)
        if named.concept:
            mentions.append(
                Mention(
                    mention_id=f"T{len(mentions) + 1}",
                    type=type_,
                    start=span.start,
                    end=span.end,
                    text=surface,
                    probability=round(probability, 6),
                    concept=named.concept,
                    coding=named.coding,
                    expansion=expansion,
                )
            )
    return tuple(mentions)
