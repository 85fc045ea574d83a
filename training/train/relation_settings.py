"""What a run of the relation model is made with."""

from __future__ import annotations

from dataclasses import dataclass

from services.core.windows import Form
from training.augmentation.plan import NO_AUGMENTATION, Augmentation


@dataclass(frozen=True, slots=True, kw_only=True)
class RelationSettings:
    """What a run of the relation model is made with, besides its data.

    `start` is a published version to go on from, and `rehearsed` the share to learn from of the
    documents that it knows.
    `alpha` = 1 trains without the contrastive term; `form` and the three switches are those of
    `RelationConfig`; `seed`, `member` and `within` those of `NerSettings`.
    """

    encoder: str
    seed: int
    start: str = ""
    member: int = 0
    epochs: int = 5
    within: float = 0.0
    learning_rate: float = 2e-4
    bfloat16: bool = False
    max_tokens: int = 2048
    max_rows: int = 32
    alpha: float = 0.7
    temperature: float = 0.1
    hard_weight: float = 2.0
    status_weight: float = 0.6
    joined: int = 400
    dictated_copies: int = 4
    negatives_per_note: int = 4
    rehearsed: float = 1.0
    form: Form = Form.LEVITATED
    pair_attention: bool = True
    context_attention: bool = True
    markers: bool = True
    augmentation: Augmentation = NO_AUGMENTATION
