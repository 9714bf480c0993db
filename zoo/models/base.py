"""The interface of a model, which training, decoding and export use."""

import abc
from typing import Any

import keras
import tensorflow as tf

from zoo.constants import END, START
from zoo.errors import CallError
from zoo.fitting.class_weights import has_labels, with_class_weights
from zoo.fitting.model import FittedModel
from zoo.fitting.replicas import by_name
from zoo.layers.tied import TiedLogits
from zoo.models.check_ids import check_ids
from zoo.recurrence.products import on_rows
from zoo.recurrence.scan import inference_graph
from zoo.tasks import TASKS


class TokenModel(FittedModel, abc.ABC):
    """A Keras model over token ids: ids in, logits out. Without a loss, `compile` takes the loss of the task.

    A subclass decorates its constructor with `takes_options`. The constructor makes the layers and ends with a call on
    `symbolic_ids`, so that all weights exist before the first batch. The subclass implements `hidden` and
    `attend`; `check_inputs` if its input is not one array of ids; and `compute_output_shape` to avoid a trace.

    Raises:
        CallError: a call with anything but the inputs that the class describes.

    Attributes:
        task: the name of the task; see `zoo.tasks`.
        attends: true if `attend` returns attention weights.
        options: the arguments of the constructor.
        logits: the layer that computes the logits.
        tied: the embedding layer whose matrix `logits` shares; None if `logits` has its own.
        given: the arguments of the constructor of the object's own class.
    """

    task: str
    attends: bool = False
    options: dict[str, Any]
    given: dict[str, Any]
    logits: Any
    tied: Any = None

    def __call__(self, *args, **kwargs):
        """Check the inputs, as far as they are known, and call the model."""
        self.check_inputs(args[0] if args else kwargs.get("inputs"))
        return super().__call__(*args, **kwargs)

    @property
    def input_dtype(self):
        """The dtype of the ids in the signature of `tf.saved_model.save`."""
        return "int32"

    def check_inputs(self, inputs):
        """Check the kind, the axes and the keys of the inputs.

        Raises:
            CallError: inputs of another kind.
        """
        check_ids(self.name, "inputs", inputs)

    def build(self, input_shape):
        """Create the weights of all layers, by a trace of `call` with ids of these shapes."""
        if not self.built:
            self._trace(input_shape)

    def compute_output_shape(self, input_shape):
        """Return the shape of the logits."""
        return self._trace(input_shape).shape

    def _trace(self, input_shape):
        ids = keras.tree.map_shape_structure(lambda shape: keras.KerasTensor(shape, "int32"), input_shape)
        return keras.Operation.compute_output_spec(self, ids)

    def call(self, inputs, training=False):
        """Return the logits; see the class for the shapes."""
        return self.to_logits(self.hidden(inputs, training=training))

    @abc.abstractmethod
    def hidden(self, inputs, training=False):
        """Return the features of the logits: (B, T, n), or (B, n) for a classifier.

        Separate from `to_logits`, so that training computes no logits for padding.
        """

    @abc.abstractmethod
    def attend(self, inputs):
        """Return the logits and the attention weights; the weights are None for a model that does not attend."""

    def to_logits(self, hidden):
        """Return the logits (..., V) of the features (..., n)."""
        shared = [] if self.tied is None else [tf.convert_to_tensor(self.tied.embeddings)]
        if not self.logits.built and isinstance(self.logits, keras.layers.Dense | TiedLogits):
            self.logits.build(hidden.shape, *(tensor.shape for tensor in shared))  # this shape is in `model.summary()`
        return on_rows(lambda rows: self.logits(rows, *shared), hidden)

    def fit(self, x=None, y=None, *args, **kwargs):
        """Train the model as in Keras. Arrays of ids for the loss of the task are checked first.

        Raises:
            CallError: ids that the model cannot learn from, see `zoo.decoding.check_training_ids`; or `class_weight`
                for a model that is no classifier.
        """
        given = by_name("fit", x, y, *args, **kwargs)
        if given.get("class_weight") is not None and not TASKS[self.task].labelled:
            raise CallError(
                "`class_weight` is for classifiers. For a model of sequences give `sample_weight`, one weight a token."
            )
        if given.get("class_weight") is not None and has_labels(given["x"]):
            weights = given.pop("class_weight")
            given["x"] = with_class_weights(given["x"], weights, self.options["classes"])
        if given.get("y") is not None and self.task_metrics:
            from zoo.decoding.inputs import check_training_ids

            check_training_ids(self, given["x"], given["y"])
        return super().fit(**given)

    def input_specs(self):
        """Return the specifications of the inputs, int32 ids for any batch size and lengths, nested as in `call`."""
        sides = TASKS[self.task].sides
        if len(sides) == 1:
            return tf.TensorSpec([None, None], tf.int32, name="inputs")
        return {side: tf.TensorSpec([None, None], tf.int32, name=side) for side in sides}

    def export(self, filepath, format="tf_saved_model", verbose=None, input_signature=None, **kwargs):
        """Export the model, as every Keras model is exported, with signatures for any batch size and lengths.

        The artefact has the forward pass, from ids to logits, and the endpoints of the model: greedy decoding, beam
        search, scores or classes, over ids. `zoo.Pipeline.export` also adds the vocabularies and compares the artefact
        with Keras.

        Args:
            filepath: the folder of a SavedModel, or a file that ends in ".tflite".
            format: "tf_saved_model", "litert", or another format of `keras.Model.export`, with the forward pass alone.
            verbose: print a message; default: true.
            input_signature: as in `keras.Model.export`; with it the artefact has the forward pass alone.
            **kwargs: further arguments of `keras.Model.export`.

        Raises:
            CallError: `filepath` cannot be used for this format.
            WorkError: the model cannot be converted, or the disk is full.
        """
        from zoo.export import keras_model

        if input_signature is None and format == "tf_saved_model" and not kwargs:
            keras_model.export_saved_model(self, filepath)
        elif input_signature is None and format == "litert":
            keras_model.export_litert(self, filepath, kwargs)
        else:
            signature = [self.input_specs()] if input_signature is None else input_signature
            with inference_graph(litert=format != "tf_saved_model"):
                return super().export(filepath, format, verbose, signature, **kwargs)
        if verbose in (None, True):
            print(f"Saved artifact at '{filepath}'.")

    def get_config(self):
        """Return the arguments of the constructor."""
        policy = keras.saving.serialize_keras_object(self.dtype_policy)
        return {**self.given, "name": self.name, "dtype": policy}


class SequenceModel(TokenModel):
    """A model that generates a sequence token by token: a translation model or a language model.

    Decoding (`zoo.decoding`) uses only `encode`, `first_tokens`, `decode_step` and the two ids.

    Attributes:
        start_id, end_id: the ids that begin and end a sequence. Padding is always 0.
    """

    start_id: int = START
    end_id: int = END

    @abc.abstractmethod
    def encode(self, source_ids, *, room=0, training=False):
        """Encode the input of the model.

        Args:
            source_ids: (B, Tx), padded with 0.
            room: the number of decoding steps that the states must have room for.
            training: apply dropout.

        Returns:
            The memory, a dict of tensors (B, ...) that are the same at every step, with `values` (B, Tx, d) if the
            decoder attends to the input; and the initial states, a nest of tensors (B, ...).
        """

    @abc.abstractmethod
    def first_tokens(self, source_ids):
        """Return the tokens (B,) that decoding starts with, and a mask (B,) that is true for empty rows."""

    @abc.abstractmethod
    def decode_step(self, tokens, states, memory):
        """Do one step of decoding.

        Args:
            tokens: the previous tokens, (B,).
            states: the previous states, from `encode` or from the step before.
            memory: the memory from `encode`.

        Returns:
            The logits (B, V), the next states, and the attention weights (B, Tx) over the values of the memory, or None
            for a model that does not attend.
        """


def symbolic_ids() -> keras.KerasTensor:
    """Return symbolic token ids (B, T) of unknown sizes, for the first call of a model."""
    return keras.KerasTensor([None, None], "int32")


def make_logits(size: int, *, tied: bool, **options: Any) -> keras.layers.Layer:
    """Return the layer of `size` logits, with a matrix of its own or that of an embedding layer."""
    return (TiedLogits if tied else keras.layers.Dense)(size, name="logits", **options)


def make_dropout(rate: float, shape: tuple, **options: Any) -> keras.layers.Dropout:
    """Return a dropout layer for inputs of this shape, which `model.summary()` shows."""
    layer = keras.layers.Dropout(rate, **options)
    layer.build(shape)
    return layer


def check_special_ids(start_id: int, end_id: int, **sizes: int) -> None:
    """Check that the start and the end id differ and are in the vocabularies of these sizes.

    The default ids are not compared with the sizes: a model may be built to try its options before its sizes are known.

    Raises:
        CallError: they are equal, or outside of a vocabulary.
    """
    if start_id == end_id:
        raise CallError(f"`start_id` and `end_id` must differ. Received: {start_id} for both.")
    if (start_id, end_id) == (START, END):
        return
    for name, size in sizes.items():
        if max(start_id, end_id) >= size:
            received = f"start_id={start_id}, end_id={end_id}, {name}={size}"
            raise CallError(f"`start_id` and `end_id` must be below `{name}`. Received: {received}.")


def embedding(size: int, units: int, *, frozen: bool = False, **options: Any) -> keras.layers.Embedding:
    """Return an embedding layer of `size` ids, initialised with rows whose norm is about 1.

    A frozen layer is not trained. Keras does not save `trainable`, so the model must have it among its options.

    The default of Keras gives rows with a norm of 0.03 sqrt(units). That is so small that the input hardly changes the
    states, and that tied logits are almost equal; training then needs epochs to increase the norm.
    """
    initializer = keras.initializers.RandomNormal(stddev=units**-0.5)
    return keras.layers.Embedding(size, units, embeddings_initializer=initializer, trainable=not frozen, **options)
