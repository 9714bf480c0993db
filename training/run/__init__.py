"""A run: prepared, kept, watched, stopped and resumed."""
