"""The lexical table of a shortlist, learnt from sentence pairs by IBM model 1."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from zoo.checks import Whole, positive
from zoo.constants import END, PAD, START, UNKNOWN
from zoo.errors import CallError
from zoo.run_folder import read_config
from zoo.shortlist import SHORTLIST, Shortlist
from zoo.training.data.rows import Rows
from zoo.training.run.prepare import reopen_run

SPECIAL = (PAD, START, END, UNKNOWN)
NOTHING = PAD  # the source piece that stands for none, with which every sentence begins
MOST_LINKS = 20_000_000  # pairs of a source and a target piece of one sentence; 25 bytes each


def add_shortlist(run: Path, *, per_piece: int, frequent: int) -> dict[str, Any]:
    """Learn a shortlist from the training set of a run and write it into the run folder.

    Args:
        run: the run folder.
        per_piece, frequent: as in `learn_shortlist`.

    Returns:
        The `path`; `target_size`; the mean number of `candidates` of a validation sentence, and the `coverage`: the
        share of the pieces of its translations that are among them.

    Raises:
        CallError: no run of a translation model, its data or vocabularies have changed, or an option is out of bounds.
        WorkError: the file could not be written.
    """
    positive("per_piece", per_piece), Whole()("frequent", frequent)
    config = read_config(run)
    if config.task != "translation":
        raise CallError(f"Only a translation model has a shortlist. Received: {run}, for {config.task}.")
    if not config.data:
        raise CallError(f"{run} does not say what it was trained on.")
    examples = reopen_run(run, config).examples
    train, valid = examples["train"], examples["valid"]
    sizes = [config.vocabulary_size(side) for side in ("source", "target")]
    shortlist = learn_shortlist(train.sources, train.targets, *sizes, per_piece=per_piece, frequent=frequent)
    shortlist.save(run / SHORTLIST)
    report = {"path": str(run / SHORTLIST), "target_size": shortlist.target_size}
    return report | _coverage(shortlist, valid.sources, valid.targets)


def _coverage(shortlist, sources, targets) -> dict[str, float]:
    """Return the mean number of candidates, and the share of the pieces of the targets that are among them."""
    candidates = [shortlist.candidates(source) for source in sources]
    found = sum(int(np.isin(target, known).sum()) for target, known in zip(targets, candidates, strict=True))
    pieces = sum(map(len, targets))
    return {"candidates": float(np.mean([len(known) for known in candidates])), "coverage": found / max(1, pieces)}


def learn_shortlist(
    sources: Sequence[Sequence[int]] | Rows,
    targets: Sequence[Sequence[int]] | Rows,
    source_size: int,
    target_size: int,
    *,
    per_piece: int = 50,
    frequent: int = 500,
    rounds: int = 5,
) -> Shortlist:
    """Learn a shortlist from the ids of sentence pairs.

    IBM model 1 is t(e | f), the probability that the source piece f is translated by the target piece e. Each target
    piece of a sentence comes from one of the source pieces, or from none:

        share(f, e) = t(e | f) / sum_f' t(e | f')  in every sentence
        t(e | f) = sum of share(f, e) over the sentences / sum_e' of the same

    A row of the table has the pieces with the largest t(e | f). Of a corpus with more than 20 million pairs of pieces,
    sentences at equal distances are read.

    Args:
        sources: the ids of each source, without start or end.
        targets: the ids of its translation, likewise.
        source_size: the size of the source vocabulary.
        target_size: the size of the target vocabulary.
        per_piece: the number of candidates for a source piece, k.
        frequent: the number of the most frequent target pieces, which are always candidates.
        rounds: the number of rounds of expectation and maximisation.

    Raises:
        CallError: no sentence, not as many targets as sources, an id that the vocabularies do not have, or a number
            that is none.

    Source: Brown et al. 1993, "The mathematics of statistical machine translation", section 4.1.
    """
    positive("per_piece", per_piece)
    Whole()("frequent", frequent)
    if len(sources) == 0 or len(sources) != len(targets):
        received = f"{len(sources)} sources and {len(targets)} targets"
        raise CallError(f"Expected sentences, each with its translation. Received: {received}.")
    _check_ids("source", sources, source_size)
    counts = np.bincount(_check_ids("target", targets, target_size), minlength=target_size)
    links, numbers = _links(sources, targets, target_size)
    pairs, places = np.unique(links, return_inverse=True)
    from_pieces, to_pieces = np.divmod(pairs, target_size)
    probabilities = _probabilities(from_pieces, places, numbers, rounds)
    table = np.full([source_size, per_piece], PAD, np.int32)
    _fill(table, from_pieces, to_pieces, probabilities)
    table[NOTHING] = PAD  # padding brings no candidates
    return Shortlist(table=table, always=_always(counts, frequent), target_size=target_size)


def _check_ids(side, rows, size):
    """Return the ids of all rows in one array.

    Raises:
        CallError: an id that no vocabulary of this size has.
    """
    ids = np.concatenate([np.array(row, np.int64) for row in rows])
    if len(ids) and not 0 <= ids.min() <= ids.max() < size:
        wrong = ids[(ids < 0) | (ids >= size)][0]
        raise CallError(f"A {side} id must be below the size of its vocabulary, {size}. Received: {wrong}.")
    return ids


def _links(sources, targets, target_size):
    """Return f * target_size + e for each pair of pieces of one sentence, and the number of its target token."""
    total = sum((len(source) + 1) * len(target) for source, target in zip(sources, targets, strict=True))
    step = max(1, -(-total // MOST_LINKS))
    links, numbers, tokens = [], [], 0
    for i in range(0, len(sources), step):
        source, target = sources[i], targets[i]
        from_pieces = np.array([NOTHING, *source], np.int64)[:, None] * target_size
        links.append((from_pieces + np.array(target, np.int64)).ravel())
        numbers.append(np.tile(np.arange(tokens, tokens + len(target), dtype=np.int32), len(source) + 1))
        tokens += len(target)
    return np.concatenate(links), np.concatenate(numbers)


def _probabilities(sources, places, numbers, rounds):
    """Return t(e | f) of each pair.

    Args:
        sources: f of each pair.
        places: the pair of each link.
        numbers: the target token of each link.
        rounds: the number of rounds.
    """
    probabilities = np.ones(len(sources))
    for _ in range(rounds):
        shares = probabilities[places]
        shares /= np.bincount(numbers, shares)[numbers]
        expected = np.bincount(places, shares)
        probabilities = expected / np.bincount(sources, expected)[sources]
    return probabilities


def _fill(table, sources, targets, probabilities):
    """Write the most probable targets of each source into its row of the table."""
    order = np.lexsort([-probabilities, sources])
    sources, targets = sources[order], targets[order]
    ranks = np.arange(len(sources)) - np.searchsorted(sources, sources)
    kept = ranks < table.shape[1]
    table[sources[kept], ranks[kept]] = targets[kept]


def _always(counts, frequent):
    """Return the special ids and the most frequent pieces that occur, in ascending order."""
    most = np.argsort(-counts, kind="stable")[:frequent]
    return np.union1d(SPECIAL, most[counts[most] > 0]).astype(np.int32)
