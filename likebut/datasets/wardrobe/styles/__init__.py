"""How a plan is painted: one file per style. A painter takes a plan and a size and returns (rgb, masks)."""
