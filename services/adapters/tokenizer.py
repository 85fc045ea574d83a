"""The tokenizer of a trained model, without torch."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tokenizers import Tokenizer

from services.core.errors import ConfigurationError
from services.core.model_ports import Encoding


class HuggingFaceTokenEncoder:
    """A `TokenEncoder` from the `tokenizer.json` that lies beside a model.

    Names of special tokens in a text ("[SEP]") are ordinary text. The markers of the relation
    model are added tokens but not special ones, so they are found.
    """

    def __init__(self, tokenizer_json: Path) -> None:
        """Read the tokenizer.

        Raises:
            ConfigurationError: the file is missing or is no tokenizer.
        """
        try:
            self._tokenizer = Tokenizer.from_file(str(tokenizer_json))
        except Exception as error:  # tokenizers raises Exception itself
            raise ConfigurationError(f"no tokenizer in {tokenizer_json}: {error}") from error
        self._tokenizer.no_truncation()
        self._tokenizer.no_padding()
        self._tokenizer.encode_special_tokens = True

    def encode(self, texts: Sequence[str]) -> list[Encoding]:
        """One encoding per text, in order, never truncated."""
        return [
            Encoding(
                ids=tuple(encoding.ids),
                offsets=tuple(encoding.offsets),
                word_ids=tuple(encoding.word_ids),
            )
            for encoding in self._tokenizer.encode_batch(list(texts))
        ]

    def marker_ids(self, markers: Sequence[str]) -> tuple[int, ...]:
        """Ids of added tokens.

        Raises:
            ConfigurationError: the tokenizer lacks one.
        """
        ids = []
        for marker in markers:
            token = self._tokenizer.token_to_id(marker)
            if token is None:
                raise ConfigurationError(f"the tokenizer lacks the marker {marker}")
            ids.append(token)
        return tuple(ids)
