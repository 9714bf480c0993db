import pytest
import tensorflow as tf

from zoo import gpu


@pytest.fixture
def warnings(monkeypatch, tmp_path, caplog):
    """Return a function that gives the warnings of a machine."""

    def warnings_of(*, driver, found=(), visible=None, cuda=True):
        sign = tmp_path / "nvidia0"
        sign.touch() if driver else sign.unlink(missing_ok=True)
        monkeypatch.setattr(gpu, "SIGNS", (tmp_path / "version", sign))
        monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind: list(found))
        monkeypatch.setattr(tf.test, "is_built_with_cuda", lambda: cuda)
        monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
        if visible is not None:
            monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
        gpu.warn_of_unused_gpu.cache_clear()
        caplog.clear()
        gpu.warn_of_unused_gpu()
        gpu.warn_of_unused_gpu()
        return [record.getMessage() for record in caplog.records]

    yield warnings_of
    gpu.warn_of_unused_gpu.cache_clear()


def test_a_gpu_that_is_not_found_is_told_once(warnings):
    (message,) = warnings(driver=True)
    assert "pip install 'attention-zoo[gpu]'" in message and "CUDA libraries" in message
    (message,) = warnings(driver=True, visible="0", cuda=False)
    assert "built without CUDA" in message


@pytest.mark.parametrize(
    "machine",
    [{"driver": False}, {"driver": True, "found": ["gpu"]}, {"driver": True, "visible": "-1"}],
    ids=["no GPU", "found", "hidden"],
)
def test_no_warning(warnings, machine):
    assert warnings(**machine) == []
