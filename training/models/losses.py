"""The losses of both models. All compute in 32 bits, whatever the model multiplies in."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import torch
from torch import Tensor
from torch.nn import functional


def tagging_loss(logits: Tensor, tags: Tensor, weights: Tensor, *, ignored: int) -> Tensor:
    """Class-weighted cross-entropy per type, the mean over the types that say anything.

    ``L = mean_k ( Σ_t w_k,y_tk · (−log p_tk,y_tk) / Σ_t w_k,y_tk )`` over the tokens t whose tag of
    type k is known. A type that a batch does not annotate is left out.

    Args:
        logits: [tokens, types, tags].
        tags: ids [tokens, types].
        weights: [types, tags].
        ignored: the id of *not known*.

    Returns:
        A scalar, 0 if no token counts.
    """
    logits, known = logits.float(), tags != ignored
    losses = [
        functional.cross_entropy(
            logits[known[:, place], place], tags[known[:, place], place], weight=weights[place]
        )
        for place in range(logits.shape[1])
        if bool(known[:, place].any())
    ]
    return torch.stack(losses).mean() if losses else logits.sum() * 0


def info_nce(
    vectors: Tensor,
    labels: Tensor,
    groups: Tensor,
    *,
    temperature: float,
    hard_weight: float = 1.0,
) -> Tensor:
    """InfoNCE over in-batch positives and negatives, several positives per anchor.

    With s_ij = cos(z_i, z_j) / τ, anchors i that are relations, P(i) the other rows of the same
    relation and N(i) the rows of another one or of none::

        L_i = −1/|P(i)| Σ_{p ∈ P(i)} log( e^{s_ip} / (e^{s_ip} + Σ_{n ∈ N(i)} h_in e^{s_in}) )

    h_in is `hard_weight` if n is another pair of the same sentence as i (a hard negative), else 1.
    The mean runs over the anchors that have a positive and a negative. (van den Oord et al.,
    arXiv:1807.03748; several positives as in Khosla et al., NeurIPS 2020.)

    Args:
        vectors: z″, [batch, d]; they are normalised here.
        labels: [batch]; 0 is *no relation* and never an anchor.
        groups: [batch], equal for pairs of the same window.
        temperature: τ.
        hard_weight: weight of hard negatives.

    Returns:
        A scalar, 0 without anchors.
    """
    # At τ = 0.1 a cosine in bfloat16 is known to 0.04 only: autocast must not touch this product.
    with torch.autocast(vectors.device.type, enabled=False):
        unit = functional.normalize(vectors.float(), dim=-1)
        similarity = unit @ unit.T / temperature
    same = labels[:, None] == labels[None, :]
    itself = torch.eye(len(labels), dtype=torch.bool, device=labels.device)
    positives, negatives = same & ~itself, ~same
    hard = negatives & (groups[:, None] == groups[None, :])
    log_weights = torch.where(hard, similarity.new_tensor(hard_weight).log(), 0.0)
    blocked = torch.finfo(similarity.dtype).min
    against = (similarity + log_weights).masked_fill(~negatives, blocked).logsumexp(dim=-1)
    terms = similarity - torch.logaddexp(similarity, against[:, None])
    anchors = (labels != 0) & positives.any(dim=-1) & negatives.any(dim=-1)
    if not bool(anchors.any()):
        return vectors.sum() * 0
    per_anchor = -(terms * positives).sum(dim=-1) / positives.sum(dim=-1).clamp(min=1)
    return per_anchor[anchors].mean()


def relation_loss(
    logits: Tensor,
    vectors: Tensor,
    labels: Tensor,
    groups: Tensor,
    *,
    alpha: float,
    temperature: float,
    hard_weight: float,
    class_weights: Tensor,
) -> Tensor:
    """α · cross-entropy + (1 − α) · InfoNCE(τ); arguments as in `info_nce`."""
    classification = functional.cross_entropy(logits.float(), labels, weight=class_weights)
    contrast = info_nce(vectors, labels, groups, temperature=temperature, hard_weight=hard_weight)
    return alpha * classification + (1 - alpha) * contrast


def status_loss(
    logits: Tensor,
    statuses: Tensor,
    weights: Tensor,
    readings: Sequence[Collection[int]],
    *,
    ignored: int,
) -> Tensor:
    """Weighted cross-entropy where a label may leave open which of several columns is right.

    ``L = Σ_i w_yi · (−log Σ_{k ∈ R(y_i)} p_ik) / Σ_i w_yi`` over the pairs i whose label y_i is
    known.

    Args:
        logits: [pairs, statuses].
        statuses: labels [pairs], indices of `readings`.
        weights: w per label, [labels].
        readings: R, per label the columns that may be right.
        ignored: the label of *not known*.

    Returns:
        A scalar, 0 if no label is known.
    """
    known = statuses != ignored
    if not bool(known.any()):
        return logits.sum() * 0
    said = torch.log_softmax(logits[known].float(), dim=-1)
    right = torch.zeros(len(readings), logits.shape[-1], dtype=torch.bool)
    for label, columns in enumerate(readings):
        right[label, list(columns)] = True
    labels = statuses[known]
    hit = said.masked_fill(~right[labels], -torch.inf).logsumexp(dim=-1)
    return -(weights[labels] * hit).sum() / weights[labels].sum()
