"""The loss of the chain against all sequences, and a model with a CRF from training to decoding."""

import itertools
import json
from pathlib import Path

import pytest
import torch
from torch import Tensor

from services.adapters.model_files import tag_chains
from services.core.bio import TAGS, TYPES
from tests.fakes.documents import document
from training.models.tag_chain import ChainLayer
from training.publish.versions import client_settings
from training.rows.ner import rows, sentences
from training.train.ner import NerSettings, train_ner, word_places
from training.train.runs import load_ner
from training.train.splits import Parts

pytestmark = pytest.mark.training

IGNORED = -100


@pytest.fixture
def layer() -> ChainLayer:
    torch.manual_seed(5)
    made = ChainLayer()
    for parameter in made.parameters():
        torch.nn.init.normal_(parameter, std=0.03)
    return made


def log_probability(layer: ChainLayer, logits: Tensor, known: list[int], place: int) -> float:
    """Log p of the sequences that agree with known tags, by their sum over all sequences."""
    chain = layer.chains()[TYPES[place]]

    def score(tags: tuple[int, ...]) -> Tensor:
        total = torch.tensor(chain.start[tags[0]] + chain.end[tags[-1]])
        for word, tag in enumerate(tags):
            total = total + logits[word, place, tag]
        return total + sum(chain.transitions[a][b] for a, b in itertools.pairwise(tags))

    every = list(itertools.product(range(len(TAGS)), repeat=len(known)))
    agreeing = [
        tags
        for tags in every
        if all(want in (IGNORED, tag) for want, tag in zip(known, tags, strict=True))
    ]
    above, below = (torch.stack([score(one) for one in some]) for some in (agreeing, every))
    return float(above.logsumexp(0) - below.logsumexp(0))


def test_the_loss_is_that_of_all_sequences_that_gold_allows(layer: ChainLayer) -> None:
    logits = torch.randn(2, 4, len(TYPES), len(TAGS))
    drug, event = [0, 1, 2, 0], [IGNORED, 1, IGNORED, 0]
    short, nothing = [1, 2], [IGNORED, IGNORED]
    tags = torch.full((2, 4, len(TYPES)), IGNORED)
    tags[0] = torch.tensor([drug, event]).T
    tags[1, :2] = torch.tensor([short, nothing]).T
    words = torch.tensor([[True] * 4, [True, True, False, False]])
    expected = -(
        log_probability(layer, logits[0], drug, 0)
        + log_probability(layer, logits[0], event, 1)
        + log_probability(layer, logits[1], short, 0)
    )
    loss = layer.loss(logits, tags, words, ignored=IGNORED)
    # Eight tags are known.
    assert loss.item() == pytest.approx(expected / 8, rel=1e-4)


def test_what_is_not_known_has_no_loss_and_finite_gradients(layer: ChainLayer) -> None:
    logits = torch.randn(1, 3, len(TYPES), len(TAGS), requires_grad=True)
    tags = torch.full((1, 3, len(TYPES)), IGNORED)
    loss = layer.loss(logits, tags, torch.ones(1, 3, dtype=torch.bool), ignored=IGNORED)
    assert loss.item() == 0
    tags[0, 1, 0] = 1
    known = layer.loss(logits, tags, torch.ones(1, 3, dtype=torch.bool), ignored=IGNORED)
    known.backward()  # type: ignore[no-untyped-call]
    assert logits.grad is not None
    assert bool(logits.grad.isfinite().all())
    assert float(logits.grad[0, 1, 0, 1]) < 0
    assert float(logits.grad[:, :, 1].abs().max()) < 1e-6


NOTES = [
    document("[Zocor] with {rash}. No [aspirin] with {nausea}.", doc_id="1"),
    document("She had {nausea} after [zocor].", doc_id="2"),
]


def test_words_of_rows_are_found_and_filled_up(encoder_folder: Path, tmp_path: Path) -> None:
    from services.adapters.tokenizer import HuggingFaceTokenEncoder
    from training.models.encoder import write_tokenizer

    write_tokenizer(str(encoder_folder), tmp_path / "t.json")
    data = rows(sentences(NOTES), HuggingFaceTokenEncoder(tmp_path / "t.json"))
    places, words = word_places(data)
    # "Zocor with rash ." has four words, "She had nausea after zocor ." six.
    assert places[0].tolist() == [1, 2, 3, 4, 0, 0]
    assert words.sum(dim=1).tolist() == [4, 5, 6]


def test_a_model_with_a_crf_is_trained_saved_and_served_with_its_chains(
    encoder_folder: Path, tmp_path: Path
) -> None:
    settings = NerSettings(encoder=str(encoder_folder), seed=1, epochs=2, crf=True)
    train_ner({"ade": Parts(NOTES, NOTES, [])}, settings, tmp_path / "run")
    model = load_ner(tmp_path / "run")
    report = json.loads((tmp_path / "run" / "run.json").read_text())
    assert tag_chains(client_settings(report)) == model.chains() is not None
    half = tag_chains({**client_settings(report), "temperature": 2.0})
    chains = model.chains()
    assert chains is not None
    assert half is not None
    for type_ in TYPES:
        assert half[type_] == chains[type_].scaled(0.5)
    plain = NerSettings(encoder=str(encoder_folder), seed=1, epochs=1)
    train_ner({"ade": Parts(NOTES, NOTES, [])}, plain, tmp_path / "plain")
    report = json.loads((tmp_path / "plain" / "run.json").read_text())
    assert tag_chains(client_settings(report)) is None
    assert load_ner(tmp_path / "plain").chains() is None
