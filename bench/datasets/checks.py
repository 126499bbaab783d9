"""Contract tests of a data set, for plugin authors: ``bench check NAME``, or from pytest.

In a test file of your own::

    from bench.datasets.checks import CHECKS, run_check

    @pytest.mark.parametrize("check", CHECKS)
    def test_contract(check):
        result = run_check(check, "my_dataset", root="where/it/lies")
        assert result.ok, result.message
"""

from __future__ import annotations

import contextlib
import pickle
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.datasets.base import Dataset, DatasetError, Sample
from bench.datasets.registry import open_dataset
from methods.checks import CheckResult

LARGEST_COPY = 2**26  # bytes; a folder of more is not copied to change its files
_UNKNOWN = "no-such-split"


class _NotHere(Exception):  # noqa: N818 (an outcome, not an error)
    """The data set has nothing that this check is about."""


def run_check(
    check: str, name: str, root: str | Path | None = None, split: str | None = None
) -> CheckResult:
    """Run one check of `CHECKS`; whatever the data set raises is a failed check."""
    try:
        CHECKS[check](open_dataset(name, root, split))
    except _NotHere as reason:
        return CheckResult(check, "skipped", str(reason))
    except AssertionError as problem:
        return CheckResult(check, "failed", str(problem))
    except Exception as error:
        return CheckResult(check, "failed", f"{type(error).__name__}: {error}")
    return CheckResult(check, "passed")


def _facts_are_declared(dataset: Dataset) -> None:
    for fact in ("name", "title", "license"):
        value = getattr(dataset, fact, None)
        assert isinstance(value, str), f"{fact} is {value!r}; declare it as a text"
        assert value.strip(), f"{fact} is empty; declare it"
    assert isinstance(dataset.split, str), (
        f"split is {dataset.split!r}; it is '' where there is none"
    )
    published = dataset.published
    assert published is None or published > 0, f"published is {published!r}, no number of images"


def _names_are_sorted_and_unique(dataset: Dataset) -> None:
    names = list(dataset.names)
    assert names, "names is empty; a data set without images is a DatasetError of the constructor"
    for name in names:
        assert isinstance(name, str), f"the image name {name!r} is no text"
        path = Path(name)
        plain = name.isprintable() and not path.is_absolute() and ".." not in path.parts
        assert plain, f"the image name {name!r} cannot be that of a file"
    assert len(set(names)) == len(names), "two images have one name"
    assert names == sorted(names), "names is not sorted, so that --limit keeps images by chance"


def _size_is_that_of_the_image(dataset: Dataset) -> None:
    for name in _some(dataset):
        size, shape = tuple(dataset.size(name)), dataset.load(name).image.shape[:2]
        assert size == shape, f"size of '{name}' is {size}, but its image is {shape} (H, W)"


def _images_are_colour_of_8_bits(dataset: Dataset) -> None:
    for name in _some(dataset):
        sample = dataset.load(name)
        assert isinstance(sample, Sample), f"load('{name}') is {type(sample).__name__}, no Sample"
        assert sample.name == name, f"load('{name}') is called '{sample.name}'"
        image: Any = sample.image
        assert isinstance(image, np.ndarray), f"image of '{name}' is no array"
        shown = f"image of '{name}' is {image.dtype} of shape {image.shape}"
        assert image.dtype == np.uint8, f"{shown}; it is uint8"
        assert image.ndim == 3, f"{shown}; it is (H, W, 3)"
        assert image.shape[2] == 3, f"{shown}; it is (H, W, 3)"
        assert image.flags.c_contiguous, f"image of '{name}' is not C-contiguous"


def _annotations_fit_the_image(dataset: Dataset) -> None:
    for name in _some(dataset):
        sample = dataset.load(name)
        shape = sample.image.shape[:2]
        assert isinstance(sample.truths, tuple), f"truths of '{name}' is no tuple"
        assert sample.truths, f"'{name}' has no annotation; load raises DatasetError then"
        for truth in sample.truths:
            assert truth.dtype == np.int32, f"a truth of '{name}' is {truth.dtype}; it is int32"
            assert truth.shape == shape, f"a truth of '{name}' is {truth.shape}, its image {shape}"
        void = sample.void
        if void is not None:
            assert void.dtype == np.bool_, f"void of '{name}' is {void.dtype}; it is bool"
            assert void.shape == shape, f"void of '{name}' is {void.shape}, its image {shape}"
            assert not void.all(), f"every pixel of '{name}' is void"


def _loading_again_gives_the_same(dataset: Dataset) -> None:
    name = _some(dataset)[0]
    first = dataset.load(name)
    kept = _copy(first)
    arrays: list[NDArray[Any]] = [first.image, *first.truths]
    for array in arrays:
        if array.flags.writeable:
            array[...] = 7
    _same(kept, dataset.load(name), "a second load, after the first was written to,")


def _fingerprints_tell_images_apart(dataset: Dataset) -> None:
    prints = {}
    for name in _some(dataset):
        found = prints[name] = dataset.fingerprint(name)
        assert isinstance(found, str), f"fingerprint of '{name}' is {found!r}, no text"
        assert found, f"fingerprint of '{name}' is empty"
        again = dataset.fingerprint(name)
        assert found == again, f"fingerprint of '{name}' is another one at each call"
    samples = {name: dataset.load(name) for name in prints}
    for a in prints:
        for b in prints:
            alike = np.array_equal(samples[a].image, samples[b].image)
            assert a >= b or alike or prints[a] != prints[b], (
                f"'{a}' and '{b}' have one fingerprint but other pixels"
            )


def _fingerprints_follow_the_content(dataset: Dataset) -> None:
    name = _some(dataset)[0]
    before = dataset.fingerprint(name)
    with _moved(dataset) as (moved, files):
        found = moved.fingerprint(name)
        assert found == before, "the fingerprint is another one where the folder was copied to"
        for file in files:
            file.write_bytes(file.read_bytes() + b"\n")
        changed = _open_again(moved).fingerprint(name)
        assert changed != before, "the fingerprint stays when the content of every file changes"


def _broken_files_are_told(dataset: Dataset) -> None:
    name = _some(dataset)[0]
    with _moved(dataset) as (moved, files):
        for file in files:
            file.write_bytes(b"")
        moved.fingerprint(name)
        with contextlib.suppress(DatasetError):
            moved.load(name)
            raise AssertionError("load gives a sample where every file is empty")


def _travels_to_another_process(dataset: Dataset) -> None:
    copy = pickle.loads(pickle.dumps(dataset))
    name = _some(dataset)[0]
    assert copy.names == dataset.names, "names are others after pickling"
    assert copy.split == dataset.split, "split is another one after pickling"
    assert copy.fingerprint(name) == dataset.fingerprint(name), "fingerprint changes by pickling"
    _same(dataset.load(name), copy.load(name), "after pickling, load")


def _an_unknown_split_is_refused(dataset: Dataset) -> None:
    with contextlib.suppress(DatasetError):
        open_dataset(dataset.name, dataset.root, _UNKNOWN)
        raise AssertionError(f"the split '{_UNKNOWN}' is accepted; raise DatasetError")


#: What must hold of every data set, by name.
CHECKS: Mapping[str, Callable[[Dataset], None]] = MappingProxyType(
    {
        check.__name__.strip("_"): check
        for check in (
            _facts_are_declared,
            _names_are_sorted_and_unique,
            _size_is_that_of_the_image,
            _images_are_colour_of_8_bits,
            _annotations_fit_the_image,
            _loading_again_gives_the_same,
            _fingerprints_tell_images_apart,
            _fingerprints_follow_the_content,
            _broken_files_are_told,
            _travels_to_another_process,
            _an_unknown_split_is_refused,
        )
    }
)


def _some(dataset: Dataset) -> list[str]:
    """Return a few images: the first, one in the middle, the last."""
    names = dataset.names
    if not names:
        raise AssertionError("names is empty")
    return sorted({names[0], names[len(names) // 2], names[-1]})


@contextlib.contextmanager
def _moved(dataset: Dataset) -> Iterator[tuple[Dataset, list[Path]]]:
    """Open a copy of the folder of a data set, whose files may be written to."""
    root = dataset.root
    if root is None:
        raise _NotHere("the data set has no folder")
    files = [path for path in root.rglob("*") if path.is_file()]
    if sum(path.stat().st_size for path in files) > LARGEST_COPY:
        raise _NotHere(f"{root} is too large to copy; try a folder of a few images")
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / root.name
        shutil.copytree(root, copy, copy_function=shutil.copyfile)
        moved = open_dataset(dataset.name, copy, dataset.split or None)
        yield moved, [path for path in copy.rglob("*") if path.is_file()]


def _open_again(dataset: Dataset) -> Dataset:
    return open_dataset(dataset.name, dataset.root, dataset.split or None)


def _copy(sample: Sample) -> Sample:
    return Sample(sample.name, sample.image.copy(), tuple(truth.copy() for truth in sample.truths))


def _same(a: Sample, b: Sample, what: str) -> None:
    assert np.array_equal(a.image, b.image), f"{what} gives another image"
    assert len(a.truths) == len(b.truths), f"{what} gives another number of annotations"
    pairs = zip(a.truths, b.truths, strict=True)
    assert all(np.array_equal(*pair) for pair in pairs), f"{what} gives other annotations"
