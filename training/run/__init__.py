"""A run: its data, checkpoints, history, validation, progress and signals."""
