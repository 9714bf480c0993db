"""Data in: corpora, splits, batches."""
