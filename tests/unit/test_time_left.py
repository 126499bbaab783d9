"""The time left is that of the cells that are left, not their share of all cells."""

import pytest

from bench.execution.time_left import Left, TimeLeft
from bench.planning.cells import Cell

SIZE = 100, 200


def cells(method, images, n=100, size=SIZE, params="{}", **facts):
    return [
        Cell(
            key=f"{method} {params} {n} {i} {size}",
            image=str(i),
            content="",
            size=size,
            method=method,
            params=params,
            label=method.upper(),
            n=n,
            seed=0,
            device="cpu",
            **facts,
        )
        for i in range(images)
    ]


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


def forecast(*stages, workers=2, **options):
    clock = Clock()
    batches = [[(cell,) for cell in stage] for stage in stages]
    return TimeLeft(batches, workers, clock=clock, **options), clock


def test_fast_cells_that_come_first_do_not_promise_a_fast_end():
    fast, slow = cells("slic", 10), cells("rim", 10)
    time_left, _ = forecast(fast + slow)
    for cell in fast:
        time_left.finish(cell, 0.1)
    assert time_left.left() == Left(0.0, 10, ("RIM",))
    time_left.finish(slow[0], 60.0)
    assert time_left.left() == Left(9 * 60 / 2)


def test_at_the_start_nothing_is_known():
    time_left, _ = forecast(cells("slic", 3) + cells("rim", 2))
    assert time_left.left() == Left(0.0, 5, ("SLIC", "RIM"))


def test_at_the_end_nothing_is_left():
    slic = cells("slic", 3)
    time_left, _ = forecast(slic)
    for cell in slic:
        time_left.finish(cell, 5.0)
    assert time_left.left() == Left(0.0)


def test_lanes_after_one_another_are_added_and_lanes_side_by_side_are_not():
    core, cuda = cells("slic", 5), cells("ea", 4, lane="cuda")
    wide = cells("rim", 3, lane="cores")
    time_left, _ = forecast(core + cuda, wide)
    time_left.finish(core[0], 10.0)
    time_left.finish(cuda[0], 30.0)
    time_left.finish(wide[0], 100.0)
    assert time_left.left() == Left(max(4 * 10 / 2, 3 * 30) + 2 * 100)


def test_timed_cells_run_one_by_one_in_every_round():
    slic = cells("slic", 4)
    time_left, _ = forecast(slic, slic, slic, workers=8, one_by_one=True)
    time_left.finish(slic[0], 2.0)
    assert time_left.left() == Left((3 + 4 + 4) * 2.0)


def test_the_last_cell_does_not_go_faster_for_idle_workers():
    slic = cells("slic", 5)
    time_left, _ = forecast(slic, workers=4)
    for cell in slic[:4]:
        time_left.finish(cell, 10.0)
    assert time_left.left() == Left(10.0)


def test_larger_images_take_longer():
    small, large = cells("slic", 2), cells("slic", 3, size=(200, 400))
    time_left, _ = forecast(small + large, workers=1)
    time_left.finish(small[0], 1.0)
    assert time_left.left().seconds == pytest.approx(1 + 3 * 4)


def test_a_count_that_is_not_timed_yet_is_like_the_nearest():
    few, many, more = cells("etps", 2, n=50), cells("etps", 2, n=1000), cells("etps", 3, n=800)
    time_left, _ = forecast(few + many + more, workers=1)
    time_left.finish(few[0], 1.0)
    time_left.finish(many[0], 9.0)
    assert time_left.left() == Left(1.0 + 9.0 + 3 * 9.0)


def test_other_parameters_are_another_method():
    two, six = cells("ea", 2, params='{"blocks": 2}'), cells("ea", 2, params='{"blocks": 6}')
    time_left, _ = forecast(two + six)
    time_left.finish(two[0], 1.0)
    assert time_left.left().untimed == 2


def test_a_method_that_says_how_far_it_is_is_known_before_its_first_cell_ends():
    rim = cells("rim", 3)
    time_left, clock = forecast(rim, workers=1)
    time_left.hear([(rim[0], 10, 500)])
    assert time_left.left().untimed == 3
    clock.now = 4.0
    time_left.hear([(rim[0], 30, 500)])  # 0.2 s each
    assert time_left.left().seconds == pytest.approx(100 * (470 / 500 + 2))
    time_left.finish(rim[0], 120.0)
    assert time_left.left().seconds == pytest.approx(240.0)


def test_iterations_that_begin_again_are_counted_anew():
    rim = cells("rim", 1)
    time_left, clock = forecast(rim)
    for clock.now, done in ((0.0, 490), (5.0, 5), (6.0, 10)):
        time_left.hear([(rim[0], done, 500)])
    assert time_left.left().seconds == pytest.approx(0.2 * 490)


def test_while_nothing_ends_the_time_left_goes_down_to_nothing():
    slic = cells("slic", 3)
    time_left, clock = forecast(slic, workers=1)
    time_left.finish(slic[0], 10.0)
    assert time_left.left().seconds == 20.0
    clock.now = 5.0
    assert time_left.left().seconds == 15.0
    clock.now = 50.0
    assert time_left.left().seconds == 0.0


def test_cells_that_take_no_time_are_not_waited_for():
    declined = cells("slic", 2, n=99999, decline="too many")
    unreadable = cells("slic", 2, size=None)
    time_left, _ = forecast(declined + unreadable)
    assert time_left.left() == Left(0.0)
    time_left.finish(declined[0], 0.001)
    time_left.finish(unreadable[0], None)
    assert time_left.left() == Left(0.0)


def test_a_cell_whose_time_is_not_known_is_no_longer_left():
    slic = cells("slic", 2)
    time_left, _ = forecast(slic)
    time_left.finish(slic[0], None)
    assert time_left.left() == Left(0.0, 1, ("SLIC",))
