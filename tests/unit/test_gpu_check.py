"""The check for a GPU goes through all of its steps; here the processor stands in for one."""

import json
import time
from contextlib import nullcontext

import pytest
import torch

from tests import gpu


@pytest.fixture
def report(tmp_path):
    """Return what the report of a folder says."""
    return lambda: json.loads((tmp_path / "gpu" / "report.json").read_text("utf-8"))


def test_every_section_is_gone_through(tmp_path, report, monkeypatch):
    monkeypatch.setattr(gpu, "NETWORKS", gpu.NETWORKS[:1])
    assert gpu.main("cpu", tmp_path / "gpu", 500) == 0
    lines = report()["lines"]
    assert list(dict.fromkeys(line["section"] for line in lines)) == [s for s, *_ in gpu.SECTIONS]
    assert [line for line in lines if line["what"] in ("failed", "left out", "stopped")] == []
    assert sum(line["verdict"] == "ok" for line in lines) >= 8
    assert report()["facts"]["torch"] == torch.__version__
    text = (tmp_path / "gpu" / "report.md").read_text("utf-8")
    assert "## Parity with the processor" in text
    assert "| rim: the same losses and labels twice | True  | ok |  |" in text


def broken(report, *_):
    report.say("one", 1.0, "s")
    raise ValueError("no such kernel")


def endless(report, *_):
    report.say("begun", 1)
    time.sleep(60)


def test_a_section_that_fails_does_not_end_the_others(tmp_path, report, monkeypatch):
    monkeypatch.setattr(
        gpu, "SECTIONS", (("A", 0, broken), ("B", 0, lambda it, *_: it.say("x", 2)))
    )
    assert gpu.main("cpu", tmp_path / "gpu", 60) == 1
    found = [(line["section"], line["what"], line["verdict"]) for line in report()["lines"]]
    assert found[:2] == [("A", "one", ""), ("A", "failed", "FAILS")]
    assert ("B", "x", "") in found


def test_what_was_found_is_kept_when_the_time_is_over(tmp_path, report, monkeypatch, capsys):
    monkeypatch.setattr(gpu, "SECTIONS", (("A", 0, endless), ("B", 0, broken)))
    assert gpu.main("cpu", tmp_path / "gpu", gpu.RESERVE_S + 0.2) == 2
    assert "not all was checked" in capsys.readouterr().out
    assert [line["what"] for line in report()["lines"]] == ["begun", "stopped"]


def test_sections_for_which_no_time_is_left_are_left_out(tmp_path, report, monkeypatch, capsys):
    monkeypatch.setattr(gpu, "SECTIONS", (("A", 0, endless), ("B", 0, broken)))
    monkeypatch.setattr(gpu, "alarm", nullcontext)
    assert gpu.main("cpu", tmp_path / "gpu", gpu.RESERVE_S - 1) == 2
    assert "not all was checked" in capsys.readouterr().out
    found = [(line["section"], line["what"]) for line in report()["lines"]]
    assert found == [("A", "left out"), ("B", "left out")]


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device")
def test_without_a_gpu_it_says_so(tmp_path):
    with pytest.raises(SystemExit, match="has no CUDA device; --device cpu tries the script"):
        gpu.main("cuda", tmp_path)
