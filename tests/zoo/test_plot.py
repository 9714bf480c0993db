import errno
import os
import warnings

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

import zoo.plot
from zoo.errors import CallError, WorkError
from zoo.plot import LONGEST_LABEL, check_picture, draw_attention

AWKWARD = [
    *["▁Été", "é", "▁naïve", "▁Œuvre", "$", "$x$", r"\$", "_", "▁", "▁▁", "^", "x^2", "%", "\\", r"\frac", "{}"],
    *["#", "&", "~", "</s>", "<unk>", "", " ", "'", '"', "…", "▁anticonstitutionnellement", "1934", "-", ","],
]
FORTY = (AWKWARD * 2)[:40]


def weights(rows, columns):
    return np.random.default_rng(0).dirichlet(np.full(columns, 0.1), rows)


@pytest.fixture
def figures(monkeypatch):
    """The figures that were saved."""
    saved, save = [], Figure.savefig

    def remember(figure, *arguments, **options):
        saved.append(figure)
        return save(figure, *arguments, **options)

    monkeypatch.setattr(Figure, "savefig", remember)
    return saved


def extents(labels):
    return [label.get_window_extent() for label in labels if label.get_text().strip()]


@pytest.mark.parametrize(
    ("source", "target"),
    [(FORTY, FORTY[::-1]), (FORTY, FORTY[:3]), (FORTY[:3], FORTY), (["a"], ["b"]), (["x" * 80], ["y" * 80] * 2)],
)
def test_labels_are_whole_and_apart(tmp_path, figures, source, target):
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # matplotlib only warns when the labels leave no room
        draw_attention(tmp_path / "a.png", weights(len(target), len(source)), source, target)
    (figure,) = figures
    figure.dpi = 150
    FigureCanvasAgg(figure).draw()
    axes, scale = figure.axes
    assert len(axes.get_xticklabels()) == len(source) and len(axes.get_yticklabels()) == len(target)
    down, across = extents(axes.get_yticklabels()), extents(axes.get_xticklabels())
    for box in [*down, *across, scale.yaxis.label.get_window_extent()]:
        assert figure.bbox.x0 <= box.x0 and box.x1 <= figure.bbox.x1
        assert figure.bbox.y0 <= box.y0 and box.y1 <= figure.bbox.y1
    assert all(above.y0 >= below.y1 for above, below in zip(down, down[1:], strict=False))
    assert all(left.x0 < right.x0 for left, right in zip(across, across[1:], strict=False))
    cell = axes.get_window_extent().width / len(source) / figure.dpi
    assert cell > 0.2  # inches; the letters are 0.14 high


def test_the_picture_shows_the_weights(tmp_path, figures):
    given = weights(3, 4)
    draw_attention(tmp_path / "a.png", given, list("abcd"), list("efg"))
    image = figures[0].axes[0].images[0]
    np.testing.assert_array_equal(image.get_array(), given)
    assert image.get_clim() == (0, 1)
    assert [label.get_text() for label in figures[0].axes[0].get_xticklabels()] == list("abcd")
    assert [label.get_text() for label in figures[0].axes[0].get_yticklabels()] == list("efg")


@pytest.mark.parametrize(
    ("piece", "shown"),
    [
        ("▁le", "_le"),
        ("$x$", r"\$x\$"),  # as matplotlib writes a dollar that begins no formula
        ("a\nb\0", "a\ufffdb\ufffd"),
        ("x" * 80, "x" * (LONGEST_LABEL - 1) + "…"),
        ("", " "),
    ],
)
def test_the_label_of_a_piece(tmp_path, figures, piece, shown):
    draw_attention(tmp_path / "a.png", weights(1, 1), [piece], ["a"])
    assert figures[0].axes[0].get_xticklabels()[0].get_text() == shown


def test_pieces_that_the_font_lacks_are_drawn_without_a_warning(tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        draw_attention(tmp_path / "a.png", weights(2, 2), ["▁日本語", "😀"], ["▁हिन्दी", "\x01"])
    assert (tmp_path / "a.png").stat().st_size > 1_000


def test_a_large_picture_has_fewer_pixels_for_each_piece(tmp_path, monkeypatch):
    monkeypatch.setattr(zoo.plot, "MOST_PIXELS", 1e5)
    for name, pieces in (("small.png", ["a"]), ("large.png", ["a"] * 30)):
        draw_attention(tmp_path / name, weights(len(pieces), len(pieces)), pieces, pieces)
    with Image.open(tmp_path / "small.png") as small, Image.open(tmp_path / "large.png") as large:
        assert small.width * small.height == pytest.approx(1e5, rel=0.02)
        assert large.width * large.height == pytest.approx(1e5, rel=0.02)


@pytest.mark.parametrize(("name", "magic"), [("a.png", b"\x89PNG"), ("a.PNG", b"\x89PNG"), ("a.pdf", b"%PDF")])
def test_formats(tmp_path, name, magic):
    draw_attention(tmp_path / name, weights(2, 3), ["a", "b", "c"], ["d", "e"])
    assert (tmp_path / name).read_bytes().startswith(magic)
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_svg(tmp_path):
    draw_attention(str(tmp_path / "a.svg"), weights(2, 3), ["a", "b", "c"], ["d", "e"])
    assert "<svg" in (tmp_path / "a.svg").read_text()


@pytest.mark.parametrize("name", ["a.txt", "a", "a.jpg"])
def test_another_ending_is_refused(tmp_path, name):
    with pytest.raises(CallError, match=rf"ends in \.png, \.svg, \.pdf\. Received: .*{name}\."):
        check_picture(tmp_path / name)


def test_a_missing_folder_is_refused(tmp_path):
    with pytest.raises(CallError, match=r"There is no folder .*none for the picture a\.png"):
        draw_attention(tmp_path / "none" / "a.png", weights(1, 1), ["a"], ["b"])
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize("shape", [(3, 2), (2,), (2, 3, 1)])
def test_a_wrong_shape_is_refused(tmp_path, shape):
    with pytest.raises(CallError, match=r"Expected weights of shape \(2, 3\).*Received: \("):
        draw_attention(tmp_path / "a.png", np.zeros(shape), ["a", "b", "c"], ["d", "e"])
    assert not list(tmp_path.iterdir())


def test_nothing_to_draw_is_refused(tmp_path):
    with pytest.raises(CallError, match=r"at least one piece on each side. Received weights of shape \(0, 1\)"):
        draw_attention(tmp_path / "a.png", np.zeros([0, 1]), ["a"], [])


@pytest.mark.parametrize("old", [None, b"old"])
def test_a_failure_leaves_no_half_picture(tmp_path, monkeypatch, old):
    def fill_the_disk(figure, draft, **options):
        draft.write_bytes(b"\x89PNG half")
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    if old:
        (tmp_path / "a.png").write_bytes(old)
    monkeypatch.setattr(Figure, "savefig", fill_the_disk)
    with pytest.raises(WorkError, match=r"a\.png: No space left on device"):
        draw_attention(tmp_path / "a.png", weights(1, 1), ["a"], ["b"])
    assert [path.read_bytes() for path in tmp_path.iterdir()] == ([old] if old else [])


def test_a_plot_has_a_bounded_number_of_pixels(monkeypatch):
    monkeypatch.setattr(zoo.plot, "MOST_PIXELS", 1e5)
    figure = zoo.plot.plot_attention(weights(30, 30), ["a"] * 30, ["b"] * 30).figure
    assert figure.dpi**2 * np.prod(figure.get_size_inches()) == pytest.approx(1e5, rel=0.02)
