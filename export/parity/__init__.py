"""Comparisons of an artefact with Keras."""
