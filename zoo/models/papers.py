"""Models after papers: small subclasses of the models of the zoo. Each says where it differs from its paper."""

import keras
import tensorflow as tf

from zoo.checks import OptionalSize, Share, Size, Switch
from zoo.errors import CallError
from zoo.layers.dense import Maxout
from zoo.layers.input_feeding import InputFeedingDecoder
from zoo.layers.location import LocationDecoder
from zoo.layers.stack import LSTMNStack
from zoo.models.builder import builder
from zoo.models.classifier import RecurrentClassifier
from zoo.models.seq2seq import Seq2Seq
from zoo.options import takes_options


@keras.saving.register_keras_serializable(package="zoo")
class RNNSearch(Seq2Seq):
    """The encoder-decoder of Bahdanau et al., with a maxout readout of the state before the step.

        y_1 ... y_m = encoder(source),   s_0 = tanh(W h_1 + b)
        alpha_i = softmax_i score(s_{t-1}, y_i),   c_{t-1} = sum_i alpha_i y_i
        s_t = decoder(r_t, s_{t-1}, c_{t-1})
        logits_t = V maxout(U [s_{t-1}; c_{t-1}; r_t] + b) + b'

    h_1 is the state of the encoder's backward direction at the first token; without that direction, the last state.
    The gated cell is that of cuDNN, whose reset gate follows the recurrent product; in the paper it precedes it.

    Source: Bahdanau, Cho, Bengio 2014, arXiv 1409.0473, appendix A.
    """

    reads_state_before = True

    def make_decoder(self):
        """Return the decoder of the base class; a model without attention would not be this one."""
        if not self.attends:
            raise CallError("RNNSearch needs a score. Received: attention=None.")
        return super().make_decoder()

    def make_readout(self):
        """Return the maxout layer of the features."""
        units = self.embedding_units if self.options["tie_embeddings"] else self.options["units"]
        return Maxout(units, dtype=self.dtype_policy, name="readout")

    def start_states(self, last):
        """Return the initial states of the decoder from those of the backward direction, if there is one."""
        if self.options["bidirectional"]:
            last = [tf.split(state, 2, axis=-1)[1] for state in last]
        return super().start_states(last)


@keras.saving.register_keras_serializable(package="zoo")
class LuongSeq2Seq(Seq2Seq):
    """The encoder-decoder that attends with the state after the step, with input feeding.

        y_1 ... y_m = encoder(source),   s_0 = tanh(W h_m + b),   a_0 = 0
        s_t = cell([r_t; a_{t-1}], s_{t-1})
        alpha_i = softmax_i score(s_t, y_i),   c_t = sum_i alpha_i y_i
        a_t = tanh(W' [c_t; s_t] + b),   logits_t = V a_t + b'

    The decoder is an `InputFeedingDecoder` of one layer, whose states have no dropout. The paper's has four layers and
    begins with the states of the encoder themselves.

    Source: Luong, Pham, Manning 2015, arXiv 1508.04025.
    """

    def make_decoder(self):
        """Return the decoder with input feeding."""
        options = {name: self.options[name] for name in ("units", "cell", "attention")}
        return InputFeedingDecoder(**options, return_weights=True, dtype=self.dtype_policy, name="decoder")

    def make_readout(self):
        """Return the layer from the attentional vector to the features: none, or a product for tied embeddings."""
        options = {"dtype": self.dtype_policy, "name": "readout"}
        if self.options["tie_embeddings"] and self.embedding_units != self.options["units"]:
            return keras.layers.Dense(self.embedding_units, use_bias=False, **options)
        identity = keras.layers.Identity(**options)
        identity.build((None, None, self.options["units"]))  # this shape is in `model.summary()`
        return identity

    def read_out(self, state, context, embedded, training=False):
        """Return the features of the logits: the attentional vector."""
        return self.dropout(self.readout(state), training=training)


@keras.saving.register_keras_serializable(package="zoo")
class LocationSeq2Seq(Seq2Seq):
    """The encoder-decoder with location-aware attention, which depends on its previous weights too.

        y_1 ... y_m = encoder(source),   s_0 = tanh(W h_m + b),   alpha_0 = 0
        f_t = F * alpha_{t-1},   alpha_{t,i} = softmax_i v^T tanh(W_q s_{t-1} + W_k y_i + U f_{t,i})
        s_t = decoder(r_t, s_{t-1}, c_t),   c_t = sum_i alpha_{t,i} y_i
        logits_t = V tanh(U' [s_t; c_t; r_t] + b) + b'

    The decoder is a `LocationDecoder` with the default number and width of filters. In the paper the state has read the
    previous output before it attends, the score has a bias, and the encoder is a bidirectional network of gated cells
    over speech.

    Source: Chorowski et al. 2015, arXiv 1506.07503.
    """

    def make_decoder(self):
        """Return the decoder with location-aware attention."""
        options = {name: self.options[name] for name in ("units", "cell", "attention", "state_dropout")}
        return LocationDecoder(**options, return_weights=True, dtype=self.dtype_policy, name="decoder")


@keras.saving.register_keras_serializable(package="zoo")
class LSTMNClassifier(RecurrentClassifier):
    """A classifier over the last state of a long short-term memory-network.

        alpha_i = softmax_i v^T tanh(W_k h_i + W_q [x_t; h'_{t-1}]),  i < t
        h'_t = sum_{i<t} alpha_i h_i,   m'_t = sum_{i<t} alpha_i m_i
        h_t, m_t = lstm(x_t, h'_t, m'_t),   logits = V h_m + b

    `stack` has `LSTMN` layers; V is `logits`.

    Args:
        vocabulary_size: the number of ids. The ids 0 to 3 of a `zoo.Vocabulary` are padding, start, end and unknown; to
            a classifier only padding is special.
        classes: the number of labels.
        units: the size of the state, in each direction.
        embedding_units: the size of the embeddings; default: `units`.
        layers: the number of recurrent layers.
        bidirectional: read the text in both directions.
        dropout: the dropout rate of the inputs of every layer and of the features before the logits.
        embedding_dropout: the dropout rate of the elements of the embeddings.
        freeze_embedding: do not train the embeddings; see `zoo.load_vectors`.

    Source: Cheng, Dong, Lapata 2016, arXiv 1601.06733.
    """

    @takes_options
    def __init__(
        self,
        vocabulary_size: Size,
        classes: Size,
        *,
        units: Size = 256,
        embedding_units: OptionalSize = None,
        layers: Size = 1,
        bidirectional: Switch = False,
        dropout: Share = 0.0,
        embedding_dropout: Share = 0.0,
        freeze_embedding: Switch = False,
        **kwargs,
    ):
        super().__init__(**self.options, cell="lstm", self_attention=True, **kwargs)

    def make_stack(self):
        """Return the layers of the options."""
        options = {name: self.options[name] for name in ("units", "layers", "bidirectional", "dropout")}
        return LSTMNStack(**options, dtype=self.dtype_policy, name="stack")


@builder(RNNSearch, defaults={"cell": "gru", "bidirectional": True}, self_attention=False)
def rnnsearch(**options) -> keras.Model:
    """Build the encoder-decoder of Bahdanau et al. 2014, with a maxout readout."""
    return RNNSearch(**options)


@builder(LuongSeq2Seq, defaults={"cell": "lstm", "attention": "general"}, self_attention=False)
def luong(**options) -> keras.Model:
    """Build the encoder-decoder of Luong et al. 2015, with input feeding."""
    return LuongSeq2Seq(**options)


@builder(LocationSeq2Seq, self_attention=False)
def location_seq2seq(**options) -> keras.Model:
    """Build the encoder-decoder with location-aware attention, of Chorowski et al. 2015."""
    return LocationSeq2Seq(**options)


@builder(LSTMNClassifier)
def lstmn(**options) -> keras.Model:
    """Build the long short-term memory-network of Cheng et al. 2016 as a text classifier."""
    return LSTMNClassifier(**options)
