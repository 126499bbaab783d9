"""The networks as methods: from an image and parameters to labels, and what is refused."""

import ctypes
import math
import os
import platform
import re
import subprocess
import sys

import numpy as np
import pytest
import torch

from methods import device, get_method, segment
from methods.base import Skip
from methods.canonical import canonicalise
from methods.device import DeviceError
from methods.image import as_rgb_uint8
from methods.neural import machine, optimise, size, solver
from methods.neural.heads import factors
from methods.neural.machine import available_memory, kept_memory, reproducible
from methods.neural.postprocess import postprocess
from methods.neural.rim import Rim
from methods.neural.scene import make_scene
from methods.parameters import ParameterError
from methods.progress import listening
from tests.scenes import disc, noise, slope, two_colours

NAMES = ["rim", "ea", "proposed"]
IMAGE, N = disc(24, 30), 9


@pytest.fixture(autouse=True)
def _one_thread():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def made(name, **values):
    small = {"iterations": 3, "scale": 1.0, "width": 4, "blocks": 2, "precision": "fp32"}
    small |= {"learning_rate": 0.06, "gain": 1.0}
    return get_method(name, preset="quick", device="cpu", **small | values)


every_network = pytest.mark.parametrize("name", NAMES)


# A solution


@every_network
def test_a_solution_has_labels_images_between_0_and_1_and_a_loss_for_each_step(name):
    method = made(name, iterations=12)
    solution = method.solve(IMAGE, N)
    assert solution.labels.shape == (24, 30)
    assert np.issubdtype(solution.labels.dtype, np.integer)
    for image in (solution.soft_image, solution.reconstruction):
        assert image.shape == (24, 30, 3)
        assert image.dtype == np.float32
        assert image.min() >= 0
        assert image.max() <= 1
    assert solution.losses.shape == (12,)
    assert solution.losses[-1] < solution.losses[0]
    np.testing.assert_array_equal(made(name, iterations=12).segment(IMAGE, N), solution.labels)


@every_network
def test_two_colours_become_superpixels_that_do_not_mix_them(name):
    image = two_colours(16, 20)
    solution = made(name, width=8, iterations=80, postprocess="none").solve(image, 20)
    dark = image[..., 0] == 20
    assert not set(solution.labels[dark]) & set(solution.labels[~dark])
    assert np.abs(solution.soft_image - image / 255).mean() < 0.1
    assert np.abs(solution.reconstruction - image / 255).mean() < 0.1


@every_network
def test_facts_are_the_last_loss_precision_and_scale(name):
    method = made(name)
    losses = method.solve(IMAGE, N).losses
    assert method.facts == {"loss": losses[-1], "precision": "fp32", "scale": 1.0}
    other = made(name, precision="bf16")
    other.segment(IMAGE, N)
    losses = made(name, precision="bf16").solve(IMAGE, N).losses
    assert other.facts == {"loss": losses[-1], "precision": "bf16", "scale": 1.0}


@pytest.mark.parametrize(("has", "precision"), [(True, "bf16"), (False, "fp32")])
def test_precision_is_bfloat16_only_where_the_processor_has_units_for_it(
    monkeypatch, has, precision
):
    capabilities = {"avx2": True, "avx512_bf16": has}
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: capabilities)
    method = made("rim", precision="auto")
    method.segment(IMAGE, N)
    assert method.facts["precision"] == precision


@pytest.mark.parametrize(
    "held", [{"ONEDNN_MAX_CPU_ISA": "AVX2"}, {"DNNL_MAX_CPU_ISA": "avx512_core"}, {}]
)
@pytest.mark.skipif(platform.machine() != "x86_64", reason="instruction sets of x86")
def test_precision_follows_what_the_libraries_may_use(monkeypatch, held):
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"avx512_bf16": True})
    for name in ("ONEDNN_MAX_CPU_ISA", "DNNL_MAX_CPU_ISA"):
        monkeypatch.delenv(name, raising=False)
    capability = "AVX512" if held else "AVX2"
    monkeypatch.setattr(torch.backends.cpu, "get_cpu_capability", lambda: capability)
    assert held == {} or machine.has_bf16_units("cpu")
    for name, most in held.items():
        monkeypatch.setenv(name, most)
    assert not machine.has_bf16_units("cpu")


@every_network
def test_small_work_has_the_same_labels_on_any_number_of_threads_and_leaves_that_number(name):
    image, labels = disc(96, 96), []
    for threads in (1, 2):
        torch.set_num_threads(threads)
        labels.append(made(name, width=16, iterations=6).segment(image, N))
        assert torch.get_num_threads() == threads
    np.testing.assert_array_equal(*labels)


def test_calls_at_the_same_time_put_the_number_of_threads_back():
    torch.set_num_threads(2)
    first, second = machine.threads(shared=False), machine.threads(shared=False)
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    assert torch.get_num_threads() == 1
    second.__exit__(None, None, None)
    assert torch.get_num_threads() == 2


@every_network
def test_an_image_has_all_cores_where_its_work_is_large_and_says_what_memory_it_takes(name):
    quick = get_method(name, preset="quick", device="cpu")
    paper = get_method(name, preset="paper", device="cpu")
    assert not quick.wants_all_cores(321, 481, 100)
    assert paper.wants_all_cores(1000, 1500, 100)
    assert quick.wants_all_cores(6420, 9620, 100)
    assert size.CODE < quick.memory_needed(321, 481, 100) < paper.memory_needed(321, 481, 100)


@every_network
def test_a_seed_decides_the_labels_and_leaves_other_generators_alone(name):
    torch.manual_seed(5)
    before = torch.get_rng_state()
    first, again, other = (made(name, seed=seed).solve(IMAGE, N) for seed in (0, 0, 1))
    assert torch.equal(torch.get_rng_state(), before)
    np.testing.assert_array_equal(first.labels, again.labels)
    np.testing.assert_array_equal(first.losses, again.losses)
    assert not np.array_equal(canonicalise(first.labels), canonicalise(other.labels))
    torch.manual_seed(6)
    np.testing.assert_array_equal(made(name).segment(IMAGE, N), first.labels)


@every_network
def test_presets_fix_the_same_parameters(name):
    paper, quick = (set(preset) for preset in type(made(name)).presets.values())
    assert paper == quick


@pytest.mark.parametrize(
    ("given", "then"),
    [({}, "5000"), ({"OMP_WAIT_POLICY": "active"}, "None"), ({"GOMP_SPINCOUNT": "7"}, "7")],
)
def test_how_threads_wait_is_said_before_torch_is_loaded_unless_the_user_says_it(given, then):
    code = (
        "import os, sys, methods.neural.rim\n"
        "print('torch' in sys.modules, os.environ.get('GOMP_SPINCOUNT'))"
    )
    told = {"OMP_WAIT_POLICY", "GOMP_SPINCOUNT"}
    environment = {key: value for key, value in os.environ.items() if key not in told} | given
    found = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    assert found.stdout.split() == ["False", then]


# Settings of the loop


@pytest.mark.parametrize("decay", ["none", "cosine"])
def test_the_learning_rate_stays_or_falls_along_half_a_cosine(monkeypatch, decay):
    rates = []

    class Recording(torch.optim.Adam):
        def step(self):
            rates.append(self.param_groups[0]["lr"])
            super().step()

    monkeypatch.setattr(torch.optim, "Adam", Recording)
    made("rim", decay=decay, learning_rate=0.02, iterations=4).segment(IMAGE, N)
    shares = [1, (1 + math.sqrt(0.5)) / 2, 0.5, (1 - math.sqrt(0.5)) / 2]
    assert rates == pytest.approx([0.02 * (s if decay == "cosine" else 1) for s in shares])


@every_network
def test_progress_is_told_once_an_iteration(name):
    told = []
    with listening(lambda *done_of: told.append(done_of)):
        made(name, iterations=6).segment(IMAGE, N)
    assert told == [(i, 6) for i in range(1, 7)]


@every_network
def test_warming_up_takes_two_iterations_and_changes_nothing(name):
    method, told = made(name, iterations=900), []
    params = method.params()
    for image in (IMAGE, noise(2, 2), noise(3, 40)):
        with listening(lambda *done_of: told.append(done_of)):
            method.warm_up(image, 2)
    assert told == [(1, 2), (2, 2)] * 3
    with pytest.raises(Skip, match="1 x 5 pixels"):
        method.warm_up(noise(1, 5), 2)
    assert method.params() == params
    assert method.facts == {}


@pytest.mark.parametrize(
    ("n", "scale", "expected"), [(2, 0.25, 0.25), (9, 0.25, math.sqrt(0.2)), (90, 0.25, 1.0)]
)
def test_the_working_resolution_rises_where_superpixels_would_have_few_pixels(n, scale, expected):
    method = made("rim", scale=scale)
    method.segment(IMAGE, n)
    assert method.facts["scale"] == pytest.approx(expected)


@every_network
@pytest.mark.parametrize("how", ["published", "even", "merge", "none"])
def test_labels_are_post_processed_as_asked(name, how, monkeypatch):
    given = []
    monkeypatch.setattr(
        "methods.neural.solver.postprocess",
        lambda *arguments: given.append(arguments) or postprocess(*arguments),
    )
    found = made(name, postprocess=how, scale=0.5, precision="bf16").segment(IMAGE, N)
    ((logits, n, way),) = given
    assert (n, way) == (N, how)
    assert logits.shape == (*IMAGE.shape[:2], logits.shape[2])
    assert logits.dtype == torch.float32
    np.testing.assert_array_equal(found, postprocess(logits, N, how))
    if how == "none":
        assert set(np.unique(found)) <= set(range(N))


@pytest.mark.parametrize(
    ("name", "changed"),
    [
        ("proposed", {"soft_image": False}),
        ("proposed", {"laplacian": False}),
        ("proposed", {"aspp": False}),
        ("proposed", {"edge": "published"}),
        ("proposed", {"edge": "none"}),
        ("proposed", {"eta": 5.0}),
        ("ea", {"eta": 5.0}),
        *((name, {key: 30.0}) for name in NAMES for key in ("lambda_", "alpha", "beta")),
        *((name, {"sigma": 0.3}) for name in NAMES),
        *((name, {"learning_rate": 0.1}) for name in NAMES),
    ],
)
def test_every_parameter_of_the_objective_and_of_an_ablation_counts(name, changed):
    usual, other = made(name).solve(IMAGE, N), made(name, **changed).solve(IMAGE, N)
    assert usual.losses[-1] != other.losses[-1]
    assert not np.array_equal(usual.soft_image, other.soft_image)


def test_ea_has_a_superpixel_for_each_cell_at_most():
    columns, rows = factors(50, 24, 30)
    assert columns * rows < 50
    labels = made("ea", postprocess="none").segment(noise(24, 30), 50)
    assert labels.max() < columns * rows


# Images and counts of every kind


@pytest.mark.parametrize(
    "image",
    [
        disc(20, 24)[..., 0],
        disc(20, 24)[..., :1],
        np.dstack([disc(20, 24), slope(20, 24)[..., 0]]),
        disc(20, 24) / 255,
        (disc(20, 24) / 255).astype(np.float32),
        disc(20, 24).astype(np.uint16) * 257,
    ],
    ids=["grey", "one channel", "opacity", "float64", "float32", "16 bits"],
)
@every_network
def test_any_usual_image_gives_the_labels_of_its_rgb(name, image):
    found = made(name).segment(image, N)
    np.testing.assert_array_equal(found, made(name).segment(as_rgb_uint8(image), N))
    np.testing.assert_array_equal(made(name).solve(image, N).labels, found)


@every_network
@pytest.mark.parametrize("value", [0, 99, 255])
def test_an_image_of_one_colour_is_divided_and_keeps_its_colour(name, value):
    image = np.full((12, 17, 3), value, np.uint8)
    solution = made(name).solve(image, 4)
    assert np.isfinite(solution.losses).all()
    np.testing.assert_allclose(solution.soft_image, image / 255, atol=1e-5)
    np.testing.assert_allclose(solution.reconstruction, image / 255, atol=1e-5)


@every_network
@pytest.mark.parametrize("shape", [(2, 2), (3, 50), (9, 5)])
@pytest.mark.parametrize("settings", [{}, {"precision": "bf16", "scale": 0.25}])
def test_small_and_narrow_images_are_divided(name, shape, settings):
    for n in {1, shape[0] * shape[1]}:
        solution = made(name, **settings).solve(noise(*shape), n)
        assert solution.labels.shape == shape
        assert np.isfinite(solution.losses).all()
        assert np.isfinite(solution.soft_image).all()


@every_network
def test_one_superpixel_is_the_whole_image(name):
    solution = made(name, iterations=8).solve(IMAGE, 1)
    assert len(np.unique(solution.labels)) == 1
    mean = (IMAGE / 255).mean((0, 1))
    np.testing.assert_allclose(solution.soft_image, np.broadcast_to(mean, IMAGE.shape), atol=1e-5)


@every_network
@pytest.mark.parametrize("shape", [(1, 10), (10, 1), (1, 1)])
def test_one_row_or_column_is_declined_with_the_reason(name, shape):
    with pytest.raises(Skip, match=r"reflected, which needs 2 x 2") as declined:
        made(name).segment(noise(*shape), 1)
    assert not declined.value.temporary


@every_network
@pytest.mark.parametrize("n", [0, -3, 24 * 30 + 1])
def test_a_count_that_no_image_has_is_refused(name, n):
    with pytest.raises(ValueError, match=rf"n={n} must be from 1 to 720, the pixels of the image"):
        made(name).segment(IMAGE, n)


def test_segment_by_name_canonicalises():
    labels = segment(IMAGE, N, method="rim", iterations=2, blocks=1, width=4, device="cpu")
    np.testing.assert_array_equal(labels, canonicalise(labels))
    assert labels.dtype == np.int32


@every_network
def test_torch_is_not_imported_before_an_image_is_there(name):
    code = (
        "import sys; from methods import get_method\n"
        f"method = get_method({name!r}, device='cpu', blocks=2)\n"
        "assert method.params()['blocks'] == 2\n"
        "sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


# What is refused


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("iterations", 0),
        ("seed", -1),
        ("blocks", 0),
        ("blocks", 7),
        ("width", 0),
        ("width", 257),
        ("lambda_", -0.1),
        ("alpha", -1.0),
        ("eta", -1.0),
        ("scale", 0.0),
        ("scale", 1.01),
        ("learning_rate", 0.0),
        ("learning_rate", 1.5),
        ("gain", 0.0),
        ("gain", 101.0),
        ("sigma", 0.0),
    ],
)
def test_a_value_out_of_range_is_refused_with_the_range(name, wrong):
    with pytest.raises(ValueError, match=rf"^{name}={re.escape(str(wrong))} must be (from|over) "):
        made("proposed", **{name: wrong})


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("decay", "linear"),
        ("postprocess", "cut"),
        ("precision", "fp16"),
        ("edge", "all"),
        ("iterations", 2.5),
        ("soft_image", 3),
        ("beta", math.nan),
        ("eta", math.inf),
        ("scale", math.nan),
        ("sigma", math.inf),
    ],
)
def test_a_value_of_another_kind_is_refused(name, wrong):
    with pytest.raises(ParameterError, match=rf"^{name}={re.escape(repr(wrong))} .*{name} takes "):
        made("proposed", **{name: wrong})


@every_network
def test_cuda_that_is_not_there_is_refused(monkeypatch, name):
    monkeypatch.setattr(device, "cuda_devices", lambda: 0)
    with pytest.raises(DeviceError, match=r"no CUDA device was found.*use device 'auto' or 'cpu'"):
        get_method(name, device="cuda")


def test_on_cuda_sums_are_not_left_to_chance_nor_float32_rounded():
    cudnn = torch.backends.cudnn
    before = cudnn.deterministic, cudnn.allow_tf32
    with reproducible("cuda:0"):
        assert (cudnn.deterministic, cudnn.benchmark, cudnn.allow_tf32) == (True, False, False)
    assert (cudnn.deterministic, cudnn.allow_tf32) == before


def test_what_cannot_be_compiled_is_forgiven_in_the_loop_alone(monkeypatch):
    config = torch._dynamo.config
    monkeypatch.setattr(torch, "compile", lambda function, dynamic: function)
    assert not config.suppress_errors
    with optimise.compiled_for("cuda") as value_of:
        assert value_of is optimise.loss_of
        assert config.suppress_errors
    assert not config.suppress_errors


@pytest.mark.parametrize("name", ["rim", "ea", "proposed"])
def test_what_cuda_gets_is_one_graph_on_one_device(name):
    """On the device "meta", which has no numbers, layers and losses go the way of CUDA."""
    method = get_method(name, preset="paper", width=4, blocks=1)
    image = np.random.default_rng(0).integers(0, 256, (8, 12, 3), dtype=np.uint8)
    network = method.layers(4, 8, 12).to("meta")
    scene = make_scene(image, 1.0, "meta", torch.bfloat16)
    torch._dynamo.reset()
    torch._dynamo.utils.counters.clear()
    whole = torch.compile(optimise.loss_of, backend="eager", fullgraph=True, dynamic=False)
    whole(network, scene, method.objective(scene)).backward()
    assert torch._dynamo.utils.counters["stats"]["unique_graphs"] == 1
    assert all(weight.grad.device.type == "meta" for weight in network.parameters())


def test_cuda_is_warmed_up_by_the_whole_image_since_shapes_are_compiled(monkeypatch):
    seen = []
    monkeypatch.setattr(Rim, "segment", lambda self, image, n: seen.append((image.shape, n)))
    image = np.zeros((200, 300, 3), np.uint8)
    monkeypatch.setattr(device, "cuda_devices", lambda: 1)
    for where in ("cpu", "cuda"):
        get_method("rim", preset="quick", device=where).warm_up(image, 50)
    assert seen == [((128, 128, 3), 14), ((200, 300, 3), 50)]


# Memory


class Mallinfo2(ctypes.Structure):
    """What glibc says of its memory."""

    _fields_ = tuple(
        (name, ctypes.c_size_t)
        for name in (
            "arena", "ordblks", "smblks", "hblks", "hblkhd",
            "usmblks", "fsmblks", "uordblks", "fordblks", "keepcost",
        )
    )  # fmt: skip


@pytest.mark.skipif(
    sys.platform != "linux" or not hasattr(ctypes.CDLL(None), "mallinfo2"), reason="glibc only"
)
def test_memory_is_kept_and_later_arrays_are_not_mapped_anew_each_time():
    ask = ctypes.CDLL(None).mallinfo2
    ask.restype = Mallinfo2
    before = ask().hblkhd
    with kept_memory():
        large = np.empty(200 * 2**20, np.uint8)
        assert ask().hblkhd == before
        del large
    array = np.empty(8 * 2**20, np.uint8)
    assert ask().hblkhd == before, array.shape


def test_what_pytorch_keeps_of_a_gpu_is_available(monkeypatch):
    for name, mib in (("memory_reserved", 700), ("memory_allocated", 200)):
        monkeypatch.setattr(torch.cuda, name, lambda device, mib=mib: mib)
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: (1000, 9000))
    assert available_memory("cuda:1") == 1500


def fails(*arguments):
    raise AssertionError("something was allocated")


@every_network
def test_what_does_not_fit_is_declined_before_anything_is_allocated(monkeypatch, name):
    monkeypatch.setattr(solver, "available_memory", lambda device: 300 * 2**20)
    monkeypatch.setattr(solver, "make_scene", fails)
    monkeypatch.setattr(solver, "initialise", fails)
    with pytest.raises(
        Skip, match=r"60000 pixels and n=100 need about [1-9][\d.]* GiB, 0\.3 are free: use a small"
    ) as declined:
        made(name, blocks=4, width=32).segment(np.zeros((200, 300, 3), np.uint8), 100)
    assert declined.value.temporary  # another day there may be more


def test_weights_that_do_not_fit_are_declined_however_small_the_image(monkeypatch):
    monkeypatch.setattr(solver, "available_memory", lambda device: 64 * 2**30)
    monkeypatch.setattr(solver, "initialise", fails)
    with pytest.raises(Skip, match="fewer or narrower blocks"):
        made("proposed", blocks=6, width=256).segment(noise(4, 4), 2)


def test_more_memory_is_needed_for_more_of_anything():
    usual = {"weights": 10**6, "channels": 480, "pixels": 10**5, "scale": 0.9, "n": 100}
    least = size.memory_needed(**usual, itemsize=2)
    for name, more in (
        ("weights", 10**8), ("channels", 4000), ("pixels", 10**6), ("scale", 1.0), ("n", 2000),
    ):  # fmt: skip
        assert size.memory_needed(**usual | {name: more}, itemsize=2) > least
    assert size.memory_needed(**usual, itemsize=4) > least


# Divergence


@every_network
@pytest.mark.parametrize(
    "wild",
    [
        {"learning_rate": 1.0},
        {"learning_rate": 1.0, "alpha": 1e9, "lambda_": 1e9, "beta": 1e9},
        {"learning_rate": 1.0, "precision": "bf16", "beta": 1e9},
    ],
)
def test_wild_settings_end_in_numbers_or_in_a_clear_error(name, wild):
    try:
        solution = made(name, iterations=12, **wild).solve(IMAGE, N)
    except ValueError as error:
        assert "learning_rate=1 is too high" in str(error)  # noqa: PT017 (either may happen)
    else:
        assert np.isfinite(solution.losses).all()
        assert np.isfinite(solution.soft_image).all()
        assert np.isfinite(solution.reconstruction).all()


@pytest.mark.parametrize("last_good", [0, 3])
def test_an_optimisation_that_diverges_names_iterations_and_cure(monkeypatch, last_good):
    """A slope that is no number spoils the weights, be it that of the very last step."""
    cls = type(made("rim"))
    objective = cls.objective

    def spoilt(self, scene):
        usual, calls = objective(self, scene), []

        def loss(prediction, summary):
            value = usual(prediction, summary)
            if len(calls) == last_good:
                value.register_hook(lambda slope: slope * math.nan)
            calls.append(value)
            return value

        return loss

    monkeypatch.setattr(cls, "objective", spoilt)
    expected = f"after {last_good + 1} of 4 iterations: learning_rate=0.02 is too high, or a weight"
    with pytest.raises(ValueError, match=expected):
        made("rim", iterations=4, learning_rate=0.02).solve(IMAGE, N)
