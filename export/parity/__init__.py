"""The comparison of an artefact with Keras."""
