"""The split of sentence pairs into train, valid and test sets that share no sentence."""

import hashlib

Pair = tuple[str, str]

MOST_HELD_OUT = 2_000
LARGEST_HELD_OUT_GROUP = 20  # a set of a few large groups of paraphrases would measure little


def split_pairs(pairs: list[Pair]) -> dict[str, list[Pair]]:
    """Split pairs: 2,000 each, or a twentieth if that is less, for valid and test, the rest for train.

    Pairs that share a sentence, directly or through others, stay together. The order of the pairs does not matter;
    duplicates are dropped.

    Args:
        pairs: (source, target) sentences.

    Returns:
        The pairs of "train", "valid" and "test".
    """
    groups = sorted(_groups(sorted(set(pairs))), key=_shuffle_key)
    splits: dict[str, list[Pair]] = {"train": [], "valid": [], "test": []}
    share = min(MOST_HELD_OUT, len(set(pairs)) // 20)
    for group in groups:
        for split in ("valid", "test"):
            if len(group) <= min(LARGEST_HELD_OUT_GROUP, share - len(splits[split])):
                break
        else:
            split = "train"
        splits[split] += group
    return splits


def _shuffle_key(group: list[Pair]) -> bytes:
    return hashlib.sha256("\t".join(group[0]).encode()).digest()


def _groups(pairs: list[Pair]) -> list[list[Pair]]:
    """Return groups of pairs that share no sentence with each other, by union and find."""
    parent: dict[tuple[str, str], tuple[str, str]] = {}

    def root(node: tuple[str, str]) -> tuple[str, str]:
        parent.setdefault(node, node)
        while parent[node] != node:
            parent[node] = parent[parent[node]]
            node = parent[node]
        return node

    for source, target in pairs:
        parent[root(("source", source))] = root(("target", target))
    groups: dict[tuple[str, str], list[Pair]] = {}
    for source, target in pairs:
        groups.setdefault(root(("source", source)), []).append((source, target))
    return list(groups.values())
