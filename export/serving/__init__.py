"""TF Serving: versions, warm-up, configuration and clients."""
