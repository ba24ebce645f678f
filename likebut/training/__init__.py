"""Training: feature cache, losses, loop, checkpoints; validation is handed in as a function."""
