import keras
import pytest
import tensorflow as tf

from zoo.fitting.precision import fastest_precision
from zoo.recurrence.speed import bfloat16_pays
from zoo.training.settings import Settings
from zoo.training.step.precision import for_device, precision_policy, recommend_faster


@pytest.fixture
def device(monkeypatch):
    def have(gpus, capability=(8, 0), pays=False):
        for module in ("zoo.training.step.precision", "zoo.fitting.precision"):
            monkeypatch.setattr(f"{module}.bfloat16_pays", lambda units: pays and units == 512)
        monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind: gpus)
        monkeypatch.setattr(
            tf.config.experimental, "get_device_details", lambda gpu: {"compute_capability": capability}
        )

    return have


def test_the_device_chooses(device):
    def chosen(gpus, *capability, pays=False, **settings):
        device(gpus, *capability, pays=pays)
        return for_device(Settings(**settings), 512).precision

    assert chosen([]) == "float32"
    assert chosen([], pays=True) == "float32"
    assert fastest_precision(512) == "mixed_bfloat16" and fastest_precision(256) == "float32"
    assert chosen(["gpu"], deterministic=True) == "mixed_bfloat16"
    assert chosen(["gpu"]) == "mixed_bfloat16"
    assert chosen(["gpu"], (7, 5)) == "mixed_float16"
    assert chosen(["gpu"], precision="float32") == "float32"
    assert chosen([], precision="mixed_float16") == "mixed_float16"


def test_a_faster_precision_is_recommended_where_none_is_asked_for(device, caplog):
    caplog.set_level("INFO", "zoo")
    device([], pays=True)
    recommend_faster(Settings(precision="float32"), 512)
    recommend_faster(Settings(deterministic=True), 512)
    recommend_faster(Settings(), 256)
    device([], pays=False)
    recommend_faster(Settings(), 512)
    device(["gpu"], pays=True)
    recommend_faster(Settings(), 512)
    assert not caplog.records
    device([], pays=True)
    recommend_faster(Settings(), 512)
    assert "--precision mixed_bfloat16" in caplog.text


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
