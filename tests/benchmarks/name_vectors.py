"""Vectors of names by an encoder, on one thread: the state of [CLS], and the mean of all tokens."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from services.adapters.tokenizer import HuggingFaceTokenEncoder
from services.extract.batching import length_batches, pad
from training.models.encoder import load_encoder, write_tokenizer

Array = NDArray[np.float32]

_BATCH_TOKENS, _BATCH_ROWS = 2048, 256


class Vectors(NamedTuple):
    """Of names, [names, d] each, of length 1."""

    cls: Array
    mean: Array


class NameEncoder:
    """Makes names vectors.

    Args:
        encoder: a name on the hub or a folder.
        cache: folder for what was made before; vectors of 10⁵ names take long.
    """

    def __init__(self, encoder: str, cache: Path) -> None:
        torch.set_num_threads(1)
        self._encoder = load_encoder(encoder).eval()
        self._cache = cache
        self._origin = encoder
        tokenizer = cache / "tokenizer.json"
        write_tokenizer(encoder, tokenizer)
        self._tokens = HuggingFaceTokenEncoder(tokenizer)

    def kept(self, names: Sequence[str]) -> Vectors:
        """Vectors from the cache, or made and put there."""
        content = "\n".join([self._origin, *names])
        path = self._cache / f"{hashlib.sha256(content.encode()).hexdigest()[:16]}.npz"
        if not path.is_file():
            made = self.vectors(names)
            np.savez(path, cls=made.cls, mean=made.mean)
        with np.load(path) as arrays:
            return Vectors(arrays["cls"], arrays["mean"])

    @torch.inference_mode()
    def vectors(self, names: Sequence[str]) -> Vectors:
        """One row of each kind per name, in order."""
        rows = [encoding.ids for encoding in self._tokens.encode(names)]
        found = Vectors(*(np.zeros((len(rows), self._encoder.width), np.float32) for _ in "cm"))
        for batch in length_batches(
            [len(row) for row in rows], max_tokens=_BATCH_TOKENS, max_rows=_BATCH_ROWS
        ):
            ids, mask = map(torch.from_numpy, pad([rows[index] for index in batch]))
            states = self._encoder(ids, mask)
            weights = mask[:, :, None].to(states.dtype)
            mean = (states * weights).sum(dim=1) / weights.sum(dim=1)
            for target, made in zip(found, (states[:, 0], mean), strict=True):
                target[batch] = torch.nn.functional.normalize(made, dim=1).numpy()
        return found
