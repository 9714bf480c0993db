"""From source ids to target ids, inside the graph: the same functions for Keras, SavedModel and LiteRT."""

from collections.abc import Callable

import tensorflow as tf

from zoo.base import TokenModel
from zoo.special import END, MAX_TARGET_PIECES, PAD, START


def greedy(model: TokenModel, source_ids: tf.Tensor, *, max_length: int = MAX_TARGET_PIECES) -> dict[str, tf.Tensor]:
    """Take the most probable token at every step.

    Stops when every row has ended or after `max_length` tokens. A row without a single piece gets no answer.

    Args:
        model: a model with `encode`, `first_tokens` and `decode_step`: a `Seq2Seq` or a `LanguageModel`.
        source_ids: (B, S), padded with 0; for a language model the prompt.
        max_length: the bound on the length of the answer, the end token included.

    Returns:
        `ids` (B, T), the answer and its end token, padded with 0; `score` (B,), its log-probability;
        and, when the decoder attends, `attention` (B, T, S).
    """
    memory, states = model.encode(source_ids, room=max_length)
    tokens, ended = model.first_tokens(source_ids)
    batch, width = tf.shape(source_ids)[0], tf.shape(source_ids)[1]
    attends = "values" in memory
    rows = [tf.fill([max_length, batch], PAD)] + ([tf.zeros([max_length, batch, width])] if attends else [])

    def more(t, tokens, ended, *_):
        return tf.logical_and(t < max_length, tf.logical_not(tf.reduce_all(ended)))

    def step(t, tokens, ended, score, states, rows):
        logits, states, weights = model.decode_step(tokens, states, memory)
        tokens, log_probability = _best(logits)
        tokens = tf.where(ended, tf.fill(tf.shape(tokens), PAD), tokens)
        score = score + tf.where(ended, tf.zeros_like(score), log_probability)
        rows = [_put(rows[0], t, tokens)] + [
            _put(row, t, tf.where(tf.expand_dims(ended, -1), tf.zeros_like(value), value))
            for row, value in zip(rows[1:], [tf.cast(weights, tf.float32)] if attends else [], strict=True)
        ]
        return t + 1, tokens, tf.logical_or(ended, tf.equal(tokens, END)), score, states, rows

    start = (tf.constant(0), tokens, ended, tf.zeros([batch]), states, rows)
    length, _, _, score, _, rows = tf.while_loop(more, step, start)
    answer = {"ids": tf.transpose(_first(rows[0], length)), "score": score}
    if attends:
        answer["attention"] = tf.transpose(_first(rows[1], length), [1, 0, 2])
    return answer


def _best(logits):
    """Return the best token (B,) of logits (B, V), never padding or start, and its log-probability."""
    log_probabilities = tf.nn.log_softmax(tf.cast(logits, tf.float32))
    forbidden = tf.reduce_sum(tf.one_hot([PAD, START], tf.shape(logits)[-1], on_value=1e9), axis=0)
    tokens = tf.argmax(log_probabilities - forbidden, axis=-1, output_type=tf.int32)
    return tokens, tf.gather(log_probabilities, tokens, axis=1, batch_dims=1)


def _put(rows, t, row):
    return tf.tensor_scatter_nd_update(rows, tf.reshape(t, [1, 1]), tf.expand_dims(row, 0))


def _first(rows, length):
    return tf.gather(rows, tf.range(length))


def score(model: TokenModel, ids: tf.Tensor) -> dict[str, tf.Tensor]:
    """Score sequences with a language model.

    Args:
        model: a `LanguageModel`.
        ids: (B, T), each beginning with the start id and, for a whole sentence, closing with the end id.

    Returns:
        `score` (B,), the log-probability of everything after the start id; `tokens` (B,), how many that are;
        and, when the model attends, `attention` (B, T, T).
    """
    logits, weights = model.attend(ids)
    steps = tf.shape(ids)[1]
    following = tf.gather(ids, tf.range(1, steps), axis=1)
    log_probabilities = tf.nn.log_softmax(tf.cast(tf.gather(logits, tf.range(steps - 1), axis=1), tf.float32))
    chosen = tf.reduce_sum(log_probabilities * tf.one_hot(following, tf.shape(logits)[-1]), axis=-1)
    valid = tf.cast(tf.not_equal(following, PAD), tf.float32)
    answer = {"score": tf.reduce_sum(chosen * valid, axis=1), "tokens": tf.reduce_sum(valid, axis=1)}
    return answer | ({} if weights is None else {"attention": tf.cast(weights, tf.float32)})


def classify(model: TokenModel, ids: tf.Tensor) -> dict[str, tf.Tensor]:
    """Classify sequences.

    Args:
        model: a classifier.
        ids: (B, T), padded with 0.

    Returns:
        `probabilities` (B, classes) and, when the model attends, `attention` (B, T, T).
    """
    logits, weights = model.attend(ids)
    answer = {"probabilities": tf.nn.softmax(tf.cast(logits, tf.float32))}
    return answer | ({} if weights is None else {"attention": tf.cast(weights, tf.float32)})


def id_functions(model: TokenModel) -> dict[str, Callable[[tf.Tensor], dict[str, tf.Tensor]]]:
    """Return what a model can be asked, each a function from ids (B, S) to a dict of tensors.

    `tokens` for translation (`greedy`) and classification (`classify`), `tokens` (`greedy` from a
    prompt) and `score_tokens` (`score`) for language models.
    """
    if model.task == "classification":
        return {"tokens": lambda ids: classify(model, ids)}
    functions = {"tokens": lambda ids: greedy(model, ids)}
    if model.task == "language_model":
        functions["score_tokens"] = lambda ids: score(model, ids)
    return functions
