"""The models: the contract they keep, and one file a family."""
