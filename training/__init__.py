"""Training: from text to a run folder with a trained model."""
