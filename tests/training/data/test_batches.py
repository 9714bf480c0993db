import numpy as np
import pytest
import tensorflow as tf

from zoo.constants import END, PAD, START
from zoo.training.data.batches import batches, steps_per_epoch
from zoo.training.data.buckets import BUCKETS, make_buckets
from zoo.training.data.examples import Examples
from zoo.training.data.rows import Rows


def made_up(task="translation", count=150, longest=45, seed=0):
    """Return examples of many lengths; the first source id tells them apart."""
    dice = np.random.default_rng(seed)
    sources = [[10 + i, *dice.integers(4, 10, dice.integers(longest))] for i in range(count)]
    targets = {
        "translation": [[10 + i, *dice.integers(4, 10, dice.integers(longest))] for i in range(count)],
        "classification": [[i % 3] for i in range(count)],
        "language_model": [[] for _ in range(count)],
    }[task]
    return Examples(task, Rows.of(sources), Rows.of(targets))


def epoch(data, steps):
    return [(_arrays(inputs), labels.numpy()) for inputs, labels in data.take(steps)]


def _arrays(inputs):
    return {side: ids.numpy() for side, ids in inputs.items()} if isinstance(inputs, dict) else inputs.numpy()


def numbers(some):
    """Return which examples batches hold, batch by batch; rows of padding alone hold none."""
    sources = [inputs["source"] if isinstance(inputs, dict) else inputs for inputs, _ in some]
    sources = [ids[ids.any(axis=1)] for ids in sources]
    return [(ids[:, 1] if ids[0, 0] == START else ids[:, 0]).tolist() for ids in sources]


def test_translation_is_opened_closed_and_padded():
    examples = Examples("translation", Rows.of([[7, 8], [9]]), Rows.of([[4], [5, 6, 7]]))
    ((inputs, labels),) = epoch(batches(examples, 2), 9)
    np.testing.assert_array_equal(inputs["source"], [[7, 8, END], [9, END, PAD]])
    np.testing.assert_array_equal(inputs["target"], [[START, 4, PAD, PAD], [START, 5, 6, 7]])
    np.testing.assert_array_equal(labels, [[4, END, PAD, PAD], [5, 6, 7, END]])


def test_classification_is_closed_and_padded():
    examples = Examples("classification", Rows.of([[7, 8], [], [9]]), Rows.of([[2], [0], [1]]))
    ((inputs, labels),) = epoch(batches(examples, 3), 9)
    np.testing.assert_array_equal(inputs, [[7, 8, END], [END, PAD, PAD], [9, END, PAD]])
    np.testing.assert_array_equal(labels, [2, 0, 1])


def test_language_model_predicts_the_next_token():
    examples = Examples("language_model", Rows.of([[7, 8], [9], []]), Rows.of([[], [], []]))
    ((inputs, labels),) = epoch(batches(examples, 3), 9)
    np.testing.assert_array_equal(inputs, [[START, 7, 8], [START, 9, PAD], [START, PAD, PAD]])
    np.testing.assert_array_equal(labels, [[7, 8, END], [9, END, PAD], [END, PAD, PAD]])


@pytest.mark.parametrize("task", ["translation", "classification", "language_model"])
@pytest.mark.parametrize("batch_size", [1, 8, 1_000])
@pytest.mark.parametrize("seed", [None, 3])
def test_each_example_comes_once_an_epoch_in_as_many_steps_as_promised(task, batch_size, seed):
    examples = made_up(task, count=60)
    steps = steps_per_epoch(examples, batch_size)
    if seed is None:
        some = epoch(batches(examples, batch_size), steps + 5)
        assert len(some) == steps == int(batches(examples, batch_size).cardinality())
    else:
        some = epoch(batches(examples, batch_size, shuffle_seed=seed), steps)
    assert sorted(i for batch in numbers(some) for i in batch) == list(range(10, 70))


def test_inputs_and_labels_of_an_example_stay_together():
    examples = made_up("translation", count=60)
    for inputs, labels in epoch(batches(examples, 8, shuffle_seed=1), steps_per_epoch(examples, 8)):
        for source, target, label in zip(inputs["source"], inputs["target"], labels, strict=True):
            i = source[0] - 10
            assert [x for x in source if x] == [*examples.sources[i], END]
            assert [x for x in target if x] == [START, *examples.targets[i]]
            assert [x for x in label if x] == [*examples.targets[i], END]


def test_a_batch_holds_examples_of_one_bucket():
    examples = made_up(count=150)
    lengths, widths = examples.lengths(), set()
    assert lengths.tolist() == [
        max(len(source), len(target)) + 1 for source, target in zip(examples.sources, examples.targets, strict=True)
    ]
    for batch in numbers(epoch(batches(examples, 8, shuffle_seed=1), steps_per_epoch(examples, 8))):
        buckets = {int(np.digitize(lengths[i - 10], BUCKETS)) for i in batch}
        assert len(buckets) == 1
        widths |= buckets
    assert len(widths) > 5


def test_few_shapes_pads_to_the_widest_row_of_a_bucket():
    examples = made_up(count=150)
    widths = {inputs["source"].shape[1] for inputs, _ in epoch(batches(examples, 8, few_shapes=True), 99)}
    assert widths <= {bound - 1 for bound in BUCKETS} and len(widths) > 5
    plain, wide = (rows_by_number(epoch(batches(examples, 8, few_shapes=few), 99)) for few in (False, True))
    assert plain == wide and len(plain) == 150
    wider = epoch(batches(examples, 8, few_shapes=True), 99)
    assert all(labels.shape == inputs["source"].shape for inputs, labels in wider)


@pytest.mark.parametrize("task", ["translation", "language_model"])
@pytest.mark.parametrize("batch_tokens", [None, 200])
def test_few_shapes_has_one_shape_a_bucket(task, batch_tokens):
    options = {"batch_tokens": batch_tokens, "few_shapes": True}
    examples = made_up(task, count=150)
    steps = steps_per_epoch(examples, 8, batch_tokens=batch_tokens)
    some = epoch(batches(examples, 8, shuffle_seed=1, **options), steps)
    shapes = {labels.shape for _, labels in some}
    assert len({width for _, width in shapes}) == len(shapes) > 5
    assert batch_tokens or {rows for rows, _ in shapes} == {8}
    for inputs, labels in some:
        added = ~labels.any(axis=1)
        for ids in inputs.values() if task == "translation" else [inputs]:
            np.testing.assert_array_equal(~ids.any(axis=1), added)


def test_classes_are_not_padded():
    some = epoch(batches(made_up("classification", count=11, longest=2), 8, few_shapes=True), 9)
    assert sorted(len(labels) for _, labels in some) == [3, 8]


def rows_by_number(some):
    """Return source and labels of each example, without their padding; rows of padding alone are left out."""
    return {
        int(source[0]): ([x for x in source.tolist() if x], [x for x in label.tolist() if x])
        for inputs, labels in some
        for source, label in zip(inputs["source"], labels, strict=True)
        if source.any()
    }


@pytest.mark.parametrize("few_shapes", [False, True])
def test_batches_of_so_many_tokens(few_shapes):
    examples = made_up(count=300, longest=25)
    steps = steps_per_epoch(examples, 8, batch_tokens=200)
    some = epoch(batches(examples, 8, shuffle_seed=1, batch_tokens=200, few_shapes=few_shapes), steps)
    assert sorted(i for batch in numbers(some) for i in batch) == list(range(10, 310))
    sizes = [max(labels.size, inputs["source"].size) for inputs, labels in some]
    assert max(sizes) <= 200 and np.median(sizes) > 100
    assert max(len(labels) for _, labels in some) > 1.5 * np.median([len(labels) for _, labels in some])


def test_an_example_longer_than_a_batch_is_a_batch():
    examples = Examples("language_model", Rows.of([[10] * 50, [11] * 3]), Rows.of([[]] * 2))
    assert steps_per_epoch(examples, 8, batch_tokens=20) == 2
    assert sorted(numbers(epoch(batches(examples, 8, batch_tokens=20), 9))) == [[10], [11]]


def test_examples_longer_than_all_buckets_are_kept():
    lengths = [3, BUCKETS[-1] - 1, BUCKETS[-1], BUCKETS[-1] + 50]
    examples = Examples(
        "language_model", Rows.of([[10 + i] * length for i, length in enumerate(lengths)]), Rows.of([[]] * 4)
    )
    for few_shapes in (False, True):
        some = epoch(batches(examples, 1, few_shapes=few_shapes), 9)
        assert sorted(i for batch in numbers(some) for i in batch) == [10, 11, 12, 13]
        assert len(some) == steps_per_epoch(examples, 1) == 4


def test_the_order_depends_on_seed_and_epoch_alone():
    examples = made_up(count=60)
    steps = steps_per_epoch(examples, 8)
    first = numbers(epoch(batches(examples, 8, shuffle_seed=5), 3 * steps))
    assert numbers(epoch(batches(examples, 8, shuffle_seed=5), 3 * steps)) == first
    epochs = [first[:steps], first[steps : 2 * steps], first[2 * steps :]]
    assert epochs[0] != epochs[1] != epochs[2] != epochs[0]
    assert numbers(epoch(batches(examples, 8, shuffle_seed=6), steps)) != epochs[0]
    for k in (1, 2):
        later = batches(examples, 8, shuffle_seed=5, first_epoch=k)
        assert numbers(epoch(later, (3 - k) * steps)) == first[k * steps :]


def test_without_a_seed_the_order_is_kept():
    examples = Examples("language_model", Rows.of([[10], [11], [12]]), Rows.of([[], [], []]))
    assert numbers(epoch(batches(examples, 2), 9)) == [[10, 11], [12]]


@pytest.mark.parametrize("few_shapes", [False, True])
def test_the_batches_are_those_of_tensorflow(few_shapes):
    """The plan of an epoch makes the batches of `bucket_by_sequence_length`, and can begin at any of them."""
    examples = made_up(count=150)
    lengths = examples.lengths()
    buckets = make_buckets(lengths, 8, batch_tokens=None)
    order = tf.random.experimental.stateless_shuffle(tf.range(150), seed=[5, 2])
    rows = tf.data.Dataset.from_tensor_slices(order).map(lambda i: (tf.gather(lengths, i), i))
    expected = rows.bucket_by_sequence_length(lambda length, _: length, buckets.bounds, buckets.batch_sizes.tolist())
    expected = [(some + 10).tolist() for _, some in expected.as_numpy_iterator()]
    options = {"shuffle_seed": 5, "first_epoch": 2, "few_shapes": few_shapes}
    assert numbers(epoch(batches(examples, 8, **options), len(expected))) == expected
    assert numbers(epoch(batches(examples, 8, first_step=9, **options), len(expected) - 9)) == expected[9:]
    after = batches(examples, 8, first_step=9, **options).skip(len(expected) - 9)
    options["first_epoch"] = 3
    assert numbers(epoch(after, 30)) == numbers(epoch(batches(examples, 8, **options), 30))
