"""What the figures show: the aggregate and nothing else, and nothing of it hidden."""

import numpy as np
import pytest
from matplotlib.colors import to_hex

from metrics import METRICS
from reports.data.align import align
from reports.figures.curves import ANNOTATORS, draw_curves
from reports.figures.panel import HOLLOW, blank, settle
from reports.figures.runtime import draw_runtime
from reports.figures.style import COLUMN_WIDTH, PAGE_WIDTH, assign, styled
from reports.statistics.aggregate import analyse
from tests.fake_results import METHODS, Fake, table

LONG = 'command[cmd="./etps --regularization 0.1 {image} {n} {labels} $HOME/a $b"]'


@pytest.fixture(autouse=True)
def _paper():
    with styled():
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


def test_grey_lines_have_hollow_markers_too():
    its = analysis(
        Fake(images=5, contended=False),
        spoil=lambda frame: fail(frame, "FH", 100, "image00002"),
    )
    figure = draw_curves(its.points, coloured=frozenset({"SLIC"}))
    points = its.points["asa"].set_index(["label", "n"])
    assert hollow_points(figure.axes[0]) == [tuple(points.loc[("FH", 100.0), ["count", "value"]])]
    assert legend_texts(figure)[-1] == HOLLOW
    times = draw_runtime(its.times, "", frozenset({"SLIC"}))
    assert len(hollow_points(times.axes[0])) == 1
    assert legend_texts(times)[-1] == HOLLOW


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


def test_a_share_stands_on_a_linear_axis_however_small_it_is():
    def spread(frame):
        for metric, factor in (("br", 0.09), ("mde", 0.9)):
            frame[metric] = factor * (frame["n"] / 400) ** 2

    points = analysis(Fake(images=3), ("br", "mde"), spread).points
    share, distance = draw_curves(points).axes
    assert share.get_yscale() == "linear"
    assert distance.get_yscale() == "log"


def test_a_protocol_other_than_the_default_is_named():
    points = analysis(Fake(images=3), ("asa",)).points
    assert "protocol" not in title_of(draw_curves(points))
    assert title_of(draw_curves(points, ", protocol seal2018")).endswith("protocol seal2018")


def test_the_legend_says_what_means_are_over():
    points = analysis(Fake(images=3), ("asa",)).points
    assert title_of(draw_curves(points)) == "Means over images with 95 % intervals"
    pairs = draw_curves(points, samples="pairs of image and annotator")
    assert title_of(pairs).startswith("Means over pairs of image and annotator with 95 %")


def title_of(figure):
    return figure.legends[0].get_title().get_text().replace("\n", " ")


# --- annotators --------------------------------------------------------------------------------


def drawn_annotators(axes):
    """The (low, high) of the band and the height of the mean, each None where it is not there."""
    bands = [patch.get_bbox() for patch in axes.patches if patch.get_gid() == ANNOTATORS]
    means = [line.get_ydata()[0] for line in axes.lines if line.get_gid() == ANNOTATORS]
    assert len(bands) < 2
    assert len(means) < 2
    return (bands[0].y0, bands[0].y1) if bands else None, means[0] if means else None


def panel(low, mean, high, metric="asa", ns=(50, 100, 200)):
    """Draw one panel with annotators at these shares of the height that its curves need."""
    points = analysis(Fake(ns=ns, images=5), (metric,)).points
    (plain,) = draw_curves(points).axes
    bottom, top = plain.get_ylim()
    ends = tuple(bottom + share * (top - bottom) for share in (low, mean, high))
    notes = []
    figure = draw_curves(points, annotators={metric: ends}, on_note=notes.append)
    return figure, (bottom, top), ends, notes


def test_annotators_are_a_band_with_their_mean_in_it_and_one_entry_in_the_legend():
    figure, limits, (low, mean, high), notes = panel(0.2, 0.5, 0.7)
    band, line = drawn_annotators(figure.axes[0])
    assert band == pytest.approx((low, high))
    assert line == pytest.approx(mean)
    assert figure.axes[0].get_ylim() == pytest.approx(limits)
    assert legend_texts(figure).count(ANNOTATORS) == 1
    assert not notes


def test_annotators_lie_behind_the_curves():
    axes = panel(0.2, 0.5, 0.7)[0].axes[0]
    behind = [a for a in (*axes.patches, *axes.lines) if a.get_gid() == ANNOTATORS]
    before = [a for a in (*axes.lines, *axes.collections) if a.get_gid() != ANNOTATORS]
    assert len(behind) == 2
    assert max(a.get_zorder() for a in behind) < min(a.get_zorder() for a in before)


@pytest.mark.parametrize(("low", "high"), [(0.8, 1.3), (-0.3, 0.5), (1.1, 1.3)])
def test_the_axis_grows_to_show_annotators_that_lie_near(low, high):
    figure, (bottom, top), ends, _ = panel(low, high, high)
    shown_bottom, shown_top = figure.axes[0].get_ylim()
    band, _ = drawn_annotators(figure.axes[0])
    assert band == pytest.approx((ends[0], ends[2]))
    assert shown_bottom <= min(bottom, ends[0])
    assert shown_top >= max(top, ends[2])
    assert shown_top - shown_bottom <= 1.4 * (top - bottom) * (1 + 1e-9)


def test_annotators_that_reach_far_are_clipped_at_the_axis():
    figure, (bottom, top), (low, _, high), notes = panel(0.5, 2, 3)
    band, line = drawn_annotators(figure.axes[0])
    assert figure.axes[0].get_ylim() == pytest.approx((bottom, top))
    assert band == pytest.approx((low, top))
    assert line is None
    assert notes == [f"annotators' asa ({low:.3g} to {high:.3g}) reaches beyond the figure"]


def test_of_annotators_that_would_fill_the_panel_there_is_the_mean_alone():
    figure, limits, (low, mean, high), notes = panel(-1, 0.4, 2)
    assert drawn_annotators(figure.axes[0]) == (None, pytest.approx(mean))
    assert figure.axes[0].get_ylim() == pytest.approx(limits)
    assert legend_texts(figure).count(ANNOTATORS) == 1
    (note,) = notes
    assert note.startswith(f"annotators' asa ({low:.3g} to {high:.3g}) fills the figure")


def test_a_band_that_would_cover_nearly_all_of_the_panel_is_left_out_and_said():
    figure, limits, (_, mean, _), notes = panel(-0.15, 0.4, 1.15)
    assert drawn_annotators(figure.axes[0]) == (None, pytest.approx(mean))
    assert figure.axes[0].get_ylim() == pytest.approx(limits)
    assert "its band is left out" in notes[0]


def test_of_annotators_that_would_fill_the_panel_nothing_is_left_if_the_mean_lies_outside():
    figure, _, _, notes = panel(-1, -0.5, 2)
    assert drawn_annotators(figure.axes[0]) == (None, None)
    assert ANNOTATORS not in legend_texts(figure)
    assert len(notes) == 1


def test_annotators_far_from_the_curves_are_left_out_and_said():
    figure, limits, (low, _, high), notes = panel(-3, -2.5, -2)
    assert drawn_annotators(figure.axes[0]) == (None, None)
    assert figure.axes[0].get_ylim() == pytest.approx(limits)
    assert ANNOTATORS not in legend_texts(figure)
    assert notes == [f"annotators' asa ({low:.3g} to {high:.3g}) lies outside the figure"]


@pytest.mark.parametrize("low", [0.0, 0.02])
def test_annotators_on_a_logarithmic_axis(low):
    points = analysis(Fake(ns=(5, 500, 5000), images=3), ("mde",)).points
    figure = draw_curves(points, annotators={"mde": (low, 0.1, 0.2)})
    (axes,) = figure.axes
    bottom, top = axes.get_ylim()
    assert axes.get_yscale() == "log"
    assert drawn_annotators(axes) == (pytest.approx((max(low, bottom), min(0.2, top))), 0.1)
    figure.draw_without_rendering()


def test_only_panels_whose_metric_has_annotators_show_them():
    points = analysis(Fake(images=5), ("asa", "ev")).points
    middle = points["asa"]["value"].mean()
    figure = draw_curves(points, annotators={"asa": (middle, middle, middle), "vi": (1, 2, 3)})
    accuracy, variation = map(drawn_annotators, figure.axes)
    assert accuracy == ((middle, middle), middle)
    assert variation == (None, None)


@pytest.mark.parametrize("metrics", [("asa",), ("asa", "br_r2"), ("asa", "br_r2", "sc", "ue_np")])
def test_the_legend_covers_no_panel_with_annotators_and_a_long_protocol(metrics):
    points = analysis(Fake(METHODS, images=4), metrics).points
    samples = "pairs of image and annotator"
    figure = draw_curves(
        points, ", protocol stutz2018-mean", {"asa": (0.8, 0.9, 0.97)}, samples=samples
    )
    figure.draw_without_rendering()
    legend = figure.legends[0].get_window_extent()
    assert 0 <= legend.x0 < legend.x1 <= figure.bbox.x1
    assert legend.y0 >= 0
    assert all(legend.y1 <= axes.get_tightbbox().y0 for axes in figure.axes)


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


@pytest.mark.parametrize("height", [1.4, 1.5, 1.7])
def test_the_label_of_an_axis_lies_on_the_figure_whatever_its_ticks_become(height):
    """The legend leaves the axis less height, so that it has ticks with more digits."""
    figure = blank(3.0, height)
    axes = figure.subplots()
    axes.set(ylim=(0.6, 1.0), ylabel="ASA", xlabel="n")
    handles = axes.plot([0, 1], [0, 1], label="x")
    figure.legend(handles=handles, loc="outside lower center", title="a\nb\nc")
    settle(figure)
    assert axes.yaxis.label.get_window_extent().x0 >= 0
