"""What a checkpoint holds, and what becomes of one that is damaged or could not be written."""

import json
import resource
import shutil
import subprocess

import keras
import numpy as np
import pytest

from zoo.atomic_files import new_file
from zoo.errors import CallError, WorkError
from zoo.models.build import build
from zoo.run_folder import MODEL, load_model
from zoo.training.run.checkpoints import (
    BEST,
    POSITION,
    SUMS,
    Position,
    checkpoints,
    damage,
    is_finite,
    newest,
    read_position,
    remove_drafts,
    restore_best_model,
    restore_state,
    write_checkpoint,
)

INPUTS, TARGETS = np.array([[4, 5], [6, 0], [7, 8]]), np.array([0, 1, 2])
RECORD = {"model": "tanh_dnn", "training": {"seed": 1}}
FILES = ["state.index", "state.data-00000-of-00001", POSITION, BEST, SUMS]


def make_trainer(units=8, average=True):
    trainer = build("tanh_dnn", vocabulary_size=12, classes=3, units=units, dropout=0.5)
    schedule = keras.optimizers.schedules.CosineDecay(0.1, 50)
    trainer.compile(keras.optimizers.Adam(schedule, use_ema=average))
    trainer.optimizer.build(trainer.trainable_variables)
    return trainer


def step(trainer):
    """Do a step and return everything that it depended on or changed."""
    logs = trainer.train_step((INPUTS, TARGETS))
    return [float(value) for value in logs.values()] + state(trainer)


def state(trainer):
    every = [*trainer.variables, *trainer.metrics_variables, *trainer.optimizer.variables]
    return [one.value.numpy().tobytes() for one in every]


@pytest.fixture(scope="module")
def trainer():
    trainer = make_trainer()
    step(trainer)
    return trainer


@pytest.fixture(scope="module")
def made(tmp_path_factory, trainer):
    """A run with two checkpoints and a best model."""
    run = tmp_path_factory.mktemp("run")
    trainer.save_for_inference(run / MODEL)
    first = write_checkpoint(run, trainer, Position(0, 3), RECORD, with_best_model=False)
    write_checkpoint(
        run,
        trainer,
        Position(1, 2, 0.5, [{"epoch": 1, "loss": 0.1 + 0.2}]),
        RECORD,
        with_best_model=True,
        previous=first,
    )
    return run


@pytest.fixture
def run(made, tmp_path):
    return shutil.copytree(made, tmp_path / "run")


def test_a_restored_trainer_goes_on_as_the_one_that_was_not_stopped(tmp_path):
    """Weights, moments, averages, steps of the schedule, dropout and the metrics of the epoch so far."""
    first = make_trainer()
    step(first), step(first)
    path = write_checkpoint(tmp_path, first, Position(0, 2), RECORD, with_best_model=False)
    other = make_trainer()
    step(other)
    assert state(other) != state(first)
    restore_state(path, other)
    assert state(other) == state(first)
    assert [step(other) for _ in range(3)] == [step(first) for _ in range(3)]


def test_the_state_of_random_layers_and_averages_is_among_it(run):
    names = " ".join(json.loads((checkpoints(run)[0] / POSITION).read_text())["variables"])
    assert all(name in names for name in ("seed_generator_state", "momentum", "velocity", "iteration", "average"))


def test_the_position_and_the_record_come_back(run):
    position, record = read_position(newest(run))
    assert position == Position(1, 2, 0.5, [{"epoch": 1, "loss": 0.30000000000000004}]) and record == RECORD


def test_a_checkpoint_holds_what_it_should_and_no_draft_is_left(run):
    first, second = checkpoints(run)
    assert (first.name, second.name) == ("epoch-0001-step-000002", "epoch-0000-step-000003")
    assert {file.name for file in first.iterdir()} == set(FILES)
    assert {file.name for file in second.iterdir()} == set(FILES) - {BEST}
    done = subprocess.run(["sha256sum", "--check", "--strict", SUMS], cwd=first, capture_output=True, text=True)
    assert done.returncode == 0 and done.stdout.count(": OK") == 4
    assert not list(run.rglob(".*"))


def test_another_model_is_refused(run):
    with pytest.raises(CallError, match=r"is of another model: it holds .*\[12, 8\]. Expected: .*\[12, 4\]"):
        restore_state(newest(run), make_trainer(units=4))
    with pytest.raises(CallError, match="is of another model"):
        restore_state(newest(run), make_trainer(average=False))


def flip(file, place):
    content = bytearray(file.read_bytes())
    content[place] ^= 1 << place % 8
    file.write_bytes(content)


DAMAGE = {
    "truncated": lambda file: file.write_bytes(file.read_bytes()[:-1]),
    "cut in half": lambda file: file.write_bytes(file.read_bytes()[: file.stat().st_size // 2]),
    "emptied": lambda file: file.write_bytes(b""),
    "missing": lambda file: file.unlink(),
    "longer": lambda file: file.write_bytes(file.read_bytes() + b"\0"),
    "flipped": lambda file: flip(file, file.stat().st_size // 3),
}


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("how", DAMAGE)
def test_damage_is_detected_and_said_and_the_one_before_is_used(how, name, run, caplog):
    first, second = checkpoints(run)
    DAMAGE[how](first / name)
    assert newest(run) == second
    (warning,) = caplog.messages
    assert warning.startswith(f"{first} is damaged: ") and warning.endswith("The one before it is used.")
    assert name in warning or SUMS in warning


@pytest.mark.parametrize("name", FILES)
def test_a_flipped_bit_at_any_of_many_places_is_detected(name, run):
    file = checkpoints(run)[0] / name
    content = file.read_bytes()
    for place in range(0, len(content), 1 if name == SUMS else max(1, len(content) // 60)):
        flip(file, place)
        assert damage(file.parent), place
        file.write_bytes(content)
    assert damage(file.parent) is None


def test_an_older_one_that_is_damaged_does_not_matter(run, caplog):
    first, second = checkpoints(run)
    flip(second / POSITION, 3)
    assert newest(run) == first and caplog.messages == []


def test_when_all_are_damaged_nothing_begins_again(run, caplog):
    for one in checkpoints(run):
        (one / SUMS).unlink()
    with pytest.raises(WorkError, match="none of its 2 checkpoints can be used; it cannot be continued"):
        newest(run)
    assert ["SHA256SUMS: No such file or directory" in warning for warning in caplog.messages] == [True, True]


def test_no_checkpoints(tmp_path):
    assert checkpoints(tmp_path) == [] and newest(tmp_path) is None


def test_the_last_two_are_kept(run, trainer):
    before = checkpoints(run)[0]
    for position in (Position(1, 5), Position(2, 0)):
        before = write_checkpoint(run, trainer, position, RECORD, with_best_model=True, previous=before)
    assert [one.name for one in checkpoints(run)] == ["epoch-0002-step-000000", "epoch-0001-step-000005"]
    assert [damage(one) for one in checkpoints(run)] == [None, None]


@pytest.mark.parametrize("position", [Position(1, 0), Position(1, 2), Position(1, 4)])
def test_a_damaged_one_makes_way_and_the_sound_one_stays(run, trainer, position):
    """The run goes on from the one before: what comes next may be older than the damaged one, or newer."""
    first, second = checkpoints(run)
    (first / SUMS).unlink()
    assert newest(run) == second
    path = write_checkpoint(run, trainer, position, RECORD, with_best_model=True, previous=second)
    assert checkpoints(run) == [path, second] and newest(run) == path and damage(second) is None


def test_the_best_model_is_put_back(run, trainer):
    best = load_model(run / MODEL).get_weights()
    (run / MODEL).write_bytes(b"of an epoch that is done again")
    restore_best_model(checkpoints(run)[0], run)
    assert all(np.array_equal(a, b) for a, b in zip(load_model(run / MODEL).get_weights(), best, strict=True))
    restore_best_model(checkpoints(run)[1], run)  # of before the first best one
    assert not (run / MODEL).exists()


def test_what_a_killed_process_left_behind_is_swept(run):
    kept = sorted(run.rglob("*"))
    dead = [run / ".model.keras.01234567.part", run / "checkpoints" / ".epoch-0001-step-000003.abcdefgh.part"]
    for draft in dead:
        draft.mkdir()
        (draft / "state.index").write_text("half")
    assert newest(run) == checkpoints(run)[0]
    (run / ".notes.partial").write_text("a file of the user")
    with new_file(run / "served") as alive:  # of another process, say
        alive.write_text("half")
        remove_drafts(run)
        assert alive.read_text() == "half" and not any(draft.exists() for draft in dead)
    (run / "served").unlink()
    (run / ".notes.partial").unlink()
    assert sorted(run.rglob("*")) == kept


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_weight_or_a_moment_that_is_no_number_is_seen(value):
    for choose in (lambda one: one.logits.bias, lambda one: one.optimizer.variables[-1]):
        trainer = make_trainer()
        assert is_finite(trainer)
        variable = choose(trainer)
        variable.assign(np.full(variable.shape, value))
        assert not is_finite(trainer)


def assert_nothing_changed(run, trainer, message):
    before = {file: file.read_bytes() for file in run.rglob("*") if file.is_file()}
    with pytest.raises(WorkError, match=message) as caught:
        write_checkpoint(run, trainer, Position(2, 0), RECORD, with_best_model=True)
    assert isinstance(caught.value.__cause__, OSError)
    assert {file: file.read_bytes() for file in run.rglob("*") if file.is_file()} == before
    assert newest(run) == checkpoints(run)[0] and not list(run.rglob(".*"))


@pytest.mark.parametrize("size", [0, 300, 3_000, 9_000])
def test_a_file_that_cannot_grow_leaves_what_was_there(run, trainer, size):
    """At 0 nothing can be written, at the others the smaller files can and the best model never."""
    assert (run / MODEL).stat().st_size > 9_000
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, limits[1]))
    try:
        assert_nothing_changed(run, trainer, "Could not write .*epoch-0002-step-000000: .*File too large")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


def test_a_full_disk_leaves_what_was_there(made, tmp_path, trainer):
    disk = tmp_path / "disk"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=200k", "tmpfs", disk], capture_output=True).returncode:
        pytest.skip("only root may mount a small disk")
    try:
        run = shutil.copytree(made, disk / "run")
        free = shutil.disk_usage(disk).free
        (disk / "ballast").write_bytes(b"x" * (free - 12_288))
        assert_nothing_changed(run, trainer, "Could not write .*No space left on device")
        (disk / "ballast").unlink()
        assert damage(write_checkpoint(run, trainer, Position(2, 0), RECORD, with_best_model=True)) is None
    finally:
        subprocess.run(["umount", disk], check=True)
