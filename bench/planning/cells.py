"""The cells of a run: every image x method(params) x n x seed, each with an identity by content."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Literal

from bench.datasets import Dataset, DatasetError
from bench.datasets.perturbations import Perturbation
from bench.errors import UsageError
from bench.planning.variants import Variant
from metrics.protocols import Connectivity
from reports.data.words import counted

Lane = Literal["core", "cores", "cuda"]


def lane_of(device: str, alone: bool) -> Lane:
    """Return how a cell runs: on one core among others, on all cores alone, or on CUDA."""
    if device.partition(":")[0] == "cuda":
        return "cuda"
    return "cores" if alone else "core"


_NOTHING: dict[str, Any] = {}


def _nothing() -> dict[str, Any]:
    """Return one empty dictionary for all cells, of which there may be a million."""
    return _NOTHING


@dataclass(frozen=True, slots=True)
class Cell:
    """One row to be: an image, a method variant or a stored label map, a count and a seed.

    Cells that differ only in n are run together if their method `shares_work`. A row that is scored
    again brings along what it knows from its run (`carried`), and may have unconnected labels
    treated otherwise than the protocol says (`connectivity`). Cells that differ only in their seed
    have the same label map unless their method `draws`.
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
    given: dict[str, Any] = field(default_factory=_nothing, hash=False)
    version: str = ""
    folder: str = ""
    labels_path: str | None = None
    decline: str | None = None
    shares_work: bool = False
    lane: Lane = "core"
    memory: int = 0
    draws: bool = True
    called: bool = False
    connectivity: Connectivity | None = None
    perturbation: Perturbation | None = None
    carried: dict[str, Any] = field(default_factory=_nothing, hash=False)

    @property
    def labels_name(self) -> str:
        """Path of the stored label map below the folder of label maps, without extension."""
        changed = "" if self.perturbation is None else str(self.perturbation).replace(":", "=")
        return self._labels_name(f"-{changed}" if changed else "")

    @property
    def clean_labels_name(self) -> str:
        """Path of the label map of the image as it is, of a cell whose image is perturbed."""
        return self._labels_name("")

    def _labels_name(self, changed: str) -> str:
        seed = f"-seed{self.seed}" if self.seed else ""
        device = f"-{self.device}" if self.device != "cpu" else ""
        count = "" if self.n is None else f"{self.n}/"
        return f"{_file_name(self.folder + seed + device + changed)}/{count}{self.image}"


#: Cells that one worker runs one after the other.
Batch = tuple[Cell, ...]


def _file_name(text: str) -> str:
    """Return a name that any file system takes; a digest keeps changed names apart."""
    plain = re.sub(r"[^A-Za-z0-9._=,\[\]-]+", "_", text)[:80]
    if plain == text:
        return plain
    return f"{plain}-{hashlib.sha256(text.encode()).hexdigest()[:6]}"


def make_plan(
    dataset: Dataset,
    variants: Sequence[Variant],
    counts: Sequence[int],
    seeds: Sequence[int],
    match_n: float | None = None,
    perturbations: Sequence[Perturbation] = (),
) -> list[Cell]:
    """Lay out the cells of a run, each once, all cells of one image together.

    Every image is run as it is, and perturbed in each of the ways that are asked for. A count
    above an image's pixels makes cells that decline with that reason. An image that cannot be read
    still has its cells, so that each ends as a failed row.

    Raises
    ------
    UsageError
        If no cell remains because every count exceeds every image's pixels.
    """
    asked = _asked_of_each_image(variants, counts, seeds, match_n, perturbations)
    needs = _needs_of(variants)
    names = dict.fromkeys(dataset.names)
    cells = [cell for image in names for cell in _cells_of_image(dataset, image, asked, needs)]
    if all(cell.decline for cell in cells):
        raise UsageError(
            f"--n: {', '.join(map(str, counts))} is above the number of pixels of every image"
            f" ({cells[0].decline}); ask for fewer superpixels"
        )
    return cells


@dataclass(frozen=True)
class _Asked:
    """What is asked of every image alike, worked out once for all of them.

    Attributes
    ----------
    variant : int
        The place of the method variant.
    n : int
    identity : str
        The end of the JSON of a cell's identity, which begins with the content of its image.
    facts : mapping
        Fields of the cell.
    """

    variant: int
    n: int
    identity: str
    facts: Mapping[str, Any]


def _asked_of_each_image(
    variants: Sequence[Variant],
    counts: Sequence[int],
    seeds: Sequence[int],
    match_n: float | None,
    perturbations: Sequence[Perturbation],
) -> list[_Asked]:
    asked = {}  # once each: a seed in brackets may be one of --seed, too
    for how in (None, *perturbations):
        for i, variant in enumerate(variants):
            facts = _facts_of(variant, match_n, how)
            own_seeds = [variant.given["seed"]] if "seed" in variant.given else seeds
            given = {
                seed: variant.given | ({"seed": seed} if "seed" in variant.takes else {})
                for seed in own_seeds
            }
            for n in counts:
                for seed in own_seeds:
                    identity = [variant.name, variant.version, variant.params, n, seed]
                    identity += [variant.device]
                    identity += [] if match_n is None else [{"match_n": match_n}]
                    identity += [] if how is None else [{"perturbation": str(how)}]
                    end = _json(identity).removeprefix("[")
                    own = {"n": n, "seed": seed, "given": given[seed]}
                    asked[end] = _Asked(i, n, end, facts | own)
    return list(asked.values())


def _facts_of(variant: Variant, match_n: float | None, how: Perturbation | None) -> dict[str, Any]:
    return {
        "method": variant.name,
        "params": variant.params_json,
        "label": variant.label,
        "version": variant.version,
        "folder": variant.folder,
        "device": variant.device,
        "shares_work": variant.shares_work and match_n is None,
        "draws": variant.draws,
        "called": bool(variant.called),
        "perturbation": how,
    }


#: What a variant, by its place, needs for an image of a size and n: all cores, and bytes.
_Needs = Callable[[int, tuple[int, int] | None, int], tuple[bool, int]]


def _needs_of(variants: Sequence[Variant]) -> _Needs:
    """Return what asks a variant once for all images of one size."""

    @lru_cache(maxsize=10_000)
    def needs(variant: int, size: tuple[int, int] | None, n: int) -> tuple[bool, int]:
        return variants[variant].needs(size, n)

    return needs


def _cells_of_image(
    dataset: Dataset, image: str, asked: Iterable[_Asked], needs: _Needs
) -> Iterator[Cell]:
    size = image_size(dataset, image)
    content = dataset.fingerprint(image)
    pixels = size[0] * size[1] if size else None
    beginning = f"[{_json(content)}, "
    for each in asked:
        decline = None
        if pixels is not None and each.n > pixels:
            decline = f"n = {each.n} is above the {counted(pixels, 'pixel')} of image '{image}'"
        alone, memory = needs(each.variant, size, each.n)
        yield Cell(
            key=_short(beginning + each.identity),
            image=image,
            content=content,
            size=size,
            decline=decline,
            lane=lane_of(each.facts["device"], alone),
            memory=memory,
            **each.facts,
        )


def group(cells: Iterable[Cell]) -> list[Batch]:
    """Put cells together that differ only in n and whose method shares work between counts."""
    batches: dict[object, list[Cell]] = {}
    for cell in cells:
        alone = not cell.shares_work or cell.decline
        batches.setdefault(cell.key if alone else _shared_by(cell), []).append(cell)
    return [tuple(batch) for batch in batches.values()]


def _shared_by(cell: Cell) -> tuple[object, ...]:
    """Return what is the same for the counts that a method is asked for at once."""
    same = (cell.content, cell.image, cell.method, cell.version, cell.params, cell.seed)
    return (*same, cell.device, cell.lane, cell.perturbation)


def image_size(dataset: Dataset, image: str) -> tuple[int, int] | None:
    """Return (height, width), or None where the file cannot be read; its cells say why later."""
    try:
        return dataset.size(image)
    except DatasetError:
        return None


def digest(identity: object) -> str:
    """Return a short name for any JSON-like value, the same in every process."""
    return _short(_json(identity))


def _json(value: object) -> str:
    return json.dumps(value, sort_keys=True)


def _short(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:24]
