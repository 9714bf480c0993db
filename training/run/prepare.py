"""The data of a run: corpora read, vocabularies learnt, examples encoded, and the run folder that describes them."""

import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from zoo.atomic_files import alone_in, check_apart, new_folder
from zoo.errors import CallError
from zoo.gpu import gpu_name
from zoo.log import logger
from zoo.processor import processor_name
from zoo.recurrence.speed import faster_form
from zoo.run_folder import RunConfig, Samples, read_vocabularies, write_run
from zoo.tasks import TASKS
from zoo.text import Vocabulary
from zoo.training.data.corpora import BUILT_IN, Corpus, read_corpus
from zoo.training.data.examples import Examples, encode
from zoo.training.data.shards import absolute, files_of, parts_of
from zoo.training.run.beginning import INITIAL, Beginning
from zoo.training.settings import Settings
from zoo.versions import versions

SAMPLE_COUNT = 500
LEARNT = 200_000  # texts that a vocabulary is learnt from


@dataclass(frozen=True, kw_only=True)
class PreparedRun:
    """A run that can be trained: its folder has a config and vocabularies.

    Attributes:
        config: the content of its `config.json`.
        examples: the encoded corpora, "train" and "valid".
        validation: the text of the validation set.
    """

    config: RunConfig
    examples: dict[str, Examples]
    validation: Corpus


def prepare_run(
    out: Path,
    beginning: Beginning,
    *,
    settings: Settings,
    recipe: str | None,
    data: dict[str, str],
    force: bool,
) -> PreparedRun:
    """Write the folder of a new run.

    Args:
        out: the run folder to make.
        beginning: the model, and what is not learnt from the data.
        settings: the settings of the training.
        recipe: the name of the recipe that options and settings come from.
        data: DATA for "train" and "valid".
        force: replace an existing `out`.

    Raises:
        CallError: data that cannot be used.
        WorkError: the folder could not be written.
    """
    task = beginning.task
    corpora = {split: read(origin, split, task, settings, scratch=out.parent) for split, origin in data.items()}
    files = [file for corpus in corpora.values() for part in _parts(corpus) for file in files_of(part)]
    check_apart(out, *files, *(teacher["origin"] for teacher in beginning.teachers))
    vocabularies = learn_vocabularies(corpora["train"], task, settings, known=beginning.vocabularies)
    labels = beginning.labels
    if labels is None:
        labels = sorted(set(corpora["train"].targets)) if TASKS[task].labelled else []
    config = RunConfig(
        model=beginning.model,
        recipe=recipe,
        task=task,
        options={**vocabulary_sizes(task, vocabularies, labels), **beginning.options},
        labels=labels,
        training=asdict(settings),
        data={split: describe(corpus) for split, corpus in corpora.items()},
        versions=versions(),
        processor=choose_products(settings),
        initial=beginning.initial,
        teachers=beginning.teachers,
    )
    examples = encode_all(config, vocabularies, corpora)
    with new_folder(out, force) as draft:
        config = write_run(draft, config, vocabularies, samples_of(corpora["valid"]))
        if beginning.file is not None:
            shutil.copyfile(beginning.file, draft / INITIAL)
        refuse_trained(out)  # again: another training may have begun since
    return PreparedRun(config=config, examples=examples, validation=corpora["valid"])


def refuse_trained(run: Path) -> None:
    """Raise `CallError` if another process is training the run of a folder that exists."""
    if run.is_dir():
        with alone_in(run, "trained"):
            pass


def reopen_run(run: Path, config: RunConfig) -> PreparedRun:
    """Read the data of a run again.

    Raises:
        CallError: a corpus or a vocabulary has changed since the run was begun, or is gone.
    """
    settings = Settings.from_config(config)
    corpora = {}
    for split, description in config.data.items():
        corpora[split] = read(description["origin"], split, config.task, settings, scratch=run.resolve().parent)
        if corpora[split].digest != description["digest"]:
            raise CallError(f"{description['origin']} has changed since {run} was begun; its run cannot be continued.")
    vocabularies = read_vocabularies(run, config)
    examples = encode_all(config, vocabularies, corpora)
    return PreparedRun(config=config, examples=examples, validation=corpora["valid"])


def read(data: str, split: str, task: str, settings: Settings, *, scratch: Path) -> Corpus:
    """Read the corpus of a split, at most `train_size` examples of the training set; errors as `read_corpus`."""
    size = settings.train_size if split == "train" else None
    return read_corpus(data, task=task, split=split, size=size, scratch=scratch)


def _parts(corpus: Corpus) -> list[str]:
    """Return the files and patterns that a corpus was read from, none for a built-in one."""
    return [] if corpus.origin.split(":")[0] in BUILT_IN else parts_of(corpus.origin)


def describe(corpus: Corpus) -> dict[str, Any]:
    """Return the entry of a corpus in `config.json`: its origin with absolute paths, its count and its digest."""
    origin = ",".join(map(absolute, _parts(corpus))) or corpus.origin
    return {"origin": origin, "count": len(corpus), "digest": corpus.digest}


def learn_vocabularies(
    corpus: Corpus, task: str, settings: Settings, known: Mapping[str, Vocabulary] | None = None
) -> dict[str, Vocabulary]:
    """Return the vocabulary of each side: the known one, or one that is learnt; errors as `Vocabulary.learn`.

    Of a corpus with more than `LEARNT` texts, it is learnt from so many, spread evenly over the corpus.
    """
    vocabularies = dict(known or {})
    for side in TASKS[task].sides:
        if side not in vocabularies:
            options: dict[str, Any] = {"size": settings.vocabulary_size, "kind": settings.kinds[side]}
            texts = corpus.texts(side)
            some = texts if len(texts) <= LEARNT else [texts[i * len(texts) // LEARNT] for i in range(LEARNT)]
            vocabularies[side] = Vocabulary.learn(some, **options)
    return {side: vocabularies[side] for side in TASKS[task].sides}


def smallest_sizes(task: str) -> dict[str, int]:
    """Return 1 for each option of a model's builder that follows from the data."""
    return dict.fromkeys([*TASKS[task].size_options.values(), *(["classes"] if TASKS[task].labelled else [])], 1)


def vocabulary_sizes(task: str, vocabularies: dict[str, Vocabulary], labels: list[str]) -> dict[str, int]:
    """Return the options of a model's builder that follow from the data: sizes of vocabularies, and classes."""
    sizes = {option: vocabularies[side].size for side, option in TASKS[task].size_options.items()}
    return sizes | ({"classes": len(labels)} if TASKS[task].labelled else {})


def encode_all(
    config: RunConfig, vocabularies: dict[str, Vocabulary], corpora: dict[str, Corpus]
) -> dict[str, Examples]:
    """Encode the corpora of a run by split, and log how many examples were too long."""
    settings = Settings.from_config(config)
    examples = {}
    for split, corpus in corpora.items():
        options: dict[str, Any] = {"max_length": settings.max_length}
        if split == "train":
            options |= {"subword_alpha": settings.subword_alpha, "seed": settings.seed}
        examples[split] = encode(corpus, config.task, vocabularies, config.labels, **options)
        if examples[split].dropped:
            logger.info(
                f"{corpus.origin} ({split}): left out {examples[split].dropped:,} of {len(corpus):,} "
                f"examples with more than {settings.max_length} pieces on a side"
            )
    return examples


def samples_of(corpus: Corpus) -> Samples:
    """Return the first examples of the validation set, with which an export is compared with Keras, and scored."""
    return Samples(sources=list(corpus.sources[:SAMPLE_COUNT]), targets=list(corpus.targets[:SAMPLE_COUNT]))


def choose_products(settings: Settings) -> dict[str, str]:
    """Return the processor, the GPU if there is one, and the form of the products of loops.

    A measurement decides on the form, which a resumed run takes from its config; in a deterministic run, which has the
    same bits each time, a rule.
    """
    form = "plain" if settings.deterministic else faster_form()
    processor = {"name": processor_name(), "product_form": form}
    if gpu := gpu_name():
        processor["gpu"] = gpu
    device = gpu or processor["name"]
    logger.info(f"{device}: products of the form {form}, precision {settings.precision}, XLA {settings.jit}")
    return processor
