"""The recurrences over time: one file a recurrence, with its forward pass and its gradient."""
