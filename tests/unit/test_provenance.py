"""Where a row comes from: what is known of the machine."""

import ctypes

import pytest

import methods.device
from bench.storage import provenance
from bench.storage.provenance import machine, machine_id

X86 = "model name\t: Some CPU @ 3 GHz\nflags\t\t: fpu sse4_2 avx avx2 fma\n\nprocessor\t: 1\n"
ARM = "processor\t: 0\nFeatures\t: fp asimd aes\n"


def test_the_facts_of_a_machine_are_those_that_decide_how_long_a_method_takes():
    facts = machine()
    assert {"processor", "instruction_set", "cores", "threads", "memory_gb", "gpu"} <= set(facts)
    assert facts["threads"] >= 1
    assert isinstance(facts["gpu"], list)
    assert machine_id(facts) == machine_id(machine())


def test_an_update_of_the_system_makes_no_other_machine():
    assert machine_id(machine()) == machine_id(machine() | {"system": "Linux 99"})


@pytest.mark.parametrize("fact", ["processor", "instruction_set", "threads", "gpu"])
def test_a_machine_that_differs_in_one_fact_is_another(fact):
    assert machine_id(machine()) != machine_id(machine() | {fact: "another"})


@pytest.mark.parametrize(
    ("info", "processor", "instructions"),
    [(X86, "Some CPU @ 3 GHz", "avx2"), (ARM, None, "asimd"), ("", None, None)],
)
def test_the_widest_vector_instructions_are_named(
    tmp_path, monkeypatch, info, processor, instructions
):
    file = tmp_path / "cpuinfo"
    file.write_text(info)
    monkeypatch.setattr(provenance, "CPUINFO", file)
    facts = machine()
    assert facts["instruction_set"] == instructions
    assert processor is None or facts["processor"] == processor


class Driver:
    """A CUDA driver with two devices."""

    def cuInit(self, flags):  # noqa: N802
        return 0

    def cuDeviceGetCount(self, count):  # noqa: N802
        count._obj.value = 2
        return 0

    def cuDeviceGet(self, device, ordinal):  # noqa: N802
        device._obj.value = 10 + ordinal
        return 0

    def cuDeviceGetName(self, name, length, device):  # noqa: N802
        name.value = f"GPU {device.value}".encode()
        return 0


def test_the_gpus_are_named_by_their_driver(monkeypatch):
    monkeypatch.setattr(ctypes, "CDLL", lambda name: Driver())
    assert methods.device.cuda_names() == ["GPU 10", "GPU 11"]


def test_without_a_driver_there_is_no_gpu(monkeypatch):
    def missing(name):
        raise OSError(name)

    monkeypatch.setattr(ctypes, "CDLL", missing)
    assert methods.device.cuda_names() == []
