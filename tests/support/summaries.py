"""What TensorBoard would read."""

import tensorflow as tf


def scalars(folder):
    """Return (part, name, step, value) of all that is on the disk."""
    found = []
    for file in sorted(folder.rglob("events.out.tfevents.*")):
        for event in tf.compat.v1.train.summary_iterator(str(file)):
            found += [
                (file.parent.name, one.tag, event.step, float(tf.make_ndarray(one.tensor)))
                for one in event.summary.value
            ]
    return found
