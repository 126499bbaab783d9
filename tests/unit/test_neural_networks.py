"""The networks: layers, losses, slopes and steps of the plain ones, as large as published."""

import functools
from itertools import pairwise

import numpy as np
import pytest
import torch
from torch.nn import functional

from methods import get_method
from methods.neural import features, heads, optimise, winograd
from methods.neural.features import Convolution
from methods.neural.guidance import guidance
from methods.neural.losses import bordered, bordered_laplacian
from methods.neural.optimise import initialise, predict
from methods.neural.scene import colours, make_scene
from tests.oracle import oracle_networks as plain
from tests.scenes import disc, slope, two_colours

N = 7
SMALL = {"width": 4, "blocks": 2}


@pytest.fixture(autouse=True)
def _one_thread():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def made(name, **values):
    return get_method(name, preset="paper", device="cpu", **{"precision": "fp32"} | values)


# Each of ours beside the plain one with the same weights


def plain_pair(name, image, layers, terms):
    """The plain network, and its objective as a function of P, reconstruction and colours."""
    height, width = image.shape[:2]
    if name == "rim":
        return plain.PlainRim(N, **layers), plain.rim_objective
    if name == "ea":
        guide = torch.from_numpy(guidance(image)).permute(2, 0, 1)
        return (
            plain.PlainEa(height, width, N, **layers),
            functools.partial(plain.ea_objective, guide=guide),
        )
    named = {"with_soft_image" if key == "soft_image" else key: terms[key] for key in terms}
    named.pop("network", None)
    layers = layers | {"network": terms.get("network", "code")}
    return (
        plain.PlainProposed(N, **layers),
        functools.partial(plain.proposed_objective, **named),
    )


def same_parameters(ours, theirs):
    """Pairs of a parameter of ours, and the plain ones that it holds side by side."""
    (body, head), plain_blocks = ours, list(theirs.features)
    blocks = list(getattr(body, "features", body))
    if hasattr(body, "aspp"):
        if hasattr(body.last, "weight"):
            blocks.append(body.last)
            plain_blocks.append(theirs.block)
        else:
            yield body.last.convolution.weight, [theirs.block[0].weight]
        yield body.aspp.projection.weight, [theirs.projection[0].weight]
        for branch, other in zip(body.aspp.branches, theirs.aspp, strict=True):
            yield branch.weight, [other[0].weight]
    for block, other in zip(blocks, plain_blocks, strict=True):
        yield block.convolution.weight, [other[0].weight]
        yield block.weight, [other[1].weight]
        yield block.bias, [other[1].bias]
    if hasattr(theirs, "head"):
        parts, norms = [theirs.head.convolution], [theirs.head.norm]
        if head.constant is not None:
            yield head.constant, [theirs.head.convolution.bias]
    else:
        parts, norms = zip(theirs.reconstruction, theirs.x, theirs.y, strict=True)
    yield head.convolution.weight, [part.weight for part in parts]
    yield head.weight, [norm.weight for norm in norms]
    yield head.bias, [norm.bias for norm in norms]


def pair(name, image, layers, terms):
    """Ours as a method and as a network, with the weights of the plain one, and that."""
    torch.manual_seed(3)
    method = made(name, **layers, **terms)
    network = method.layers(N, *image.shape[:2])
    theirs, objective = plain_pair(name, image, layers, terms)
    for parameter in theirs.parameters():
        if parameter.dim() == 1:  # other than the 1 and 0 with which norms begin
            parameter.data += torch.rand(parameter.shape) / 2
    copied = list(same_parameters(network, theirs))
    assert {id(one) for one, _ in copied} == {id(one) for one in network.parameters()}
    assert sum(len(others) for _, others in copied) == len(list(theirs.parameters()))
    for one, others in copied:
        one.data.copy_(torch.cat([other.data for other in others]))
    return method, network, theirs, objective


CASES = {
    "rim": ("rim", SMALL, {}),
    "rim, 4 blocks": ("rim", {"width": 2, "blocks": 4}, {}),
    "ea": ("ea", SMALL, {}),
    "proposed": ("proposed", SMALL, {}),
    "proposed, published edge": ("proposed", SMALL, {"edge": "published"}),
    "proposed, first published edge": ("proposed", SMALL, {"edge": "published-first"}),
    "proposed, as the paper": ("proposed", SMALL, {"network": "paper"}),
    "proposed, no edge": ("proposed", SMALL, {"edge": "none"}),
    "proposed, no soft image": ("proposed", SMALL, {"soft_image": False}),
    "proposed, least": ("proposed", SMALL, {"soft_image": False, "edge": "none"}),
    "proposed, other terms": (
        "proposed", SMALL, {"lambda_": 1.0, "alpha": 0.5, "beta": 3.0, "eta": 2.0, "sigma": 2.0},
    ),
    "no laplacian": ("proposed", {**SMALL, "laplacian": False}, {}),
    "no dilation": ("proposed", {**SMALL, "aspp": False}, {}),
    "neither": ("proposed", {**SMALL, "laplacian": False, "aspp": False}, {}),
    "wide": ("proposed", {"width": 64, "blocks": 1}, {}),
    "wide, no laplacian": ("proposed", {"width": 64, "blocks": 1, "laplacian": False}, {}),
}  # fmt: skip


def near(found, expected, share, least=0.0):
    largest = max(expected.abs().max().item(), least)
    torch.testing.assert_close(found, expected, rtol=0, atol=share * largest)


def assert_same_slopes(network, theirs):
    copied = list(same_parameters(network, theirs))
    every = torch.cat([other.grad.flatten() for _, others in copied for other in others])
    for one, others in copied:
        expected = torch.cat([other.grad for other in others])
        near(one.grad, expected, 1e-4, least=1e-2 * every.abs().max().item())


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("shape", [(20, 26), (19, 11)])
def test_predictions_loss_and_slopes_are_those_of_the_plain_network(case, shape):
    name, layers, terms = CASES[case]
    image = disc(*shape)
    method, network, theirs, objective = pair(name, image, layers, terms)
    scene = make_scene(image, 1.0, "cpu")
    prediction, summary = predict(network, scene)
    loss = method.objective(scene)(prediction, summary)
    loss.backward()
    x = plain.input_tensor(image)
    reconstruction, logits = theirs(x)
    expected = objective(torch.softmax(logits, dim=0), reconstruction, x[0, :3])
    expected.backward()
    near(prediction.reconstruction.permute(2, 0, 1), reconstruction, 1e-4)
    near(prediction.logits.permute(2, 0, 1), logits, 1e-4)
    torch.testing.assert_close(loss, expected, rtol=1e-4, atol=1e-4)
    assert_same_slopes(network, theirs)


@pytest.mark.parametrize("name", ["rim", "ea", "proposed"])
@pytest.mark.parametrize("shape", [(2, 2), (2, 9), (5, 3)])
def test_predictions_on_images_smaller_than_the_reach_of_the_dilation(name, shape):
    image = disc(*shape)
    _, network, theirs, _ = pair(name, image, SMALL, {})
    prediction, _ = predict(network, make_scene(image, 1.0, "cpu"))
    reconstruction, logits = theirs(plain.input_tensor(image))
    torch.testing.assert_close(
        prediction.reconstruction.permute(2, 0, 1), reconstruction, rtol=1e-3, atol=1e-3
    )
    torch.testing.assert_close(prediction.logits.permute(2, 0, 1), logits, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("name", ["rim", "ea", "proposed"])
def test_five_steps_of_adam_are_those_of_the_plain_loop(name):
    image = disc(20, 26)
    method, network, theirs, objective = pair(name, image, SMALL, {})
    scene = make_scene(image, 1.0, "cpu")
    found = optimise.optimise(network, scene, method.objective(scene), 5)
    expected = plain.optimise(theirs, objective, image, 5)
    np.testing.assert_allclose(found, expected.losses, rtol=1e-3)
    assert found[-1] < found[0]


@pytest.mark.parametrize("name", ["rim", "ea", "proposed"])
def test_bfloat16_gives_about_the_same_loss(name):
    image, losses = disc(20, 26), []
    for dtype in (torch.float32, torch.bfloat16):
        method, network, _, _ = pair(name, image, SMALL, {})
        scene = make_scene(image, 1.0, "cpu", dtype)
        losses.append(method.objective(scene)(*predict(network, scene)).item())
    assert losses[1] == pytest.approx(losses[0], rel=0.05)
    assert losses[1] != losses[0]


# Published sizes


@pytest.mark.parametrize(
    ("name", "blocks", "count"),
    [
        ("rim", 4, 416_143),
        ("proposed", 2, 506_088),
        ("proposed", 3, 2_024_360),
        ("proposed", 4, 8_083_752),
    ],
)
def test_networks_have_the_published_number_of_parameters(name, blocks, count):
    with torch.device("meta"):
        network = made(name, blocks=blocks).layers(100, 321, 481)
    assert sum(parameter.numel() for parameter in network.parameters()) == count


def test_the_paper_alone_gives_the_proposed_network_a_bias_and_an_affine_norm_more():
    with torch.device("meta"):
        network = made("proposed", blocks=2, network="paper").layers(100, 321, 481)
    assert sum(parameter.numel() for parameter in network.parameters()) == 506_319


def test_ea_has_as_many_parameters_as_the_plain_one():
    with torch.device("meta"):
        ours, theirs = made("ea").layers(100, 321, 481), plain.PlainEa(321, 481, 100)
    ours, theirs = (sum(p.numel() for p in each.parameters()) for each in (ours, theirs))
    assert ours == theirs


@pytest.mark.parametrize(("n", "cells"), [(25, 24), (50, 40), (100, 96), (200, 187), (1, 1)])
def test_ea_has_as_many_cells_as_published(n, cells):
    assert np.prod(heads.factors(n, 321, 481)) == cells
    assert heads.factors(n, 321, 481) == heads.factors(n, 481, 321)[::-1]


@pytest.mark.parametrize(
    ("n", "height", "width"), [(1, 2, 900), (3, 900, 2), (5, 2, 2), (50, 10, 1000)]
)
def test_ea_has_a_row_and_a_column_at_least_and_no_more_cells_than_asked(n, height, width):
    columns, rows = heads.factors(n, height, width)
    assert columns >= 1
    assert rows >= 1
    assert columns * rows <= n
    assert (columns, rows) == plain.grid_of(height, width, n)


def test_features_double_their_width_from_block_to_block():
    blocks = list(features.Features(5, 3))
    assert [block.weight.numel() for block in blocks] == [3, 6, 12, 24, 48]
    for block, after in pairwise(blocks):
        assert after.convolution.weight.shape[1] == block.weight.numel()


def without_norm(values, weight, bias, relu, border=0, dtype=None):
    """What looks at the whole image is left out."""
    del weight, bias, dtype
    values = functional.relu(values) if relu else values
    return bordered(values) if border else values


@pytest.mark.parametrize(
    ("name", "layers", "side"),
    [
        ("rim", {"blocks": 4}, 9),
        ("ea", {"blocks": 4}, 9),
        ("proposed", {"blocks": 2}, 27),
        ("proposed", {"blocks": 3}, 29),
        ("proposed", {"blocks": 4}, 31),
        ("proposed", {"blocks": 2, "aspp": False}, 13),
        ("proposed", {"blocks": 2, "laplacian": False}, 25),
    ],
)
def test_a_pixel_sees_as_far_as_published(monkeypatch, name, layers, side):
    monkeypatch.setattr(features, "normalise", without_norm)
    monkeypatch.setattr(heads, "normalise", without_norm)
    monkeypatch.setattr(features, "bordered_laplacian", lambda x: bordered_laplacian(x).abs())
    network = made(name, width=2, **layers).layers(4, 43, 45).double()
    generator = torch.Generator().manual_seed(0)
    for parameter in network.parameters():
        parameter.data.uniform_(0.5, 1, generator=generator)  # nothing cancels out
    x = torch.rand(43, 45, 5, dtype=torch.float64, generator=generator).requires_grad_()
    network(bordered(x)).logits[21, 22].sum().backward()
    seen = torch.nonzero(x.grad.abs().sum(-1))
    first, last = seen.min(dim=0).values, seen.max(dim=0).values
    assert (last - first + 1).tolist() == [side, side]
    assert ((last + first) / 2).tolist() == [21, 22]


def test_muon_steps_with_matrices_of_inputs_by_outputs_and_adam_with_the_rest():
    method = made("rim", optimiser="muon")
    image = two_colours(16, 20)
    scene = make_scene(image, 1.0, "cpu")
    network = method.layers(4, 16, 20)
    initialise(network, torch.nn.init.xavier_normal_, 0)
    before = {name: each.detach().clone() for name, each in network.named_parameters()}
    first = optimise.optimise(network, scene, method.objective(scene), 1, 0.01, optimiser="muon")
    for name, each in network.named_parameters():
        step = (each.detach() - before[name]) / 0.01
        if each.dim() == 4:
            matrix = step.permute(2, 3, 1, 0).reshape(-1, each.shape[0])
            largest = torch.linalg.svdvals(matrix).max() / (0.2 * max(matrix.shape) ** 0.5)
            assert 0.6 < largest < 1.3  # 1 if orthogonal; of Adam's steps it is over 2
        else:
            assert step.abs().max().item() == pytest.approx(1, abs=0.01) or not step.any()
    more = optimise.optimise(network, scene, method.objective(scene), 20, 0.01, optimiser="muon")
    assert more[-1] < first[0]


# Layers


@pytest.fixture(autouse=True)
def _winograd_from_64_channels(monkeypatch):
    monkeypatch.setattr(winograd, "chosen", lambda _: winograd.Choice(64, batched=True))


@pytest.mark.parametrize("size", [1, 3])
@pytest.mark.parametrize(("dilation", "padding"), [(1, 0), (1, 1), (2, 1), (8, 1)])
@pytest.mark.parametrize("channels", [(5, 3), (64, 64)])
def test_a_convolution_is_that_of_torch(size, dilation, padding, channels):
    layer = Convolution(*channels, size, dilation, padding)
    initialise(layer, torch.nn.init.xavier_normal_, 0)
    values = torch.randn(11, 14, channels[0], generator=torch.Generator().manual_seed(1))
    expected = functional.conv2d(
        values.permute(2, 0, 1)[None], layer.weight, padding=padding * dilation, dilation=dilation
    )
    near(layer(values).detach(), expected[0].permute(1, 2, 0).detach(), 1e-4)


# First weights


@pytest.mark.parametrize(
    ("name", "spread"), [("rim", 2 / (9 * 128 + 9 * 256)), ("ea", 2 / (9 * 128))]
)
def test_first_weights_are_xavier_and_he_normal_and_constants_zero(name, spread):
    method = made(name)
    network = method.layers(100, 321, 481)
    initialise(network, getattr(torch.nn.init, method.start), 0)
    weight = network[0][3].convolution.weight
    assert weight.std().item() == pytest.approx(spread**0.5, rel=0.02)
    assert weight.mean().item() == pytest.approx(0, abs=1e-3)
    for parameter in network.parameters():
        assert parameter.dim() == 4 or (parameter == parameter[0]).all()


@pytest.mark.parametrize("network", ["code", "paper"])
def test_the_proposed_network_starts_as_its_code_or_evenly(network):
    """The encoder is Xavier-normal; behind it PyTorch's default is half as large."""
    layers = made("proposed", blocks=2, network=network).layers(100, 40, 60)
    initialise(layers, torch.nn.init.xavier_normal_, 0)
    body, head = layers
    for convolution in (*body.aspp.branches, body.aspp.projection, body.last.convolution):
        weight = convolution.weight
        outputs, inputs = weight.shape[0] * 9, weight.shape[1] * 9
        expected = {"code": (3 * inputs) ** -0.5, "paper": (2 / (inputs + outputs)) ** 0.5}
        assert weight.std().item() == pytest.approx(expected[network], rel=0.05)
    encoder = body.features[1].convolution.weight
    assert encoder.std().item() == pytest.approx((2 / (9 * 32 + 9 * 64)) ** 0.5, rel=0.05)
    expected = {"code": (3 * 64) ** -0.5, "paper": (2 / (64 + 103)) ** 0.5}
    assert head.convolution.weight.std().item() == pytest.approx(expected[network], rel=0.05)


@pytest.mark.parametrize(("name", "power"), [("rim", 1), ("proposed", 1), ("ea", 2)])
def test_a_gain_multiplies_the_first_logits_and_nothing_else(name, power):
    method = made(name)
    scene = make_scene(disc(12, 14), 1.0, "cpu")
    predictions = []
    for gain in (1.0, 3.0):
        network = made(name, gain=gain, **SMALL).layers(N, 12, 14)
        initialise(network, getattr(torch.nn.init, method.start), 0)
        predictions.append(network(scene.inputs))
    plain, decided = predictions
    near(decided.logits, 3**power * plain.logits, 1e-6)
    assert torch.equal(decided.reconstruction, plain.reconstruction)


def test_first_weights_depend_on_the_seed_alone():
    drawn = []
    for seed in (0, 0, 1):
        network = made("proposed", **SMALL).layers(5, 20, 20)
        initialise(network, torch.nn.init.xavier_normal_, seed)
        drawn.append(torch.cat([p.detach().flatten() for p in network.parameters()]))
        torch.rand(7)
    assert torch.equal(drawn[0], drawn[1])
    assert not torch.equal(drawn[0], drawn[2])


# Scenes


def test_a_scene_is_the_input_of_the_plain_networks():
    scene, expected = make_scene(slope(20, 30), 1.0, "cpu"), plain.input_tensor(slope(20, 30))[0]
    torch.testing.assert_close(scene.inputs[1:-1, 1:-1].permute(2, 0, 1), expected)
    torch.testing.assert_close(scene.image.permute(2, 0, 1), expected[:3])
    torch.testing.assert_close(scene.inputs, bordered(scene.inputs[1:-1, 1:-1]))


@pytest.mark.parametrize(
    ("shape", "scale", "expected"),
    [
        ((320, 480), 0.25, (80, 120)),
        ((321, 481), 0.5, (160, 240)),
        ((3, 50), 0.25, (2, 12)),
        ((2, 2), 0.01, (2, 2)),
    ],
)
def test_a_scene_is_smaller_by_its_scale_but_has_two_pixels_a_side(shape, scale, expected):
    scene = make_scene(slope(*shape), scale, "cpu", torch.bfloat16)
    assert scene.pixels.shape == (*expected, 3)
    assert scene.image.shape == (*expected, 3)
    assert scene.inputs.shape == (expected[0] + 2, expected[1] + 2, 5)
    assert (scene.image.dtype, scene.inputs.dtype) == (torch.float32, torch.bfloat16)


def test_a_smaller_scene_has_the_mean_colours_of_its_areas():
    image = disc(40, 60)
    means = image.reshape(10, 4, 15, 4, 3).mean((1, 3))
    np.testing.assert_allclose(make_scene(image, 0.25, "cpu").pixels, means, atol=0.51)


def test_a_scene_of_one_colour_is_0():
    scene = make_scene(np.full((6, 5, 3), 99, np.uint8), 1.0, "cpu")
    assert not scene.image.any()
    assert not scene.inputs[..., :3].any()
    assert scene.inputs[..., 3:].any()


@pytest.mark.parametrize("image", [disc(12, 14), np.full((6, 5, 3), 99, np.uint8)])
def test_standardised_colours_become_those_of_the_image_again(image):
    found = colours(make_scene(image, 1.0, "cpu").image, image)
    np.testing.assert_allclose(found, image / 255, atol=1e-6)
    assert found.dtype == np.float32


def test_colours_stay_between_0_and_1():
    found = colours(torch.full((12, 14, 3), 99.0), disc(12, 14))
    np.testing.assert_array_equal(found, 1)
