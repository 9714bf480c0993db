import copy

import pytest

from zoo.errors import CallError
from zoo.run_folder import RunConfig
from zoo.training.run.provenance import check_same, record, versions, warn_of_versions

CONFIG = {
    "model": "seq2seq",
    "task": "translation",
    "options": {"units": 8},
    "labels": [],
    "training": {"seed": 1, "clip": 1.0},
    "vocabularies": {"source.model": "aa"},
    "data": {"train": {"origin": "/a/b.tsv", "count": 3, "digest": "bb"}},
    "versions": {"keras": "1"},
}


config_of = RunConfig.from_json


def changed(*path, to):
    config = copy.deepcopy(CONFIG)
    place = config
    for name in path[:-1]:
        place = place[name]
    place[path[-1]] = to
    return config_of(config)


@pytest.mark.parametrize("path", [("data", "train", "origin"), ("versions", "keras")])
def test_a_moved_file_or_another_version_is_the_same_run(path, tmp_path):
    check_same(tmp_path, record(changed(*path, to="else")), record(config_of(CONFIG)))


@pytest.mark.parametrize(
    ("path", "to", "message"),
    [
        (("model",), "bahdanau_seq2seq", "model was seq2seq and is now bahdanau_seq2seq"),
        (("options", "units"), 9, "options.units was 8 and is now 9"),
        (("options", "cell"), "gru", "options.cell was None and is now gru"),
        (("training", "seed"), 2, "training.seed was 1 and is now 2"),
        (("training",), {"seed": 1}, "training.clip was 1.0 and is now None"),
        (("labels",), ["a"], r"labels was \[\] and is now \['a'\]"),
        (("vocabularies", "source.model"), "cc", "vocabularies.source.model was aa and is now cc"),
        (("data", "train", "digest"), "cc", "data.train.digest was bb and is now cc"),
    ],
)
def test_what_differs_is_refused_and_named(path, to, message, tmp_path):
    with pytest.raises(CallError, match=f"cannot be continued: its config.json is not the one .*: {message}"):
        check_same(tmp_path, record(changed(*path, to=to)), record(config_of(CONFIG)))


def test_other_versions_are_warned_of(caplog):
    warn_of_versions(changed("versions", to=versions()))
    assert caplog.messages == []
    warn_of_versions(changed("versions", to={**versions(), "keras": "0.1", "gone": "7"}))
    (warning,) = caplog.messages
    assert f"keras 0.1 (now {versions()['keras']}), gone 7 (now None): the last digits may differ" in warning
