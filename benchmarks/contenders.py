"""The training step of one architecture in four libraries, for `benchmarks.training`.

The architecture: embeddings, a bidirectional encoder, a decoder with additive attention, a tanh readout and logits;
Adam, gradients clipped to norm 1. Each maker returns a function that makes one step on a batch of ids (source, target),
both (B, T) and padded with 0, and returns when the step is done.

    python -m benchmarks.contenders zoo '{"vocabulary": 6000, ...}'     # the seconds of each step, as JSON

SPEC is a JSON object with the keys `vocabulary`, `units`, `encoder_units`, `embedding_units`, `cell`, `batch`,
`batches`, `seed`, `sorted`, `jit` (compiled: by XLA or `torch.compile`), `precision` ("float32", "mixed_bfloat16"),
`device` ("cpu" or "gpu") and, for sentences of one length, `length`. Compiled by XLA, batches are padded to few shapes,
as `zoo train` does.

On a GPU all multiply float32 as TensorFlow does by default, in TensorFloat-32.
"""

import argparse
import json
import os
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from benchmarks.device import check_gpu, set_device

Batch = tuple[np.ndarray, np.ndarray]
Step = Callable[[np.ndarray, np.ndarray], None]

# The lengths of multi30k's sentences, French and English, in pieces of vocabularies of 6,000: mean and standard
# deviation of their logarithm, and the correlation of the two.
LENGTHS = ((2.813, 0.324), (2.679, 0.296))
CORRELATION = 0.857


def sentences(spec: dict[str, Any]) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return random pairs of sentences with the distribution of lengths of multi30k, or all of `length`."""
    dice = np.random.default_rng(spec["seed"])
    normal = dice.multivariate_normal([0, 0], [[1, CORRELATION], [CORRELATION, 1]], spec["batches"] * spec["batch"])
    lengths = [np.exp(mean + deviation * normal[:, i]) for i, (mean, deviation) in enumerate(LENGTHS)]
    if "length" in spec:
        lengths = [np.full(len(normal), spec["length"])] * 2
    lengths = [np.clip(np.round(side), 3, 60).astype(int) for side in lengths]
    return [tuple(dice.integers(4, spec["vocabulary"], n) for n in pair) for pair in zip(*lengths, strict=True)]


def make_batches(spec: dict[str, Any], *, few_shapes: bool = False) -> Iterator[Batch]:
    """Yield batches in random order; with `sorted`, the sentences of a batch have similar lengths.

    With `few_shapes` each side is padded to the width of a bucket of `zoo train`.
    """
    pairs = sentences(spec)
    if spec["sorted"]:
        pairs.sort(key=lambda pair: (max(map(len, pair)), len(pair[1])))
    starts = np.arange(0, len(pairs), spec["batch"])
    for start in np.random.default_rng(0).permutation(starts):
        some = pairs[start : start + spec["batch"]]
        yield tuple(_padded([pair[side] for pair in some], few_shapes) for side in (0, 1))


def _padded(rows, few_shapes):
    longest = max(map(len, rows))
    if few_shapes:
        from zoo.training.data.buckets import BUCKETS

        longest = next(bound - 1 for bound in BUCKETS if bound > longest)
    batch = np.zeros([len(rows), longest], np.int32)
    for row, ids in zip(batch, rows, strict=True):
        row[: len(ids)] = ids
    return batch


def make_zoo(spec: dict[str, Any]) -> Step:
    """Make a step of this project, with its model and optimizer."""
    import keras
    import tensorflow as tf

    import zoo
    from zoo.training.settings import Settings
    from zoo.training.step.optimizer import make_optimizer

    keras.config.set_dtype_policy(spec["precision"])
    model = zoo.bahdanau_seq2seq(
        spec["vocabulary"],
        spec["vocabulary"],
        units=spec["units"],
        encoder_units=spec["encoder_units"],
        embedding_units=spec["embedding_units"],
        cell=spec["cell"],
        bidirectional=True,
    )
    model.compile(make_optimizer(Settings(), 10_000), jit_compile=spec["jit"])
    ids = tf.TensorSpec([None, None], tf.int32)
    signature = None if spec["jit"] else [({"source": ids, "target": ids}, ids)]
    run = tf.function(model.train_step, signature, autograph=False, jit_compile=spec["jit"])

    def step(source, target):
        float(run(({"source": tf.constant(source), "target": tf.constant(target)}, tf.constant(target)))["loss"])

    return step


def make_keras(spec: dict[str, Any]) -> Step:
    """Make a step of plain Keras: its recurrent layers, and `AdditiveAttention` in a cell of `keras.layers.RNN`."""
    import keras
    import tensorflow as tf

    keras.config.set_dtype_policy(spec["precision"])
    layers, units = keras.layers, spec["units"]
    cells = {"tanh": layers.SimpleRNNCell, "gru": layers.GRUCell, "lstm": layers.LSTMCell}
    recurrent = {"tanh": layers.SimpleRNN, "gru": layers.GRU, "lstm": layers.LSTM}[spec["cell"]]

    class AttendingCell(layers.Layer):
        """A cell that attends with the state before the step.

        Values, keys and mask are among its states, since an RNN layer of Keras 3 takes no constants.
        """

        def __init__(self):
            super().__init__()
            self.inner = cells[spec["cell"]](units)
            self.count = 2 if spec["cell"] == "lstm" else 1
            self.state_size = [*[units] * self.count, 2 * spec["encoder_units"], units, 1]
            self.output_size = units + 2 * spec["encoder_units"]
            self.query = layers.Dense(units, use_bias=False)
            self.attention = layers.AdditiveAttention()

        def build(self, shape):
            self.inner.build((None, spec["embedding_units"] + 2 * spec["encoder_units"]))
            self.query.build((None, units))
            self.attention.build([(None, 1, units), (None, None, 2 * spec["encoder_units"]), (None, None, units)])
            self.built = True

        def call(self, inputs, states):
            *states, values, keys, mask = states
            query = keras.ops.expand_dims(self.query(states[0]), 1)
            context = self.attention([query, values, keys], mask=[None, keras.ops.cast(mask, "bool")])[:, 0]
            output, states = self.inner(keras.ops.concatenate([inputs, context], -1), states)
            return keras.ops.concatenate([output, context], -1), [*states, values, keys, mask]

    source, target = keras.Input([None], dtype="int32"), keras.Input([None], dtype="int32")
    mask = keras.ops.not_equal(source, 0)
    embed = layers.Embedding(spec["vocabulary"], spec["embedding_units"])(source)
    values = layers.Bidirectional(recurrent(spec["encoder_units"], return_sequences=True))(embed, mask=mask)
    keys = layers.Dense(units, use_bias=False)(values)
    start = layers.Dense(units, activation="tanh")(values[:, -1])
    embedded = layers.Embedding(spec["vocabulary"], spec["embedding_units"])(target)
    cell = AttendingCell()
    states = [*[start] * cell.count, values, keys, keras.ops.cast(mask, values.dtype)]
    decoded = layers.RNN(cell, return_sequences=True)(embedded, initial_state=states)
    readout = layers.Dense(units, activation="tanh")(keras.ops.concatenate([decoded, embedded], -1))
    model = keras.Model([source, target], layers.Dense(spec["vocabulary"])(readout))
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True, ignore_class=0)
    model.compile(keras.optimizers.Adam(1e-3, global_clipnorm=1.0), loss, jit_compile=spec["jit"])
    return lambda source, target: float(model.train_on_batch([tf.constant(source), tf.constant(target)], target))


def make_torch(spec: dict[str, Any]) -> Step:
    """Make a step of PyTorch: its fused encoder, and a loop over the cell in the decoder."""
    import torch
    from torch import nn

    units, width = spec["units"], 2 * spec["encoder_units"]
    cells = {"tanh": nn.RNNCell, "gru": nn.GRUCell, "lstm": nn.LSTMCell}
    encoders = {"tanh": nn.RNN, "gru": nn.GRU, "lstm": nn.LSTM}

    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            self.embed = nn.ModuleList(nn.Embedding(spec["vocabulary"], spec["embedding_units"]) for _ in range(2))
            options = {"bidirectional": True, "batch_first": True}
            self.encoder = encoders[spec["cell"]](spec["embedding_units"], spec["encoder_units"], **options)
            self.keys, self.query = nn.Linear(width, units, bias=False), nn.Linear(units, units, bias=False)
            self.scale, self.bridge = nn.Linear(units, 1, bias=False), nn.Linear(width, units)
            self.cell = cells[spec["cell"]](spec["embedding_units"] + width, units)
            if spec["jit"]:  # one step of the decoder, for any lengths: its loop would be compiled for each length
                self.decode_step = torch.compile(self.decode_step, dynamic=True)
            self.readout = nn.Linear(units + width + spec["embedding_units"], units)
            self.logits = nn.Linear(units, spec["vocabulary"])

        def forward(self, source, target):
            values, _ = self.encoder(self.embed[0](source))
            keys, padding, embedded = self.keys(values), source == 0, self.embed[1](target)
            h = torch.tanh(self.bridge(values[:, -1]))
            state: Any = (h, torch.zeros_like(h)) if spec["cell"] == "lstm" else h
            rows = []
            for t in range(target.shape[1]):
                state, row = self.decode_step(embedded[:, t], state, values, keys, padding)
                rows.append(row)
            features = torch.cat([torch.stack(rows, 1), embedded], -1)
            return self.logits(torch.tanh(self.readout(features)))

        def decode_step(self, embedded, state, values, keys, padding):
            h = state[0] if spec["cell"] == "lstm" else state
            scores = self.scale(torch.tanh(self.query(h)[:, None] + keys))[..., 0].masked_fill(padding, -1e9)
            context = torch.bmm(torch.softmax(scores, -1)[:, None], values)[:, 0]
            state = self.cell(torch.cat([embedded, context], -1), state)
            return state, torch.cat([state[0] if spec["cell"] == "lstm" else state, context], -1)

    def loss_of(model, source, target):
        logits = model(source, target)
        return nn.functional.cross_entropy(logits.flatten(0, 1), target.flatten(), ignore_index=0)

    return _torch_step(Model(), loss_of, spec)


def _torch_step(model: Any, loss_of: Callable, spec: dict[str, Any]) -> Step:
    """Make a step of a model of PyTorch, from `loss_of(model, source, target)`."""
    import torch

    device = torch.device("cuda" if spec["device"] == "gpu" else "cpu")
    if device.type == "cuda":
        torch.set_float32_matmul_precision("high")  # TensorFloat-32, the default of TensorFlow
    autocast = torch.autocast(device.type, torch.bfloat16, enabled=spec["precision"] == "mixed_bfloat16")
    model.to(device)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)

    def step(source, target):
        with autocast:
            loss = loss_of(model, *(torch.from_numpy(ids).to(device).long() for ids in (source, target)))
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()
        loss.item()  # waits for the GPU

    return step


def make_joeynmt(spec: dict[str, Any]) -> Step:
    """Make a step of JoeyNMT: its model and loss, and the step of its trainer."""
    from types import SimpleNamespace

    import torch
    from joeynmt.model import build_model
    from joeynmt.vocabulary import Vocabulary

    tokens = {"unk_token": "<unk>", "pad_token": "<pad>", "bos_token": "<s>", "eos_token": "</s>", "sep_token": None}
    ids = {"unk_id": 1, "pad_id": 0, "bos_id": 2, "eos_id": 3, "sep_id": None}
    special = SimpleNamespace(**tokens, **ids, lang_tags=[])
    words = [f"t{i}" for i in range(spec["vocabulary"])]
    order = sorted(((i, t) for t, i in zip(tokens.values(), ids.values(), strict=True) if t), key=lambda one: one[0])
    vocabulary = _joeynmt_vocabulary(Vocabulary, [t for _, t in order] + words[4:], special)
    side = {"type": "recurrent", "rnn_type": spec["cell"], "num_layers": 1, "dropout": 0.0}
    side["embeddings"] = {"embedding_dim": spec["embedding_units"], "scale": False}
    decoder = {"hidden_size": spec["units"], "hidden_dropout": 0.0, "attention": "bahdanau", "init_hidden": "bridge"}
    config = {
        "encoder": {**side, "hidden_size": spec["encoder_units"], "bidirectional": True},
        "decoder": {**side, **decoder, "input_feeding": True},
    }
    model = build_model(config, vocabulary, vocabulary)
    model.loss_function = ("crossentropy", 0.0)
    model.train()

    def loss_of(model, source, target):
        order = torch.argsort((source > 0).sum(1), descending=True, stable=True)
        source, target = source[order], target[order]
        before = torch.cat([torch.full_like(target[:, :1], 2), target[:, :-1]], 1)
        loss, *_ = model(
            return_type="loss",
            src=source,
            trg_input=before,
            trg=target,
            src_mask=(source != 0).unsqueeze(1),
            src_length=(source != 0).sum(1),
            trg_mask=(target != 0).unsqueeze(1),
        )
        return loss / (target != 0).sum()

    return _torch_step(model, loss_of, spec)


def _joeynmt_vocabulary(kind, words, special):
    """Make a vocabulary of JoeyNMT in which padding has the id 0, as in the batches; its default order differs."""
    vocabulary = kind.__new__(kind)
    vocabulary.specials, vocabulary.lang_tags = words[:4], []
    vocabulary._stoi, vocabulary._itos = {}, []
    vocabulary.add_tokens(tokens=words)
    vocabulary.pad_index, vocabulary.bos_index = special.pad_id, special.bos_id
    vocabulary.eos_index, vocabulary.unk_index, vocabulary.sep_index = special.eos_id, special.unk_id, None
    return vocabulary


MAKERS = {"zoo": make_zoo, "keras": make_keras, "torch": make_torch, "joeynmt": make_joeynmt}


def main() -> None:
    """Time the steps of one contender and print them as JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("contender", choices=list(MAKERS))
    parser.add_argument("spec", type=json.loads, metavar="SPEC")
    options = parser.parse_args()
    name, spec = options.contender, options.spec
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    set_device(spec["device"])
    if name == "zoo":  # as `zoo train` does; the other libraries keep their defaults
        from zoo.command.console import set_environment

        set_environment()
    if name in ("zoo", "keras"):
        check_gpu(spec["device"])
    try:
        step = MAKERS[name](spec)
    except ImportError as error:
        print(json.dumps({"skipped": f"{error.name} is not installed"}))
        return
    xla = spec["jit"] and name in ("zoo", "keras")
    batches = list(make_batches(spec, few_shapes=xla))
    shapes = {batch[0].shape + batch[1].shape: batch for batch in batches}
    warm_up = list(shapes.values()) if xla else batches[:2]
    began = time.perf_counter()
    for batch in warm_up:
        step(*batch)
    ready, seconds = time.perf_counter() - began, []
    for batch in batches:
        began = time.perf_counter()
        step(*batch)
        seconds.append(time.perf_counter() - began)
    tokens = sum(int((target > 0).sum()) for _, target in batches)
    positions = sum(target.size for _, target in batches)
    result = {"seconds": seconds, "tokens": tokens, "positions": positions, "warm_up": ready}
    print(json.dumps(result | {"compilations": len(shapes) if xla else 0}))


if __name__ == "__main__":
    main()
