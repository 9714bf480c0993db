"""Beam search: several hypotheses per row, of which the best are returned."""

from typing import Any

import tensorflow as tf

from zoo.constants import LENGTH_PENALTY, MAX_BEAM_WIDTH, MAX_LENGTH_PENALTY, MAX_TARGET_PIECES
from zoo.decoding.inputs import source_ids_of
from zoo.decoding.row_options import bounded, largest
from zoo.decoding.search import Search
from zoo.errors import CallError
from zoo.models.base import SequenceModel


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
    """Keep the `beam_width` most probable hypotheses at every step, and return the best of them.

        rank_score = log p(y | x) / ((5 + |y|) / 6)^alpha + beta sum_i log(min(sum_t alpha_ti, 1))

    A finished hypothesis stays in the beam. A beam of width 1 is therefore `greedy`, and a beam with room for every
    hypothesis finds the best one. A row stops when all its hypotheses have finished, or when no open hypothesis can
    still rank before the `n_best` finished ones.

    Args:
        model, source_ids: as in `greedy`.
        beam_width: the number of hypotheses, K; at most 64.
        n_best: the number of hypotheses that are returned, N; default: all. With fewer the search may stop earlier.
        length_penalty: alpha in `rank_score`, from 0 to 10. 0 is no penalty; a higher value prefers longer outputs.
        coverage_penalty: beta in `rank_score`. A higher value prefers outputs that attend to the whole source. The sum
            is over the source positions i that are not padding. It needs a model that attends.
        min_length: the fewest tokens of a hypothesis, the end token included.
        max_length: as in `greedy`.
        no_repeat_ngram: the size of the n-grams that no hypothesis may contain twice; 0 allows repetition.

    All options but `no_repeat_ngram` may be scalar tensors; then `max_length` is at most 256. `beam_width`,
    `length_penalty` and `max_length` may also have one value per row, (B,). The output of a row depends on the values
    of this row alone, and K is the largest width.

    Returns:
        `ids` (B, N, T), the hypotheses from the best to the worst, padded with 0; `score` (B, N), their
        log-probabilities; `rank_score` (B, N), by which they are sorted; and, when the decoder attends, `attention`
        (B, N, T, S). If there are fewer than N hypotheses, the rest have no ids and a score of -1e9.

    Raises:
        CallError: an invalid option, or a model or ids as in `greedy`.

    Source: Wu et al. 2016, arXiv 1609.08144, equation 14; Bahdanau, Cho, Bengio 2014, arXiv 1409.0473, for the
    finished hypotheses that stay in the beam.
    """
    source_ids = source_ids_of(model, source_ids, function="beam_search")
    widths = bounded("beam_width", beam_width, 1, MAX_BEAM_WIDTH, tf.int32, per_row=True)
    width = largest(widths, 1)
    search = Search(
        model,
        source_ids,
        widths=widths,
        width=width,
        n_best=_checked_n_best(n_best, width),
        stops_early=n_best is not None,
        alpha=bounded("length_penalty", length_penalty, 0.0, MAX_LENGTH_PENALTY, tf.float32, per_row=True),
        beta=bounded("coverage_penalty", coverage_penalty, 0.0, 1e6, tf.float32),
        min_length=bounded("min_length", min_length, 0, 2**31 - 1, tf.int32),
        max_length=max_length,
        ngram=bounded("no_repeat_ngram", no_repeat_ngram, 0, 2**31 - 1, tf.int32),
    )
    t, beam = tf.while_loop(search.continues, search.step, (tf.constant(0), search.start()))
    return search.result(t, beam)


def _checked_n_best(n_best, width):
    """Return N; the default is the width."""
    if n_best is None:
        return width
    n_best = bounded("n_best", n_best, 1, MAX_BEAM_WIDTH, tf.int32)
    if isinstance(n_best, int) and isinstance(width, int) and n_best > width:
        raise CallError(f"`n_best` must be at most `beam_width`. Received: n_best={n_best}, beam_width={width}.")
    return n_best if isinstance(n_best, int) and isinstance(width, int) else tf.minimum(n_best, width)
