"""Data: corpora, splits, examples, batches."""
