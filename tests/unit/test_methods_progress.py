"""A method reports its iterations to whoever listens, and what becomes of that."""

import pytest

from bench.execution import inflight
from bench.execution.inflight import Marker, Said, read_marker
from methods.progress import listening, report


def test_a_report_is_heard_while_somebody_listens_and_only_then():
    heard = []
    report(1, 3)
    with listening(lambda *said: heard.append(said)):
        report(2, 3)
    report(3, 3)
    assert heard == [(2, 3)]


def test_nobody_listens_any_more_after_an_error():
    heard = []
    with pytest.raises(RuntimeError), listening(lambda *said: heard.append(said)):
        raise RuntimeError
    report(1, 3)
    assert heard == []


@pytest.fixture
def clock(monkeypatch):
    class Clock:
        now = 100.0

    monkeypatch.setattr(inflight.time, "monotonic", lambda: Clock.now)
    return Clock


def test_iterations_are_written_down_now_and_then(tmp_path, clock):
    marker = Marker(tmp_path / "17", "some cell")
    marker.write(deadline=5.0)
    assert read_marker(tmp_path / "17") == Said(17, "some cell", 5.0, None)
    marker.iterate(1, 1000)
    marker.iterate(2, 1000)
    assert read_marker(tmp_path / "17") == Said(17, "some cell", 5.0, (1, 1000))
    clock.now += inflight.ITERATIONS_EVERY_S
    marker.iterate(3, 1000)
    assert read_marker(tmp_path / "17") == Said(17, "some cell", 5.0, (3, 1000))
    marker.write(deadline=None)
    assert read_marker(tmp_path / "17") == Said(17, "some cell", None, (3, 1000))
    marker.compile(True)
    assert read_marker(tmp_path / "17") == Said(17, "some cell", None, (3, 1000), compiling=True)
    marker.compile(False)
    assert read_marker(tmp_path / "17") == Said(17, "some cell", None, (3, 1000))
    marker.remove()
    assert read_marker(tmp_path / "17") is None


def test_a_method_goes_on_where_its_iterations_cannot_be_written(tmp_path):
    (tmp_path / "file").touch()
    Marker(tmp_path / "file" / "17", "some cell").iterate(1, 2)


def test_what_is_half_written_is_not_read(tmp_path):
    (tmp_path / "17").write_text('["some ce')
    assert read_marker(tmp_path / "17") is None
