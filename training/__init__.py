"""Training: text in, batches, losses, fit."""
