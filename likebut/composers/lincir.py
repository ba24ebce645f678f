"""LinCIR: φ learns from captions alone, because CLIP puts a picture near its caption.

Gu et al., "Language-only Efficient Training of Zero-shot Composed Image Retrieval", CVPR 2024, arXiv:2312.01998.
The option `l2_normalize` belongs to a φ trained with the same switch. Training: `likebut.training.lincir`.
"""

from __future__ import annotations

from likebut.composers.pseudo_token import PseudoTokenComposer


class Lincir(PseudoTokenComposer):
    """ "a photo of {*} that {text}"; φ is a `Phi` (SEARLE's shape)."""

    name = "lincir"
    published = (
        "lincir_large.pt for clip-vit-l14 at huggingface.co/navervision/zeroshot-cir-models (CC BY-NC 4.0; their demo "
        "model, not the paper's)"
    )
