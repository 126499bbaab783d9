"""The cells of a run: which there are, and what makes two of them the same."""

import numpy as np
import pytest

from bench.datasets import open_dataset
from bench.datasets.perturbations import parse_all
from bench.errors import UsageError
from bench.planning.cells import digest, make_plan
from bench.planning.selection import Choice
from bench.planning.variants import explain_presets, make_variants
from methods import device
from tests.conftest import PLUGIN, write_png


@pytest.fixture(scope="module", autouse=True)
def plugin():
    from methods.registry import load_plugin_file

    load_plugin_file(PLUGIN)


@pytest.fixture
def dataset(tiny):
    return lambda: open_dataset("folder", root=tiny)


def plan(dataset, *choices, counts=(4, 9), seeds=(0,)):
    return make_plan(dataset, make_variants(choices, preset="auto"), counts, seeds)


def keys(cells):
    return [cell.key for cell in cells]


def test_cells_are_images_times_variants_times_counts_times_seeds(dataset):
    cells = plan(dataset(), Choice("grid"), Choice("stripes", (("offset", "1"),)), seeds=(0, 1))
    assert len(cells) == len(set(keys(cells))) == 3 * 2 * 2 * 2
    assert [cell.image for cell in cells] == sorted(cell.image for cell in cells)


def test_keys_are_those_of_earlier_versions(dataset):
    data, (variant,) = dataset(), make_variants([Choice("stripes")], preset="auto")
    flip = parse_all("flip")
    cells = make_plan(data, [variant], [5], [0], match_n=0.05, perturbations=flip)
    told = [data.fingerprint(cells[0].image), "stripes", variant.version, variant.params, 5, 0]
    told += ["cpu", {"match_n": 0.05}]
    expected = [digest(told), digest([*told, {"perturbation": "flip"}])]
    assert keys(cells)[:2] == expected


def test_the_same_plan_has_the_same_keys(dataset):
    assert keys(plan(dataset(), Choice("grid"))) == keys(plan(dataset(), Choice("grid")))


def test_a_default_given_explicitly_is_the_same_cell(dataset):
    given = Choice("stripes", (("offset", "0"),))
    assert keys(plan(dataset(), given)) == keys(plan(dataset(), Choice("stripes")))


def test_content_decides_what_is_the_same(dataset, tiny):
    before = plan(dataset(), Choice("grid"), counts=(4,))
    write_png(tiny / "labels" / "ann1" / "im1.png", np.zeros((30, 40), np.uint8))
    after = plan(dataset(), Choice("grid"), counts=(4,))
    assert [a == b for a, b in zip(keys(before), keys(after), strict=True)] == [True, False, True]


def test_seed_goes_to_methods_that_declare_it_and_a_given_one_wins(dataset):
    drawn = plan(dataset(), Choice("noisy"), counts=(4,), seeds=(5, 6))
    assert [cell.given for cell in drawn[:2]] == [{"seed": 5}, {"seed": 6}]
    assert '"seed"' not in drawn[0].params
    [first, *_] = plan(dataset(), Choice("noisy", (("seed", "3"),)), counts=(4,), seeds=(5, 6))
    assert (first.given, first.seed) == ({"seed": 3}, 3)
    [plain, *_] = plan(dataset(), Choice("grid"), counts=(4,), seeds=(5,))
    assert plain.given == {}


def test_labels_name_what_differs_from_the_defaults(dataset):
    labels = {
        cell.label
        for cell in plan(
            dataset(),
            Choice("slic"),
            Choice("slic", (("compactness", "1"), ("sigma", "0"))),
            Choice("noisy", (("seed", "3"),)),
        )
    }
    assert labels == {"SLIC", "SLIC[compactness=1.0]", "noisy"}


def test_each_cell_stores_its_labels_under_a_name_of_its_own(dataset):
    cells = plan(
        dataset(),
        *(Choice("counts", (("folder", folder),)) for folder in ("a/b", "a b", "a_b")),
        Choice("noisy"),
        seeds=(0, 1),
    )
    names = [cell.labels_name for cell in cells]
    assert len(set(names)) == len(names)
    assert all(name.count("/") == 2 and ".." not in name and " " not in name for name in names)


def test_an_unreadable_image_still_has_its_cells(dataset, tiny):
    (tiny / "images" / "im1.png").write_bytes(b"no image")
    cells = plan(dataset(), Choice("grid"))
    assert [cell.size for cell in cells if cell.image == "im1"] == [None, None]
    assert len(cells) == 6


def test_a_count_above_the_pixels_declines_unless_all_do(dataset):
    cells = plan(dataset(), Choice("grid"), counts=(1200, 1201))
    assert [bool(cell.decline) for cell in cells] == [False, True] * 3
    with pytest.raises(UsageError, match=r"1201 is above .* 1200 pixels"):
        plan(dataset(), Choice("grid"), counts=(1201,))


@pytest.mark.parametrize(
    ("choice", "message"),
    [
        (Choice("gird"), "grid"),
        (Choice("grid", (("stepp", "1"),)), "step"),
        (Choice("grid", (("step", "wide"),)), "wide"),
        (Choice("grid", (("step", "-1"),)), "-1"),
        (Choice("command"), "cmd"),
    ],
)
def test_what_cannot_run_is_told_before_anything_does(choice, message):
    with pytest.raises(UsageError, match=message):
        make_variants([choice], preset="auto")


# --- presets and devices -------------------------------------------------------------------


@pytest.fixture(params=[0, 1], ids=["no cuda", "cuda"])
def cuda(request, monkeypatch):
    monkeypatch.setattr(device, "cuda_devices", lambda: request.param)
    return bool(request.param)


@pytest.fixture
def no_cuda(monkeypatch):
    monkeypatch.setattr(device, "cuda_devices", lambda: 0)


def net(**params):
    return Choice("net", tuple((name, str(value)) for name, value in params.items()))


def test_auto_is_settled_before_anything_runs(dataset, cuda):
    cells = make_plan(dataset(), make_variants([net()]), [4], [0])
    preset, where = ("paper", "cuda") if cuda else ("quick", "cpu")
    assert f'"preset": "{preset}"' in cells[0].params
    assert f'"iterations": {500 if cuda else 120}' in cells[0].params
    assert (cells[0].device, cells[0].given) == (where, {"device": where, "preset": preset})
    assert cells[0].lane == ("cuda" if cuda else "cores")


def test_the_sample_data_set_is_always_quick_unless_asked(cuda):
    variants = make_variants([net(), net(preset="paper")], dataset="sample")
    assert [variant.label for variant in variants] == ["Net (quick)", "Net"]


def test_a_preset_in_brackets_beats_the_option(no_cuda):
    variants = make_variants([net(), net(preset="quick"), net(preset="auto")], preset="paper")
    assert [variant.label for variant in variants] == ["Net", "Net (quick)"]


def test_labels_tell_presets_apart_and_name_what_differs_from_them(no_cuda):
    choices = [
        net(),
        net(preset="paper"),
        net(blocks=2),
        net(preset="paper", iterations=120),
        net(preset="paper", iterations=120, scale=0.25),
    ]
    variants = make_variants(choices)
    assert [variant.label for variant in variants] == [
        "Net (quick)",
        "Net",
        "Net (quick)[blocks=2]",
        "Net[iterations=120]",
        "Net[iterations=120,scale=0.25]",
    ]
    assert len({variant.folder for variant in variants}) == 5
    assert len({variant.identity for variant in variants}) == 5


def test_two_presets_are_two_cells_whatever_their_values(dataset, no_cuda):
    same = net(preset="paper", iterations=120, scale=0.25)
    cells = make_plan(dataset(), make_variants([net(), same]), [4], [0])
    assert len({cell.key for cell in cells}) == 6
    assert len({cell.labels_name for cell in cells}) == 6


def test_auto_and_what_it_stands_for_are_one_cell(no_cuda):
    assert len(make_variants([net(), net(preset="quick"), net(device="cpu")])) == 1


def test_cuda_that_is_not_there_is_told_before_anything_runs(no_cuda):
    with pytest.raises(UsageError, match=r"--device: net: device='cuda'.*no CUDA device.*use"):
        make_variants([net()], device="cuda")
    with pytest.raises(UsageError, match=r"--methods: net: device='cuda'.*no CUDA device.*use"):
        make_variants([net(device="cuda")])


def test_one_of_several_cuda_devices_is_chosen_by_the_environment(monkeypatch):
    monkeypatch.setattr(device, "cuda_devices", lambda: 2)
    with pytest.raises(UsageError, match=r"--methods: rim: device='cuda:1'.*CUDA_VISIBLE_DEVICES"):
        make_variants([Choice("rim", (("device", "cuda:1"),))])


def test_the_device_does_not_concern_methods_without_one(dataset, no_cuda):
    (variant,) = make_variants([Choice("grid")], preset="paper", device="cuda")
    cells = make_plan(dataset(), [variant], [4], [0])
    assert (variant.label, cells[0].device, cells[0].given) == ("Grid", "cpu", {})
    assert cells[0].lane == "core"


def test_an_unknown_preset_is_told_with_those_there_are(no_cuda):
    with pytest.raises(UsageError, match=r"net: preset='fast'.*'paper', 'quick'"):
        make_variants([net()], preset="fast")


def test_what_auto_chose_is_said_once_with_the_reason_and_the_other_way(cuda):
    def said(*choices, dataset="folder", **options):
        return list(explain_presets(make_variants(choices, dataset=dataset, **options), dataset))

    chosen = {
        False: "net: preset quick (no CUDA device; --preset paper for the published settings)",
        True: "net: preset paper (on CUDA; --preset quick for a faster try)",
    }
    assert said(net(), net(blocks=2), Choice("grid")) == [chosen[cuda]]
    assert said(net(), preset="quick") == said(net(preset="paper")) == said(Choice("grid")) == []
    (sample,) = said(net(), dataset="sample")
    assert sample.startswith("net: preset quick (the sample images")
    (on_cpu,) = said(net(device="cpu"))
    assert on_cpu.startswith(f"net: preset quick ({'on the CPU' if cuda else 'no CUDA device'};")
