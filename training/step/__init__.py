"""The optimizer and the precision of a run."""
