"""What a data set is once its files are read: queries, gallery, and what is relevant to what.

A reader knows file layouts and nothing else: no features, no metrics, no default paths. The gallery always comes
from the split files, never from a folder listing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from likebut.types import Item, Query


@dataclass(frozen=True)
class RetrievalSet:
    """One split, read.

    gallery   all items, in the order of the split file; `Item.image` is a path (which may be missing on disk)
    queries   each with its id; a reference that is a gallery item is written "@ID"
    relevant  query id → ids that should be found (qrels); empty where the test server keeps them
    groups    query id → the small set its subset metrics rank (CIRR's six); empty elsewhere
    slices    name → query ids reported apart (CIRCO's aspects, Wardrobe's "unseen")
    galleries query id → candidate ids, where each query has a gallery of its own (GeneCIS); empty elsewhere
    """

    name: str
    split: str
    gallery: Sequence[Item]
    queries: Sequence[Query]
    relevant: Mapping[str, frozenset[str]] = field(default_factory=dict)
    groups: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    slices: Mapping[str, frozenset[str]] = field(default_factory=dict)
    galleries: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
