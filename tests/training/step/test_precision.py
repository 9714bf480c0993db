import keras
import pytest
import tensorflow as tf

from zoo.training.settings import Settings
from zoo.training.step.precision import for_device, precision_policy


def test_the_device_chooses(monkeypatch):
    def chosen(gpus, capability=(8, 0), **settings):
        monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind: gpus)
        monkeypatch.setattr(
            tf.config.experimental, "get_device_details", lambda gpu: {"compute_capability": capability}
        )
        settings = for_device(Settings(**settings))
        return settings.precision, settings.jit

    assert chosen([]) == ("float32", False)
    assert chosen(["gpu"]) == ("mixed_bfloat16", True)
    assert chosen(["gpu"], (7, 5)) == ("mixed_float16", True)
    assert chosen(["gpu"], precision="float32", jit=False) == ("float32", False)
    assert chosen([], precision="mixed_float16", jit=True) == ("mixed_float16", True)


def test_the_policy_is_for_the_block_alone():
    before = keras.config.dtype_policy().name
    with pytest.raises(KeyError), precision_policy("mixed_bfloat16"):
        assert keras.config.dtype_policy().name == "mixed_bfloat16"
        raise KeyError
    assert keras.config.dtype_policy().name == before == "float32"
