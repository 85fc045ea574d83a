"""A tokenizer and an encoder small enough for tests."""

from __future__ import annotations

from pathlib import Path

import pytest
from tokenizers import AddedToken, Tokenizer, models, normalizers, pre_tokenizers, processors

from services.adapters.tokenizer import HuggingFaceTokenEncoder
from services.core.windows import MARKERS

SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]")
WORDS = ("she", "had", "a", "rash", "after", "aspirin", "no", "nausea", "with", "zocor", ".", "##s")


@pytest.fixture
def tokenizer_json(tmp_path: Path) -> Path:
    vocabulary = {word: index for index, word in enumerate((*SPECIAL, *WORDS))}
    tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    tokenizer.add_special_tokens([AddedToken(name, special=True) for name in SPECIAL])
    tokenizer.add_tokens(
        [AddedToken(marker, normalized=False, special=False) for marker in MARKERS]
    )
    path = tmp_path / "tokenizer.json"
    tokenizer.save(str(path))
    return path


@pytest.fixture
def encoder(tokenizer_json: Path) -> HuggingFaceTokenEncoder:
    return HuggingFaceTokenEncoder(tokenizer_json)
