"""The models: their common interface, and one file per family."""
