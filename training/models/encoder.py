"""Any Hugging Face encoder by name or folder, and its tokenizer as a file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tokenizers import AddedToken, Tokenizer
from torch import Tensor, nn
from transformers import AutoConfig, AutoModel, AutoTokenizer


class Encoder(nn.Module):
    """Token ids to states, ``X = Encoder(ids) ∈ R^{tokens × d}``."""

    def __init__(self, backbone: nn.Module, width: int) -> None:
        super().__init__()
        self.backbone = backbone
        self.width = width

    @property
    def vocabulary(self) -> int:
        """Number of token embeddings."""
        return int(self.backbone.config.vocab_size)  # type: ignore[union-attr, arg-type]

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """[batch, tokens] twice to [batch, tokens, d]."""
        states: Tensor = self.backbone(
            input_ids=input_ids, attention_mask=attention_mask
        ).last_hidden_state
        return states


def load_encoder(name: str, *, vocabulary: int | None = None) -> Encoder:
    """An encoder with its trained weights.

    Args:
        name: a name on the hub or a folder.
        vocabulary: number of embeddings, if tokens were added.
    """
    backbone = AutoModel.from_pretrained(name, add_pooling_layer=False)
    if vocabulary is not None:
        backbone.resize_token_embeddings(vocabulary)
    return Encoder(backbone, backbone.config.hidden_size)


def empty_encoder(config: dict[str, object]) -> Encoder:
    """An encoder of a saved configuration, its weights still to be loaded."""
    values = dict(config)
    parsed = AutoConfig.for_model(str(values.pop("model_type")), **values)
    backbone = AutoModel.from_config(parsed, add_pooling_layer=False)
    return Encoder(backbone, parsed.hidden_size)


def write_tokenizer(name: str, path: Path, *, markers: Sequence[str] = ()) -> int:
    """Write the encoder's `tokenizer.json`, with markers as added tokens.

    Markers are not "special" for the tokenizer, because special names in a text are read as
    ordinary text at serving.

    Returns:
        The size of the vocabulary.
    """
    tokenizer = Tokenizer.from_str(AutoTokenizer.from_pretrained(name).backend_tokenizer.to_str())
    tokenizer.no_truncation()
    tokenizer.no_padding()
    tokenizer.add_tokens(
        [AddedToken(marker, normalized=False, special=False) for marker in markers]
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    tokenizer.save(str(path))
    return int(tokenizer.get_vocab_size(with_added_tokens=True))


def encoder_config(encoder: Encoder) -> dict[str, object]:
    """The configuration from which `empty_encoder` builds the same architecture."""
    config: dict[str, object] = encoder.backbone.config.to_dict()  # type: ignore[operator,union-attr]
    return config
