"""Presets: settings under one name, which "auto" chooses by the device, and devices themselves."""

from typing import ClassVar, Literal

import numpy as np
import pytest

from methods import Method, device
from methods.checks import run_check
from methods.parameters import ParameterError


class Net(Method):
    name = "net"
    devices = ("cpu", "cuda")
    presets: ClassVar = {
        "paper": {"iterations": 500, "scale": 1.0},
        "quick": {"iterations": 120, "scale": 0.25},
    }
    iterations: int = 500
    scale: float = 1.0
    blocks: int = 4
    preset: Literal["auto", "paper", "quick"] = "auto"
    device: Literal["auto", "cpu", "cuda"] = "auto"

    def segment(self, image, n):
        return np.tile(np.arange(image.shape[1]) * n // image.shape[1], (image.shape[0], 1))


class OnCpuOnly(Net):
    devices = ("cpu",)


@pytest.fixture(params=[True, False], ids=["cuda", "no cuda"])
def cuda(request, monkeypatch):
    monkeypatch.setattr(device, "cuda_devices", lambda: int(request.param))
    return request.param


@pytest.fixture
def no_cuda(monkeypatch):
    monkeypatch.setattr(device, "cuda_devices", lambda: 0)


def test_auto_is_paper_on_cuda_and_quick_on_the_cpu(cuda):
    method = Net()
    assert (method.device, method.preset) == (("cuda", "paper") if cuda else ("cpu", "quick"))
    assert (Net(device="cpu").preset, Net(device="cpu").iterations) == ("quick", 120)
    assert OnCpuOnly().device == "cpu"
    assert OnCpuOnly().preset == "quick"


def test_given_beats_preset_and_preset_beats_default(no_cuda):
    quick = {"iterations": 120, "scale": 0.25, "blocks": 4, "preset": "quick", "device": "cpu"}
    assert Net().params() == quick
    assert Net(preset="paper").scale == 1.0
    mixed = Net(preset="quick", iterations=500)
    assert (mixed.iterations, mixed.scale) == (500, 0.25)


def test_its_own_parameters_make_the_same_method(no_cuda):
    method = Net(preset="paper", iterations=7)
    assert Net(**method.params()).params() == method.params()


def test_only_what_differs_from_the_preset_is_named(cuda):
    assert Net().non_default_params() == {}
    assert Net(
        preset="quick", device="cpu", iterations=120, blocks=2
    ).non_default_params().keys() - {"device"} == {"blocks"}
    assert Net(preset="paper", iterations=120).non_default_params() == {"iterations": 120}


def test_a_representation_names_the_preset(no_cuda):
    assert repr(Net(blocks=2)) == "net[preset=quick,blocks=2]"


def test_an_unknown_preset_is_answered_with_those_there_are():
    with pytest.raises(ParameterError, match=r"'papier'.*'auto', 'paper', 'quick'"):
        Net(preset="papier")

    class AnyText(Net):
        preset: str = "auto"

    with pytest.raises(ParameterError, match=r"no preset 'papier'; it has paper, quick"):
        AnyText(preset="papier")


def test_cuda_that_is_not_there_is_refused(no_cuda):
    with pytest.raises(ValueError, match=r"device='cuda'.*no CUDA device.*'auto' or 'cpu'"):
        Net(device="cuda")


def test_a_method_that_cannot_use_cuda_is_not_put_there(monkeypatch):
    monkeypatch.setattr(device, "cuda_devices", lambda: 1)
    with pytest.raises(ValueError, match=r"device='cuda': method 'net' runs on cpu; use"):
        OnCpuOnly(device="cuda")


@pytest.mark.parametrize("name", ["cuda:2", "cuda:-1", "cuda:", "cuda:x", "cpu:0"])
def test_a_number_that_no_device_has_is_refused(monkeypatch, name):
    class AnyText(Net):
        device: str = "auto"

    monkeypatch.setattr(device, "cuda_devices", lambda: 2)
    assert AnyText(device="cuda:1").device == "cuda:1"
    with pytest.raises(ValueError, match=rf"device='{name}' is not among 2 CUDA devices.*'cuda:0'"):
        AnyText(device=name)


def test_a_device_nobody_knows_is_refused():
    class AnyText(Net):
        device: str = "auto"

    with pytest.raises(ValueError, match=r"device='gpu'.*runs on cpu and cuda; use"):
        AnyText(device="gpu")


class NamesAnother(Net):
    presets: ClassVar = {"paper": {"iterations": 500}, "quick": {"iteration": 120}}


class HasNoQuick(Net):
    presets: ClassVar = {"paper": {"iterations": 500}}


class WrongType(Net):
    presets: ClassVar = {"paper": {"iterations": 500}, "quick": {"iterations": 1.5}}


class HasNoParameter(Method):
    name = "net"
    presets = Net.presets
    segment = Net.segment


@pytest.mark.parametrize("cls", [NamesAnother, HasNoQuick, WrongType, HasNoParameter])
def test_the_contract_finds_presets_that_cannot_be_used(cls, no_cuda):
    result = run_check("presets", cls)
    assert not result.ok
    assert result.message


def test_the_contract_holds_for_good_presets(no_cuda):
    assert run_check("presets", Net).status == "passed"
    assert run_check("constructor", Net, preset="auto").status == "passed"
    assert run_check("facts", Net).status == "passed"


def test_without_a_driver_there_is_no_cuda_and_pytorch_is_not_asked(monkeypatch):
    def no_driver(name):
        raise OSError(name)

    monkeypatch.setattr(device.ctypes, "CDLL", no_driver)
    monkeypatch.setattr(device.importlib.util, "find_spec", lambda name: pytest.fail(name))
    device.cuda_devices.cache_clear()
    try:
        assert not device.cuda_available()
    finally:
        device.cuda_devices.cache_clear()
