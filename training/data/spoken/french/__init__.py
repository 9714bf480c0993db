"""French as it is written and spoken."""
