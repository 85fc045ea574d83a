"""Which augmentation a training uses, and the documents it adds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from services.adapters.vocabulary import lexicon_file
from services.core.errors import ConfigurationError
from services.core.vocabulary.lexicon import Lexicon
from training.augmentation.renaming import lexicon_drug_names, with_other_drugs
from training.augmentation.rewriting import names_of, with_other_words
from training.corpora.documents import Document
from training.errors import TrainingError

MOST_REWRITTEN = 2_000
"""Documents of a corpus that the language model is asked about at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Augmentation:
    """What is added to the training documents of every corpus.

    Attributes:
        renamed: share of the documents with drugs that come again with other drugs.
        rewritten: share of the documents with mentions that come again in other words.
        generator: the causal language model that proposes these words, by name or folder.
    """

    renamed: float = 0.0
    rewritten: float = 0.0
    generator: str = ""


NO_AUGMENTATION = Augmentation()


def added(
    documents: Sequence[Document],
    how: Augmentation,
    *,
    seed: int,
    open_lexicon: Callable[[], Lexicon] = lexicon_file.load,
) -> list[Document]:
    """Copies of training documents; none by default.

    Args:
        documents: of training.
        how: which copies.
        seed: of all choices.
        open_lexicon: gives the open vocabularies; only asked where they are needed.

    Raises:
        TrainingError: a share is none, or there is no generator to rewrite with, or no lexicon.
    """
    if not (0 <= how.renamed <= 1 and 0 <= how.rewritten <= 1):
        raise TrainingError("shares of renamed and rewritten documents lie within 0 and 1")
    if how.rewritten > 0 and not how.generator:
        raise TrainingError("rewriting needs a causal language model: name a generator")
    made: list[Document] = []
    if how.renamed == how.rewritten == 0 or not documents:
        return made
    try:
        lexicon = open_lexicon()
    except ConfigurationError as error:
        raise TrainingError(str(error)) from None
    if how.renamed > 0:
        names = lexicon_drug_names(lexicon)
        made += with_other_drugs(documents, names, fraction=how.renamed, seed=seed)
    if how.rewritten > 0:
        from training.augmentation.causal import load_proposer

        made += with_other_words(
            documents,
            load_proposer(how.generator, seed=seed),
            names_of(lexicon),
            fraction=how.rewritten,
            most=MOST_REWRITTEN,
            seed=seed,
        )
    return made
