"""The recurrences over time, each with its gradient: one file a recurrence."""
