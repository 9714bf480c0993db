"""What a run is made from: corpora read, vocabularies learnt, examples encoded, and all of it described."""

import sys
from pathlib import Path
from typing import Any

from zoo.atomic_files import sha256_of
from zoo.errors import CallError
from zoo.run_folder import SAMPLE_TARGETS, SAMPLES, RunConfig, read_vocabularies, vocabulary_file
from zoo.tasks import TASKS
from zoo.text import Vocabulary
from zoo.training.data.batches import Examples, encode
from zoo.training.data.corpora import BUILT_IN, Corpus, read_corpus
from zoo.training.settings import Settings

SAMPLE_COUNT = 500


def read(data: str, split: str, task: str, settings: Settings) -> Corpus:
    """Read the corpus of a split, of the training set no more than `train_size`; errors as `read_corpus`."""
    return read_corpus(data, task=task, split=split, size=settings.train_size if split == "train" else None)


def files_of(corpus: Corpus) -> list[Path]:
    """Return the files that a corpus was read from, none for a built-in one."""
    if corpus.origin.split(":")[0] in BUILT_IN:
        return []
    parts = [corpus.origin] if Path(corpus.origin).exists() else corpus.origin.split(",")
    return [Path(part).resolve() for part in parts]


def describe(corpus: Corpus) -> dict[str, Any]:
    """Return what a run folder says of a corpus, by which it is found and known again."""
    origin = ",".join(map(str, files_of(corpus))) or corpus.origin
    return {"origin": origin, "count": len(corpus), "digest": corpus.digest}


def read_again(run: Path, config: RunConfig) -> tuple[dict[str, Corpus], dict[str, Vocabulary]]:
    """Return the corpora and the vocabularies of a run by split and side.

    Raises:
        CallError: one has changed since the run was begun, or is gone.
    """
    settings, corpora = Settings.from_config(config), {}
    for split, description in config.data.items():
        corpora[split] = read(description["origin"], split, config.task, settings)
        if corpora[split].digest != description["digest"]:
            raise CallError(f"{description['origin']} has changed since {run} was begun; its run cannot be continued.")
    vocabularies = read_vocabularies(run, config)
    for name, found in digests(run, vocabularies).items():
        if found != config.vocabularies.get(name):
            raise CallError(f"{run / name} has changed since {run} was begun; its run cannot be continued.")
    return corpora, vocabularies


def learn_vocabularies(corpus: Corpus, task: str, settings: Settings) -> dict[str, Vocabulary]:
    """Learn the vocabulary of each side; errors as `Vocabulary.learn`."""
    size, (source, target) = settings.vocabulary_size, settings.kinds
    vocabularies = {"source": Vocabulary.learn(corpus.sources, size=size, kind=source)}
    if task == "translation":
        vocabularies["target"] = Vocabulary.learn(corpus.targets, size=size, kind=target)
    return vocabularies


def vocabulary_sizes(task: str, vocabularies: dict[str, Vocabulary], labels: list[str]) -> dict[str, int]:
    """Return the sizes that the model of a task is built with, by the names of its options."""
    sizes = {option: vocabularies[side].size for side, option in TASKS[task].size_options.items()}
    return sizes | ({"classes": len(labels)} if TASKS[task].labelled else {})


def encode_all(
    config: RunConfig, vocabularies: dict[str, Vocabulary], corpora: dict[str, Corpus]
) -> dict[str, Examples]:
    """Encode the corpora of a run by split, and say on standard error how many examples were too long."""
    settings = Settings.from_config(config)
    examples = {}
    for split, corpus in corpora.items():
        options: dict[str, Any] = {"max_length": settings.max_length}
        if split == "train":
            options |= {"subword_alpha": settings.subword_alpha, "seed": settings.seed}
        examples[split] = encode(corpus, config.task, vocabularies, config.labels, **options)
    _say_dropped(examples, corpora, settings)
    return examples


def write_samples(folder: Path, corpus: Corpus, task: str) -> None:
    """Keep some of the validation set: an export is compared with the model, and scored, by it."""
    (folder / SAMPLES).write_text("\n".join(corpus.sources[:SAMPLE_COUNT]), encoding="utf-8")
    if task != "language_model":
        (folder / SAMPLE_TARGETS).write_text("\n".join(corpus.targets[:SAMPLE_COUNT]), encoding="utf-8")


def digests(folder: Path, vocabularies: dict[str, Vocabulary]) -> dict[str, str]:
    """Return the SHA-256 of the vocabularies in a run folder, by file name."""
    return {vocabulary_file(side): sha256_of(folder / vocabulary_file(side)) for side in vocabularies}


def _say_dropped(examples: dict[str, Examples], corpora, settings) -> None:
    for split, some in examples.items():
        if some.dropped:
            print(
                f"{corpora[split].origin} ({split}): left out {some.dropped:,} of {len(corpora[split]):,} "
                f"examples with more than {settings.max_length} pieces on a side",
                file=sys.stderr,
            )
