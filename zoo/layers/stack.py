"""Several recurrent layers, one upon the other, in one or both directions."""

import keras
import tensorflow as tf

from zoo.checks import Share, Size, Switch
from zoo.errors import CallError
from zoo.layers.attention import ScoreName
from zoo.layers.base import Layer
from zoo.layers.cells import CellName
from zoo.layers.recurrent import Recurrent
from zoo.layers.self_attention import SelfAttentionRNN
from zoo.options import takes_options


@keras.saving.register_keras_serializable(package="zoo")
class RecurrentStack(Layer):
    """A stack of recurrent or self-attending layers: the encoder, classifier and language model body.

    Args:
        units: the size of the state of each layer and direction.
        cell: "tanh", "gru" or "lstm".
        layers: how many.
        bidirectional: run each layer in both directions and join the outputs.
        dropout: the share of each layer's inputs that is dropped in training.
        state_dropout: the share of each layer's state that is dropped in training, the same at every step.
        self_attention: make the layers `SelfAttentionRNN`.
        attention: the score of the self-attention, "bahdanau", "dot" or "general".

    Call arguments:
        inputs: (B, T, n).
        mask: (B, T).
        room: how many further `step`s the returned states must hold.

    Returns:
        The outputs (B, T, units, or 2 units when bidirectional); the states of each layer, a list of lists;
        and the weights (B, T, T) of the last layer (of its forward direction), None without self-attention.

    Raises:
        CallError: a bad argument, or a `step` of a bidirectional stack.
    """

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
        self.forward = [self._layer(f"forward_{i}", False) for i in range(layers)]
        self.backward = [self._layer(f"backward_{i}", True) for i in range(layers if bidirectional else 0)]
        self.dropout = keras.layers.Dropout(dropout, dtype=self.dtype_policy)

    def _layer(self, name, reverse):
        common = {"cell": self.options["cell"], "return_sequences": True, "return_state": True}
        common |= {"reverse": reverse, "dtype": self.dtype_policy, "name": name}
        common["state_dropout"] = self.options["state_dropout"]
        if not self.self_attention:
            return Recurrent(self.options["units"], **common)
        score = self.options["attention"]
        return SelfAttentionRNN(self.options["units"], attention=score, return_weights=True, **common)

    def build(self, input_shape):
        """Create the weights of every layer."""
        for i, forward in enumerate(self.forward):
            shape = input_shape if i == 0 else (*input_shape[:-1], self.width)
            forward.build(shape)
            if self.backward:
                self.backward[i].build(shape)
        self.built = True

    def call(self, inputs, mask=None, room=0, training=False):
        """Run over the sequence; see the class."""
        outputs, states, weights = inputs, [], None
        options = {"mask": mask, "training": training} | ({"room": room} if self.self_attention else {})
        for i, layer in enumerate(self.forward):
            outputs = self.dropout(outputs, training=training)
            forward, forward_states, *rest = layer(outputs, **options)
            weights = rest[0] if rest else None
            if not self.backward:
                outputs = forward
                states.append(list(forward_states))
                continue
            backward, backward_states, *_ = self.backward[i](outputs, **options)
            outputs = tf.concat([forward, backward], -1)
            states.append([*forward_states, *backward_states])
        return outputs, states, weights

    def last_states(self, states):
        """Return the last cell states of the top layer, each (B, width): h, and m for lstm."""
        count = self.forward[-1].cell.state_count
        top = states[-1]
        if not self.backward:
            return list(top[:count])
        half = len(top) // 2
        return [tf.concat([top[k], top[half + k]], -1) for k in range(count)]

    def initial_state(self, batch_size, room: int = 0):
        """Return the states of every layer before the first step."""
        return [layer.initial_state(batch_size, room) for layer in self.forward]

    def step(self, inputs, states):
        """Do one step of every layer outside the loop: inputs (B, n) give outputs (B, units) and the states."""
        if self.backward:
            raise CallError("A bidirectional stack cannot go step by step: it needs the whole sequence.")
        outputs, after = inputs, []
        for layer, layer_states in zip(self.forward, states, strict=True):
            outputs, layer_states = layer.step(outputs, layer_states)
            after.append(layer_states)
        return outputs, after

    def compute_mask(self, inputs, mask=None):
        """Attach no mask to the outputs: who passes them on passes the mask too."""
        return None
