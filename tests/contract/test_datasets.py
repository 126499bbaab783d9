"""Every data set keeps the contract that the checks for plugin authors prove."""

import hashlib
from dataclasses import replace

import cv2
import numpy as np
import pytest
import scipy.io

from bench.datasets import DATASETS, Dataset, DatasetError, Sample, registry
from bench.datasets.checks import CHECKS, run_check


@pytest.fixture
def roots(tiny, tmp_path):
    """Where a small copy of each built-in data set lies."""
    berkeley = tmp_path / "bsds"
    for i, name in enumerate(("1", "2")):
        for kind in ("images", "groundTruth"):
            (berkeley / kind / "test").mkdir(parents=True, exist_ok=True)
        pixels = np.random.default_rng(i).integers(0, 255, (20, 30, 3))
        assert cv2.imwrite(str(berkeley / "images/test" / f"{name}.jpg"), pixels)
        cells = np.empty((1, 1), dtype=object)
        cells[0, 0] = {"Segmentation": np.tri(20, 30, dtype=np.uint16) + 1}
        scipy.io.savemat(berkeley / "groundTruth/test" / f"{name}.mat", {"groundTruth": cells})
    return {"sample": None, "folder": tiny, "bsds500": berkeley}


@pytest.mark.parametrize("check", CHECKS)
@pytest.mark.parametrize("name", DATASETS)
def test_built_in_data_sets_keep_the_contract(name, check, roots):
    result = run_check(check, name, roots[name])
    assert result.ok, result.message


class Good(Dataset):
    """Two small images that are made in memory."""

    name = "good"
    title = "Good"
    license = "CC0"

    def __init__(self, root=None, split=None):
        if split:
            raise DatasetError(f"there is no split '{split}'; leave --split out")
        self.names = ("a", "b")

    def size(self, name):
        return 4, 5

    def fingerprint(self, name):
        return hashlib.sha256(name.encode()).hexdigest()

    def load(self, name):
        image = np.full((4, 5, 3), ord(name), np.uint8)
        return Sample(name, image, (np.zeros((4, 5), np.int32),))


KEPT = np.zeros((4, 5, 3), np.uint8)

WRONG = {
    "facts_are_declared": {"title": ""},
    "names_are_sorted_and_unique": {"names": property(lambda self: ("b", "a"), lambda *_: None)},
    "size_is_that_of_the_image": {"size": lambda self, name: (5, 4)},
    "images_are_colour_of_8_bits": {
        "load": lambda self, name: replace(Good.load(self, name), image=np.zeros((4, 5, 3)))
    },
    "annotations_fit_the_image": {
        "load": lambda self, name: replace(
            Good.load(self, name), truths=(np.zeros((5, 4), np.int32),)
        )
    },
    "loading_again_gives_the_same": {
        "load": lambda self, name: replace(Good.load(self, name), image=KEPT)
    },
    "fingerprints_tell_images_apart": {"fingerprint": lambda self, name: "0" * 64},
    "travels_to_another_process": {"__getstate__": lambda self: {"names": ("a",), "split": ""}},
    "an_unknown_split_is_refused": {"__init__": lambda self, root=None, split=None: None},
}


@pytest.fixture
def registered(monkeypatch):
    monkeypatch.setattr(registry, "_registered", {})

    def add(cls):
        monkeypatch.setitem(registry._registered, "good", cls)

    return add


def test_a_data_set_in_memory_keeps_the_contract(registered):
    registered(Good)
    results = {check: run_check(check, "good").status for check in CHECKS}
    assert {name for name, status in results.items() if status == "skipped"} == {
        "fingerprints_follow_the_content",
        "broken_files_are_told",
    }
    assert "failed" not in results.values()


@pytest.mark.parametrize("check", WRONG)
def test_a_data_set_that_breaks_the_contract_is_told_why(check, registered, monkeypatch):
    members = {"names": ("a", "b"), **WRONG[check], "__module__": __name__}
    wrong = type("Wrong", (Good,), members)
    monkeypatch.setitem(globals(), "Wrong", wrong)
    registered(wrong)
    result = run_check(check, "good")
    assert result.status == "failed"
    assert result.message


def test_a_fingerprint_by_name_alone_is_found_out(registered, tiny):
    class Named(Good):
        def __init__(self, root=None, split=None):
            self.root = root
            self.names = ("im0", "im1")

    registered(Named)
    result = run_check("fingerprints_follow_the_content", "good", tiny)
    assert (result.status, "stays when the content" in result.message) == ("failed", True)
    assert run_check("broken_files_are_told", "good", tiny).status == "failed"
