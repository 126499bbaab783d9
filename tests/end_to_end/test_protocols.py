"""bench run and bench score under a protocol, with matched counts, and what the file then says."""

import json

import pyarrow.parquet as pq
import pytest

from reports.data.schema import run_facts


@pytest.fixture
def run(here, tiny):
    options = ("--dataset", "folder", "--root", tiny, "--backend", "sequential")
    return lambda *more: here("run", *options, *more)


def test_every_results_file_says_its_protocol(run, results, tmp_path):
    assert run("--methods", "grid", "--n", "4", "--out", "plain.parquet").status == 0
    finished = run(
        *("--methods", "grid", "--n", "4", "--protocol", "seal2018", "--out", "seal.parquet")
    )
    assert finished.status == 0, finished.out
    plain, seal = results("plain.parquet"), results("seal.parquet")
    assert (plain.protocol == "default").all()
    assert (plain.br == plain.br_r2).all()
    assert (seal.protocol == "seal2018").all()
    facts = run_facts(pq.read_schema(tmp_path / "seal.parquet"))
    assert facts["protocol"]["boundary"] == "thin"
    assert facts["protocol"]["annotators"] == "pairs"


def test_annotators_are_scored_against_each_other(run, tmp_path):
    run("--methods", "grid", "--n", "4")
    [(name, facts)] = run_facts(pq.read_schema(tmp_path / "results.parquet"))["annotators"].items()
    assert name == "folder"
    assert facts["images"] == 3
    low, mean, high = facts["metrics"]["asa"]
    # The halves are segments of the quarters, which cut both halves in two.
    assert high == 1.0
    assert 0.5 <= low < mean < high
    assert mean == pytest.approx((low + high) / 2, abs=1e-5)


def test_label_maps_from_elsewhere_are_scored_under_a_protocol(run, here, results, tmp_path, tiny):
    run("--methods", "grid", "--n", "4")
    finished = here(
        *("score", tmp_path / "results.run" / "labels" / "grid", "--dataset", "folder"),
        *("--root", tiny, "--protocol", "best", "--metrics", "asa,sirs"),
    )
    assert finished.status == 0, finished.out
    rows = results("scores.parquet")
    assert (rows.protocol == "best").all()
    assert (rows.asa == rows.asa_by_annotator.map(max)).all()
    assert rows.sirs.between(0, 1).all()
    assert rows.br.isna().all()  # was not asked for


def test_a_count_is_met_by_asking_for_another(run, here, results, tmp_path):
    plugin = tmp_path / "half.py"
    plugin.write_text(
        "import numpy as np\n"
        "from methods import Method, register\n"
        "class Strips(Method):\n"
        "    def strips(self, image, count):\n"
        "        self.facts['made'] = count\n"
        "        h, w = image.shape[:2]\n"
        "        return np.tile(np.arange(w) * count // w, (h, 1))\n"
        "@register\n"
        "class Half(Strips):\n"
        "    name = 'half'\n"
        "    def segment(self, image, n):\n"
        "        return self.strips(image, max(1, n // 2))\n"
        "@register\n"
        "class Fragile(Strips):\n"
        "    name = 'fragile'\n"
        "    def segment(self, image, n):\n"
        "        if n > 12:\n"
        "            raise ValueError('no more')\n"
        "        return self.strips(image, max(1, n // 2))\n"
        "@register\n"
        "class Stubborn(Strips):\n"
        "    name = 'stubborn'\n"
        "    def segment(self, image, n):\n"
        "        return self.strips(image, 7)\n"
    )
    options = ("--methods", "half,stubborn,fragile", "--n", "10", "--plugin", plugin)
    finished = run(*options, "--match-n", "0.05")
    assert finished.status == 0, finished.out
    rows = results().set_index("method")
    half, stubborn, fragile = (rows.loc[name] for name in ("half", "stubborn", "fragile"))
    assert (half.n == 10).all()
    assert (half.n_labels == 10).all()
    assert half.n_requested.isin([20, 21]).all()
    assert half.match_reached.all()
    assert (half.count_error == 0).all()
    assert (half.match_trials > 1).all()
    assert "6 cells did not come within 5% of n" in finished.out
    assert (half.facts.map(json.loads) == {"made": 10}).all()  # those of the call that counts
    assert (stubborn.n_labels == 7).all()
    assert not stubborn.match_reached.any()
    assert (stubborn.match_trials <= 8).all()
    assert (fragile.n_labels == 6).all()  # what came nearest before it failed
    assert not fragile.match_reached.any()
    again = here("rescore", "results.parquet", "--protocol", "best")
    assert "did not come within" not in again.out  # was said, and no method is asked again
    other = run(*options)
    assert other.status == 1
    assert "--match-n 0.05" in other.out
    assert "no --match-n" in other.out


def test_without_matching_the_request_is_n(run, results):
    run("--methods", "grid", "--n", "4")
    rows = results()
    assert (rows.n_requested == 4).all()
    assert rows.match_trials.isna().all()
    assert rows.match_reached.isna().all()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--match-n", "1"], "share of n"),
        (["--match-n", "-0.1"], "share of n"),
        (["--protocol", "stutz"], "did you mean 'stutz2018'"),
        (["--protocol-file", "nowhere.toml"], "cannot be read"),
        (["--connectivity", "asis"], "as-is, components, components8, merge"),
        (["--metrics", "asa,srcc"], "did you mean 'src'"),
        (["--metrics", ","], "names nothing"),
    ],
)
def test_a_mistake_is_told_before_anything_runs(run, tmp_path, options, said):
    finished = run("--methods", "grid", "--n", "4", *options)
    assert finished.status == 1
    assert said in finished.out
    assert not (tmp_path / "results.parquet").exists()
