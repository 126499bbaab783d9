"""What the figures show: the aggregate and nothing else, and nothing of it hidden."""

import numpy as np
import pytest
from matplotlib.colors import to_hex

from metrics import METRICS
from reports.curves import draw_curves
from reports.frame import align, analyse
from reports.panel import HOLLOW
from reports.runtime import draw_runtime
from reports.style import COLUMN_WIDTH, PAGE_WIDTH, assign, paper
from tests.fake_results import METHODS, Fake, table

LONG = 'command[cmd="./etps --regularization 0.1 {image} {n} {labels} $HOME/a $b"]'


@pytest.fixture(autouse=True)
def _paper():
    with paper():
        yield


def analysis(fake, metrics=("asa", "br_r2"), spoil=None):
    frame = table(fake).to_pandas()
    if spoil:
        spoil(frame)
    frame["n"] = frame["n"].astype(float)
    (group,) = align(frame, metrics)
    return analyse(group, metrics)


def line_of(axes, label):
    (line,) = (line for line in axes.lines if line.get_gid() == label)
    return line


def hollow_points(axes):
    """All (x, y) of hollow markers, sorted."""
    hollow = [line for line in axes.lines if line.get_markerfacecolor() == "white"]
    return sorted(tuple(point) for line in hollow for point in line.get_xydata())


def legend_texts(figure):
    return [text.get_text() for text in figure.legends[0].get_texts()]


def fail(frame, label, n=None, image=None):
    """Make cells fail: those of a label, or of one n or one image of it."""
    lost = frame["label"] == label
    lost &= True if n is None else frame["n"] == n
    lost &= True if image is None else frame["image"] == image
    frame.loc[lost, "status"] = "failed"
    frame.loc[lost, ["time_s", *METRICS]] = np.nan


# --- curves ------------------------------------------------------------------------------------


def test_lines_are_the_means_against_the_returned_counts():
    its = analysis(Fake(METHODS[:5], images=8, seeds=2))
    figure = draw_curves(its.points)
    for axes, points in zip(figure.axes, its.points.values(), strict=True):
        for label, part in points.groupby("label"):
            drawn = line_of(axes, label).get_xydata()
            np.testing.assert_array_equal(drawn, part[["count", "value"]])


def test_bands_are_the_intervals():
    its = analysis(Fake(METHODS[:1], images=8))
    (band,) = draw_curves({"asa": its.points["asa"]}).axes[0].collections
    corners = {tuple(corner) for corner in band.get_paths()[0].vertices}
    for point in its.points["asa"].to_dict("records"):
        assert {(point["count"], point["low"]), (point["count"], point["high"])} <= corners


def test_axes_say_what_they_show_and_which_way_is_better():
    figure = draw_curves(analysis(Fake(images=4), ("asa", "mde", "oe")).points)
    accuracy, distance, neither = (axes.get_ylabel() for axes in figure.axes)
    assert accuracy == f"{METRICS['asa'].title} ↑"
    assert distance == f"{METRICS['mde'].title} (px) ↓"
    assert neither == METRICS["oe"].title
    assert "returned" in figure.axes[0].get_xlabel()


@pytest.mark.parametrize(
    ("metrics", "width"), [(("asa",), COLUMN_WIDTH), (("asa", "ev"), PAGE_WIDTH)]
)
def test_a_figure_is_as_wide_as_a_column_or_a_page(metrics, width):
    figure = draw_curves(analysis(Fake(images=4), metrics).points)
    assert len(figure.axes) == len(metrics)
    assert figure.get_size_inches()[0] == width


@pytest.mark.parametrize("metrics", [("asa",), ("asa", "br_r2"), tuple(METRICS)[:7]])
@pytest.mark.parametrize("labels", [METHODS[:3], METHODS, (LONG, *METHODS), ("_a", "b$1$", "c|d")])
def test_the_legend_covers_no_panel_and_stays_on_the_page(metrics, labels):
    figure = draw_curves(analysis(Fake(labels, images=4), metrics).points)
    figure.draw_without_rendering()
    legend = figure.legends[0].get_window_extent()
    assert legend.x0 >= 0
    assert legend.y0 >= 0
    assert legend.x1 <= figure.bbox.x1
    for axes in figure.axes:
        around = axes.get_tightbbox()
        assert legend.y1 <= around.y0
        assert around.x0 >= 0
        assert around.x1 <= figure.bbox.x1
        assert around.y1 <= figure.bbox.y1
        assert axes.bbox.height > 1.2 * figure.dpi  # inches
    assert len(legend_texts(figure)) == len(labels)


def test_the_legend_lists_labels_as_the_lines_end():
    its = analysis(Fake(METHODS, images=8))
    ends = its.points["asa"].groupby("label")["value"].last()
    names = legend_texts(draw_curves(its.points))
    assert names == ends.sort_values(ascending=False).index.tolist()


def test_a_label_has_the_style_of_its_legend_entry():
    its = analysis(Fake(METHODS, images=4))
    figure = draw_curves(its.points)
    styles = assign(METHODS)
    handles = figure.legends[0].legend_handles
    for name, handle in zip(legend_texts(figure), handles, strict=True):
        line = line_of(figure.axes[1], name)
        assert handle.get_marker() == line.get_marker() == styles[name].marker
        assert to_hex(line.get_color()).upper() == styles[name].colour


def test_means_over_fewer_images_are_hollow_and_explained():
    its = analysis(Fake(images=5), spoil=lambda frame: fail(frame, "FH", 100, "image00002"))
    figure = draw_curves(its.points)
    points = its.points["asa"].set_index(["label", "n"])
    expected = tuple(points.loc[("FH", 100.0), ["count", "value"]])
    assert hollow_points(figure.axes[0]) == [expected]
    assert legend_texts(figure)[-1] == HOLLOW


def test_complete_results_have_no_hollow_markers():
    figure = draw_curves(analysis(Fake(images=5)).points)
    assert hollow_points(figure.axes[0]) == []
    assert HOLLOW not in legend_texts(figure)


def test_a_point_without_results_breaks_the_line():
    its = analysis(Fake(images=5), spoil=lambda frame: fail(frame, "FH", 100))
    line = line_of(draw_curves(its.points).axes[0], "FH")
    assert np.isnan(line.get_ydata()).tolist() == [False, True, False, False]


def test_a_method_without_any_result_is_named():
    its = analysis(Fake(images=3), spoil=lambda frame: fail(frame, "FH"))
    figure = draw_curves(its.points)
    assert legend_texts(figure)[-1] == "FH (no result)"


@pytest.mark.parametrize("n", [100, None])
def test_a_single_point_has_an_error_bar(n):
    its = analysis(Fake(METHODS[:1], ns=(n,), images=6), ("asa",))
    (axes,) = draw_curves(its.points).axes
    (bar,) = axes.containers
    (ends,) = bar.lines[2][0].get_segments()
    np.testing.assert_allclose(ends[:, 1], its.points["asa"][["low", "high"]].iloc[0])


def test_one_image_is_drawn_without_an_interval():
    (axes,) = draw_curves(analysis(Fake(images=1), ("asa",)).points).axes
    assert len(axes.lines) == 3
    assert not axes.containers


def test_wide_ranges_get_a_logarithmic_axis():
    (narrow,) = draw_curves(analysis(Fake(ns=(50, 100, 200), images=3), ("mde",)).points).axes
    (wide,) = draw_curves(analysis(Fake(ns=(5, 500, 5000), images=3), ("mde",)).points).axes
    assert (narrow.get_xscale(), narrow.get_yscale()) == ("linear", "linear")
    assert (wide.get_xscale(), wide.get_yscale()) == ("log", "log")


# --- runtime -----------------------------------------------------------------------------------


def test_runtime_shows_the_uncontended_cells_alone():
    def spoil(frame):
        frame["contended"] = (frame["label"] == "SLIC") | (frame["image"] == "image00001")
        frame.loc[frame["contended"], "time_s"] = 1e6

    its = analysis(Fake(images=4, contended=False), spoil=spoil)
    figure = draw_runtime(its.times, "cpu, 1 thread")
    (axes,) = figure.axes
    assert {line.get_gid() for line in axes.lines} == {"SEEDS", "FH"}
    drawn = np.concatenate([line.get_ydata() for line in axes.lines])
    assert drawn.max() < 1e3
    np.testing.assert_array_equal(np.sort(drawn), np.sort(its.times["value"].dropna()))
    assert axes.get_yscale() == "log"
    assert "uncontended" in figure.legends[0].get_title().get_text()
    assert "(s)" in axes.get_ylabel()


def test_a_method_looks_the_same_in_both_figures():
    def spoil(frame):
        frame["contended"] = frame["label"] == "Mine 1"

    its = analysis(Fake(("Mine 1", "Mine 2"), images=3), spoil=spoil)
    curves, runtime = draw_curves(its.points), draw_runtime(its.times, "cpu, 1 thread")
    assert (
        line_of(curves.axes[0], "Mine 2").get_marker()
        == line_of(runtime.axes[0], "Mine 2").get_marker()
    )


def test_hardware_that_takes_many_words_is_wrapped():
    its = analysis(Fake(images=3, contended=False))
    figure = draw_runtime(its.times, "; ".join(f"cpu, {i} threads" for i in range(1, 12)))
    figure.draw_without_rendering()
    assert figure.legends[0].get_window_extent().x1 <= figure.bbox.x1
