"""The benchmarks, each a function from (split, seed, size) to a task: gallery, queries and exact answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from likebut.datasets.wardrobe.tasks import edits, looks, outfits
from likebut.datasets.wardrobe.tasks.base import Size, Task

TASKS: Mapping[str, Callable[[str, int, Size], Task]] = {
    "wardrobe-edit": edits.edit,
    "wardrobe-many": edits.many,
    "wardrobe-region": outfits.region,
    "wardrobe-compose": outfits.compose,
    "wardrobe-domain": looks.domain,
    "wardrobe-sketch": looks.sketch,
    "wardrobe-dialogue": edits.dialogue,
    "wardrobe-caption": looks.captioned,
}

__all__ = ["TASKS", "Size", "Task"]
