"""likebut inside other people's tools, and theirs inside ours; each needs its own extra."""
