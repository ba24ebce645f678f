"""SEARLE: pseudo-words found picture by picture by optimisation, then distilled into one φ.

Baldrati et al., "Zero-Shot Composed Image Retrieval with Textual Inversion", ICCV 2023, arXiv:2303.15247.
Training: `likebut.training.searle`.
"""

from __future__ import annotations

from likebut.composers.pseudo_token import PseudoTokenComposer


class Searle(PseudoTokenComposer):
    """ "a photo of {*} that {text}"; φ is a `Phi`."""

    name = "searle"
    published = (
        "SEARLE_ViT-B32.pt and SEARLE_ViT-L14.pt for clip-vit-b32 and clip-vit-l14, release `weights` of "
        "github.com/miccunifi/SEARLE (CC BY-NC 4.0)"
    )
