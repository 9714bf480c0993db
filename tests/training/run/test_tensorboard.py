from tests.support.summaries import scalars
from zoo.training.run.tensorboard import EpochCurves


class Model:
    """What `EpochCurves` looks at."""

    class optimizer:  # noqa: N801
        learning_rate = 0.5


def test_scores_are_on_the_disk_after_each_epoch(tmp_path):
    curves = EpochCurves(tmp_path)
    curves.set_model(Model())
    curves.on_train_begin()
    curves.on_epoch_end(0, {"loss": 2.0, "val_loss": 3.0})
    first = [
        ("train", "epoch_loss", 0, 2.0),
        ("train", "epoch_learning_rate", 0, 0.5),
        ("validation", "epoch_loss", 0, 3.0),
    ]
    assert scalars(tmp_path) == first
    curves.on_epoch_end(1, {"loss": 1.0, "val_loss": 2.5})
    curves.on_train_end()
    assert sorted(scalars(tmp_path)) == sorted(
        [
            *first,
            ("train", "epoch_loss", 1, 1.0),
            ("train", "epoch_learning_rate", 1, 0.5),
            ("validation", "epoch_loss", 1, 2.5),
        ]
    )
