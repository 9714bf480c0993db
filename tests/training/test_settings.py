import subprocess
import sys
from dataclasses import fields

import pytest

from zoo.errors import CallError
from zoo.options import options_of
from zoo.tasks import TASKS
from zoo.training.settings import SCHEDULES, Monitor, Settings


def test_settings_have_defaults_that_pass():
    Settings().check()


def test_every_setting_has_a_check_and_a_short_help():
    """They make the flags of `zoo train`."""
    options = options_of(Settings)
    assert list(options) == [field.name for field in fields(Settings)]
    for option in options.values():
        assert option.check and option.kind in (int, float, str, bool)
        assert option.help.endswith(".") and len(option.help.split(". ")[0]) < 140, option.help
        option.checked(option.default)
    assert options["schedule"].choices == SCHEDULES
    assert set(options["monitor"].choices) == {name for task in TASKS.values() for name in task.monitors}
    assert [name for name, option in options.items() if option.optional] == [
        "batch_tokens", "monitor", "train_size", "precision"
    ]  # fmt: skip


def test_settings_need_no_tensorflow():
    """The command reads its flags from them."""
    code = "import sys; import zoo.training.settings; sys.exit('tensorflow' in sys.modules or 'keras' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


@pytest.mark.parametrize(
    ("task", "options", "monitor"),
    [
        ("translation", {}, Monitor(name="val_accuracy", rising=True)),
        ("classification", {}, Monitor(name="val_accuracy", rising=True)),
        ("language_model", {}, Monitor(name="val_loss", rising=False)),
        ("language_model", {"monitor": "perplexity"}, Monitor(name="val_perplexity", rising=False)),
        ("translation", {"monitor": "exact_match"}, Monitor(name="val_exact_match", rising=True)),
    ],
)
def test_the_monitor_of_a_task(task, options, monitor):
    settings = Settings(**options)
    settings.check(task)
    assert settings.monitor_of(task) == monitor


@pytest.mark.parametrize(
    ("task", "options", "message"),
    [
        ("classification", {"monitor": "bleu"}, '`monitor` must be one of "accuracy", "loss"'),
        ("language_model", {"monitor": "perplexty"}, 'Did you mean "perplexity"'),
        ("translation", {"monitor": "chrf", "watch_size": 0}, "`watch_size` must be above 0"),
        ("classification", {"scheduled_sampling": 0.1}, "a classifier reads no guess"),
        ("translation", {"schedule": "cosin"}, 'Did you mean "cosine"'),
        ("translation", {"precision": "mixed_float"}, 'Did you mean "mixed_float16"'),
        ("translation", {"ema": 1.0}, "`ema` must be a number from 0 up to 1"),
        ("translation", {"label_smoothing": -0.1}, "`label_smoothing` must be a number from 0 up to 1"),
        ("translation", {"weight_decay": -1.0}, "`weight_decay` must be a number of 0 or more"),
        ("translation", {"scheduled_sampling": 1.1}, "`scheduled_sampling` must be a number from 0 to 1"),
        ("translation", {"watch_size": -1}, "`watch_size` must be a whole number from 0 to"),
    ],
)
def test_bad_settings(task, options, message):
    with pytest.raises(CallError, match=message):
        Settings(**options).check(task)


def test_only_a_unigram_vocabulary_is_resampled():
    with pytest.raises(CallError, match='`subword_alpha` needs text="unigram". Received: text="char"'):
        Settings(subword_alpha=0.2, text="char").check()


def test_only_translation_has_two_vocabularies():
    with pytest.raises(CallError, match='Only translation has two vocabularies. Received: text="char,word"'):
        Settings(text="char,word").check("classification")
    Settings(text="char,word").check("translation")
