"""Pic2Word: φ learns from pictures alone to name what it sees by a word that leads back to the picture.

Saito et al., "Pic2Word: Mapping Pictures to Words for Zero-shot Composed Image Retrieval", CVPR 2023, arXiv:2302.03084.
Used with a region encoder (Alpha-CLIP) and a query's region, this is the "Segment" method: the pseudo-word then
stands for the thing under the mask. Training: `likebut.training.pic2word`.
"""

from __future__ import annotations

from likebut.composers.pseudo_token import PseudoTokenComposer


class Pic2Word(PseudoTokenComposer):
    """ "a photo of {*} , {text}"; φ is an `IM2TEXT`."""

    name = "pic2word"
    published = "pic2word_large.pt for clip-vit-l14 at huggingface.co/navervision/zeroshot-cir-models (a mirror)"
