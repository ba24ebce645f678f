"""THE CATALOGUE of encoders: one line per name. Listing it imports nothing heavy."""

from __future__ import annotations

from likebut.registry import Registry

ENCODERS = Registry("encoder")
ENCODERS.add(
    "toy", "likebut.encoders.toy:ToyEncoder", about="four readable axes, for docs and tests", licence="Apache-2.0"
)
