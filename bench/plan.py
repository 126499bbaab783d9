"""The cells of a run: every image x method(params) x n x seed, each with an identity by content."""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from bench.datasets import Dataset, DatasetError
from bench.errors import UsageError
from bench.lanes import Lane, lane_of
from bench.presets import choose_preset
from bench.selection import Choice
from methods.device import DeviceError, resolve_device
from methods.registry import UnknownMethodError, get_class, list_methods, method_version
from metrics.protocols import Connectivity

# Parameters with a column of their own, which the runner fills from its options.
RUN_OPTIONS = ("seed", "device")

#: The preset that is a method as published; any other is named wherever the method is.
PUBLISHED = "paper"


@dataclass(frozen=True)
class Variant:
    """One method with its parameters, as results, plots and folders call it.

    Attributes
    ----------
    params : dict
        All parameters but those with a column of their own.
    given : dict
        What the method is made with; a device and a preset are never "auto".
    named : dict
        The parameters that are not as the preset or the defaults say.
    preset_asked : str
        The preset that was asked for, perhaps "auto"; empty if the method has none.
    """

    name: str
    params: dict[str, Any]
    given: dict[str, Any]
    version: str
    title: str
    named: dict[str, Any]
    takes: frozenset[str] = frozenset()
    preset_asked: str = ""
    shares_work: bool = False
    all_cores: bool = False

    @property
    def device(self) -> str:
        """Where it runs."""
        return str(self.given.get("device", "cpu"))

    @property
    def preset(self) -> str:
        """Its preset, unless it has none or that is the published one."""
        preset = str(self.given.get("preset", ""))
        return "" if preset == PUBLISHED else preset

    @property
    def label(self) -> str:
        """What plots call it: the title, the preset, the parameters that are not as usual."""
        preset = f" ({self.preset})" if self.preset else ""
        return self.title + preset + _in_brackets(self.named)

    @property
    def identity(self) -> str:
        """What makes it the same variant as another."""
        own = {k: self.given[k] for k in RUN_OPTIONS if k in self.given}
        return json.dumps([self.name, self.params, own], sort_keys=True)

    @property
    def folder(self) -> str:
        """What its folder of label maps is called."""
        preset = {"preset": self.preset} if self.preset else {}
        return self.name + _in_brackets(self.named | preset)

    @property
    def params_json(self) -> str:
        """All parameters as JSON with sorted keys, the form in which results keep them."""
        return json.dumps(self.params, sort_keys=True)


@dataclass(frozen=True)
class Cell:
    """One row to be: an image, a method variant or a stored label map, a count and a seed.

    Cells that differ only in n are run together if their method `shares_work`. A row that is scored
    again brings along what it knows from its run (`carried`), and may have unconnected labels
    treated otherwise than the protocol says (`connectivity`).
    """

    key: str
    image: str
    content: str
    size: tuple[int, int] | None
    method: str
    params: str
    label: str
    n: int | None
    seed: int
    device: str
    given: dict[str, Any] = field(default_factory=dict, hash=False)
    version: str = ""
    folder: str = ""
    labels_path: str | None = None
    decline: str | None = None
    shares_work: bool = False
    lane: Lane = "core"
    connectivity: Connectivity | None = None
    carried: dict[str, Any] = field(default_factory=dict, hash=False)

    @property
    def labels_name(self) -> str:
        """Path of the stored label map below the folder of label maps, without extension."""
        seed = f"-seed{self.seed}" if self.seed else ""
        device = f"-{self.device}" if self.device != "cpu" else ""
        count = "" if self.n is None else f"{self.n}/"
        return f"{_file_name(self.folder + seed + device)}/{count}{self.image}"


#: Cells that one worker runs one after the other.
Batch = tuple[Cell, ...]


def _file_name(text: str) -> str:
    """Return a name that any file system takes; a digest keeps changed names apart."""
    plain = re.sub(r"[^A-Za-z0-9._=,\[\]-]+", "_", text)[:80]
    if plain == text:
        return plain
    return f"{plain}-{hashlib.sha256(text.encode()).hexdigest()[:6]}"


def make_variants(
    choices: Sequence[Choice], preset: str = "auto", device: str = "auto", dataset: str = ""
) -> list[Variant]:
    """Check every chosen method and its parameters before anything runs.

    Parameters
    ----------
    choices : sequence of Choice
    preset, device : str
        For methods that declare them and are not given their own.
    dataset : str
        Name of the data set; on the embedded "sample", the preset "auto" is "quick".

    Raises
    ------
    UsageError
        For an unknown method or parameter, a value that the method refuses, or a device that is
        not there.
    """
    made = (_variant(choice, preset, device, dataset) for choice in choices)
    # Choices that differ in writing only, such as sigma=1 and sigma=1.0, are one variant.
    variants = {v.identity: v for v in made}.values()
    # Two methods of one title, say ours and a plugin's, must not become one line in plots.
    named = Counter(title for title, _ in {(v.title, v.name) for v in variants})
    return [
        v if named[v.title] == 1 else replace(v, title=f"{v.title} ({v.name})") for v in variants
    ]


def _variant(choice: Choice, preset: str, device: str, dataset: str) -> Variant:
    try:
        cls = get_class(choice.name)
        given: dict[str, Any] = cls.parse_params(dict(choice.params))
        takes = frozenset(parameter.name for parameter in cls.parameters())
        where, asked = "cpu", ""
        if "device" in takes:
            where = resolve_device(given.get("device", device), cls.devices, cls.name)
            if ":" in where:
                raise DeviceError(
                    f"device={where!r}: a worker sees one CUDA device; use device 'cuda', and"
                    " CUDA_VISIBLE_DEVICES to choose among several"
                )
            given["device"] = where
        if "preset" in takes:
            asked = given.get("preset", preset)
            given["preset"] = choose_preset(asked, where, dataset)
        method = cls(**given)
    except UnknownMethodError as error:
        raise UsageError(f"--methods: {error}; one of your own needs --plugin FILE") from error
    except DeviceError as error:
        option = "--methods" if "device" in dict(choice.params) else "--device"
        raise UsageError(f"{option}: {choice.name}: {error}") from error
    except (ValueError, TypeError, ImportError) as error:
        raise UsageError(f"--methods: {choice.name}: {error}") from error
    return Variant(
        name=choice.name,
        params=_without_options(method.params()),
        given=given,
        version=method_version(cls),
        title=method.title or method.name,
        named=_without_options(method.non_default_params()),
        takes=takes,
        preset_asked=asked,
        shares_work=cls.shares_work(),
        all_cores=cls.all_cores,
    )


def _without_options(params: dict[str, Any]) -> dict[str, Any]:
    return {k: v for k, v in params.items() if k not in RUN_OPTIONS}


def _in_brackets(params: dict[str, Any]) -> str:
    inside = ",".join(f"{k}={v}" for k, v in sorted(params.items()))
    return f"[{inside}]" if inside else ""


def default_methods() -> list[str]:
    """Return what ``--methods all`` stands for: the methods that need no parameter."""
    return [name for name in list_methods() if get_class(name).runnable_by_default()]


def make_plan(
    dataset: Dataset,
    variants: Sequence[Variant],
    counts: Sequence[int],
    seeds: Sequence[int],
    match_n: float | None = None,
) -> list[Cell]:
    """Lay out the cells of a run, all cells of one image together.

    A count above an image's pixels makes cells that decline with that reason. An image that
    cannot be read still has its cells, so that each ends as a failed row.

    Raises
    ------
    UsageError
        If no cell remains because every count exceeds every image's pixels.
    """
    cells = [
        cell
        for image in dataset.names
        for cell in _cells_of_image(dataset, image, variants, counts, seeds, match_n)
    ]
    if all(cell.decline for cell in cells):
        raise UsageError(
            f"--n: {', '.join(map(str, counts))} is above the number of pixels of every image"
            f" ({cells[0].decline}); ask for fewer superpixels"
        )
    return cells


def _cells_of_image(
    dataset: Dataset,
    image: str,
    variants: Sequence[Variant],
    counts: Sequence[int],
    seeds: Sequence[int],
    match_n: float | None,
) -> Iterator[Cell]:
    size = image_size(dataset, image)
    content = dataset.fingerprint(image)
    pixels = size[0] * size[1] if size else None
    for variant in variants:
        own_seeds = [variant.given["seed"]] if "seed" in variant.given else seeds
        for n in counts:
            decline = None
            if pixels is not None and n > pixels:
                decline = f"n = {n} is above the {pixels} pixels of image '{image}'"
            for seed in own_seeds:
                identity = [content, variant.name, variant.version, variant.params, n, seed]
                identity += [variant.device]
                identity += [] if match_n is None else [{"match_n": match_n}]
                given = variant.given | ({"seed": seed} if "seed" in variant.takes else {})
                yield Cell(
                    key=digest(identity),
                    image=image,
                    content=content,
                    size=size,
                    method=variant.name,
                    params=variant.params_json,
                    label=variant.label,
                    version=variant.version,
                    folder=variant.folder,
                    n=n,
                    seed=seed,
                    device=variant.device,
                    given=given,
                    decline=decline,
                    shares_work=variant.shares_work and match_n is None,
                    lane=lane_of(variant.all_cores, variant.device),
                )


def group(cells: Iterable[Cell]) -> list[Batch]:
    """Put cells together that differ only in n and whose method shares work between counts."""
    batches: dict[object, list[Cell]] = {}
    for cell in cells:
        alone = not cell.shares_work or cell.decline
        same = (cell.content, cell.image, cell.method, cell.version, cell.params, cell.seed)
        batches.setdefault(cell.key if alone else (*same, cell.device), []).append(cell)
    return [tuple(batch) for batch in batches.values()]


def image_size(dataset: Dataset, image: str) -> tuple[int, int] | None:
    """Return (height, width), or None where the file cannot be read; its cells say why later."""
    try:
        return dataset.size(image)
    except DatasetError:
        return None


def digest(identity: object) -> str:
    """Return a short name for any JSON-like value, the same in every process."""
    text = json.dumps(identity, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:24]
