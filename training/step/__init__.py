"""One training step: loss, optimizer, precision, replicas."""
