"""SEARLE: pseudo-words found picture by picture by optimisation, then distilled into one φ.

Baldrati et al., "Zero-Shot Composed Image Retrieval with Textual Inversion", ICCV 2023, arXiv:2303.15247.
Training: `likebut.training.searle`.
"""

from __future__ import annotations

from likebut.composers.pseudo_token import PseudoTokenComposer

# FashionIQ's captions lose these at both ends before SEARLE and LinCIR join them.
_TRIMMED = ".?, "


class Searle(PseudoTokenComposer):
    """ "a photo of {*} that {text}"; φ is a `Phi`."""

    name = "searle"
    published = (
        "SEARLE_ViT-B32.pt and SEARLE_ViT-L14.pt for clip-vit-b32 and clip-vit-l14, release `weights` of "
        "github.com/miccunifi/SEARLE (CC BY-NC 4.0)"
    )


def both_orders(first: str, second: str) -> tuple[str, str]:
    """FashionIQ's two captions as the two texts that SEARLE and LinCIR encode and average with `mean_composition`.

    >>> both_orders(" is red and shiny. ", "has longer sleeves?")
    ('is red and shiny and has longer sleeves', 'has longer sleeves and is red and shiny')
    """
    a, b = first.strip(_TRIMMED), second.strip(_TRIMMED)
    return f"{a} and {b}", f"{b} and {a}"
