"""LiteRT: a .tflite for phones and for Python without TensorFlow."""
