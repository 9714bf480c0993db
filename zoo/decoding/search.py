"""The loop of beam search: the beam, one step, and the ranking of the hypotheses."""

from typing import Any, NamedTuple

import tensorflow as tf

from zoo.constants import NEVER, PAD
from zoo.decoding.buffers import answer_room, first_rows, forbidden, log_softmax, write_row
from zoo.decoding.inputs import start_and_end
from zoo.decoding.ngrams import repeats
from zoo.decoding.row_options import broadcast_to_rows, is_per_row
from zoo.errors import CallError
from zoo.recurrence.scan import size


class SearchState(NamedTuple):
    """The loop variables: K slots per row of the batch, B K in all.

    A slot holds an open hypothesis or a finished one, or is empty; the score of an empty slot is `NEVER` or less.
    """

    tokens: Any  # (BK,), the last token of each hypothesis
    ended: Any  # (BK,), true for a finished hypothesis
    score: Any  # (BK,), the log-probability of each hypothesis
    ids: Any  # (BK, room)
    parents: Any  # [(BK, room)], the slot from which each token was chosen; an empty list without attention
    weights: Any  # [(room, BK, S)], the attention of each slot at each step; an empty list without attention
    states: Any  # a nest of (BK, ...)


class Search:
    """The beam search over one batch; the options are those of `beam_search`, checked."""

    def __init__(
        self, model, source_ids, *, widths, width, n_best, stops_early, alpha, beta, min_length, max_length, ngram
    ):
        self.model, self.width, self.n_best, self.beta = model, width, n_best, beta
        self.min_length, self.ngram = min_length, ngram
        self.start_id, self.end_id = start_and_end(model)
        self.batch, self.slots = size(source_ids, 0), size(source_ids, 0) * width
        limit, self.room = answer_room(max_length)
        self.widths, self.alpha, self.limit = (self._per_slot(option) for option in (widths, alpha, limit))
        self.source_ids = source_ids
        memory, self.states = model.encode(source_ids, room=self.room)
        self.attends = "values" in memory
        has_coverage = not (isinstance(beta, float) and beta == 0)
        self.stops_early = stops_early and not has_coverage  # the coverage is known only when a hypothesis is finished
        if has_coverage and not self.attends:
            raise CallError(f"`coverage_penalty` needs a model that attends. Received: coverage_penalty={beta!r}.")
        self.memory = self._repeat_rows(memory)

    def _per_slot(self, option):
        """Return an option with one value per row as (BK,); leave a scalar as it is."""
        return self._repeat_rows(broadcast_to_rows(option, self.batch)) if is_per_row(option) else option

    def _repeat_rows(self, tensors):
        """Return a nest of (B, ...) with each row K times, (BK, ...)."""
        rows = tf.range(self.slots) // self.width
        return _map_tensors(lambda tensor: tf.gather(tensor, rows), tensors)

    def start(self) -> SearchState:
        """Return the beam before the first step: the empty hypothesis in the first slot of each row."""
        tokens, ended = self._repeat_rows(self.model.first_tokens(self.source_ids))
        is_first = tf.equal(tf.range(self.slots) % self.width, 0)
        attention_buffers = [0] if self.attends else []
        return SearchState(
            tokens,
            tf.logical_and(ended, is_first),
            tf.where(is_first, 0.0, NEVER),
            tf.zeros([self.slots, self.room], tf.int32),
            [tf.zeros([self.slots, self.room], tf.int32) for _ in attention_buffers],
            [tf.zeros([self.room, self.slots, size(self.source_ids, 1)]) for _ in attention_buffers],
            self._repeat_rows(self.states),
        )

    def continues(self, t, beam):
        """Return true while a row has an open hypothesis that can still be among its N best."""
        is_open = tf.logical_and(tf.logical_not(beam.ended), beam.score > NEVER / 2)
        is_open = tf.logical_and(is_open, t < self.limit)
        if self.stops_early:
            is_open = tf.logical_and(self._by_row(is_open), self._can_win(beam))
        return tf.reduce_any(is_open)

    def _can_win(self, beam):
        """Return the slots (B, K) that can still rank before the N-th best finished hypothesis.

        A step adds at most zero to a score, so the bound is the score now, divided by the penalty at the greatest
        length.
        """
        rank = self._by_row(tf.where(beam.ended, beam.score / self._penalty(_lengths(beam)), NEVER))
        worst = tf.gather(tf.math.top_k(rank, self.n_best).values, self.n_best - 1, axis=1)
        return self._by_row(beam.score / self._penalty(self.limit)) >= tf.expand_dims(worst, 1)

    def _by_row(self, tensor, slots_per_row=None):
        """Reshape (BK, ...) to (B, K, ...)."""
        slots_per_row = self.width if slots_per_row is None else slots_per_row
        rest = (size(tensor, axis) for axis in range(1, tensor.shape.rank))
        return tf.reshape(tensor, [self.batch, slots_per_row, *rest])

    def _penalty(self, lengths):
        return tf.pow((5.0 + tf.cast(lengths, tf.float32)) / 6.0, self.alpha)

    def step(self, t, beam):
        """Extend the hypotheses of each row by one token, and keep the K best."""
        logits, states, weights = self.model.decode_step(beam.tokens, beam.states, self.memory)
        vocabulary_size = tf.shape(logits)[-1]
        candidates, settled = self._candidates(t, beam, logits, vocabulary_size)
        parents, tokens, candidates = self._best(candidates, vocabulary_size)
        chosen = (settled, beam.ended, beam.score, beam.ids, beam.parents, states)
        settled, ended, score, ids, history, states = _map_tensors(lambda tensor: tf.gather(tensor, parents), chosen)
        if is_per_row(self.widths):
            candidates = tf.where(tf.range(self.slots) % self.width < self.widths, candidates, NEVER)
        score = tf.where(settled, score, candidates)
        ended = tf.logical_or(ended, tf.logical_and(tf.equal(tokens, self.end_id), score > NEVER / 2))
        now = tf.equal(tf.range(self.room), t)
        ids = tf.where(now, tf.expand_dims(tokens, 1), ids)
        history = [tf.where(now, tf.expand_dims(parents, 1), earlier) for earlier in history]
        recorded = [write_row(buffer, t, tf.cast(weights, tf.float32)) for buffer in beam.weights]
        return t + 1, _map_tensors(
            _with_static_shape, SearchState(tokens, ended, score, ids, history, recorded, states), beam
        )

    def _candidates(self, t, beam, logits, vocabulary_size):
        """Return the scores (BK, V) of each hypothesis with each next token, and which slots (BK,) are settled.

        A settled hypothesis does not grow. Its one candidate is padding, whose score -`NEVER` is above all others, so
        that it stays in the beam exactly once.
        """
        scores = tf.maximum(tf.expand_dims(beam.score, 1) + self._allowed(t, beam, logits), NEVER)
        unchanged = tf.one_hot(PAD, vocabulary_size, on_value=-NEVER, off_value=2 * NEVER)
        settled = tf.logical_or(beam.ended, t >= self.limit)
        return tf.where(tf.expand_dims(settled, 1), unchanged, scores), settled

    def _best(self, candidates, vocabulary_size):
        """Return the K best candidates of each row: the slots that they extend, their tokens and scores, each (BK,)."""
        by_row = tf.reshape(candidates, [self.batch, self.width * vocabulary_size])
        scores, indices = tf.math.top_k(by_row, self.width)
        parents = indices // vocabulary_size + tf.expand_dims(tf.range(self.batch) * self.width, 1)
        return tuple(tf.reshape(tensor, [self.slots]) for tensor in (parents, indices % vocabulary_size, scores))

    def _allowed(self, t, beam, logits):
        """Return the log-probabilities (BK, V), with `NEVER` added to those of forbidden tokens."""
        allowed = log_softmax(logits) + forbidden(logits, self.start_id)
        vocabulary_size = tf.shape(logits)[-1]
        if not (isinstance(self.min_length, int) and self.min_length < 2):
            too_short = tf.where(t + 1 < self.min_length, NEVER, 0.0)
            allowed += too_short * tf.one_hot(self.end_id, vocabulary_size)
        if self.ngram:
            allowed += NEVER * repeats(beam.ids, t, self.ngram, vocabulary_size)
        return allowed

    def result(self, t, beam) -> dict[str, tf.Tensor]:
        """Return the N best hypotheses after `t` steps; see `beam_search`."""
        is_filled = beam.score > NEVER / 2
        ids = tf.where(tf.expand_dims(is_filled, 1), first_rows(beam.ids, t, axis=1), PAD)
        hypotheses = {"ids": ids, "score": tf.maximum(beam.score, NEVER)}
        if self.attends:
            hypotheses["attention"] = self._attention(t, beam, ids)
        rank = beam.score / self._penalty(_lengths(beam))
        if self.attends:
            rank += self.beta * self._coverage(hypotheses["attention"])
        rank, order = tf.math.top_k(self._by_row(tf.where(is_filled, rank, NEVER)), self.n_best)
        order = tf.reshape(order + tf.expand_dims(tf.range(self.batch) * self.width, 1), [-1])
        best = {name: self._by_row(tf.gather(value, order), self.n_best) for name, value in hypotheses.items()}
        return best | {"rank_score": rank}

    def _attention(self, t, beam, ids):
        """Return the weights (BK, T, S) with which each token was chosen."""
        weights, parents = first_rows(beam.weights[0], t), first_rows(beam.parents[0], t, axis=1)
        steps = size(weights, 0)
        flat = tf.reshape(weights, [steps * self.slots, size(self.source_ids, 1)])
        weights = tf.gather(flat, parents + tf.expand_dims(tf.range(steps) * self.slots, 0))
        return tf.where(tf.expand_dims(tf.equal(ids, PAD), -1), 0.0, weights)

    def _coverage(self, weights):
        """Return the sum over the source of log(min(sum of the weights of a position, 1)), (BK,)."""
        total = tf.reduce_sum(weights, axis=1)  # (BK, S)
        valid = self._repeat_rows(tf.not_equal(self.source_ids, PAD))
        return tf.reduce_sum(tf.where(valid, tf.math.log(tf.clip_by_value(total, 1e-9, 1.0)), 0.0), axis=1)


def _lengths(beam):
    return tf.reduce_sum(tf.cast(tf.not_equal(beam.ids, PAD), tf.int32), axis=1)


def _map_tensors(function, *nests):
    """Apply a function to the tensors of nests that have a batch axis; leave scalars, such as a step counter."""
    return tf.nest.map_structure(lambda *tensors: function(*tensors) if tensors[0].shape.rank else tensors[0], *nests)


def _with_static_shape(tensor, before):
    """Set the static shape of a loop variable to the one that it had before the step."""
    tensor.set_shape(before.shape)
    return tensor
