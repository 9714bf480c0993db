from zoo.training.data.splits import split_pairs


def test_split_pairs_keeps_shared_sentences_together():
    pairs = [(f"f{i}", f"e{i // 3}") for i in range(600)] + [(f"f{i}", f"x{i}") for i in range(0, 600, 7)]
    splits = split_pairs(pairs)
    assert sorted(pair for split in splits.values() for pair in split) == sorted(pairs)
    assert splits["valid"] and splits["test"]
    for side in (0, 1):
        sentences = [{pair[side] for pair in splits[split]} for split in ("train", "valid", "test")]
        assert sum(map(len, sentences)) == len(set().union(*sentences))
    assert split_pairs(pairs[::-1]) == splits


def test_split_pairs_leaves_large_groups_to_train():
    splits = split_pairs([("same", f"e{i}") for i in range(1_000)] + [(f"f{i}", f"g{i}") for i in range(1_000)])
    assert {split: len(pairs) for split, pairs in splits.items()} == {"train": 1_800, "valid": 100, "test": 100}
    assert sum(source == "same" for source, _ in splits["train"]) == 1_000
