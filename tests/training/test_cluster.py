import json

import pytest

from zoo.errors import CallError
from zoo.training.cluster import Worker, is_chief, this_worker


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        (None, (0, 1)),
        ({"cluster": {"worker": ["a:1", "b:1"]}, "task": {"type": "worker", "index": 1}}, (1, 2)),
        ({"cluster": {"chief": ["a:1"], "worker": ["b:1", "c:1"]}, "task": {"type": "chief", "index": 0}}, (0, 3)),
        ({"cluster": {"chief": ["a:1"], "worker": ["b:1", "c:1"]}, "task": {"type": "worker", "index": 0}}, (1, 3)),
        ({"cluster": {"worker": ["a:1"]}, "task": {"type": "worker", "index": "0"}, "environment": "cloud"}, (0, 1)),
    ],
)
def test_the_worker_is_the_task_of_tf_config(monkeypatch, config, expected):
    monkeypatch.setenv("TF_CONFIG", json.dumps(config) if config else " ")
    assert this_worker() == Worker(*expected)
    assert is_chief() == (expected[0] == 0)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "Expecting property name"),
        ("[]", "list indices"),
        ('{"task": {"type": "worker", "index": 0}}', "it lacks 'cluster'"),
        ('{"cluster": {"chief": ["a:1", "b:1"]}, "task": {"type": "chief", "index": 1}}', "at most one chief"),
        ('{"cluster": {"worker": ["a:1"]}}', "it lacks 'task'"),
        ('{"cluster": {"worker": ["a:1"]}, "task": {"type": "worker"}}', "it lacks 'index'"),
        ('{"cluster": {"worker": ["a:1"]}, "task": {"type": "worker", "index": 1}}', 'no task "worker" 1'),
        ('{"cluster": {"worker": ["a"]}, "task": {"type": "worker", "index": 0}}', 'no "host:port"'),
        ('{"cluster": {"worker": ["a:1"], "ps": ["b:1"]}, "task": {"type": "worker", "index": 0}}', "not ps, worker"),
    ],
)
def test_a_tf_config_that_cannot_be_is_refused(monkeypatch, text, said):
    monkeypatch.setenv("TF_CONFIG", text)
    with pytest.raises(CallError, match="TF_CONFIG must be JSON like") as error:
        this_worker()
    assert said in str(error.value) and f"TF_CONFIG={text}" in str(error.value)
