"""Clients of TF Serving, by REST and by gRPC.

`RestClient` needs NumPy alone; `GrpcClient` needs tensorflow-serving-api, and TensorFlow for its messages.
"""

import contextlib
import http.client
import json
import socket
import threading
import time
import urllib.parse
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from zoo.errors import CallError
from zoo.export.serving.client_base import Client, Failure, Signature, Tensor
from zoo.export.serving.rest import columns_of

BY_HTTP_STATUS = {400: "INVALID_ARGUMENT", 401: "UNAUTHENTICATED", 403: "PERMISSION_DENIED", 404: "NOT_FOUND",
                  409: "ABORTED", 429: "RESOURCE_EXHAUSTED", 501: "UNIMPLEMENTED", 502: "UNAVAILABLE",
                  503: "UNAVAILABLE", 504: "DEADLINE_EXCEEDED"}  # fmt: skip


class RestClient(Client):
    """A client by REST.

    Args:
        where: the address, "http://localhost:8501".
        model, version, deadline, retries: as `Client`.

    Raises:
        CallError: an argument is out of range, or `where` is no address.
    """

    def __init__(self, where: str, model: str, **options: Any):
        super().__init__(where, model, **options)
        parts = urllib.parse.urlsplit(where)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise CallError(f'The address must be as "http://localhost:8501". Received: "{where}".')
        self._secure, self._host, self._port = parts.scheme == "https", parts.hostname, _port(parts, where)
        version = f"/versions/{self.version}" if self.version is not None else ""
        self._path = f"{parts.path.rstrip('/')}/v1/models/{urllib.parse.quote(model, safe='')}{version}"

    def _predict(self, arrays, signature, about, left):
        columns = columns_of(arrays)
        body = {"signature_name": signature, "inputs": columns if len(arrays) > 1 else {next(iter(arrays)): columns}}
        answer = self._ask("POST", ":predict", left, body)
        if "outputs" not in answer:
            raise Failure("INTERNAL", f"an answer without outputs: {str(answer)[:200]}")
        outputs = answer["outputs"]
        if len(about.outputs) == 1:
            outputs = {next(iter(about.outputs)): outputs}
        return {name: _array(value, about.outputs[name].dtype) for name, value in outputs.items()}

    def _metadata(self, left):
        answer = self._ask("GET", "/metadata", left)
        with _well_formed():
            signatures = answer["metadata"]["signature_def"]["signature_def"]
            return {
                name: Signature(*(_tensors_of_json(signature.get(side, {})) for side in ("inputs", "outputs")))
                for name, signature in signatures.items()
                if not name.startswith("__")
            }

    def _status(self, left):
        answer = self._ask("GET", "", left)
        with _well_formed():
            return {int(status["version"]): status["state"] for status in answer["model_version_status"]}

    def _ask(self, method: str, what: str, left: float, body: Any = None) -> dict[str, Any]:
        end = time.monotonic() + left
        content = None if body is None else json.dumps(body).encode()
        kind = http.client.HTTPSConnection if self._secure else http.client.HTTPConnection
        connection = kind(self._host, self._port, timeout=left)
        try:
            connection.connect()
            with _ending_at(connection.sock, end):
                connection.request(method, self._path + what, content, {"Content-Type": "application/json"})
                response = connection.getresponse()
                text = response.read()
            if time.monotonic() >= end:  # a connection that was shut down may look like an answer
                raise TimeoutError
        except (OSError, http.client.HTTPException) as error:
            if isinstance(error, TimeoutError) or time.monotonic() >= end:
                raise Failure("DEADLINE_EXCEEDED", f"no answer within {left:.3g} s") from error
            raise Failure("UNAVAILABLE", f"cannot be reached: {error or type(error).__name__}") from error
        finally:
            connection.close()
        try:
            answer = json.loads(text)
        except ValueError:
            answer = None
        if not isinstance(answer, dict):
            answer = {"error": text.decode(errors="replace")[:300]}
        if response.status != 200 or "error" in answer:
            status = BY_HTTP_STATUS.get(response.status, "INTERNAL")
            raise Failure(status, str(answer.get("error", answer))[:500])
        return answer


@contextlib.contextmanager
def _ending_at(connected: socket.socket, end: float) -> Iterator[None]:
    """Shut a connection down at a time, however slowly its bytes arrive: the timeout of a socket is for each read."""

    def shut_down():
        with contextlib.suppress(OSError):
            connected.shutdown(socket.SHUT_RDWR)

    timer = threading.Timer(max(0.0, end - time.monotonic()), shut_down)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _port(parts: urllib.parse.SplitResult, where: str) -> int | None:
    try:
        return parts.port
    except ValueError as error:
        raise CallError(f'The port must be a number from 0 to 65535. Received: "{where}".') from error


@contextlib.contextmanager
def _well_formed():
    try:
        yield
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise Failure("INTERNAL", f"an answer as TF Serving does not give it: {error!r}") from error


def _tensors_of_json(tensors: Mapping[str, Any]) -> dict[str, Tensor]:
    return {
        name: Tensor(
            _numpy_name(tensor["dtype"].removeprefix("DT_").lower()),
            tuple(int(axis["size"]) for axis in tensor.get("tensor_shape", {}).get("dim", [])),
        )
        for name, tensor in tensors.items()
    }


def _numpy_name(dtype: str) -> str:
    return {"string": "str", "float": "float32", "double": "float64", "half": "float16"}.get(dtype, dtype)


def _array(value: Any, dtype: str) -> np.ndarray:
    with _well_formed():
        return np.asarray(value, object if dtype == "str" else dtype)


class GrpcClient(Client):
    """A client by gRPC.

    Args:
        where: the address, "localhost:8500".
        model, version, deadline, retries: as `Client`.
        credentials: from `grpc.ssl_channel_credentials`, for a server with TLS.

    Raises:
        CallError: an argument is out of range, or tensorflow-serving-api is not installed.
    """

    def __init__(self, where: str, model: str, *, credentials: Any = None, **options: Any):
        super().__init__(where, model, **options)
        from zoo.export.serving.warmup import check_serving_api

        check_serving_api()
        import grpc
        from tensorflow_serving.apis import model_service_pb2_grpc, prediction_service_pb2_grpc

        settings = [("grpc.max_receive_message_length", -1), ("grpc.initial_reconnect_backoff_ms", 100)]
        if credentials is None:
            self._channel = grpc.insecure_channel(where, settings)
        else:
            self._channel = grpc.secure_channel(where, credentials, settings)
        self._service = prediction_service_pb2_grpc.PredictionServiceStub(self._channel)
        self._models = model_service_pb2_grpc.ModelServiceStub(self._channel)

    def close(self) -> None:
        """Close the channel."""
        self._channel.close()

    def _predict(self, arrays, signature, about, left):
        import tensorflow as tf

        from zoo.export.serving.warmup import predict_request

        request = predict_request(self.model, signature, arrays)
        self._name(request.model_spec)
        response = self._call(self._service.Predict, request, left)
        return {name: _decoded(tf.make_ndarray(value)) for name, value in response.outputs.items()}

    def _metadata(self, left):
        from tensorflow_serving.apis import get_model_metadata_pb2

        request = get_model_metadata_pb2.GetModelMetadataRequest(metadata_field=["signature_def"])
        self._name(request.model_spec)
        response = self._call(self._service.GetModelMetadata, request, left)
        signatures = get_model_metadata_pb2.SignatureDefMap()
        with _well_formed():
            response.metadata["signature_def"].Unpack(signatures)
        return {
            name: Signature(_tensors_of_proto(signature.inputs), _tensors_of_proto(signature.outputs))
            for name, signature in signatures.signature_def.items()
            if not name.startswith("__")
        }

    def _status(self, left):
        from tensorflow_serving.apis import get_model_status_pb2

        request = get_model_status_pb2.GetModelStatusRequest()
        self._name(request.model_spec)
        response = self._call(self._models.GetModelStatus, request, left)
        states = get_model_status_pb2.ModelVersionStatus.State
        return {status.version: states.Name(status.state) for status in response.model_version_status}

    def _name(self, model_spec):
        model_spec.name = self.model
        if self.version is not None:
            model_spec.version.value = self.version

    def _call(self, method, request, left):
        import grpc

        try:
            return method(request, timeout=left)
        except grpc.RpcError as error:
            raise Failure(error.code().name, error.details() or "no details") from error


def _tensors_of_proto(tensors: Mapping[str, Any]) -> dict[str, Tensor]:
    from tensorflow.dtypes import as_dtype

    return {
        name: Tensor(_numpy_name(as_dtype(tensor.dtype).name), tuple(axis.size for axis in tensor.tensor_shape.dim))
        for name, tensor in tensors.items()
    }


def _decoded(array: np.ndarray) -> np.ndarray:
    if array.dtype != object:
        return array
    return np.vectorize(lambda text: text.decode(errors="replace"), otypes=[object])(array)
