"""The recurrences of the zoo over time, each with its gradient written out.

Written out, the gradient does what automatic differentiation cannot know: it takes the gradient of a matrix that every
step uses in one product after the loop, and computes tanh(W_q s + W_k y) again instead of keeping it. Nothing of
size Ty * Tx * units is kept: memory grows with Ty + Tx, but for the attention weights themselves.

Sequences come in and go out as (B, T, n) and are (T, B, n) inside. `d_x` is the gradient of x.
"""

import tensorflow as tf

from zoo.recurrence.attending import AttendingStep, cell_gradient, masked, weights_gradient
from zoo.recurrence.products import outer, times_weights
from zoo.recurrence.scan import scan, size, with_gradient


def recur(cell, projected, states, *, mask=None, reverse=False, state_mask=None):
    """Run a cell over time.

        states_t = gates(projected_t, U h_{t-1} + b_u, states_{t-1})

    Args:
        cell: a `Cell`.
        projected: what its `project` returned, (B, T, blocks * units).
        states: those before the first step, each (B, units).
        mask: (B, T), false where a step leaves the states as they were.
        reverse: begin at the last step.
        state_mask: (B, units), what h_{t-1} is multiplied with before U; for dropout.

    Returns:
        The outputs (B, T, units), zero where the mask is false, and the last states.
    """
    mask = _time_first_mask(mask)

    def forward(keep, projected, weights, states):
        turned = tf.transpose(weights[0])

        def step(t, rows, states, memory):
            product = tf.matmul(masked(states[0], state_mask), turned, transpose_b=True)
            product = cell.add_bias(product, weights)
            after, kept = cell.gates(rows[0], product, states)
            return [after[0], *([*states, *kept] if keep else [])], after, memory

        sizes = [cell.units] * (1 + keep * (cell.state_count + cell.kept_count))
        (outputs, *kept), last, _ = scan(step, [projected], states, output_sizes=sizes, mask=mask, reverse=reverse)

        def gradient(d_outputs, *d_last):
            def step(t, rows, d_states, memory):
                d_projected, d_product, d_states = cell_gradient(cell, d_states, rows)
                d_states[0] += masked(tf.matmul(d_product, weights[0], transpose_b=True), state_mask)
                return [d_projected], d_states, memory

            rows = [d_outputs, outputs, *kept]
            sizes = [projected.shape[-1]]
            (d_projected,), d_states, _ = scan(step, rows, d_last, output_sizes=sizes, mask=mask, reverse=not reverse)
            return d_projected, weights_gradient(cell, weights, kept, d_projected, state_mask), d_states

        return [outputs, *last], gradient

    outputs, *last = with_gradient(forward, _swap(projected), cell.recurrent_weights(), list(states))
    return _swap(outputs), last


def attend(cell, attention, projected, context_kernel, values, states, *, mask=None, values_mask=None, state_mask=None):
    """Run a cell over time that looks back at `values` before each step.

        alpha_i = softmax_i score(h_{t-1}, y_i),   c_{t-1} = sum_i alpha_i y_i
        states_t = gates(projected_t + K_c c_{t-1}, U h_{t-1} + b_u, states_{t-1})

    Args:
        cell: a `Cell`.
        attention: an `Attention`.
        projected: the part of the cell's product that needs no context, (B, Ty, blocks * units).
        context_kernel: K_c, (d, blocks * units).
        values: y, (B, Tx, d).
        states: those before the first step, each (B, units).
        mask: (B, Ty), false where a step leaves the states as they were.
        values_mask: (B, Tx), false where a value is padding.
        state_mask: (B, units), what h_{t-1} is multiplied with before U and the score; for dropout.

    Returns:
        The outputs (B, Ty, units), the last states and the weights alpha (B, Ty, Tx); outputs and weights are zero
        where the mask is false.
    """
    mask = _time_first_mask(mask)

    def forward(keep, projected, values, keys, parameters, states):
        one = AttendingStep(cell, attention, state_mask, *parameters)

        def step(t, rows, states, memory):
            after, outputs = one.forward(rows[0], states, values, keys, values_mask)
            return outputs if keep else outputs[:2], after, memory

        sizes = one.sizes(size(values, 1))
        sizes = sizes if keep else sizes[:2]
        (outputs, alphas, *kept), last, _ = scan(step, [projected], states, output_sizes=sizes, mask=mask)

        def gradient(d_outputs, d_alphas, *d_last):
            def step(t, rows, d_states, memory):
                d_rows, d_states, d_memory = one.backward(rows, d_states, values, keys)
                return d_rows, d_states, _add(memory, d_memory)

            (d_projected, d_queries, d_contexts), d_states, (d_keys, *d_score_weights) = scan(
                step,
                [d_outputs, d_alphas, outputs, alphas, *kept],
                d_last,
                output_sizes=[projected.shape[-1], *one.query_sizes, values.shape[-1]],
                memory=_accumulators([keys, *one.score_weights]),
                mask=mask,
                reverse=True,
            )
            d_values = tf.einsum("tbs,tbd->bsd", alphas, d_contexts)
            d_parameters = one.gradients(kept, alphas, values, d_projected, d_queries, d_score_weights)
            return d_projected, d_values, tf.cast(d_keys, keys.dtype), d_parameters, d_states

        return [outputs, alphas, *last], gradient

    tensors = [_swap(projected), values, attention.precompute(values)]
    tensors += [_parameters(cell, attention, context_kernel), list(states)]
    outputs, alphas, *last = with_gradient(forward, *tensors, written_out=attention.has_gradient)
    return _swap(outputs), last, _swap(alphas)


def self_attend(cell, attention, projected, context_kernel, states, *, mask=None, reverse=False, state_mask=None):
    """Run a cell over time that looks back at its own earlier outputs before each step.

        alpha_i = softmax_i score(h_{t-1}, h_i), i < t,   c_{t-1} = sum_{i<t} alpha_i h_i
        states_t = gates(projected_t + K_c c_{t-1}, U h_{t-1} + b_u, states_{t-1})

    Args:
        cell, attention, projected, context_kernel, states, state_mask: as `attend`.
        mask: (B, T), false where a step leaves the states as they were and no later one attends to it.
        reverse: begin at the last step, and attend to later outputs.

    Returns:
        The outputs (B, T, units), the last states and the weights alpha (B, T, T); outputs and weights are zero
        where the mask is false.
    """
    steps = size(projected, 1)
    times = tf.expand_dims(tf.range(steps), 0)
    valid = True if mask is None else mask
    mask = _time_first_mask(mask)

    def forward(keep, projected, key_weights, parameters, states):
        one = AttendingStep(cell, attention, state_mask, *parameters)

        def step(t, rows, states, memory):
            before = tf.logical_and(valid, times > t if reverse else times < t)
            after, outputs = one.forward(rows[0], states, *memory, before)
            return outputs if keep else outputs[:2], after, remember(memory, t, after[0], key_weights)

        sizes = one.sizes(steps)
        (outputs, alphas, *kept), last, _ = scan(
            step,
            [projected],
            states,
            output_sizes=sizes if keep else sizes[:2],
            memory=empty_memory(size(projected, 1), steps, cell.units, key_weights, projected.dtype),
            mask=mask,
            reverse=reverse,
        )

        def gradient(d_outputs, d_alphas, *d_last):
            values = _swap(outputs)
            keys = times_weights(values, key_weights)

            def step(t, rows, d_states, memory):
                d_output, *rows = rows
                d_value, d_key = (tf.cast(tf.gather(one, t, axis=1), d_output.dtype) for one in memory[:2])
                d_output += d_value + (tf.matmul(d_key, key_weights[0], transpose_b=True) if key_weights else d_key)
                d_rows, d_states, d_memory = one.backward([d_output, *rows], d_states, values, keys)
                d_values = tf.expand_dims(rows[2], -1) * tf.expand_dims(d_rows[-1], 1)  # alpha times d_context
                return d_rows[:-1], d_states, _add(memory, [d_values, *d_memory])

            (d_projected, d_queries), d_states, (_, d_keys, *d_score_weights) = scan(
                step,
                [d_outputs, d_alphas, outputs, alphas, *kept],
                d_last,
                output_sizes=[projected.shape[-1], *one.query_sizes],
                memory=_accumulators([values, keys, *one.score_weights]),
                mask=mask,
                reverse=not reverse,
            )
            d_key_weights = [outer(values, tf.cast(d_keys, values.dtype)) for _ in key_weights]
            d_parameters = one.gradients(kept, alphas, values, d_projected, d_queries, d_score_weights)
            return d_projected, d_key_weights, d_parameters, d_states

        return [outputs, alphas, *last], gradient

    tensors = [_swap(projected), attention.key_weights(), _parameters(cell, attention, context_kernel), list(states)]
    outputs, alphas, *last = with_gradient(forward, *tensors, written_out=attention.has_gradient)
    return _swap(outputs), last, _swap(alphas)


def empty_memory(batch, slots, units, key_weights, dtype):
    """Return no outputs yet and their keys: (B, slots, units) and (B, slots, size of a key)."""
    values = tf.zeros([batch, slots, units], dtype)
    return [values, times_weights(values, key_weights)]


def remember(memory, t, output, key_weights):
    """Put an output (B, units) and its key into slot t of the memory."""
    here = tf.reshape(tf.equal(tf.range(tf.shape(memory[0])[1]), t), [1, -1, 1])
    rows = [output, times_weights(output, key_weights)]
    return [tf.where(here, tf.expand_dims(row, 1), slots) for row, slots in zip(rows, memory, strict=True)]


def _parameters(cell, attention, context_kernel):
    """Return the parameters of an `AttendingStep`."""
    return [context_kernel, cell.recurrent_weights(), attention.query_weights(), attention.score_weights()]


def _accumulators(tensors):
    """Return zeros like the tensors, in float32 where they are of less."""
    return [tf.zeros_like(one, tf.float32 if one.dtype.size < 4 else one.dtype) for one in tensors]


def _add(sums, terms):
    return [one + tf.cast(term, one.dtype) for one, term in zip(sums, terms, strict=True)]


def _swap(sequence):
    """Turn (B, T, n) into (T, B, n) and back."""
    return tf.transpose(sequence, [1, 0, 2])


def _time_first_mask(mask):
    """Return a mask (B, T) as (T, B, 1)."""
    return None if mask is None else tf.expand_dims(tf.transpose(mask), -1)
