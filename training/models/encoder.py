"""Any Hugging Face encoder by name or folder, and its tokenizer as a file."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from tokenizers import AddedToken, Tokenizer
from torch import Tensor, nn
from transformers import MODEL_MAPPING, AutoConfig, AutoModel, AutoTokenizer, PreTrainedConfig

from training.errors import TrainingError
from training.models.quick_encoder import quicken


class Encoder(nn.Module):
    """Token ids to states, ``X = Encoder(ids) ∈ R^{tokens × d}``."""

    def __init__(self, backbone: nn.Module, width: int) -> None:
        super().__init__()
        self.backbone = backbone
        self.width = width

    @property
    def kind(self) -> str:
        """Its type as Hugging Face names it: `bert`, `roberta`."""
        return str(self.backbone.config.model_type)  # type: ignore[union-attr]

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

    def with_levitated(
        self,
        input_ids: Tensor,
        attention_mask: Tensor,
        pairs: Tensor,
        marker_ids: tuple[int, int, int, int],
    ) -> tuple[Tensor, Tensor]:
        """States of a text and of four levitated markers per pair.

        A marker has its own embedding, the position of the token it marks, and sees the text and
        the markers of its own pair. The text sees only the text: its states do not depend on
        which pairs are asked about.

        Args:
            input_ids: [batch, tokens]; `attention_mask` likewise.
            pairs: [batch, P, 4], tokens of the text; negative in rows that are no pair.
            marker_ids: one for each of the four.

        Returns:
            X [batch, tokens, d] and M [batch, P, 4, d].

        Raises:
            TrainingError: the encoder numbers positions otherwise than BERT does.
        """
        if self.kind != "bert":
            raise TrainingError(
                f"levitated markers need an encoder of type bert, this is {self.kind}; "
                "the marked form takes any (--form marked)"
            )
        batch, tokens = input_ids.shape
        asked = pairs.shape[1]
        marker = torch.tensor(marker_ids, device=input_ids.device)
        markers = marker.expand(batch, asked, 4).reshape(batch, asked * 4)
        places = torch.arange(tokens, device=input_ids.device).expand(batch, tokens)
        positions = torch.cat([places, pairs.clamp(min=0).reshape(batch, asked * 4)], dim=1)
        embedded = self.backbone.embeddings(  # type: ignore[operator]
            input_ids=torch.cat([input_ids, markers], dim=1), position_ids=positions
        )
        states = self.backbone.encoder(  # type: ignore[operator]
            embedded, attention_mask=_levitated_mask(attention_mask, asked, embedded.dtype)
        ).last_hidden_state
        return states[:, :tokens], states[:, tokens:].reshape(batch, asked, 4, self.width)


def _levitated_mask(attention_mask: Tensor, asked: int, dtype: torch.dtype) -> Tensor:
    """Additive mask [batch, 1, all, all]: 0 where a row may see a column.

    Args:
        attention_mask: [batch, tokens].
        asked: P; four markers each follow the text.
        dtype: of the states.
    """
    device = attention_mask.device
    # Only the plainest operations: the graph is traced for ONNX.
    pairs = torch.arange(1, asked + 1, device=device)
    owner = torch.cat(
        [torch.zeros_like(attention_mask[0]), pairs.unsqueeze(1).expand(-1, 4).reshape(-1)]
    )
    beside = attention_mask.new_ones(attention_mask.shape[0], 4 * asked)
    real = torch.cat([attention_mask, beside], dim=1)
    visible = (owner[None, :] == 0) | (owner[None, :] == owner[:, None])
    allowed = visible[None] & (real[:, None, :] == 1)
    blocked = torch.finfo(dtype).min
    return torch.zeros(allowed.shape, dtype=dtype, device=device).masked_fill(~allowed, blocked)[
        :, None
    ]


def load_encoder(name: str, *, vocabulary: int | None = None) -> Encoder:
    """An encoder with its trained weights, in 32 bits whatever they are stored in. Attention
    weights are not dropped in training.

    Args:
        name: a name on the hub or a folder.
        vocabulary: number of embeddings, if tokens were added.

    Raises:
        TrainingError: there is no such encoder, it cannot be reached, it lacks weights, or it is
            no model that gives a state per token of its input.
    """
    config = _opened(AutoConfig.from_pretrained, name)
    backbone, loading = _opened(
        AutoModel.from_pretrained,
        name,
        dtype=torch.float32,
        output_loading_info=True,
        **_without_pooler(config),
    )
    # What is missing would begin at random, with no more than a warning.
    if loading["missing_keys"]:
        raise TrainingError(f"the encoder {name!r} has no weights {min(loading['missing_keys'])}")
    if vocabulary is not None:
        backbone.resize_token_embeddings(vocabulary)
    quicken(backbone)
    return Encoder(backbone, backbone.config.hidden_size)


def empty_encoder(config: dict[str, object]) -> Encoder:
    """An encoder of a saved configuration, its weights still to be loaded."""
    values = dict(config)
    parsed = AutoConfig.for_model(str(values.pop("model_type")), **values)
    backbone = AutoModel.from_config(parsed, dtype=torch.float32, **_without_pooler(parsed))
    return Encoder(backbone, parsed.hidden_size)


def _without_pooler(config: PreTrainedConfig) -> dict[str, bool]:
    """The argument that leaves out the layer above the states, for the models that have one.

    Raises:
        TrainingError: no encoder is built from such a configuration.
    """
    made = MODEL_MAPPING.get(type(config), None)
    if made is None or config.is_encoder_decoder or not hasattr(config, "hidden_size"):
        raise TrainingError(f"a model of type {config.model_type} is no encoder of text")
    # Of a few types there are two, of which the first is taken.
    model = made[0] if isinstance(made, tuple) else made
    takes_it = "add_pooling_layer" in inspect.signature(model).parameters
    return {"add_pooling_layer": False} if takes_it else {}


def _opened(load: Callable[..., Any], name: str, **options: object) -> Any:
    try:
        return load(name, **options)
    except (OSError, ValueError, KeyError, ImportError, RuntimeError) as error:
        raise TrainingError(f"cannot read the encoder {name!r}: {type(error).__name__}") from error


def write_tokenizer(name: str, path: Path, *, markers: Sequence[str] = ()) -> int:
    """Write the encoder's `tokenizer.json`, with markers as added tokens.

    Markers are not "special" for the tokenizer, because special names in a text are read as
    ordinary text at serving.

    Returns:
        One more than the greatest id.

    Raises:
        TrainingError: there is no such encoder, it cannot be reached, or its tokenizer cannot be
            written as one file.
    """
    loaded = _opened(AutoTokenizer.from_pretrained, name)
    backend = getattr(loaded, "backend_tokenizer", None)
    if backend is None:
        raise TrainingError(f"the tokenizer of {name!r} cannot be written as a tokenizer.json")
    tokenizer = Tokenizer.from_str(backend.to_str())
    tokenizer.no_truncation()
    tokenizer.no_padding()
    tokenizer.add_tokens(
        [AddedToken(marker, normalized=False, special=False) for marker in markers]
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    tokenizer.save(str(path))
    return 1 + max(tokenizer.get_vocab(with_added_tokens=True).values())


def encoder_config(encoder: Encoder) -> dict[str, object]:
    """The configuration from which `empty_encoder` builds the same architecture."""
    config: dict[str, object] = encoder.backbone.config.to_dict()  # type: ignore[operator,union-attr]
    return config
