import subprocess
import sys

import pytest


def python(code):
    """Run code in a process of its own; return what it printed to standard output and to standard error."""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout, done.stderr


def test_import_prints_nothing():
    assert python("import zoo") == ("", "")


def test_import_is_light():
    heavy = "['keras', 'tensorflow', 'numpy', 'training', 'export']"
    out, _ = python(f"import sys, zoo; zoo.names(); print([name for name in {heavy} if name in sys.modules])")
    assert out == "[]\n"


def test_import_switches_onednn_on_unless_it_is_set():
    code = "import os; os.environ.pop('{0}', 0); {1}\nimport zoo; print(os.environ['{0}'])"
    assert python(code.format("TF_ENABLE_ONEDNN_OPTS", "")) == ("1\n", "")
    assert python(code.format("TF_ENABLE_ONEDNN_OPTS", "os.environ['TF_ENABLE_ONEDNN_OPTS'] = '0'")) == ("0\n", "")


def test_import_of_errors_and_names_needs_no_tensorflow():
    code = "import sys; from zoo import CallError, WorkError, ZooError, names; print('tensorflow' in sys.modules)"
    assert python(code)[0] == "False\n"


@pytest.mark.parametrize(
    "code",
    [
        "from zoo.layers import TanhDense; print(TanhDense(3).units)",
        pytest.param("import zoo; print(zoo.TanhDense(3).units)", marks=pytest.mark.conformance),
        "from zoo.models.classifier import DenseClassifier; print(DenseClassifier(9, 3, units=3).options['units'])",
        "import zoo; print(zoo.LanguageModel(9, units=3).options['units'])",
    ],
    ids=["layers first", "by attribute", "a class first", "a class by attribute"],
)
def test_layers_are_there_whatever_is_imported_first(code):
    assert python(code)[0] == "3\n"


def test_every_public_name_is_there():
    import zoo

    assert len(zoo.__all__) == len(set(zoo.__all__))
    assert set(zoo.__all__) <= set(dir(zoo))
    for name in zoo.__all__:
        assert getattr(zoo, name).__name__.rpartition(".")[2] == name if name != "MODELS" else zoo.MODELS
    with pytest.raises(AttributeError, match="module 'zoo' has no attribute 'nothing'"):
        zoo.nothing  # noqa: B018


def test_a_broken_installation_is_not_hidden():
    """A module that cannot be imported says so at its first use; nothing is imported in the dark before."""
    code = "import sys; sys.modules['zoo.models.base'] = None; import zoo, keras; zoo.bahdanau_seq2seq"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert done.returncode == 1 and "import of zoo.models.base halted" in done.stderr
