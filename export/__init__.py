"""Export: a run folder in, a SavedModel or a .tflite out, and what answers with them."""
