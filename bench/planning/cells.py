"""The cells of a run: every image x method(params) x n x seed, each with an identity by content."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
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


@dataclass(frozen=True)
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
    given: dict[str, Any] = field(default_factory=dict, hash=False)
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
    carried: dict[str, Any] = field(default_factory=dict, hash=False)

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
    # A seed in brackets may be one of --seed, too.
    cells = list(
        {
            (cell.image, cell.key): cell
            for image in dataset.names
            for how in (None, *perturbations)
            for cell in _cells_of_image(dataset, image, variants, counts, seeds, match_n, how)
        }.values()
    )
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
    perturbation: Perturbation | None,
) -> Iterator[Cell]:
    size = image_size(dataset, image)
    content = dataset.fingerprint(image)
    pixels = size[0] * size[1] if size else None
    for variant in variants:
        own_seeds = [variant.given["seed"]] if "seed" in variant.given else seeds
        for n in counts:
            decline = None
            if pixels is not None and n > pixels:
                decline = f"n = {n} is above the {counted(pixels, 'pixel')} of image '{image}'"
            alone, memory = variant.needs(size, n)
            for seed in own_seeds:
                identity = [content, variant.name, variant.version, variant.params, n, seed]
                identity += [variant.device]
                identity += [] if match_n is None else [{"match_n": match_n}]
                identity += [] if perturbation is None else [{"perturbation": str(perturbation)}]
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
                    lane=lane_of(variant.device, alone),
                    memory=memory,
                    draws=variant.draws,
                    called=bool(variant.called),
                    perturbation=perturbation,
                )


def group(cells: Iterable[Cell]) -> list[Batch]:
    """Put cells together that differ only in n and whose method shares work between counts."""
    batches: dict[object, list[Cell]] = {}
    for cell in cells:
        alone = not cell.shares_work or cell.decline
        same = (cell.content, cell.image, cell.method, cell.version, cell.params, cell.seed)
        where = (cell.device, cell.lane, cell.perturbation)
        own = cell.key if alone else (*same, *where)
        batches.setdefault(own, []).append(cell)
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
