"""Presets: run folders to be published, which answer by a .tflite."""
