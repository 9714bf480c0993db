import keras
import pytest
import tensorflow as tf

from zoo.fitting.precision import fastest_precision
from zoo.recurrence.speed import bfloat16_pays
from zoo.training.settings import Settings
from zoo.training.step.precision import for_device, precision_policy


def test_the_device_chooses(monkeypatch, caplog):
    def chosen(gpus, capability=(8, 0), pays=False, **settings):
        for module in ("zoo.training.step.precision", "zoo.fitting.precision"):
            monkeypatch.setattr(f"{module}.bfloat16_pays", lambda units: pays and units == 512)
        monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind: gpus)
        monkeypatch.setattr(
            tf.config.experimental, "get_device_details", lambda gpu: {"compute_capability": capability}
        )
        settings = for_device(Settings(**settings), 512)
        return settings.precision, settings.jit

    caplog.set_level("INFO", "zoo")
    assert chosen([]) == ("float32", False)
    assert chosen([], pays=True, precision="float32") == ("float32", False)
    assert chosen([], pays=True, deterministic=True) == ("float32", False)
    assert not caplog.records
    assert chosen([], pays=True) == ("float32", False)
    assert "--precision mixed_bfloat16" in caplog.text
    assert fastest_precision(512) == "mixed_bfloat16" and fastest_precision(256) == "float32"
    assert chosen(["gpu"], deterministic=True) == ("mixed_bfloat16", True)
    assert chosen(["gpu"]) == ("mixed_bfloat16", True)
    assert chosen(["gpu"], (7, 5)) == ("mixed_float16", True)
    assert chosen(["gpu"], precision="float32", jit=False) == ("float32", False)
    assert chosen([], precision="mixed_float16", jit=True) == ("mixed_float16", True)


def test_bfloat16_is_measured_for_models_that_are_large_enough(monkeypatch):
    seconds = iter([[2.0, 1.0], [1.0, 1.0]])  # of float32 and bfloat16
    monkeypatch.setattr("zoo.recurrence.speed._median_seconds", lambda *functions: next(seconds))
    bfloat16_pays.cache_clear()
    try:
        assert [bfloat16_pays(units) for units in (16, 256, 512, 256)] == [False, True, False, True]
    finally:
        bfloat16_pays.cache_clear()


def test_the_policy_is_for_the_block_alone():
    before = keras.config.dtype_policy().name
    with pytest.raises(KeyError), precision_policy("mixed_bfloat16"):
        assert keras.config.dtype_policy().name == "mixed_bfloat16"
        raise KeyError
    assert keras.config.dtype_policy().name == before == "float32"
