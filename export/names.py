"""What the functions over token ids are called, in a SavedModel and in a .tflite, and the files of some formats.

No TensorFlow is imported here.
"""

LITERT_FILE = "model.tflite"
LITERT_TEXT_FILE = "model.text.tflite"  # text in, text out
SITE_FILE = "site.json"  # of a site for the browser

ID_FUNCTIONS = ("tokens", "beam_tokens", "score_tokens", "sample_tokens")

# By task, the names in a .tflite of those that it has.
LITERT_NAMES = {
    "translation": {"tokens": "greedy", "beam_tokens": "beam", "score_tokens": "score"},
    "classification": {"tokens": "classify"},
    "language_model": {"tokens": "generate", "beam_tokens": "beam", "score_tokens": "score"},
}
