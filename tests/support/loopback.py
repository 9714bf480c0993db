"""A server on the loopback interface that answers TF Serving's REST and gRPC interface from real SavedModels.

Paths, formats, statuses and messages are those of github.com/tensorflow/serving: http_rest_api_util.cc, http_server.cc,
json_tensor.cc, predict_util.cc and get_model_status_impl.cc.
"""

import base64
import contextlib
import http.server
import json
import re
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import grpc
import numpy as np
import tensorflow as tf
import tensorflow_text  # noqa: F401  (registers the operations of the text signatures)
from google.protobuf import json_format
from tensorflow_serving.apis import (
    get_model_metadata_pb2,
    get_model_status_pb2,
    model_service_pb2_grpc,
    predict_pb2,
    prediction_service_pb2_grpc,
)

from zoo.export.saved_model import read_meta_graph
from zoo.export.serving.rest import columns_of, rows_of
from zoo.export.serving.versions import versions

HTTP_STATUS = {
    "INVALID_ARGUMENT": 400,
    "FAILED_PRECONDITION": 400,
    "OUT_OF_RANGE": 400,
    "NOT_FOUND": 404,
    "RESOURCE_EXHAUSTED": 429,
    "UNAVAILABLE": 503,
    "DEADLINE_EXCEEDED": 504,
}
PREDICT = re.compile(r"(?i)/v1/models/([^/:]+)(?:/versions/(\d+))?:(classify|regress|predict)")
ABOUT = re.compile(r"(?i)/v1/models/([^/:]+)(?:/versions/(\d+))?(/metadata)?")


class Status(Exception):
    """An answer that is an error."""

    def __init__(self, code, message):
        super().__init__(message)
        self.code = code


class Models:
    """The versions under OUT, loaded when they are first asked for, as a server that watches the folder sees them."""

    def __init__(self, out, name):
        self.out, self.name, self.loaded = out, name, {}

    def there(self):
        return versions(self.out / self.name)

    def find(self, name, number):
        there = self.there()
        if name != self.name or not there or (number and number not in there):
            which = f"Specific({name}, {number})" if number else f"Latest({name})"
            raise Status("NOT_FOUND", f"Servable not found for request: {which}")
        number = number or there[-1]
        if number not in self.loaded:
            folder = self.out / self.name / str(number)
            self.loaded[number] = (tf.saved_model.load(str(folder)), read_meta_graph(folder).signature_def)
        return number, *self.loaded[number]

    def predict(self, model, definition, signature, inputs):
        if set(inputs) != set(definition.inputs):
            raise Status(
                "INVALID_ARGUMENT", f"input size does not match signature: {len(inputs)}!={len(definition.inputs)}"
            )
        try:
            outputs = model.signatures[signature](**{name: tf.constant(value) for name, value in inputs.items()})
        except tf.errors.OpError as error:
            raise Status(grpc_name(error.error_code), error.message) from error
        return {name: value.numpy() for name, value in outputs.items()}

    def states(self, name, number):
        numbers = [one for one in self.there() if name == self.name and number in (None, one)]
        if not numbers:
            raise Status("NOT_FOUND", f"Could not find any versions of model {name}")
        response = get_model_status_pb2.GetModelStatusResponse()
        for one in reversed(numbers):
            state = response.model_version_status.add(version=one, state="AVAILABLE")
            state.status.SetInParent()
        return response

    def metadata(self, name, number):
        number, _, definitions = self.find(name, number)
        found = get_model_metadata_pb2.SignatureDefMap()
        for key, definition in definitions.items():
            found.signature_def[key].CopyFrom(definition)
        return number, found


def grpc_name(code):
    return next(one.name for one in grpc.StatusCode if one.value[0] == code)


def tensors_of_json(body, definitions):
    """Read a request as FillPredictRequestFromJson does; return the signature, the inputs and whether they are rows."""
    try:
        request = json.loads(body)
    except ValueError as error:
        raise Status(
            "INVALID_ARGUMENT", f"JSON Parse error: Invalid value. at offset: {getattr(error, 'pos', 0)}"
        ) from error
    name = request.get("signature_name", "serving_default")
    if name not in definitions:
        raise Status("INVALID_ARGUMENT", f'Serving signature name: "{name}" not found in signature def')
    infos = definitions[name].inputs
    if "instances" in request and "inputs" in request:
        raise Status(
            "INVALID_ARGUMENT", "JSON Value: Not formatted correctly expecting only one of 'inputs' or 'instances'"
        )
    if "instances" in request:
        columns = columns_of_rows(request["instances"], infos)
    elif "inputs" in request:
        columns = request["inputs"] if isinstance(request["inputs"], dict) else {next(iter(infos)): request["inputs"]}
        missing = sorted(set(infos) - set(columns))
        if missing:
            raise Status("INVALID_ARGUMENT", f"Missing named input: {missing[0]} in 'inputs' object.")
    else:
        raise Status("INVALID_ARGUMENT", "Missing 'inputs' or 'instances' key")
    return name, {key: tensor(columns[key], infos[key]) for key in infos}, "instances" in request


def columns_of_rows(rows, infos):
    if not isinstance(rows[0], dict):
        if len(infos) > 1:
            raise Status(
                "INVALID_ARGUMENT",
                "instances is a plain list, but expecting list of objects as multiple input tensors required as per "
                "tensorinfo_map",
            )
        return {next(iter(infos)): rows}
    for i, row in enumerate(rows):
        if set(row) != set(infos):
            raise Status("INVALID_ARGUMENT", f"Failed to process element: {i} of 'instances' list. JSON object: "
                         f"{json.dumps(row)} keys must be equal to: {','.join(sorted(infos))}")  # fmt: skip
    return {key: [row[key] for row in rows] for key in infos}


def tensor(value, info):
    dtype = tf.dtypes.as_dtype(info.dtype)
    wanted = {"string": (str, bytes), "int32": int, "float32": (int, float)}[dtype.name]
    value = from_base_64(value) if dtype == tf.string else value
    for one in flat(value):
        if not isinstance(one, wanted) or isinstance(one, bool):
            kind = "String" if isinstance(one, str) else "Number"
            message = f"JSON Value: {json.dumps(one)} Type: {kind} is not of expected type: {dtype.name}"
            raise Status("INVALID_ARGUMENT", message)
    try:
        return np.array(value, object if dtype == tf.string else dtype.as_numpy_dtype)
    except ValueError as error:
        raise Status("INVALID_ARGUMENT", f"Encountered list at unexpected size: {error}") from error


def from_base_64(value):
    """Return nested lists in which each object {"b64": ...} is replaced by its bytes."""
    if isinstance(value, list):
        return [from_base_64(one) for one in value]
    return base64.b64decode(value["b64"]) if isinstance(value, dict) and set(value) == {"b64"} else value


def flat(value):
    return [one for part in value for one in flat(part)] if isinstance(value, list) else [value]


class Handler(http.server.BaseHTTPRequestHandler):
    """Answers one REST request; `server.faults` are answered first, one each."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.answer(self.about)

    def do_POST(self):
        self.answer(self.predict)

    def log_message(self, *_):
        pass

    def answer(self, function):
        self.server.asked.append(self.path)
        fault = self.server.faults.pop(0) if self.server.faults else None
        if fault == "reset":
            self.close_connection = True
            self.connection.close()
            return
        if fault in ("drip", "drip headers", "drip and close"):
            return self.drip(headers=fault == "drip headers", close=fault == "drip and close")
        if isinstance(fault, tuple):
            return self.send(200, fault[1])
        try:
            if fault is not None:
                raise Status(fault, "injected")
            self.send(200, function())
        except Status as status:
            self.send(HTTP_STATUS.get(status.code, 500), json.dumps({"error": str(status)}, indent=4))

    def drip(self, *, headers, close):
        """Answer one byte, or one header, at a time, so that no single wait is long."""
        self.send_response(200)
        self.send_header("Content-Length", "1000")
        if close:  # a client no longer keeps the socket with the connection
            self.send_header("Connection", "close")
        self.flush_headers() if headers else self.end_headers()
        with contextlib.suppress(OSError):
            for _ in range(100):
                self.wfile.write(b"X-Slow: yes\r\n" if headers else b" ")
                self.wfile.flush()
                time.sleep(0.1)

    def send(self, status, text):
        content = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def about(self):
        match = ABOUT.fullmatch(self.path)
        if not match:
            raise Status("INVALID_ARGUMENT", f"Malformed request: GET {self.path}")
        name, number = match[1], int(match[2]) if match[2] else None
        full = {"preserving_proto_field_name": True, "always_print_fields_with_no_presence": True}
        if not match[3]:
            return json_format.MessageToJson(self.server.models.states(name, number), **full)
        number, found = self.server.models.metadata(name, number)
        spec = {"name": name, "signature_name": "", "version": str(number)}
        return json.dumps({"model_spec": spec, "metadata": {"signature_def": json_format.MessageToDict(found, **full)}})

    def predict(self):
        match = PREDICT.fullmatch(self.path)
        if not match or match[3].lower() != "predict":
            raise Status("INVALID_ARGUMENT", f"Malformed request: POST {self.path}")
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        _, model, definitions = self.server.models.find(match[1], int(match[2]) if match[2] else None)
        signature, inputs, rows = tensors_of_json(body, definitions)
        outputs = self.server.models.predict(model, definitions[signature], signature, inputs)
        answer = {"predictions": rows_of(outputs)} if rows else {"outputs": columns_of(outputs)}
        return json.dumps(answer, indent=4, ensure_ascii=False)


class Services(prediction_service_pb2_grpc.PredictionServiceServicer, model_service_pb2_grpc.ModelServiceServicer):
    """Answers gRPC; `faults` are answered first, one each."""

    def __init__(self, models):
        self.models, self.faults, self.asked = models, [], []

    def Predict(self, request, context):
        return self.answer(context, lambda: self.predict(request))

    def GetModelMetadata(self, request, context):
        return self.answer(context, lambda: self.metadata(request))

    def GetModelStatus(self, request, context):
        return self.answer(context, lambda: self.models.states(*spec_of(request)))

    def answer(self, context, function):
        self.asked.append(function)
        fault = self.faults.pop(0) if self.faults else None
        if fault == "slow":
            time.sleep(2)
        try:
            if fault not in (None, "slow"):
                raise Status(fault, "injected")
            return function()
        except Status as status:
            context.abort(grpc.StatusCode[status.code], str(status))

    def predict(self, request):
        number, model, definitions = self.models.find(*spec_of(request))
        signature = request.model_spec.signature_name or "serving_default"
        if signature not in definitions:
            raise Status("FAILED_PRECONDITION", f'Serving signature key "{signature}" not found.')
        inputs = {name: tf.make_ndarray(value) for name, value in request.inputs.items()}
        response = predict_pb2.PredictResponse()
        for name, value in self.models.predict(model, definitions[signature], signature, inputs).items():
            response.outputs[name].CopyFrom(tf.make_tensor_proto(value))
        response.model_spec.name, response.model_spec.version.value = request.model_spec.name, number
        return response

    def metadata(self, request):
        number, found = self.models.metadata(*spec_of(request))
        response = get_model_metadata_pb2.GetModelMetadataResponse()
        response.model_spec.name, response.model_spec.version.value = request.model_spec.name, number
        response.metadata["signature_def"].Pack(found)
        return response


def spec_of(request):
    spec = request.model_spec
    return spec.name, spec.version.value if spec.HasField("version") else None


@contextlib.contextmanager
def serve(out, name):
    """Serve OUT/NAME; yield the REST server, the gRPC services and the address of each."""
    models = Models(out, name)
    rest = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    rest.models, rest.faults, rest.asked, rest.daemon_threads = models, [], [], True
    threading.Thread(target=rest.serve_forever, daemon=True).start()
    services = Services(models)
    server = grpc.server(ThreadPoolExecutor(4))
    prediction_service_pb2_grpc.add_PredictionServiceServicer_to_server(services, server)
    model_service_pb2_grpc.add_ModelServiceServicer_to_server(services, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        yield rest, services, f"http://127.0.0.1:{rest.server_address[1]}", f"127.0.0.1:{port}"
    finally:
        rest.shutdown()
        rest.server_close()
        server.stop(0)
