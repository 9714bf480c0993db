"""The encoder-decoder: translation, and everything else that turns one sequence into another."""

import keras
import tensorflow as tf

from zoo.checks import one_of
from zoo.constants import END, PAD, START
from zoo.layers.attention import SCORES
from zoo.layers.decoder import AttentionDecoder
from zoo.layers.dense import TanhDense
from zoo.layers.recurrent import Recurrent
from zoo.layers.stack import RecurrentStack
from zoo.layers.tied import TiedLogits
from zoo.models.base import TokenModel, checked, embedding


@keras.saving.register_keras_serializable(package="zoo")
class Seq2Seq(TokenModel):
    """An encoder-decoder over token ids, with attention or without.

        y_1 ... y_m = encoder(source),   s_0 = tanh(W h_m + b)
        s_t = decoder(r_t, s_{t-1}, c_{t-1})
        logits_t = V tanh(U [s_t; c_{t-1}; r_t] + b) + b'

    The encoder is `encoder`, its start state for the decoder comes from `bridge`, the decoder is
    `decoder`, U is `readout`, V `logits`. r_t is the embedding of the target token before t. Without
    attention there is no c.

    Args:
        source_vocabulary_size: how many source ids there are; id 0 is padding.
        target_vocabulary_size: how many target ids there are; id 0 is padding.
        units: the size of the decoder's state, and of the encoder's in each direction unless `encoder_units` is given.
        encoder_units: the size of the encoder's state in each direction.
        embedding_units: the size of the embeddings; default `units`.
        cell: "tanh", "gru" or "lstm".
        attention: "bahdanau", "dot", "general", or None for a decoder that does not attend.
        self_attention: an encoder of `SelfAttentionRNN` layers.
        bidirectional, layers, dropout: of the encoder; dropout also before the logits.
        embedding_dropout: the share of the elements of every embedding that is dropped in training.
        state_dropout: the share of the states that is dropped in training, the same at every step.
        tie_embeddings: V is the matrix of the target embeddings, and U gives vectors of their size.

    Call arguments:
        inputs: a dict of `source` (B, Tx) and `target` (B, Ty), the target beginning with the start id.

    Returns:
        The logits (B, Ty, target_vocabulary_size) of the token after each target token.

    Raises:
        CallError: a bad argument.

    Source: Sutskever, Vinyals, Le 2014, arXiv 1409.3215; Bahdanau, Cho, Bengio 2014, arXiv 1409.0473.
    """

    task = "translation"

    def __init__(
        self,
        source_vocabulary_size: int,
        target_vocabulary_size: int,
        *,
        units: int = 256,
        embedding_units: int | None = None,
        encoder_units: int | None = None,
        cell: str = "tanh",
        attention: str | None = "bahdanau",
        self_attention: bool = False,
        bidirectional: bool = False,
        layers: int = 1,
        dropout: float = 0.0,
        embedding_dropout: float = 0.0,
        state_dropout: float = 0.0,
        tie_embeddings: bool = False,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.options = checked(
            source_vocabulary_size=source_vocabulary_size,
            target_vocabulary_size=target_vocabulary_size,
            units=units,
            embedding_units=embedding_units,
            encoder_units=encoder_units,
            cell=cell,
            attention=None if attention is None else one_of("attention", attention, SCORES),
            self_attention=self_attention,
            bidirectional=bidirectional,
            layers=layers,
            dropout=dropout,
            embedding_dropout=embedding_dropout,
            state_dropout=state_dropout,
            tie_embeddings=tie_embeddings,
        )
        self.attends = attention is not None
        embedding_units = embedding_units or units
        policy = {"dtype": self.dtype_policy}
        self.source_embedding = embedding(source_vocabulary_size, embedding_units, **policy)
        self.target_embedding = embedding(target_vocabulary_size, embedding_units, **policy)
        self.embedding_dropout = keras.layers.Dropout(embedding_dropout, **policy)
        self.encoder = RecurrentStack(
            encoder_units or units,
            cell=cell,
            layers=layers,
            bidirectional=bidirectional,
            dropout=dropout,
            state_dropout=state_dropout,
            self_attention=self_attention,
            attention=attention or "bahdanau",
            **policy,
        )
        decoder = {"cell": cell, "state_dropout": state_dropout, **policy}
        if attention is not None:
            self.decoder = AttentionDecoder(units, attention=attention, return_weights=True, **decoder)
            self.decoder.build((None, None, embedding_units), (None, None, self.encoder.width))
        else:
            self.decoder = Recurrent(units, return_sequences=True, **decoder)
        state_count = self.decoder.cell.state_count
        self.bridge = [TanhDense(units, name=f"bridge_{i}", **policy) for i in range(state_count)]
        self.readout = TanhDense(embedding_units if tie_embeddings else units, **policy)
        self.dropout = keras.layers.Dropout(dropout, **policy)
        logits = TiedLogits if tie_embeddings else keras.layers.Dense
        self.logits = logits(target_vocabulary_size, **policy)
        self.tied = self.target_embedding if tie_embeddings else None
        ids = tf.zeros([1, 1], tf.int32)
        self({"source": ids, "target": ids})

    def hidden(self, inputs, training=False):
        """Return what the logits are made of under teacher forcing, (B, Ty, n)."""
        return self._run(inputs, training)[0]

    def attend(self, inputs):
        """Return the logits and the attention weights (B, Ty, Tx), None for a model that does not attend."""
        hidden, weights = self._run(inputs)
        return self.to_logits(hidden), weights

    def _run(self, inputs, training=False):
        memory, states = self.encode(inputs["source"], training=training)
        embedded = self.embedding_dropout(self.target_embedding(inputs["target"]), training=training)
        mask = tf.not_equal(inputs["target"], PAD)
        options = {"initial_state": states, "mask": mask, "training": training}
        if not self.attends:
            return self._read_out([self.decoder(embedded, **options), embedded], training), None
        values = memory["values"]
        outputs, weights = self.decoder(embedded, values, values_mask=memory["values_mask"], **options)
        return self._read_out([outputs, tf.matmul(weights, values), embedded], training), weights

    def _read_out(self, features, training=False):
        return self.dropout(self.readout(tf.concat(features, -1)), training=training)

    def encode(self, source_ids, *, room=0, training=False):
        """Read the source.

        Args:
            source_ids: (B, Tx), padded with 0.
            room: not needed here: this decoder remembers nothing but its state.
            training: apply dropout.

        Returns:
            The memory, a dict of what does not change from step to step (the encoder outputs `values`
            (B, Tx, d), their `keys` and `values_mask`; empty without attention), and s_0, a list of (B, units).
        """
        mask = tf.not_equal(source_ids, PAD)
        embedded = self.embedding_dropout(self.source_embedding(source_ids), training=training)
        outputs, states, _ = self.encoder(embedded, mask=mask, training=training)
        last = self.encoder.last_states(states)
        start = [bridge(state) for bridge, state in zip(self.bridge, last, strict=True)]
        if not self.attends:
            return {}, start
        keys = self.decoder.attention.precompute(outputs)
        return {"values": outputs, "keys": keys, "values_mask": mask}, start

    def first_tokens(self, source_ids):
        """Return the token (B,) that decoding begins with, and which rows (B,) have nothing to decode."""
        empty = tf.logical_not(tf.reduce_any(tf.greater(source_ids, END), axis=1))
        return tf.fill([tf.shape(source_ids)[0]], START), empty

    def decode_step(self, tokens, states, memory):
        """Do one step of the decoder.

        Args:
            tokens: the target tokens before the step, (B,).
            states: s_{t-1}, as `encode` or this function returned it.
            memory: as `encode` returned it.

        Returns:
            The logits (B, target_vocabulary_size), the states after the step, and the
            attention weights (B, Tx), None without attention.
        """
        embedded = self.target_embedding(tokens)
        if self.attends:
            states, context, weights = self.decoder.step(embedded, states, **memory)
            return self.to_logits(self._read_out([states[0], context, embedded])), states, weights
        output, states = self.decoder.step(embedded, states)
        return self.to_logits(self._read_out([output, embedded])), states, None
