"""What the functions over token ids are called, in a SavedModel and in a .tflite, and the files of some formats.

No TensorFlow is imported here.
"""

LITERT_FILE = "model.tflite"
LITERT_TEXT_FILE = "model.text.tflite"  # text in, text out
SITE_FILE = "site.json"  # of a site for the browser

ID_FUNCTIONS = ("tokens", "beam_tokens", "score_tokens", "sample_tokens")
