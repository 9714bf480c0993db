"""Export: a run in, an artefact of any format (`formats.py`) out, and what answers with it."""
