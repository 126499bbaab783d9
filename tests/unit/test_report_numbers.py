"""The page's numbers are those of the tables and figures."""

import numpy as np
import pytest

from metrics import PROTOCOLS
from reports.data.align import align
from reports.data.facts import file_facts
from reports.data.results import load_scores
from reports.figures.chart import View
from reports.figures.ranks import ranks_at
from reports.page.encode import numbers
from reports.page.numbers import group_numbers
from reports.statistics.aggregate import analyse
from reports.tables.comparison import compare_at
from reports.tables.summary import summary
from tests.fake_results import Fake, write

METRICS = ("asa", "br_r2", "ue_np")


@pytest.fixture(params=["default", "stutz2018-mean"])
def results(request, tmp_path):
    fake = Fake(
        labels=("SLIC", "FH", "LSC", "ETPS"),
        images=12,
        failing=0.02,
        contended=False,
        lists=True,
        protocol=PROTOCOLS[request.param],
    )
    return write(tmp_path / "r.parquet", fake)


def _analysis(results):
    (aligned,) = align(load_scores(results, METRICS), METRICS)
    return analyse(aligned, METRICS, file_facts(results))


def test_means_and_intervals_are_those_of_the_summary(results):
    analysis = _analysis(results)
    page, table = group_numbers(analysis), summary(analysis)
    for metric in METRICS:
        assert page["metrics"][metric]["value"] == numbers(table[metric])
        assert page["metrics"][metric]["low"] == numbers(table[f"{metric}_low"])
        assert page["metrics"][metric]["high"] == numbers(table[f"{metric}_high"])
        assert page["metrics"][metric]["images"] == table[f"{metric}_images"].tolist()
    assert page["points"]["count"] == numbers(table["count"])
    assert page["points"]["ok"] == table["ok"].tolist()
    assert page["times"]["value"] == numbers(table["time_s"])


def test_returned_counts_are_compared_as_bench_compare_does(results):
    page = group_numbers(_analysis(results))
    for metric in METRICS:
        table = compare_at(results, metrics=[metric]).numbers
        assert page["returned"] == numbers(table["count"].unique())
        for at, (_, rows) in zip(page["at"], table.groupby("count", sort=True), strict=True):
            found = at["metrics"][metric]
            assert [page["labels"][i] for i in at["labels"]] == rows["label"].tolist()
            for name in ("value", "low", "high", "rank_low", "rank_high"):
                assert found[name] == numbers(rows[name])
            assert found["best"] == rows["not_told_from_best"].astype(int).tolist()
            if "difference" in rows:
                assert found["difference"] == numbers(rows["difference"])
            assert at["reasons"] == rows["reason"].str.split("; no value").str[0].tolist()


def test_ranks_at_asked_counts_are_those_of_the_figure(results):
    analysis = _analysis(results)
    page = group_numbers(analysis)
    for n in (50.0, 400.0):
        view = View(analysis, METRICS, load_scores(results, METRICS), at=n)
        table = ranks_at(view, "asa").set_index("label")
        for place in np.flatnonzero(np.array(page["points"]["n"]) == n):
            row = table.loc[page["labels"][page["points"]["label"][place]]]
            its = page["metrics"]["asa"]
            assert its["rank_low"][place] == row["rank_low"]
            assert its["rank_high"][place] == row["rank_high"]
            assert its["best"][place] == row["best"]


def test_a_metric_without_direction_has_no_ranks_and_no_front(tmp_path):
    results = write(
        tmp_path / "r.parquet", Fake(labels=("SLIC", "FH", "LSC", "ETPS"), contended=False)
    )
    (aligned,) = align(load_scores(results, ["oe", "asa"]), ["oe", "asa"])
    page = group_numbers(analyse(aligned, ["oe", "asa"]))
    assert not any(page["metrics"]["oe"]["rank_low"])
    assert any(page["metrics"]["asa"]["rank_low"])
    assert set(page["pareto"][0]["metrics"]) == {"asa"}


def test_label_maps_without_an_asked_n_are_points_that_nothing_is_compared_at(tmp_path):
    results = write(tmp_path / "r.parquet", Fake(ns=(None,)))
    (aligned,) = align(load_scores(results, ["asa"]), ["asa"])
    page = group_numbers(analyse(aligned, ["asa"]))
    assert (page["asked"], page["returned"], page["at"]) == ([None], [], [])
    assert all(value > 0 for value in page["metrics"]["asa"]["value"])
