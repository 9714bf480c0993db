"""Runs of untrained models, for tests of exports."""

from zoo.catalog import find
from zoo.pipeline import Pipeline
from zoo.tasks import TASKS
from zoo.text import Vocabulary

TEXTS = ["trois moins deux", "le 28 octobre 1934", "cinq", "Il est huit heures et quart."]


def untrained(name, cell, folder, *, units=12):
    """Return a run whose model has learnt nothing, its logits spread so that no two are nearly equal.

    The model has a cell of its own if `cell` is None, or if it has no such option.
    """
    import keras

    import zoo
    from zoo.models.build import options_of_builder

    keras.utils.set_random_seed(3)
    task = TASKS[find(name).task]
    vocabulary = Vocabulary.learn(TEXTS, size=60)
    sizes = dict.fromkeys(task.size_options.values(), vocabulary.size) | ({"classes": 3} if task.labelled else {})
    model = zoo.build(
        name, **sizes, units=units, **({"cell": cell} if cell and "cell" in options_of_builder(name) else {})
    )
    kernel, bias = model.logits.get_weights()
    bias[2 : 2 if task.labelled else 3] += 2.0  # so that answers end at different lengths
    model.logits.set_weights([8 * kernel, bias])
    return run_of(model, vocabulary, folder)


def run_of(model, vocabulary, folder):
    """Return the pipeline of a model, with samples in its folder."""
    task = TASKS[model.task]
    (folder / "samples.txt").write_text("\n".join(TEXTS), encoding="utf-8")
    labels = ["a", "b", "c"] if task.labelled else []
    pipeline = Pipeline(model, **dict.fromkeys(task.sides, vocabulary), labels=labels)
    pipeline.path = folder
    return pipeline
