"""What an encoder must be able to do, tried before hours are spent on training it.

Names and folders of encoders come from outside: their tokenizers and architectures need not be
those of BERT, and what does not fit would show in the first scoring or in the export.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import torch

from services.adapters.tokenizer import HuggingFaceTokenEncoder
from services.core.bio import TAGS, TYPES, TypedSpan, decode, type_tags
from services.core.contracts import MentionType
from services.core.model_ports import Encoding
from services.core.spans import Span
from services.core.windows import MARKERS, mark_pair
from training.errors import TrainingError
from training.models.ner import NerModel
from training.models.relation import RelationModel
from training.publish.export import export

SENTENCE = "She had a rash after aspirin."
MENTIONS = (
    TypedSpan(MentionType.ADE, Span(10, 14)),
    TypedSpan(MentionType.DRUG, Span(21, 28)),
)

EXPORTED = frozenset({"bert"})
"""Types of encoder whose graphs need no rehearsal."""


def check_tokenizer(name: str, tokenizer: HuggingFaceTokenEncoder) -> None:
    """Check that mentions can be tagged with a tokenizer.

    Args:
        name: the encoder's, for the error.
        tokenizer: of the run.

    Raises:
        TrainingError: it does not put one special token at each end of a text and none within, or
            its words are not those of the text.
    """
    (encoding,) = tokenizer.encode([SENTENCE])
    special = [number for number, word in enumerate(encoding.word_ids) if word is None]
    if special != [0, len(encoding.ids) - 1]:
        raise TrainingError(
            f"the tokenizer of {name!r} does not put one special token at each end of a text"
        )
    if _read_back(encoding) != sorted(MENTIONS, key=lambda mention: mention.span):
        raise TrainingError(
            f"the tokenizer of {name!r} does not divide a text into words: it cannot be tagged"
        )


def check_markers(name: str, tokenizer: HuggingFaceTokenEncoder) -> None:
    """Check that each marker of the relation model is one token of its own, none of it lost.

    Raises:
        TrainingError: a marker is not found, or has the id of another token.
    """
    (ade, drug), whole = (mention.span for mention in MENTIONS), Span(0, len(SENTENCE))
    marked = mark_pair(SENTENCE, whole, drug, ade) or ""
    found, bare = (set(one.ids) for one in tokenizer.encode([marked, SENTENCE]))
    ids = set(tokenizer.marker_ids(MARKERS))
    if len(ids) < len(MARKERS) or not ids <= found or ids & bare:
        raise TrainingError(f"the tokenizer of {name!r} cannot take the markers of the pairs")


def check_model(
    name: str,
    model: NerModel | RelationModel,
    tokenizer: HuggingFaceTokenEncoder,
    *,
    max_tokens: int,
) -> None:
    """Check that a model can read the longest row that it will be asked, and can be exported.

    An encoder of a type that is not in `EXPORTED` is exported as it is, untrained: seconds.

    Args:
        name: of its encoder, for the error.
        model: as it will be trained; left in evaluation mode.
        tokenizer: of the run.
        max_tokens: of the longest row.

    Raises:
        TrainingError: it cannot; of a levitated relation model, also if its encoder numbers
            positions otherwise than BERT does.
    """
    model.eval()
    (encoding,) = tokenizer.encode(["rash " * max_tokens])
    ids = torch.tensor([encoding.ids[:max_tokens]])
    given = [ids, torch.ones_like(ids)]
    if isinstance(model, RelationModel):
        given.append(torch.ones(1, 1, 4, dtype=torch.int64))
    try:
        with torch.inference_mode():
            model(*given)
    except TrainingError:
        raise
    except Exception as error:  # those of so many architectures share no root
        raise TrainingError(
            f"the encoder {name!r} cannot read {max_tokens} tokens at a time: "
            f"{type(error).__name__}"
        ) from error
    if model.encoder.kind not in EXPORTED:
        _rehearse_export(name, model)


def _rehearse_export(name: str, model: NerModel | RelationModel) -> None:
    with tempfile.TemporaryDirectory() as folder:
        try:
            export(model, Path(folder) / "model.onnx", vocabulary=model.encoder.vocabulary)
        except Exception as error:  # likewise
            raise TrainingError(
                f"the encoder {name!r}, of type {model.encoder.kind}, cannot be exported: "
                f"{type(error).__name__}"
            ) from error


def _read_back(encoding: Encoding) -> list[TypedSpan]:
    """What a model that tags every token rightly finds."""
    tags = type_tags(encoding, MENTIONS, ignored=0)
    said = np.zeros((len(encoding.ids), len(TYPES), len(TAGS)), dtype=np.float32)
    for place, type_ in enumerate(TYPES):
        said[np.arange(len(said)), place, tags[type_]] = 1
    found = decode(encoding, said.reshape(len(said), -1), SENTENCE)
    return [TypedSpan(one.type, one.span) for one in found]
