"""The encoder-decoder, for translation and other tasks from sequence to sequence."""

import functools
from typing import Annotated

import keras
import tensorflow as tf

from zoo.checks import OneOf, OptionalSize, Share, Size, Switch, TokenId
from zoo.constants import END, PAD, START
from zoo.layers.attention import SCORES
from zoo.layers.cells import CellName
from zoo.layers.decoder import AttentionDecoder
from zoo.layers.dense import TanhDense
from zoo.layers.recurrent import Recurrent
from zoo.layers.stack import RecurrentStack
from zoo.models.base import SequenceModel, check_special_ids, embedding, make_dropout, make_logits, symbolic_ids
from zoo.models.builder import builder
from zoo.models.check_ids import check_ids_by_key
from zoo.options import takes_options
from zoo.shortlist import Shortlist


@keras.saving.register_keras_serializable(package="zoo")
class Seq2Seq(SequenceModel):
    """An encoder-decoder over token ids, with or without attention.

        y_1 ... y_m = encoder(source),   s_0 = tanh(W h_m + b)
        s_t = decoder(r_t, s_{t-1}, c_{t-1})
        logits_t = V tanh(U [s_t; c_{t-1}; r_t] + b) + b'

    The layers are `encoder`, `bridge` (W), `decoder`, `readout` (U) and `logits` (V). r_t is the embedding of the
    target token before t. Without attention there is no c. A subclass replaces a part by overriding its method:
    `make_encoder`, `make_bridge`, `make_decoder`, `make_readout`, `start_states` or `read_out`; see
    `zoo.models.papers`.

    Args:
        source_vocabulary_size: the number of source ids. The ids 0 to 3 of a `zoo.Vocabulary` are padding, start, end
            and unknown.
        target_vocabulary_size: the number of target ids, likewise.
        units: the size of the state, in each direction.
        embedding_units: the size of the embeddings; default: `units`.
        encoder_units: the size of the encoder state, in each direction; default: `units`.
        cell: the recurrent cell.
        attention: the score of the attention. In Python also None, for a decoder without attention.
        self_attention: use an encoder of `SelfAttentionRNN` layers with the same score.
        bidirectional: read the text in both directions.
        layers: the number of layers; in a translation model, of the encoder.
        dropout: the dropout rate of the inputs of every layer and of the features before the logits.
        embedding_dropout: the dropout rate of the elements of the embeddings.
        state_dropout: the dropout rate of the recurrent states. The mask is the same at every step.
        tie_embeddings: share one matrix between the embeddings (of the target) and the logits.
        freeze_source_embedding: do not train the embeddings of the source; see `zoo.load_vectors`.
        freeze_target_embedding: do not train the embeddings of the target.
        start_id, end_id: the ids that begin and end a sequence. The defaults are those of every `zoo.Vocabulary`; a
            model over the ids of another tokenizer has its own. Id 0 is always padding.

    Attributes:
        reads_state_before: true if the readout reads s_{t-1} in place of s_t.
        shortlist: the `zoo.Shortlist` over which a pipeline and exports decode; None: the whole vocabulary.

    Call arguments:
        inputs: a dict with the ids `source` (B, Tx) and `target` (B, Ty), padded with 0. The target starts with
            `start_id`.

    Returns:
        The logits (B, Ty, target_vocabulary_size) of the token that follows each target token.

    Raises:
        CallError: an invalid argument.

    Source: Sutskever, Vinyals, Le 2014, arXiv 1409.3215; Bahdanau, Cho, Bengio 2014, arXiv 1409.0473.
    """

    task = "translation"
    reads_state_before = False
    shortlist: Shortlist | None = None

    @takes_options
    def __init__(
        self,
        source_vocabulary_size: Size,
        target_vocabulary_size: Size,
        *,
        units: Size = 256,
        embedding_units: OptionalSize = None,
        encoder_units: OptionalSize = None,
        cell: CellName = "tanh",
        attention: Annotated[str | None, OneOf(SCORES)] = "bahdanau",
        self_attention: Switch = False,
        bidirectional: Switch = False,
        layers: Size = 1,
        dropout: Share = 0.0,
        embedding_dropout: Share = 0.0,
        state_dropout: Share = 0.0,
        tie_embeddings: Switch = False,
        freeze_source_embedding: Switch = False,
        freeze_target_embedding: Switch = False,
        start_id: TokenId = START,
        end_id: TokenId = END,
        **kwargs,
    ):
        super().__init__(**kwargs)
        check_special_ids(
            start_id,
            end_id,
            source_vocabulary_size=source_vocabulary_size,
            target_vocabulary_size=target_vocabulary_size,
        )
        self.start_id, self.end_id = start_id, end_id
        self.attends = attention is not None
        self.embedding_units = embedding_units or units
        policy = {"dtype": self.dtype_policy}
        source, target = source_vocabulary_size, target_vocabulary_size
        shape = (None, None, self.embedding_units)
        self.source_embedding = embedding(
            source, shape[-1], frozen=freeze_source_embedding, name="source_embedding", **policy
        )
        self.target_embedding = embedding(
            target, shape[-1], frozen=freeze_target_embedding, name="target_embedding", **policy
        )
        self.embedding_dropout = make_dropout(embedding_dropout, shape, name="embedding_dropout", **policy)
        self.encoder = self.make_encoder()
        self.decoder = self.make_decoder()
        if self.attends:  # `encode` computes the keys before the decoder is called
            self.decoder.build((None, None, self.embedding_units), (None, None, self.encoder.width))
        self.bridge = self.make_bridge()
        self.readout = self.make_readout()
        features = (None, None, self.embedding_units if tie_embeddings else units)
        self.dropout = make_dropout(dropout, features, name="dropout", **policy)
        self.logits = make_logits(target_vocabulary_size, tied=tie_embeddings, **policy)
        self.tied = self.target_embedding if tie_embeddings else None
        self({"source": symbolic_ids(), "target": symbolic_ids()})

    def check_inputs(self, inputs):
        """Check the kind, the axes and the keys of the inputs; see `TokenModel.check_inputs`."""
        check_ids_by_key(self.name, inputs, ("source", "target"))

    def compute_output_shape(self, input_shape):
        """Return (B, Ty, target_vocabulary_size)."""
        return (*input_shape["target"], self.options["target_vocabulary_size"])

    def make_encoder(self) -> keras.layers.Layer:
        """Return the encoder: a layer that is called like `RecurrentStack`, with its `width` and `last_states`."""
        options = self.options
        return RecurrentStack(
            options["encoder_units"] or options["units"],
            attention=options["attention"] or "bahdanau",
            **{name: options[name] for name in ("cell", "layers", "bidirectional", "dropout", "state_dropout")},
            self_attention=options["self_attention"],
            dtype=self.dtype_policy,
            name="encoder",
        )

    def make_decoder(self) -> keras.layers.Layer:
        """Return the decoder, with the interface of `AttentionDecoder`, or of `Recurrent` without attention.

        The first of its states is s_t. Beam search keeps all states of each hypothesis.
        """
        options = {name: self.options[name] for name in ("units", "cell", "state_dropout")}
        options |= {"dtype": self.dtype_policy, "name": "decoder"}
        if not self.attends:
            return Recurrent(return_sequences=True, **options)
        return AttentionDecoder(attention=self.options["attention"], return_weights=True, **options)

    def make_bridge(self) -> list[keras.layers.Layer]:
        """Return the layers that map the last states of the encoder to the initial decoder states, one per state."""
        names = [f"bridge_{i}" for i in range(self.decoder.cell.state_count)]
        return [TanhDense(self.options["units"], name=name, dtype=self.dtype_policy) for name in names]

    def make_readout(self) -> keras.layers.Layer:
        """Return the layer that maps [s_t; c_{t-1}; r_t] (..., n) to the features of the logits.

        With tied embeddings the features must have the size of the embeddings.
        """
        units = self.embedding_units if self.options["tie_embeddings"] else self.options["units"]
        return TanhDense(units, dtype=self.dtype_policy, name="readout")

    def start_states(self, last):
        """Return the initial states of the decoder's cell from the last states of the top layer of the encoder."""
        return [bridge(state) for bridge, state in zip(self.bridge, last, strict=True)]

    def read_out(self, state, context, embedded, training=False):
        """Return the features of the logits from s_t, c_{t-1} (None without attention) and r_t, each (..., n)."""
        features = [part for part in (state, context, embedded) if part is not None]
        return self.dropout(self.readout(tf.concat(features, -1)), training=training)

    def hidden(self, inputs, training=False):
        """Return the features of the logits under teacher forcing, (B, Ty, n)."""
        return self._decode(inputs, training)[0]

    def attend(self, inputs):
        """Return the logits and the attention weights (B, Ty, Tx), or None for a model that does not attend."""
        hidden, weights = self._decode(inputs)
        return self.to_logits(hidden), weights

    def _decode(self, inputs, training=False):
        """Return the features of the logits under teacher forcing, and the attention weights."""
        memory, states = self.encode(inputs["source"], training=training)
        embedded = self.embedding_dropout(self.target_embedding(inputs["target"]), training=training)
        options = {"initial_state": states, "mask": tf.not_equal(inputs["target"], PAD), "training": training}
        if not self.attends:
            return self.read_out(self.decoder(embedded, **options), None, embedded, training), None
        values = memory["values"]
        outputs, weights = self.decoder(embedded, values, values_mask=memory["values_mask"], **options)
        if self.reads_state_before:
            outputs = tf.concat([tf.expand_dims(states[0], 1), outputs[:, :-1]], 1)
        return self.read_out(outputs, tf.matmul(weights, values), embedded, training), weights

    def encode(self, source_ids, *, room=0, training=False):
        """Encode the source; see `SequenceModel.encode`. The states of this decoder need no room.

        Returns:
            The memory with the encoder outputs `values` (B, Tx, d), their `keys` and `values_mask` (B, Tx), or an empty
            one without attention; and the states that the decoder starts with.
        """
        mask = tf.not_equal(source_ids, PAD)
        embedded = self.embedding_dropout(self.source_embedding(source_ids), training=training)
        outputs, states, _ = self.encoder(embedded, mask=mask, training=training)
        start = self.start_states(self.encoder.last_states(states))
        if not self.attends:
            return {}, start
        keys = self.decoder.attention.precompute(outputs)
        return {"values": outputs, "keys": keys, "values_mask": mask}, self.decoder.start(start, outputs)

    def first_tokens(self, source_ids):
        """Return the start ids (B,), and a mask (B,) that is true for rows without any piece."""
        special = (tf.equal(source_ids, i) for i in (PAD, self.start_id, self.end_id))
        empty = tf.reduce_all(functools.reduce(tf.logical_or, special), axis=1)
        return tf.fill([tf.shape(source_ids)[0]], self.start_id), empty

    def decode_step(self, tokens, states, memory):
        """Do one step of decoding; see `SequenceModel.decode_step`."""
        features, states, weights = self.features_step(tokens, states, memory)
        return self.to_logits(features), states, weights

    def features_step(self, tokens, states, memory):
        """Do one step of decoding up to the features (B, n) of the logits; otherwise as `decode_step`."""
        embedded = self.target_embedding(tokens)
        if self.attends:
            before = states[0]
            states, context, weights = self.decoder.step(embedded, states, **memory)
            read = before if self.reads_state_before else states[0]
            return self.read_out(read, context, embedded), states, weights
        output, states = self.decoder.step(embedded, states)
        return self.read_out(output, None, embedded), states, None


@builder(Seq2Seq, attention=None, self_attention=False)
def seq2seq(**options) -> keras.Model:
    """Build the encoder-decoder without attention."""
    return Seq2Seq(**options)


@builder(Seq2Seq, self_attention=False)
def bahdanau_seq2seq(**options) -> keras.Model:
    """Build the encoder-decoder with attention."""
    return Seq2Seq(**options)


@builder(Seq2Seq, self_attention=True)
def self_attention_seq2seq(**options) -> keras.Model:
    """Build the encoder-decoder whose encoder attends to its own outputs."""
    return Seq2Seq(**options)
