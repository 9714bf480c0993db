"""The files beside a graph: what is written is read again, and a missing or damaged file is named."""

import json

import pytest

from zoo.errors import CallError
from zoo.export.card import CARD, extra_files, pipeline_from


def functions(*names):
    return {name: lambda ids: {} for name in names}


def test_a_pipeline_from_the_files_of_a_run(fresh, tmp_path):
    run = fresh("bahdanau_seq2seq")
    files = extra_files(run)
    assert set(files) == {CARD, "source.model", "target.model"}
    of_saved_model = pipeline_from(files, functions("tokens", "beam_tokens", "score_tokens"), tmp_path)
    of_litert = pipeline_from(files, functions("greedy", "beam", "score"), tmp_path)
    assert of_saved_model.functions.keys() == of_litert.functions.keys() == run.functions.keys()
    assert of_litert.task == "translation" and of_litert.target.proto == run.vocabularies["target"].proto


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda files: files.pop(CARD), "it has no 'zoo.json'"),
        (lambda files: files.pop("target.model"), "it has no 'target.model'"),
        (lambda files: files.update({CARD: b"{"}), "damaged or not made by"),
        (lambda files: files.update({CARD: b"[]"}), "damaged or not made by"),
        (lambda files: files.update({"source.model": b"x"}), "damaged or not made by"),
        (lambda files: files.update({CARD: files[CARD].replace(b'"translation"', b'"telepathy"')}), "telepathy"),
    ],
)
def test_damage_is_named(change, message, fresh, tmp_path):
    files = extra_files(fresh("bahdanau_seq2seq"))
    change(files)
    with pytest.raises(CallError, match=message):
        pipeline_from(files, functions("tokens"), tmp_path)


def test_a_vocabulary_of_another_size(fresh, tmp_path):
    files = extra_files(fresh("bahdanau_seq2seq"))
    card = json.loads(files[CARD])
    card["options"]["target_vocabulary_size"] += 1
    with pytest.raises(CallError, match="target.model should have"):
        pipeline_from(files | {CARD: json.dumps(card).encode()}, functions("tokens"), tmp_path)
    with pytest.raises(CallError, match="it has no signature tokens"):
        pipeline_from(files, functions("other"), tmp_path)
