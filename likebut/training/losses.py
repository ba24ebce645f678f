"""Contrastive losses: two sets of rows that belong together → one number.

Pure functions of tensors. They know no model, no data and no process group: rows of other processes are gathered
before (`likebut.training.loop.gather_features`). Row i of one side belongs to row i of the other; every other row
of the batch is a negative, unless `ignore` says that it would be a right answer too.

Scores are computed in float32 even under autocast: at a scale of 100 half precision rounds them by several hundredths.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor


def _scores(rows: Tensor, columns: Tensor) -> Tensor:
    if rows.ndim != 2 or rows.shape != columns.shape:
        raise ValueError(
            f"Expected two (B, D) tensors of one shape; found {tuple(rows.shape)} and {tuple(columns.shape)}."
        )
    with torch.autocast(rows.device.type, enabled=False):
        return rows.float() @ columns.float().T


def _unit_scores(rows: Tensor, columns: Tensor) -> Tensor:
    return _scores(F.normalize(rows.float(), dim=-1), F.normalize(columns.float(), dim=-1))


def _without(logits: Tensor, ignore: Tensor | None) -> Tensor:
    """Take ignored pairs out of the sums; a pair on the diagonal is the positive and always stays."""
    if ignore is None:
        return logits
    diagonal = torch.eye(len(logits), dtype=torch.bool, device=logits.device)
    return logits.masked_fill(ignore.bool() & ~diagonal, -torch.inf)


def info_nce(images: Tensor, texts: Tensor, scale: float | Tensor = 100.0, *, ignore: Tensor | None = None) -> Tensor:
    """Symmetric InfoNCE, the loss of CLIP and of Pic2Word: the mean of the two cross-entropies.

        S = scale · V Tᵀ (rows of length 1);   L = ½ [CE(S, i → i) + CE(Sᵀ, i → i)]

    images, texts: (B, D), scaled to length 1 here. scale: exp(logit_scale), 1/temperature, > 0.
    ignore: (B, B) bool, [i, j] True where text j is also right for picture i; such pairs count neither as
    positive nor as negative, in both directions.

    Sources: Radford et al. 2021, arXiv:2103.00020; Saito et al. 2023, arXiv:2302.03084.

    >>> rows = torch.eye(2)
    >>> round(float(info_nce(rows, rows, scale=1.0)), 4)  # log(1 + e⁻¹)
    0.3133
    """
    logits = _without(scale * _unit_scores(images, texts), ignore)
    labels = torch.arange(len(logits), device=logits.device)
    return (F.cross_entropy(logits, labels) + F.cross_entropy(logits.T, labels)) / 2


def batch_classification(
    queries: Tensor, targets: Tensor, scale: float | Tensor = 100.0, *, ignore: Tensor | None = None
) -> Tensor:
    """CLIP4Cir's batch-based classification: each query picks its target among the targets of the batch.

        L = −(1/B) Σ_i log softmax_j(scale · ⟨q_i, g_j⟩)_i      one direction only, scale fixed at 100

    queries, targets: (B, D), scaled to length 1 here. ignore: as in `info_nce`; the source masks nothing, two rows
    with the same target are negatives of each other there.

    Source: Baldrati et al. 2022, CVPR; ACM TOMM 2023, arXiv:2308.11485.
    """
    logits = _without(scale * _unit_scores(queries, targets), ignore)
    return F.cross_entropy(logits, torch.arange(len(logits), device=logits.device))


def hn_nce(
    queries: Tensor,
    targets: Tensor,
    temperature: float = 0.07,
    alpha: float = 1.0,
    beta: float = 0.5,
    *,
    as_implemented: bool = True,
) -> Tensor:
    """HN-NCE, CoVR's loss: InfoNCE whose negatives are weighted by how hard they are.

        s_ij = ⟨q_i, g_j⟩ / temperature
        W2_ij = (B−1) e^{β s_ij} / Σ_{k≠j} e^{β s_kj}     target → query        W_ii = alpha
        W1_ij = (B−1) e^{β s_ij} / Σ_{k≠i} e^{β s_ik}     query → target, as in the paper
        W1_ij = (B−1) e^{β s_ij} / Σ_{k≠j} e^{β s_jk}     query → target, as in the released code
        L = mean_i [log Σ_j W1_ij e^{s_ij} − s_ii] + mean_j [log Σ_i W2_ij e^{s_ij} − s_jj]

    queries, targets: (B, D) rows of length 1 already (the source does not scale inside the loss, which its gradients
    show), B ≥ 2. The two directions are summed, not averaged: beta = 0, alpha = 1 is twice `info_nce`.
    as_implemented: the released models were trained with a divisor taken from the column's row. It moves the
    gradient's direction by up to cosine 0.96 at B = 4 and by nothing that matters from B = 64 on.

    Sources: Radenovic et al. 2023, arXiv:2301.02280 (loss); Ventura et al. 2024, arXiv:2308.14746 (use).
    """
    if len(queries) < 2:
        raise ValueError(f"hn_nce weighs the negatives of a batch and needs 2 rows or more; found {len(queries)}.")
    scores = _scores(queries, targets) / temperature
    size = len(scores)
    diagonal = torch.eye(size, dtype=torch.bool, device=scores.device)
    hardness = (beta * scores).masked_fill(diagonal, -torch.inf)
    by_row, by_column = hardness.logsumexp(1), hardness.logsumexp(0)
    # Logarithms throughout: e^{s} alone reaches 1e6 at temperature 0.07 and overflows half precision.
    positive = torch.full((), math.log(alpha) if alpha > 0 else -torch.inf, device=scores.device)
    rows = (math.log(size - 1) + beta * scores - (by_row[None, :] if as_implemented else by_row[:, None])).where(
        ~diagonal, positive
    )
    columns = (math.log(size - 1) + beta * scores - by_column[None, :]).where(~diagonal, positive)
    own = scores.diagonal()
    return ((rows + scores).logsumexp(1) - own).mean() + ((columns + scores).logsumexp(0) - own).mean()


def nt_xent(first: Tensor, second: Tensor, temperature: float = 0.25) -> Tensor:
    """NT-Xent over the 2B rows of both sides: SEARLE's distillation of pseudo-tokens into φ.

        z = [first; second] (rows of length 1);   L = −(1/2B) Σ_i log [e^{z_i·z_p(i)/τ} / Σ_{k≠i} e^{z_i·z_k/τ}]

    p(i) is the partner of row i. Rows of the same side are negatives too; a row is never its own negative.
    first, second: (B, D), scaled to length 1 here.

    Sources: Chen et al. 2020, arXiv:2002.05709 (SimCLR); Baldrati et al. 2023, arXiv:2303.15247 (use, τ = 0.25).
    """
    if first.shape != second.shape:
        raise ValueError(
            f"Expected two (B, D) tensors of one shape; found {tuple(first.shape)} and {tuple(second.shape)}."
        )
    rows = torch.cat([first, second])
    logits = _unit_scores(rows, rows) / temperature
    logits = logits.masked_fill(torch.eye(len(rows), dtype=torch.bool, device=rows.device), -torch.inf)
    partner = torch.arange(len(rows), device=rows.device).roll(len(first))
    return F.cross_entropy(logits, partner)
