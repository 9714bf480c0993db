"""The files beside the versions of a served model: configuration of the server, a compose file, a README."""

import json
from collections.abc import Mapping
from typing import Any

import numpy as np

from zoo.export.serving.rest import columns_of, plain, rows_of
from zoo.export.serving.versions import CONFIG

BATCHING = "batching_parameters.txt"
MONITORING = "monitoring.config"
COMPOSE = "compose.yaml"
README = "README.md"
METRICS = "/monitoring/prometheus/metrics"

Call = tuple[dict[str, np.ndarray], dict[str, np.ndarray]]

BATCHING_TEXT = """\
# Requests that come within the timeout are run together. A request of more rows than max_batch_size is refused.
# pad_variable_length_inputs stays off: it pads with a request's first value, not with 0, and so changes token ids.
max_batch_size { value: 64 }
batch_timeout_micros { value: 2000 }
max_enqueued_batches { value: 64 }
num_batch_threads { value: 4 }
"""

MONITORING_TEXT = f"""\
prometheus_config {{
  enable: true
  path: "{METRICS}"
}}
"""

COMPOSE_TEXT = """\
services:
  {name}:
    image: tensorflow/serving:${{TENSORFLOW_SERVING_VERSION:-{version}}}
    command:
      - --model_config_file=/models/models.config
      - --model_config_file_poll_wait_seconds=60
      - --monitoring_config_file=/models/monitoring.config
{batching}    ports:
      - "127.0.0.1:8501:8501" # REST
      - "127.0.0.1:8500:8500" # gRPC
    volumes:
      - .:/models:ro
    restart: unless-stopped
"""

BATCHING_FLAGS = """\
      - --enable_batching
      - --batching_parameters_file=/models/batching_parameters.txt
"""

NO_BATCHING = "      # no --enable_batching: it refuses signatures with an input or output that is a scalar\n"


def serving_files(name: str, tensorflow: str, calls: Mapping[str, Call], batching: bool) -> dict[str, str]:
    """Return the text of each file by its name.

    Args:
        name: the name of the model.
        tensorflow: the version of TensorFlow that wrote the SavedModel.
        calls: by signature, the inputs of a single row and the answer of the SavedModel.
        batching: whether every signature can share batches.
    """
    version = ".".join(tensorflow.split(".")[:2]) + ".0"  # TF Serving releases follow TensorFlow's minor versions
    flags = BATCHING_FLAGS if batching else NO_BATCHING
    return {
        CONFIG: _models_config(name),
        BATCHING: BATCHING_TEXT,
        MONITORING: MONITORING_TEXT,
        COMPOSE: COMPOSE_TEXT.format(name=name, version=version, batching=flags),
        README: _readme(name, tensorflow, version, calls, batching),
    }


def _models_config(name: str) -> str:
    from google.protobuf import text_format
    from tensorflow_serving.config import model_server_config_pb2

    config = model_server_config_pb2.ModelServerConfig()
    model = config.model_config_list.config.add(name=name, base_path=f"/models/{name}", model_platform="tensorflow")
    model.model_version_policy.latest.num_versions = 1
    return text_format.MessageToString(config)


def _readme(name: str, tensorflow: str, version: str, calls: Mapping[str, Call], batching: bool) -> str:
    parts = [_START.format(name=name, version=version, tensorflow=tensorflow, flags=_DOCKER_FLAGS if batching else "")]
    parts += [_rest_part(name, signature, *call) for signature, call in calls.items()]
    signature = "serving_default" if "serving_default" in calls else next(iter(calls))
    inputs, outputs = calls[signature]
    parts.append(_GRPC.format(name=name, signature=signature, inputs=_python(inputs), protos=_protos(inputs),
                              answer=_shown(rows_of(outputs)), output=sorted(outputs)[-1]))  # fmt: skip
    together = (
        "" if batching else " It is off in compose.yaml: a signature of this model has a scalar, which it refuses."
    )
    return "\n".join(parts) + _END.format(name=name, metrics=METRICS, together=together)


def _rest_part(name: str, signature: str, inputs: dict[str, np.ndarray], outputs: dict[str, np.ndarray]) -> str:
    rank_one = all(value.ndim for value in inputs.values())
    body: dict[str, Any] = {} if signature == "serving_default" else {"signature_name": signature}
    if rank_one:
        body["instances"] = rows_of(inputs)
        answer: Any = {"predictions": rows_of(outputs)}
    else:  # rows cannot hold a scalar
        body["inputs"], answer = columns_of(inputs), {"outputs": columns_of(outputs)}
    request = json.dumps(body, ensure_ascii=False).replace("'", "'\\''")
    return (
        f"### `{signature}`\n\n```sh\ncurl -d '{request}' \\\n  http://localhost:8501/v1/models/{name}:predict\n```\n\n"
        f"```\n{_shown(answer)}\n```\n"
    )


def _shown(answer: Any) -> str:
    """Return JSON for people: a value longer than a line is cut, and ends in "…"."""
    if isinstance(answer, dict):
        inside = ",\n".join(f'  "{key}": {_shown(value)}'.replace("\n", "\n  ") for key, value in answer.items())
        return f"{{\n{inside}\n}}"
    if isinstance(answer, list) and len(answer) == 1 and isinstance(answer[0], dict):
        return f"[{_shown(answer[0])}]"
    text = json.dumps(answer, ensure_ascii=False)
    return text if len(text) <= 160 else f"{text[:150]} …"


def _python(inputs: Mapping[str, np.ndarray]) -> str:
    return json.dumps({key: plain(key, value) for key, value in inputs.items()}, ensure_ascii=False)


def _protos(inputs: Mapping[str, np.ndarray]) -> str:
    lines = []
    for name, value in inputs.items():
        shown = json.dumps(plain(name, value), ensure_ascii=False)
        dtype = "" if value.dtype == object else f", tf.{value.dtype}"
        lines.append(f'request.inputs["{name}"].CopyFrom(tf.make_tensor_proto({shown}{dtype}))')
    return "\n".join(lines)


_START = """\
# {name}, for TF Serving

`{name}/` holds the versions of the model, a folder for each number; the newest is served. Every answer below is the
answer of the newest version when it was exported.

## Start

```sh
docker compose up                 # in this folder
```

or without compose:

```sh
docker run --rm -p 8501:8501 -p 8500:8500 -v "$PWD:/models:ro" tensorflow/serving:{version} \\
  --model_config_file=/models/models.config --monitoring_config_file=/models/monitoring.config{flags}
```

TensorFlow {tensorflow} wrote the newest version: TF Serving of that version or newer can read it. The server is ready
when this says AVAILABLE:

```sh
curl http://localhost:8501/v1/models/{name}
```

## REST

A call for each signature. `instances` is a list of rows: add rows to ask several questions at once. A "…" marks an
answer that is cut here.
"""

_DOCKER_FLAGS = """ \\
  --enable_batching --batching_parameters_file=/models/batching_parameters.txt"""

_GRPC = """\
## gRPC

With the client of attention-zoo (and `pip install tensorflow-serving-api`), which retries and keeps a deadline:

```python
from zoo.export.client import GrpcClient

client = GrpcClient("localhost:8500", "{name}", deadline=5.0)
print(client.predict({inputs}, signature="{signature}"))
```

With TF Serving's own messages (`pip install tensorflow-serving-api`):

```python
import grpc
import tensorflow as tf
from tensorflow_serving.apis import predict_pb2, prediction_service_pb2_grpc

stub = prediction_service_pb2_grpc.PredictionServiceStub(grpc.insecure_channel("localhost:8500"))
request = predict_pb2.PredictRequest()
request.model_spec.name = "{name}"
request.model_spec.signature_name = "{signature}"
{protos}
response = stub.Predict(request, timeout=5.0)
print(tf.make_ndarray(response.outputs["{output}"]))
```

Both answer, as rows:

```
{answer}
```
"""

_END = """
## A new version

`zoo export RUN --to serving --out` this folder writes the next version beside the others, whole or not at all; the
server loads it, runs the warm-up requests in its `assets.extra/`, and only then gives it the traffic. To go back,
remove the newest folder.

## Batching

`batching_parameters.txt` lets requests that arrive together share a batch.{together} Texts of any length share batches.
Requests of token ids share a batch only when they have the same width: pad them with 0 to a fixed width, or the server
refuses requests that meet another width.

## Monitoring

`curl http://localhost:8501{metrics}` gives Prometheus its figures.
"""
