"""Language models over token ids."""

import keras
import tensorflow as tf

from zoo.checks import OptionalSize, Share, Size, Switch, TokenId
from zoo.constants import END, PAD, START
from zoo.errors import CallError
from zoo.layers.attention import ScoreName
from zoo.layers.cells import CellName
from zoo.layers.stack import RecurrentStack
from zoo.models.base import SequenceModel, check_special_ids, embedding, make_dropout, make_logits, symbolic_ids
from zoo.models.builder import builder
from zoo.options import takes_options


@keras.saving.register_keras_serializable(package="zoo")
class LanguageModel(SequenceModel):
    """A recurrent language model, with or without self-attention.

        logits_t = V h_t + b

    h_t is the output of `stack`; V is `logits`.

    Args:
        vocabulary_size: the number of ids. The ids 0 to 3 of a `zoo.Vocabulary` are padding, start, end and unknown.
        units: the size of the state.
        embedding_units: the size of the embeddings; default: `units`.
        cell: the recurrent cell.
        layers: the number of recurrent layers.
        dropout: the dropout rate of the inputs of every layer and of the features before the logits.
        embedding_dropout: the dropout rate of the elements of the embeddings.
        state_dropout: the dropout rate of the recurrent states. The mask is the same at every step.
        tie_embeddings: share one matrix between the embeddings and the logits. `embedding_units` must be `units`.
        self_attention: use layers that attend to their own earlier outputs.
        attention: the score of the attention.
        freeze_embedding: do not train the embeddings; see `zoo.load_vectors`.
        start_id, end_id: the ids that begin and end a sequence. The defaults are those of every `zoo.Vocabulary`; a
            model over the ids of another tokenizer has its own. Id 0 is always padding.

    Call arguments:
        inputs: token ids (B, T), starting with `start_id` and padded with 0.

    Returns:
        The logits (B, T, vocabulary_size) of the token that follows each token.

    Raises:
        CallError: an invalid argument, or tied embeddings whose size is not `units`.

    Source: Mikolov et al. 2010, "Recurrent neural network based language model"; with self-attention
    Cheng, Dong, Lapata 2016, arXiv 1601.06733.
    """

    task = "language_model"

    @takes_options
    def __init__(
        self,
        vocabulary_size: Size,
        *,
        units: Size = 256,
        embedding_units: OptionalSize = None,
        cell: CellName = "tanh",
        layers: Size = 1,
        dropout: Share = 0.0,
        embedding_dropout: Share = 0.0,
        state_dropout: Share = 0.0,
        tie_embeddings: Switch = False,
        self_attention: Switch = False,
        attention: ScoreName = "bahdanau",
        freeze_embedding: Switch = False,
        start_id: TokenId = START,
        end_id: TokenId = END,
        **kwargs,
    ):
        super().__init__(**kwargs)
        if tie_embeddings and embedding_units not in (None, units):
            raise CallError(
                "`tie_embeddings` needs embeddings as long as the states. "
                f"Received: embedding_units={embedding_units}, units={units}."
            )
        check_special_ids(start_id, end_id, vocabulary_size=vocabulary_size)
        self.start_id, self.end_id = start_id, end_id
        self.attends = self_attention
        policy = {"dtype": self.dtype_policy}
        size = embedding_units or units
        self.embedding = embedding(vocabulary_size, size, frozen=freeze_embedding, name="embedding", **policy)
        self.embedding_dropout = make_dropout(embedding_dropout, (None, None, size), name="embedding_dropout", **policy)
        self.stack = RecurrentStack(
            units,
            cell=cell,
            layers=layers,
            dropout=dropout,
            state_dropout=state_dropout,
            self_attention=self_attention,
            attention=attention,
            name="stack",
            **policy,
        )
        self.dropout = make_dropout(dropout, (None, None, units), name="dropout", **policy)
        self.logits = make_logits(vocabulary_size, tied=tie_embeddings, **policy)
        self.tied = self.embedding if tie_embeddings else None
        self(symbolic_ids())

    def compute_output_shape(self, input_shape):
        """Return (B, T, vocabulary_size)."""
        return (*input_shape, self.options["vocabulary_size"])

    def hidden(self, inputs, training=False):
        """Return the features of the logits, (B, T, units)."""
        return self.dropout(self._run(inputs, training=training)[0], training=training)

    def attend(self, inputs):
        """Return the logits and the attention weights (B, T, T), or None for a model that does not attend."""
        outputs, _, weights = self._run(inputs)
        return self.to_logits(outputs), weights

    def _run(self, ids, training=False, **options):
        embedded = self.embedding_dropout(self.embedding(ids), training=training)
        return self.stack(embedded, mask=tf.not_equal(ids, PAD), training=training, **options)

    def encode(self, source_ids, *, room=0, training=False):
        """Encode the prompts (B, T) without their last tokens; see `SequenceModel.encode`. The memory is empty."""
        following = tf.pad(tf.gather(source_ids, tf.range(1, tf.shape(source_ids)[1]), axis=1), [[0, 0], [0, 1]])
        without_last = tf.where(tf.equal(following, PAD), tf.zeros_like(source_ids), source_ids)
        _, states, _ = self._run(without_last, room=room, training=training)
        return {}, states

    def first_tokens(self, source_ids):
        """Return the last token (B,) of each prompt, and a mask (B,) that is true for empty prompts."""
        lengths = tf.reduce_sum(tf.cast(tf.not_equal(source_ids, PAD), tf.int32), axis=1)
        last = tf.one_hot(lengths - 1, tf.shape(source_ids)[1], dtype=tf.int32)
        return tf.reduce_sum(source_ids * last, axis=1), tf.equal(lengths, 0)

    def decode_step(self, tokens, states, memory):
        """Do one step of decoding; see `SequenceModel.decode_step`."""
        output, states = self.stack.step(self.embedding(tokens), states)
        return self.to_logits(output), states, None


@builder(LanguageModel, self_attention=False, attention="bahdanau")
def tanh_rnn_lm(**options) -> keras.Model:
    """Build the recurrent network as a language model."""
    return LanguageModel(**options)


@builder(LanguageModel, self_attention=True)
def self_attention_lm(**options) -> keras.Model:
    """Build the self-attending network as a language model."""
    return LanguageModel(**options)
