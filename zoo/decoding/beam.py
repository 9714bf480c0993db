"""Beam search: several hypotheses at a time, of which the best are answered."""

from typing import Any, NamedTuple

import tensorflow as tf

from zoo.constants import END, LENGTH_PENALTY, MAX_BEAM_WIDTH, MAX_TARGET_PIECES, NEVER, PAD
from zoo.decoding.buffers import answer_room, first, log_softmax, never_answered, put
from zoo.decoding.ngrams import repeats
from zoo.decoding.row_options import bounded, by_row, is_by_row, largest
from zoo.errors import CallError
from zoo.models.base import SequenceModel
from zoo.recurrence.scan import size


def beam_search(
    model: SequenceModel,
    source_ids: Any,
    *,
    beam_width: Any = 4,
    n_best: Any = None,
    length_penalty: Any = LENGTH_PENALTY,
    coverage_penalty: Any = 0.0,
    min_length: Any = 0,
    max_length: Any = MAX_TARGET_PIECES,
    no_repeat_ngram: int = 0,
) -> dict[str, tf.Tensor]:
    """Keep the `beam_width` most probable hypotheses at every step, and answer with the best in the end.

        rank_score = log p(y | x) / ((5 + |y|) / 6)^alpha + beta sum_i log(min(sum_t alpha_ti, 1))

    A hypothesis that has ended keeps its place in the beam. So a beam of one is `greedy`, and one that has room for
    every hypothesis finds the best there is. A row stops when all its hypotheses have ended, or when none that goes on
    can come before the `n_best` that have ended.

    Args:
        model, source_ids: as `greedy`.
        beam_width: how many hypotheses, K; at most 64.
        n_best: how many are answered, N; default all. Fewer may stop earlier.
        length_penalty: alpha of `rank_score`: 0 for none, more for longer answers.
        coverage_penalty: beta of `rank_score`: more for answers that attend to the whole source. Its sum is over the
            sources i that are not padding. Needs a model that attends.
        min_length: no hypothesis ends with fewer tokens, the end token included.
        max_length: as `greedy`.
        no_repeat_ngram: no hypothesis has the same so many tokens in a row twice; 0 for no such rule.

    All but `no_repeat_ngram` may be scalar tensors; `max_length` is at most 128 then. `beam_width`, `length_penalty`
    and `max_length` may have a number for each row, (B,): the answer of a row is that for its own numbers alone, and K
    is the largest width.

    Returns:
        `ids` (B, N, T), the hypotheses from the best to the worst, padded with 0; `score` (B, N), their
        log-probabilities; `rank_score` (B, N), what they are ordered by; and, when the decoder attends, `attention`
        (B, N, T, S). Where there are fewer hypotheses than N, the last have no ids and the score -1e9.

    Raises:
        CallError: a bad option.

    Source: Wu et al. 2016, arXiv 1609.08144, equation 14; Bahdanau, Cho, Bengio 2014, arXiv 1409.0473, for places that
    are kept.
    """
    widths = bounded("beam_width", beam_width, 1, MAX_BEAM_WIDTH, tf.int32, a_row=True)
    width = largest(widths, 1)
    search = _Search(
        model,
        tf.convert_to_tensor(source_ids),
        widths=widths,
        width=width,
        best=_n_best(n_best, width),
        stops_early=n_best is not None,
        alpha=bounded("length_penalty", length_penalty, 0.0, 100.0, tf.float32, a_row=True),
        beta=bounded("coverage_penalty", coverage_penalty, 0.0, 1e6, tf.float32),
        min_length=bounded("min_length", min_length, 0, 2**31 - 1, tf.int32),
        max_length=max_length,
        ngram=bounded("no_repeat_ngram", no_repeat_ngram, 0, 2**31 - 1, tf.int32),
    )
    t, beam = tf.while_loop(search.more, search.step, (tf.constant(0), search.start()))
    return search.answer(t, beam)


def _n_best(n_best, width):
    """Return N, the width itself where all are wanted."""
    if n_best is None:
        return width
    n_best = bounded("n_best", n_best, 1, MAX_BEAM_WIDTH, tf.int32)
    if isinstance(n_best, int) and isinstance(width, int) and n_best > width:
        raise CallError(f"`n_best` must be at most `beam_width`. Received: n_best={n_best}, beam_width={width}.")
    return n_best if isinstance(n_best, int) and isinstance(width, int) else tf.minimum(n_best, width)


class _Beam(NamedTuple):
    """What goes from step to step: K places a row, B K in all.

    A place is open, has ended, or is dead: no hypothesis is in it, and its score is `NEVER` or less.
    """

    tokens: Any  # (BK,), the last of each hypothesis
    ended: Any  # (BK,)
    score: Any  # (BK,)
    ids: Any  # (BK, room)
    places: Any  # (BK, room), in which place each token was chosen; in a list, empty without attention
    weights: Any  # (room, BK, S), the attention in each place; likewise
    states: Any


class _Search:
    """The search over one batch; `step` is one step of it."""

    def __init__(
        self, model, source_ids, *, widths, width, best, stops_early, alpha, beta, min_length, max_length, ngram
    ):
        self.model, self.width, self.best, self.beta = model, width, best, beta
        self.min_length, self.ngram = min_length, ngram
        self.batch, self.rows = size(source_ids, 0), size(source_ids, 0) * width
        limit, self.room = answer_room(max_length)
        self.widths, self.alpha, self.limit = (self._of_places(one) for one in (widths, alpha, limit))
        self.sources = source_ids
        memory, self.states = model.encode(source_ids, room=self.room)
        self.attends = "values" in memory
        covers = not (isinstance(beta, float) and beta == 0)
        self.stops_early = stops_early and not covers  # what is covered in the end is not known before
        if covers and not self.attends:
            raise CallError(f"`coverage_penalty` needs a model that attends. Received: coverage_penalty={beta!r}.")
        self.memory = self._spread(memory)

    def _of_places(self, option):
        """Return an option of one number a row as (BK,), one a place; another as it is."""
        return self._spread(by_row(option, self.batch)) if is_by_row(option) else option

    def _spread(self, tensors):
        """Return tensors (B, ...) with each row K times, (BK, ...)."""
        row = tf.range(self.rows) // self.width
        return _map(lambda tensor: tf.gather(tensor, row), tensors)

    def start(self):
        """Return the beam before the first step: each row's one hypothesis, which is empty, in its first place."""
        tokens, ended = self._spread(self.model.first_tokens(self.sources))
        is_first = tf.equal(tf.range(self.rows) % self.width, 0)
        attends = [0] if self.attends else []
        return _Beam(
            tokens,
            tf.logical_and(ended, is_first),
            tf.where(is_first, 0.0, NEVER),
            tf.zeros([self.rows, self.room], tf.int32),
            [tf.zeros([self.rows, self.room], tf.int32) for _ in attends],
            [tf.zeros([self.room, self.rows, size(self.sources, 1)]) for _ in attends],
            self._spread(self.states),
        )

    def more(self, t, beam):
        """Tell whether a row has an open place from which something may come that is answered."""
        is_open = tf.logical_and(tf.logical_not(beam.ended), beam.score > NEVER / 2)
        if self.stops_early:
            is_open = tf.logical_and(self._rows(is_open), self._can_win(beam))
        return tf.reduce_any(tf.logical_and(t < self.limit, is_open))

    def _can_win(self, beam):
        """Tell which places (B, K) hold what may come before the worst of the N best that have ended.

        What is added to a score is never above zero, so it is best divided by the penalty of the greatest length.
        """
        rank = self._rows(tf.where(beam.ended, beam.score / self._penalty(self._lengths(beam)), NEVER))
        worst = tf.gather(tf.math.top_k(rank, self.best).values, self.best - 1, axis=1)
        return self._rows(beam.score / self._penalty(self.limit)) >= tf.expand_dims(worst, 1)

    def _rows(self, tensor, places=None):
        """Turn (BK, ...) into (B, K, ...)."""
        places = self.width if places is None else places
        return tf.reshape(tensor, [self.batch, places, *(size(tensor, i) for i in range(1, tensor.shape.rank))])

    def _lengths(self, beam):
        return tf.reduce_sum(tf.cast(tf.not_equal(beam.ids, PAD), tf.int32), axis=1)

    def _penalty(self, lengths):
        return tf.pow((5.0 + tf.cast(lengths, tf.float32)) / 6.0, self.alpha)

    def step(self, t, beam):
        """Go one token on."""
        logits, states, weights = self.model.decode_step(beam.tokens, beam.states, self.memory)
        scores = tf.maximum(tf.expand_dims(beam.score, 1) + self._allowed(t, beam, logits), NEVER)
        vocabulary = tf.shape(logits)[-1]
        kept = tf.one_hot(PAD, vocabulary, on_value=-NEVER, off_value=2 * NEVER)  # what has ended stays, once
        settled = tf.logical_or(beam.ended, t >= self.limit)
        scores = tf.where(tf.expand_dims(settled, 1), kept, scores)
        scores, chosen = tf.math.top_k(tf.reshape(scores, [self.batch, self.width * vocabulary]), self.width)
        parent = chosen // vocabulary + tf.expand_dims(tf.range(self.batch) * self.width, 1)
        parent, tokens, scores = (tf.reshape(one, [self.rows]) for one in (parent, chosen % vocabulary, scores))
        settled, ended, score, ids, places, states = _map(
            lambda tensor: tf.gather(tensor, parent), (settled, beam.ended, beam.score, beam.ids, beam.places, states)
        )
        if is_by_row(self.widths):
            scores = tf.where(tf.range(self.rows) % self.width < self.widths, scores, NEVER)
        score = tf.where(settled, score, scores)
        ended = tf.logical_or(ended, tf.logical_and(tf.equal(tokens, END), score > NEVER / 2))
        here = tf.equal(tf.range(self.room), t)
        ids = tf.where(here, tf.expand_dims(tokens, 1), ids)
        places = [tf.where(here, tf.expand_dims(parent, 1), one) for one in places]
        kept_weights = [put(one, t, tf.cast(weights, tf.float32)) for one in beam.weights]
        after = _Beam(tokens, ended, score, ids, places, kept_weights, states)
        return t + 1, _map(_like, after, beam)

    def _allowed(self, t, beam, logits):
        """Return the log-probabilities (BK, V), `NEVER` added to those that must not be chosen."""
        allowed = log_softmax(logits) + never_answered(logits)
        vocabulary = tf.shape(logits)[-1]
        if not (isinstance(self.min_length, int) and self.min_length < 2):
            early = tf.where(t + 1 < self.min_length, NEVER, 0.0)
            allowed += early * tf.one_hot(END, vocabulary)
        if self.ngram:
            allowed += NEVER * repeats(beam.ids, t, self.ngram, vocabulary)
        return allowed

    def answer(self, t, beam):
        """Return the N best; see `beam_search`."""
        alive = beam.score > NEVER / 2
        ids = tf.where(tf.expand_dims(alive, 1), first(beam.ids, t, axis=1), PAD)
        weights = [self._attention(t, beam, ids)] if self.attends else []
        rank = beam.score / self._penalty(self._lengths(beam))
        for one in weights:
            rank += self.beta * self._coverage(one)
        rank, order = tf.math.top_k(self._rows(tf.where(alive, rank, NEVER)), self.best)
        answers = {"ids": ids, "score": tf.maximum(beam.score, NEVER)} | ({"attention": weights[0]} if weights else {})
        order = tf.reshape(order + tf.expand_dims(tf.range(self.batch) * self.width, 1), [-1])
        picked = {name: tf.gather(value, order) for name, value in answers.items()}
        return {name: self._rows(value, self.best) for name, value in picked.items()} | {"rank_score": rank}

    def _attention(self, t, beam, ids):
        """Return the weights (BK, T, S) with which each token was chosen."""
        weights, places = first(beam.weights[0], t), first(beam.places[0], t, axis=1)
        steps = size(weights, 0)
        flat = tf.reshape(weights, [steps * self.rows, size(self.sources, 1)])
        weights = tf.gather(flat, places + tf.expand_dims(tf.range(steps) * self.rows, 0))
        return tf.where(tf.expand_dims(tf.equal(ids, PAD), -1), 0.0, weights)

    def _coverage(self, weights):
        """Return the sum over the source of log(min(sum of its weights, 1)), (BK,)."""
        total = tf.reduce_sum(weights, axis=1)  # (BK, S)
        valid = self._spread(tf.not_equal(self.sources, PAD))
        return tf.reduce_sum(tf.where(valid, tf.math.log(tf.clip_by_value(total, 1e-9, 1.0)), 0.0), axis=1)


def _map(function, *nests):
    """Apply a function to all tensors of nests that have a batch; numbers, as how many steps are done, stay."""
    return tf.nest.map_structure(lambda *some: function(*some) if some[0].shape.rank else some[0], *nests)


def _like(tensor, before):
    """Give a tensor the shape that it has when the loop begins, as far as that is known."""
    tensor.set_shape(before.shape)
    return tensor
