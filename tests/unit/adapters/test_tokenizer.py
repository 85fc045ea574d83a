from pathlib import Path

import pytest
from tokenizers import AddedToken, Tokenizer, models, normalizers, pre_tokenizers, processors

from services.adapters.tokenizer import HuggingFaceTokenEncoder
from services.core.errors import ConfigurationError

WORDS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "rash", "##es", "cls", "[", "]", "drug", "<", ">")


@pytest.fixture
def encoder(tmp_path: Path) -> HuggingFaceTokenEncoder:
    vocabulary = {word: index for index, word in enumerate(WORDS)}
    tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    tokenizer.add_special_tokens(
        [AddedToken(name, special=True) for name in ("[PAD]", "[UNK]", "[CLS]", "[SEP]")]
    )
    tokenizer.add_tokens([AddedToken("<DRUG>", normalized=False, special=False)])
    tokenizer.enable_truncation(4)
    tokenizer.enable_padding(length=4)
    path = tmp_path / "tokenizer.json"
    tokenizer.save(str(path))
    return HuggingFaceTokenEncoder(path)


def test_offsets_count_characters_and_words_join_tokens(encoder: HuggingFaceTokenEncoder) -> None:
    (encoding,) = encoder.encode(["é Rashes"])
    assert encoding.ids == (2, 1, 4, 5, 3)
    assert encoding.offsets == ((0, 0), (0, 1), (2, 6), (6, 8), (0, 0))
    assert encoding.word_ids == (None, 0, 1, 1, None)


def test_nothing_is_truncated_or_padded(encoder: HuggingFaceTokenEncoder) -> None:
    long, empty = encoder.encode(["rash " * 1000, ""])
    assert len(long.ids) == 1002
    assert empty.ids == (2, 3)


def test_names_of_special_tokens_in_a_text_are_text(encoder: HuggingFaceTokenEncoder) -> None:
    (encoding,) = encoder.encode(["[CLS]"])
    assert encoding.ids == (2, 7, 6, 8, 3)


def test_markers_are_found(encoder: HuggingFaceTokenEncoder) -> None:
    (marker,) = encoder.marker_ids(["<DRUG>"])
    (encoding,) = encoder.encode(["<DRUG>rash"])
    assert encoding.ids == (2, marker, 4, 3)


def test_what_is_missing_is_said(encoder: HuggingFaceTokenEncoder, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="<ADE>"):
        encoder.marker_ids(["<ADE>"])
    with pytest.raises(ConfigurationError, match="absent"):
        HuggingFaceTokenEncoder(tmp_path / "absent.json")
