"""English as it is written and spoken."""
