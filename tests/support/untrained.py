"""Runs whose models have learnt nothing, for tests of exports."""

from zoo.catalog import CATALOG
from zoo.run_folder import Run, RunConfig
from zoo.tasks import TASKS
from zoo.text import Vocabulary

TEXTS = ["trois moins deux", "le 28 octobre 1934", "cinq", "Il est huit heures et quart."]


def untrained(name, cell, folder, *, units=12):
    """A run whose model has learnt nothing, its logits spread so that no two are nearly equal."""
    import keras

    import zoo

    keras.utils.set_random_seed(3)
    task = next(entry.task for entry in CATALOG if entry.name == name)
    vocabulary = Vocabulary.learn(TEXTS, size=60)
    sizes = {
        "translation": {"source_vocabulary_size": vocabulary.size, "target_vocabulary_size": vocabulary.size},
        "classification": {"vocabulary_size": vocabulary.size, "classes": 3},
        "language_model": {"vocabulary_size": vocabulary.size},
    }[task]
    options = {**sizes, "units": units} | ({} if name == "tanh_dnn" else {"cell": cell})
    model = zoo.build(name, **options)
    kernel, bias = model.logits.get_weights()
    bias[2 : 3 if task != "classification" else 2] += 2.0  # so that answers end at different lengths
    model.logits.set_weights([8 * kernel, bias])
    (folder / "samples.txt").write_text("\n".join(TEXTS), encoding="utf-8")
    labels = ["a", "b", "c"] if TASKS[task].labelled else []
    config = RunConfig(model=name, task=task, options=options, labels=labels)
    return Run(folder, config, dict.fromkeys(TASKS[task].sides, vocabulary), model)
