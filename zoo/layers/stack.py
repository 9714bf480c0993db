"""A stack of recurrent layers, in one or both directions."""

import keras
import tensorflow as tf

from zoo.checks import Share, Size, Switch
from zoo.errors import CallError
from zoo.layers.attention import ScoreName
from zoo.layers.base import Layer
from zoo.layers.cells import CellName
from zoo.layers.lstmn import LSTMN
from zoo.layers.recurrent import Recurrent
from zoo.layers.self_attention import SelfAttentionRNN
from zoo.options import takes_options


@keras.saving.register_keras_serializable(package="zoo")
class RecurrentStack(Layer):
    """A stack of recurrent or self-attending layers, for encoders, classifiers and language models.

    Args:
        units: the size of the state of each layer and direction.
        cell: the recurrent cell, "tanh", "gru" or "lstm".
        layers: the number of layers.
        bidirectional: run each layer in both directions and concatenate the outputs.
        dropout: the dropout rate of the inputs of each layer.
        state_dropout: the dropout rate of the state of each layer, with the same mask at every step.
        self_attention: use `SelfAttentionRNN` layers.
        attention: the score of the self-attention, "bahdanau", "dot" or "general".

    Call arguments:
        inputs: (B, T, n), with at least one step.
        mask: (B, T).
        room: the number of further steps that the returned states must have room for.

    Returns:
        The outputs (B, T, units), or (B, T, 2 units) when bidirectional; the states of each layer, a list of lists; and
        the attention weights (B, T, T) of the last layer in its forward direction, None without self-attention.

    Raises:
        CallError: an invalid argument, inputs without steps, or `step` of a bidirectional stack.
    """

    call_axes = {"inputs": ["B T n"]}

    @takes_options
    def __init__(
        self,
        units: Size,
        *,
        cell: CellName = "tanh",
        layers: Size = 1,
        bidirectional: Switch = False,
        dropout: Share = 0.0,
        state_dropout: Share = 0.0,
        self_attention: Switch = False,
        attention: ScoreName = "bahdanau",
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.supports_masking = True
        self.self_attention = self_attention
        self.width = units * (2 if bidirectional else 1)
        self.forward = [self.make_layer(f"forward_{i}", False) for i in range(layers)]
        self.backward = [self.make_layer(f"backward_{i}", True) for i in range(layers if bidirectional else 0)]
        self.dropout = keras.layers.Dropout(dropout, dtype=self.dtype_policy, name="dropout")

    def make_layer(self, name, reverse):
        """Return a layer of the stack; a subclass may return others."""
        common = {"cell": self.options["cell"], "return_sequences": True, "return_state": True}
        common |= {"reverse": reverse, "dtype": self.dtype_policy, "trainable": self.trainable, "name": name}
        common["state_dropout"] = self.options["state_dropout"]
        if not self.self_attention:
            return Recurrent(self.options["units"], **common)
        score = self.options["attention"]
        return SelfAttentionRNN(self.options["units"], attention=score, return_weights=True, **common)

    def build(self, input_shape):
        """Create the weights of every layer."""
        self.output_shape = (*input_shape[:-1], self.width)  # that of the outputs, which `model.summary()` shows
        for i, forward in enumerate(self.forward):
            shape = input_shape if i == 0 else (*input_shape[:-1], self.width)
            forward.build(shape)
            if self.backward:
                self.backward[i].build(shape)
        self.built = True

    def call(self, inputs, mask=None, room=0, training=False):
        """Return the outputs, the states and the weights; see the class."""
        outputs, states, weights = inputs, [], None
        options = {"mask": mask, "training": training} | ({"room": room} if self.self_attention else {})
        for i, layer in enumerate(self.forward):
            outputs = self.dropout(outputs, training=training)
            forward, weights, forward_states = self._parts(layer(outputs, **options))
            if not self.backward:
                outputs = forward
                states.append(forward_states)
                continue
            backward, _, backward_states = self._parts(self.backward[i](outputs, **options))
            outputs = tf.concat([forward, backward], -1)
            states.append([*forward_states, *backward_states])
        return outputs, states, weights

    def _parts(self, results):
        """Return the outputs, the weights (None without self-attention) and the list of states of a layer's results."""
        outputs, *rest = results
        return outputs, rest.pop(0) if self.self_attention else None, rest

    def last_states(self, states):
        """Return the last states of the top layer, each (B, width): h, and m for lstm."""
        count = self.forward[-1].cell.state_count
        top = states[-1]
        if not self.backward:
            return list(top[:count])
        half = len(top) // 2
        return [tf.concat([top[k], top[half + k]], -1) for k in range(count)]

    def initial_state(self, batch_size, room: int = 0):
        """Return the initial states of every layer."""
        return [layer.initial_state(batch_size, room) for layer in self.forward]

    def step(self, inputs, states):
        """Do one step of decoding: return the outputs (B, units) and the next states for inputs (B, n)."""
        if self.backward:
            raise CallError("A bidirectional stack cannot go step by step: it needs the whole sequence.")
        outputs, next_states = inputs, []
        for layer, layer_states in zip(self.forward, states, strict=True):
            outputs, layer_states = layer.step(outputs, layer_states)
            next_states.append(layer_states)
        return outputs, next_states

    def compute_output_shape(self, input_shape):
        """Return the shapes of the outputs of `call` without room."""
        outputs, states, weights = (*input_shape[:-1], self.width), [], None
        for i, forward in enumerate(self.forward):
            layers = [forward, *self.backward[i : i + 1]]
            parts = [self._parts(layer.compute_output_shape(input_shape if i == 0 else outputs)) for layer in layers]
            states.append([state for _, _, layer_states in parts for state in layer_states])
            weights = parts[0][1]
        return outputs, states, weights

    def compute_output_spec(self, *args, **kwargs):
        """Return the outputs of a symbolic call. Their dtypes differ, and `room` changes their shapes."""
        outputs, states, weights = keras.Operation.compute_output_spec(self, *args, **kwargs)
        return outputs, states, () if weights is None else weights  # a symbolic result cannot be None

    def compute_mask(self, inputs, mask=None):
        """Return the mask for the outputs, and None for everything else."""
        return [mask]


@keras.saving.register_keras_serializable(package="zoo")
class LSTMNStack(RecurrentStack):
    """A stack of `LSTMN` layers, for encoders and classifiers: it cannot go step by step.

    Args:
        units: the size of the state of each layer and direction.
        layers: the number of layers.
        bidirectional: run each layer in both directions and concatenate the outputs.
        dropout: the dropout rate of the inputs of each layer.

    Call arguments, returns and errors: as in `RecurrentStack` with self-attention.
    """

    @takes_options
    def __init__(self, units: Size, *, layers: Size = 1, bidirectional: Switch = False, dropout: Share = 0.0, **kwargs):
        options = {"layers": layers, "bidirectional": bidirectional, "dropout": dropout}
        super().__init__(units, cell="lstm", self_attention=True, **options, **kwargs)

    def make_layer(self, name, reverse):
        """Return a layer of the stack."""
        options = {"return_sequences": True, "return_state": True, "return_weights": True, "reverse": reverse}
        options |= {"dtype": self.dtype_policy, "trainable": self.trainable, "name": name}
        return LSTMN(self.options["units"], **options)

    def step(self, inputs, states):
        """Raise a `CallError`: this stack cannot go step by step."""
        raise CallError("A stack of LSTMN layers cannot go step by step: it needs the whole sequence.")
