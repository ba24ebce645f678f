"""Wardrobe: a drawn catalogue whose every attribute is known, so that relevance is exact."""
