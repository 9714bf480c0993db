"""Decoding with a shortlist: the logits of the candidates of a batch, in place of those of the whole vocabulary."""

from collections.abc import Callable
from typing import Any

import tensorflow as tf

from zoo.constants import NEVER
from zoo.recurrence.scan import for_litert, size

MASK = "candidate_mask"  # in the memory: 0 for the candidates of the row, `NEVER` for those of other rows, (B, C)


def over_candidates(search: Callable[..., dict[str, tf.Tensor]], model: Any, ids: Any, **options: Any) -> dict:
    """Decode with `greedy` or `beam_search` over the shortlist of a model; over the whole vocabulary if it has none.

    Args:
        search: the function.
        model: the model.
        ids: the sources (B, S).
        **options: as `search`.

    Returns:
        The answer of `search`. Its log-probabilities are normalised over the candidates.
    """
    if getattr(model, "shortlist", None) is None:
        return search(model, ids, **options)
    view = CandidateModel(model, tf.convert_to_tensor(ids))
    answer = search(view, ids, **options)
    return answer | {"ids": tf.gather(view.candidates, answer["ids"])}


class CandidateModel:
    """A translation model whose tokens are places in a list of candidates, in place of ids.

    The list is the union of the candidates of all rows. A mask leaves each row its own, so that an answer does not
    depend on the other rows. The first candidates are the special ids, whose places are their ids.

    Args:
        model: a `Seq2Seq` with a shortlist.
        source_ids: (B, S).

    Attributes:
        candidates: the ids of the candidates in ascending order, (C,).
    """

    def __init__(self, model: Any, source_ids: tf.Tensor):
        self.model, self.task, self.options = model, model.task, model.options
        self.start_id, self.end_id = model.start_id, model.end_id
        is_candidate = _candidates_by_row(model.shortlist, source_ids)
        self.candidates = tf.cast(tf.where(tf.reduce_any(is_candidate, axis=0))[:, 0], tf.int32)
        self.mask = tf.where(tf.gather(is_candidate, self.candidates, axis=1), 0.0, NEVER)
        self.matrix, self.bias = _logits_of(model, self.candidates)

    def encode(self, source_ids, *, room=0):
        """Encode the source; see `SequenceModel.encode`."""
        memory, states = self.model.encode(source_ids, room=room)
        return memory | {MASK: self.mask}, states

    def first_tokens(self, source_ids):
        """Return the first tokens; see `SequenceModel.first_tokens`."""
        return self.model.first_tokens(source_ids)

    def decode_step(self, tokens, states, memory):
        """Do one step of decoding; see `SequenceModel.decode_step`. The logits are those of the candidates, (B, C)."""
        memory = dict(memory)
        mask = memory.pop(MASK)
        features, states, weights = self.model.features_step(tf.gather(self.candidates, tokens), states, memory)
        logits = tf.nn.bias_add(tf.matmul(features, self.matrix, transpose_b=for_litert()), self.bias)
        return tf.cast(logits, tf.float32) + mask, states, weights


def _candidates_by_row(shortlist, source_ids):
    """Return a mask (B, V) that is true for the candidates of each row."""
    batch = size(source_ids, 0)
    ids = tf.gather(tf.constant(shortlist.table), source_ids)  # (B, S, k)
    rows = tf.broadcast_to(tf.reshape(tf.range(batch), [-1, 1, 1]), tf.shape(ids))
    places = tf.reshape(tf.stack([rows, ids], axis=-1), [-1, 2])
    counts = tf.scatter_nd(places, tf.ones([size(places, 0)]), [batch, shortlist.target_size])
    always = tf.reduce_max(tf.one_hot(shortlist.always, shortlist.target_size), axis=0)
    return tf.logical_or(counts > 0, always > 0)


def _logits_of(model, candidates):
    """Return the matrix of the logits of the candidates, (n, C), for LiteRT (C, n), and their bias (C,).

    LiteRT stores matrices transposed; TensorFlow would transpose the whole matrix in every call.
    """
    bias = tf.gather(tf.convert_to_tensor(model.logits.bias), candidates)
    if model.tied is not None:
        matrix = tf.gather(tf.convert_to_tensor(model.tied.embeddings), candidates)
        matrix = matrix if for_litert() else tf.transpose(matrix)
    elif for_litert():
        matrix = tf.gather(tf.transpose(tf.convert_to_tensor(model.logits.kernel)), candidates)
    else:
        matrix = tf.gather(tf.convert_to_tensor(model.logits.kernel), candidates, axis=1)
    return tf.cast(matrix, model.compute_dtype), tf.cast(bias, model.compute_dtype)
