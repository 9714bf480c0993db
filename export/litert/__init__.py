"""LiteRT: a .tflite for phones, for the browser, and for Python without TensorFlow."""
