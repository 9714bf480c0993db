"""The self-attention that reads a whole sequence into a few weighted sums."""

import keras
import tensorflow as tf

from zoo.checks import Size
from zoo.layers.attention_base import masked_softmax
from zoo.layers.base import Layer, as_mask
from zoo.options import takes_options
from zoo.recurrence.products import times


@keras.saving.register_keras_serializable(package="zoo")
class StructuredSelfAttention(Layer):
    """Weighted sums of a sequence, whose weights the sequence itself decides.

        alpha_j = softmax_i(w_j^T tanh(W y_i)),   m_j = sum_i alpha_ji y_i,   j = 1 ... hops

    W is `kernel` (transposed, with one row per element of y), the w_j are the columns of `hop_kernel`. Each hop can
    attend to another part of the sequence. The paper's penalty for hops that attend alike is not added.

    Args:
        units: the size of W y.
        hops: the number of sums.

    Call arguments:
        values: y, (B, T, d), with at least one step.
        mask: (B, T), false for padding, which gets no weight.

    Returns:
        The sums m (B, hops, d) and the weights alpha (B, hops, T). Both are zero in a row without a valid value.

    Raises:
        CallError: an invalid argument, or values without steps.

    Source: Lin et al. 2017, "A structured self-attentive sentence embedding", arXiv 1703.03130, equation 6.
    """

    roles = {"kernel": "glorot_uniform"}
    call_axes = {"values": ["B T d"]}

    @takes_options
    def __init__(self, units: Size, hops: Size = 1, **kwargs):
        super().__init__(**kwargs)
        self.units = units
        self.hops = hops
        self.supports_masking = True

    def build(self, values_shape):
        """Create W and the w_j."""
        self.kernel = self.add_role_weight("kernel", (values_shape[-1], self.units), "kernel")
        self.hop_kernel = self.add_role_weight("kernel", (self.units, self.hops), "hop_kernel")
        self.built = True

    def call(self, values, mask=None):
        """Return the sums and the weights; see the class."""
        W, w, y = self.cast(self.kernel), self.cast(self.hop_kernel), values
        scores = tf.transpose(times(tf.tanh(times(y, W)), w), [0, 2, 1])  # (B, hops, T)
        alpha = masked_softmax(scores, None if mask is None else tf.expand_dims(as_mask(mask), 1))
        return tf.matmul(alpha, y), alpha

    def compute_mask(self, values, mask=None):
        """Return no mask: the sums are over all steps."""
        return None, None

    def compute_output_shape(self, values_shape):
        """Return the shapes of the sums and the weights."""
        batch, steps, size = values_shape
        return (batch, self.hops, size), (batch, self.hops, steps)
