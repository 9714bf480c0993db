"""Scheduled sampling: in training the model reads some of its own guesses in place of the right tokens."""

import tensorflow as tf

from zoo.constants import END, PAD, START


def with_guesses(
    tokens: tf.Tensor, logits: tf.Tensor, share: tf.Tensor, seed: tf.Tensor, *, start_id: int = START, end_id: int = END
) -> tf.Tensor:
    """Return the tokens that a model reads with a share of them replaced by its own guesses.

    The guess for a token is the most probable one after the tokens BEFORE it, all of them right: two passes over the
    sequence, of which only the second has a gradient, in place of one pass token by token. Neither the first token nor
    padding is replaced, and no guess is the start, the end or padding.

    Args:
        tokens: the right tokens, (B, T), padded with 0.
        logits: the logits of the token after each of them, (B, T, V).
        share: the probability that a token is replaced.
        seed: two integers that decide the places.
        start_id, end_id: the start and the end of a sequence.

    Source: Bengio et al. 2015, arXiv 1506.03099; in two passes Mihaylova and Martins 2019, arXiv 1906.07651.
    """
    guesses = tf.argmax(logits, axis=-1, output_type=tokens.dtype)
    guesses = tf.concat([tokens[:, :1], guesses[:, :-1]], axis=1)
    chosen = tf.random.stateless_uniform(tf.shape(tokens), seed) < share
    is_token = (guesses != PAD) & (guesses != start_id) & (guesses != end_id)
    return tf.where(chosen & (tokens != PAD) & is_token, guesses, tokens)
