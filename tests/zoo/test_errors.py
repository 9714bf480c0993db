import pytest

from zoo.errors import CallError, WorkError, ZooError, nearest


@pytest.mark.parametrize(("kind", "status", "built_in"), [(CallError, 2, ValueError), (WorkError, 1, RuntimeError)])
def test_exit_status_and_kind(kind, status, built_in):
    assert kind.exit_status == status
    assert issubclass(kind, ZooError) and issubclass(kind, built_in)


def test_call_and_work_errors_are_told_apart():
    assert not issubclass(CallError, WorkError) and not issubclass(WorkError, CallError)


@pytest.mark.parametrize(
    ("word", "hint"),
    [("grru", ' Did you mean "gru"?'), ("lst", ' Did you mean "lstm"?'), ("banana", ""), ("", "")],
)
def test_nearest(word, hint):
    assert nearest(word, iter(["tanh", "gru", "lstm"])) == hint


def test_nearest_of_nothing():
    assert nearest("gru", []) == ""
