"""What the networks' benchmarks rest on: equal weights, counts of products, verdicts, resuming."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch
from matplotlib.image import imread
from torch import nn

from methods import get_method
from methods.neural.base import Neural
from methods.neural.optimise import initialise, predict
from methods.neural.scene import make_scene
from tests.benchmark import bench_loss, bench_postprocess, bench_quick
from tests.benchmark.bench_networks import multiplications
from tests.benchmark.bench_parity import differ
from tests.benchmark.plain import plain_network, plain_objective
from tests.benchmark.runs import Runs
from tests.oracle.oracle_networks import PlainRim, input_tensor

IMAGE = np.random.default_rng(0).integers(0, 256, (14, 21, 3)).astype(np.uint8)


@pytest.mark.parametrize("name", ["rim", "ea", "proposed"])
def test_plain_and_ours_start_with_the_same_weights_and_the_same_loss(name):
    method = get_method(name, preset="paper", width=3, blocks=2, device="cpu")
    network = method.layers(12, 14, 21)
    initialise(network, getattr(nn.init, method.start), seed=5)
    twin = plain_network(method, network, 12, 14, 21)
    scene, x = make_scene(IMAGE, 1.0, "cpu"), input_tensor(IMAGE)
    with torch.no_grad():
        prediction, summary = predict(network, scene)
        reconstruction, logits = twin(x)
        p = torch.softmax(logits, dim=0)
        theirs = plain_objective(method, IMAGE)(p, reconstruction, x[0, :3])
        ours = method.objective(scene)(prediction, summary)
    torch.testing.assert_close(prediction.logits.permute(2, 0, 1), logits, rtol=1e-3, atol=1e-3)
    assert float(ours) == pytest.approx(float(theirs), rel=1e-4)


def test_a_network_of_another_shape_is_no_twin():
    method = get_method("rim", preset="paper", width=3, blocks=2, device="cpu")
    with pytest.raises(ValueError, match="further convolutions"):
        plain_network(method, nn.Conv2d(5, 3, 3), 12, 14, 21)


def test_the_products_of_rim_are_those_of_its_convolutions():
    network = PlainRim(10, width=4, blocks=2)
    x = input_tensor(IMAGE)
    by_hand = 14 * 21 * (9 * 5 * 4 + 9 * 4 * 8 + 8 * 13)
    assert multiplications(network, lambda: network(x)) == by_hand


def test_a_difference_within_chance_or_below_that_of_another_seed_agrees():
    plain = np.array([[0.90, 0.92], [0.94, 0.91], [0.88, 0.89], [0.93, 0.95]])
    wobble = np.array([[1, -1], [-1, 1], [1, -1], [-1, 1]]) * 0.01
    assert differ(plain, plain + wobble).beyond_chance == 0
    shifted = differ(plain, plain + 0.01)
    assert shifted.noise == pytest.approx(0.02)
    assert shifted.beyond_chance == pytest.approx(0.01)
    assert shifted.agrees
    assert not differ(plain, plain - 0.05).agrees
    assert not differ(plain[:, :1], plain[:, :1] + 0.01).agrees  # one seed says nothing of noise


def test_what_was_measured_is_not_measured_again_and_what_was_cut_off_is(tmp_path):
    def never():
        raise AssertionError("measured again")

    file = tmp_path / "new" / "runs.jsonl"
    runs = Runs(file)
    assert runs.get({"image": "a", "seed": 0}, lambda: {"loss": 1.5}) == {"loss": 1.5}
    runs.get({"image": "b", "seed": 0}, lambda: {"loss": 2.5})
    file.write_text(file.read_text()[:-9])
    again = Runs(file)
    assert again.get({"seed": 0, "image": "a"}, never) == {"loss": 1.5}
    assert again.get({"image": "b", "seed": 0}, lambda: {"loss": 3.5}) == {"loss": 3.5}
    assert Runs(file).get({"image": "b", "seed": 0}, never) == {"loss": 3.5}


def test_quality_is_drawn_against_seconds(tmp_path):
    rows = [
        {
            "label": "RIM (quick)",
            "budget": budget,
            "asa": 0.9,
            "br_r2": 0.6,
            "count": 110,
            "seconds": s,
        }
        for s, budget in enumerate(bench_quick.budgets(), start=3)
    ]
    rows.append(rows[0] | {"label": "SLIC", "budget": "count of rim", "seconds": 0.1})
    bench_quick.draw(pd.DataFrame(rows), tmp_path / "curve.png")
    height, width, _ = imread(tmp_path / "curve.png").shape
    assert width > height > 100


def test_curves_of_the_objective_say_when_the_published_steps_get_there(tmp_path):
    published, quick = np.linspace(1, -3, 500), np.linspace(1, -1, 70)
    curves = {bench_loss.PUBLISHED: published, bench_loss.QUICK: quick}
    rows = bench_loss.rows_of("rim", curves)
    assert rows[1].measured == -1
    assert "the published steps reach it in iteration 251" in rows[1].note
    far = {bench_loss.PUBLISHED: published, bench_loss.QUICK: quick - 9}
    far_note = bench_loss.rows_of("rim", far)[1].note
    assert "the published steps reach it not within 500" in far_note
    assert "it reaches their last in iteration 1" in far_note
    assert "it reaches their last not within 70" in rows[1].note
    bench_loss.draw(dict.fromkeys(bench_loss.NETWORKS, curves), tmp_path / "loss.png")
    height, width, _ = imread(tmp_path / "loss.png").shape
    assert width > height > 100


def test_settings_whose_objective_is_compared_differ_in_steps_and_start_alone():
    every = {bench_loss.PUBLISHED, bench_loss.UNDECIDED, bench_loss.QUICK, bench_loss.LONGER}
    assert set(bench_loss.settings("rim")) == set(bench_loss.settings("proposed")) == every
    assert set(bench_loss.settings("ea")) == every - {bench_loss.UNDECIDED}  # quick has gain 1
    free = {"iterations", "learning_rate", "decay", "gain", "preset"}
    free |= {"postprocess"}  # comes after the last step
    for name in bench_loss.NETWORKS:
        found = bench_loss.settings(name).values()
        alike = [{k: v for k, v in each.params().items() if k not in free} for each in found]
        assert all(each == alike[0] for each in alike)


def test_an_objective_is_followed_once_for_each_setting_and_image(tmp_path, monkeypatch):
    solved = []

    def solve(method, image, n):
        solved.append((method.gain, n))
        return SimpleNamespace(losses=np.array([3.0, 2.0]))

    monkeypatch.setattr(Neural, "solve", solve)
    sample = SimpleNamespace(name="a", image=None)
    methods = bench_loss.settings("rim")
    for _ in range(2):
        runs = Runs(tmp_path / "loss.jsonl")
        for name in (bench_loss.QUICK, bench_loss.UNDECIDED):
            assert bench_loss.collect(runs, methods[name], sample) == [3.0, 2.0]
    assert solved == [(4.0, 100), (1.0, 100)]


def test_post_processing_is_compared_at_the_count_that_was_returned():
    ladder = {30: {"count": 10, "asa": 0.8}, 100: {"count": 1000, "asa": 0.9}}
    assert bench_postprocess.at_count(ladder, 100, "asa") == pytest.approx(0.85)
    assert np.isnan(bench_postprocess.at_count(ladder, 9, "asa"))
    assert np.isnan(bench_postprocess.at_count(ladder, 1001, "asa"))
    scores = {"asa": 0.9, "br_r2": 0.7, "ue_np": 0.2, "count": 100}
    slic = {n: {**scores, "asa": 0.8, "count": n} for n in (10, 1000)}
    asa, recall = bench_postprocess.rows_of("RIM, none", [scores, scores], [slic, slic])
    assert asa.measured == pytest.approx(0.1)
    assert recall.measured == 0
    assert "+0.100 to +0.100; asa 0.900; br_r2 0.700" in asa.note


def test_k_means_sees_colour_and_position():
    image = np.zeros((60, 80, 3), np.uint8)
    image[:, :40] = 200
    labels = bench_postprocess.by_k_means(image).argmax(-1).numpy()
    assert not np.intersect1d(labels[:, :40], labels[:, 40:]).size
    assert len(np.unique(labels)) == 100  # of two colours
    assert all(np.ptp(np.argwhere(labels == each), axis=0).max() < 20 for each in range(100))


def test_every_source_is_post_processed_in_every_way_and_scored(monkeypatch):
    truth = np.arange(60 * 80).reshape(60, 80) // 2400
    image = IMAGE.repeat(6, 0).repeat(6, 1)[:60, :80]
    sample = SimpleNamespace(name="a", image=image, truths=[truth])
    dataset = SimpleNamespace(names=["a"], load=lambda name: sample)
    monkeypatch.setattr(bench_postprocess, "open_dataset", lambda *args, **kwargs: dataset)
    monkeypatch.setattr(bench_postprocess, "BSDS500", Path(__file__).parent)
    monkeypatch.setattr(bench_postprocess, "NETWORKS", ("rim",))
    rows = bench_postprocess.main(images=1)
    names = [f"{source}, {way}" for source in ("RIM", "k-means") for way in bench_postprocess.WAYS]
    assert [row.name.split(":")[0] for row in rows[::2]] == names
    assert all("count" in row.note for row in rows)
