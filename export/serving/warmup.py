"""Warm-up requests, which TF Serving runs through a version before it gives it any traffic."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from zoo.errors import CallError, WorkError, first_line
from zoo.export.serving.examples import Examples

FILE = "tf_serving_warmup_requests"  # in assets.extra; the name is TF Serving's
MOST = 1000  # records; TF Serving refuses a file with more


def check_serving_api() -> None:
    """Import the messages of TF Serving.

    Raises:
        CallError: tensorflow-serving-api is not installed.
    """
    try:
        from tensorflow_serving.apis import predict_pb2, prediction_log_pb2  # noqa: F401
        from tensorflow_serving.config import model_server_config_pb2  # noqa: F401
    except ImportError as error:
        raise CallError(
            f"TF Serving's messages are not installed ({error}): pip install tensorflow-serving-api."
        ) from error


def predict_request(model: str, signature: str, inputs: Mapping[str, np.ndarray]) -> Any:
    """Return a `PredictRequest` to the newest version of a model."""
    from tensorflow_serving.apis import predict_pb2

    request = predict_pb2.PredictRequest()
    request.model_spec.name = model
    request.model_spec.signature_name = signature
    for name, value in inputs.items():
        request.inputs[name].CopyFrom(tf.make_tensor_proto(value))
    return request


def write_warmup(path: Path, model: str, signatures: Mapping[str, Any], examples: Examples) -> None:
    """Write two warm-up requests for each signature: for a single text, and for all texts.

    Args:
        path: the file.
        model: the name under which the model is served.
        signatures: SignatureDefs by name.
        examples: makes their inputs.
    """
    from tensorflow_serving.apis import prediction_log_pb2

    with tf.io.TFRecordWriter(str(path)) as writer:
        for name, signature in signatures.items():
            for rows in (slice(0, 1), slice(None)):
                log = prediction_log_pb2.PredictionLog()
                log.predict_log.request.CopyFrom(predict_request(model, name, examples.inputs(signature, rows)))
                writer.write(log.SerializeToString(deterministic=True))


def read_warmup(path: Path) -> Iterator[Any]:
    """Yield the `PredictRequest` of each record.

    Raises:
        WorkError: the file is not a TFRecord of `PredictionLog`.
    """
    from tensorflow_serving.apis import prediction_log_pb2

    try:
        for record in tf.data.TFRecordDataset(str(path)).as_numpy_iterator():
            yield prediction_log_pb2.PredictionLog.FromString(record).predict_log.request
    except Exception as error:  # protobuf and TensorFlow have their own exceptions
        raise WorkError(f"{path} holds no warm-up requests that can be read: {str(error)[:200]}") from error


def replay(path: Path, loaded: Any) -> dict[str, int]:
    """Run every record through a loaded SavedModel, as TF Serving does before a version goes live.

    Returns:
        The number of records by signature.

    Raises:
        WorkError: a record cannot be run, so TF Serving would not serve the version.
    """
    counts: dict[str, int] = {}
    for request in read_warmup(path):
        name = request.model_spec.signature_name
        try:
            inputs = {key: tf.constant(tf.make_ndarray(value)) for key, value in request.inputs.items()}
            outputs = loaded.signatures[name](**inputs)
        except Exception as error:
            raise WorkError(f"The warm-up request to {name} fails: {first_line(error, 300)}") from error
        _check_finite(name, outputs)
        counts[name] = counts.get(name, 0) + 1
    if not counts or sum(counts.values()) > MOST:
        raise WorkError(f"Expected 1 to {MOST} warm-up requests. Received: {sum(counts.values())}.")
    return counts


def _check_finite(signature: str, outputs: Mapping[str, Any]) -> None:
    """Refuse NaN and infinity, which TF Serving writes as words that are not JSON."""
    for name, value in outputs.items():
        if value.dtype.is_floating and not bool(tf.reduce_all(tf.math.is_finite(value))):
            raise WorkError(f"The answer {name} of {signature} to a warm-up request is not finite.")
