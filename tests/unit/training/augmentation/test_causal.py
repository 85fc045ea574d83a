"""Proposals of a causal language model whose probabilities are known."""

from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast

from training.augmentation.causal import CausalProposer, Reach, load_proposer
from training.augmentation.rewriting import Gap
from training.errors import TrainingError

pytestmark = pytest.mark.training

TOKENS = ("[UNK]", "She", "Ġhad", "Ġa", "Ġsevere", "Ġmild", "Ġgreen", "Ġ2", "Ġrash", ".", "ish")
IDS = {token: number for number, token in enumerate(TOKENS)}
GAP = Gap("She had a ", "severe", " rash.")


class Bigrams:
    """A causal model in which the next token depends on the last one alone."""

    def __init__(self, likely: dict[tuple[str, str], float]) -> None:
        self.table = torch.zeros(len(TOKENS), len(TOKENS))
        for (last, following), logit in likely.items():
            self.table[IDS[last], IDS[following]] = logit

    def __call__(self, *, input_ids: torch.Tensor) -> SimpleNamespace:
        return SimpleNamespace(logits=self.table[input_ids])


def proposer(seed: int, **reach: float) -> CausalProposer:
    tokenizer = Tokenizer(models.WordLevel(IDS, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    likely = {("Ġa", word): 4.0 for word in ("Ġsevere", "Ġmild", "Ġgreen")}
    # Likelier still, but no word, or no beginning of one.
    likely |= {("Ġa", "Ġ2"): 9.0, ("Ġa", "ish"): 9.0}
    likely |= {("Ġsevere", "Ġrash"): 5.0, ("Ġmild", "Ġrash"): 5.0, ("Ġgreen", "Ġrash"): -20.0}
    return CausalProposer(
        Bigrams(likely),
        PreTrainedTokenizerFast(tokenizer_object=tokenizer, unk_token="[UNK]"),
        seed=seed,
        reach=Reach(words=3, worse=reach.get("worse", 3.0)),
    )


def test_likely_words_that_fit_what_follows_are_proposed() -> None:
    (found,) = proposer(1)([GAP])
    assert sorted(found) == ["mild", "severe"]


def test_a_word_that_fits_worse_is_proposed_only_if_that_much_is_allowed() -> None:
    (found,) = proposer(1, worse=60.0)([GAP])
    assert sorted(found) == ["green", "mild", "severe"]
    assert found[-1] == "green"


def test_the_order_is_drawn_with_the_seed() -> None:
    orders = [proposer(seed)([GAP])[0] for seed in range(20)]
    assert orders == [proposer(seed)([GAP])[0] for seed in range(20)]
    assert {order[0] for order in orders} == {"mild", "severe"}


def test_without_a_text_before_nothing_is_proposed() -> None:
    assert proposer(1)([Gap("", "severe", " rash."), GAP])[0] == []


def test_a_model_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="no causal language model"):
        load_proposer(str(tmp_path / "absent"), seed=1)
