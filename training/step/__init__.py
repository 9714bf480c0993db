"""The training step: the trainer, its losses, optimizer, precision and replicas."""
