"""A pair of models with the tokenizers, thresholds and weights of its cards: what reads notes."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import structlog

from services.adapters import model_files
from services.adapters.model_files import ModelFiles
from services.config import Settings
from services.core import assertion_rules
from services.core.model_ports import TokenModel
from services.core.model_versions import VersionPair
from services.core.vocabulary.curation import CuratedVocabulary
from services.extract.batching import BatchedModel
from services.extract.handler import Extractor
from services.extract.mentions import MentionFinder
from services.extract.relations import RelationFinder
from services.extract.tokens import NER_MAX_TOKENS, RELATION_MAX_TOKENS

log = structlog.get_logger(__name__)


def extractor(
    settings: Settings,
    model: Callable[[str], TokenModel],
    pair: VersionPair,
    *,
    vocabulary: Callable[[], CuratedVocabulary],
) -> Extractor:
    """What reads notes with a pair of versions.

    Args:
        settings: name the repository, and how much is asked at once.
        model: a model by its name.
        pair: whose tokenizers and cards they have.
        vocabulary: the current one.

    Raises:
        ConfigurationError: a version is incomplete.
    """
    ner = model_files.load(settings.model_repository, "ner", pair.ner)
    relation = model_files.load(settings.model_repository, "relation", pair.relation)
    if relation.learned_statuses:
        _tell_of_other_rules(relation)
    batched = partial(
        BatchedModel,
        max_tokens=settings.tokens_per_batch,
        parallel=settings.triton_parallel_requests,
    )
    return Extractor(
        MentionFinder(
            ner.encoder,
            batched(model("ner")),
            max_tokens=NER_MAX_TOKENS,
            windows=ner.reads_windows,
            chains=ner.chains,
            vocabulary=vocabulary,
        ),
        RelationFinder(
            relation.encoder,
            batched(model("relation")),
            threshold=relation.threshold,
            max_tokens=RELATION_MAX_TOKENS,
            form=relation.form,
            learned_statuses=relation.learned_statuses,
            confidence=relation.confidence,
            status_weights=relation.status_weights,
        ),
    )


def _tell_of_other_rules(relation: ModelFiles) -> None:
    fitted = relation.status_weights.rules
    if not fitted:
        log.warning("a relation model has no weights for statuses", relation=relation.version)
    elif fitted != assertion_rules.VERSION:
        log.warning(
            "statuses are weighed as for other rules of assertion",
            relation=relation.version,
            fitted_with=fitted,
            rules=assertion_rules.VERSION,
        )
