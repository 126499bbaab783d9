"""What is true of a whole results file: its protocol, its annotators, its machines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa

from metrics import DEFAULT_PROTOCOL, PROTOCOLS, Protocol, ProtocolError
from metrics.protocols import from_definition
from reports.data.schema import ResultsError, check_results, cure, run_facts
from reports.data.words import counted


@dataclass(frozen=True)
class Facts:
    """What is true of a whole results file, as far as figures and tables need it.

    Attributes
    ----------
    protocol : Protocol
        What it was scored under.
    annotators : mapping of str to mapping
        By `Aligned.name`, then by metric id: how annotators score against each other, means over
        images of the lowest, the mean and the highest annotator. Empty where it is not known.
    published : mapping of str to int
        By `Aligned.name`, how many images that data set split has as published.
    unrenewed : int
        Rows from before a ``--force`` that was interrupted, beside newer ones.
    machines : mapping of str to mapping
        What is known of each machine, by the id that rows have.
    apart : tuple of str
        What was kept apart or left out because it does not belong together; see `mixture`.
    """

    protocol: Protocol = DEFAULT_PROTOCOL
    annotators: Mapping[str, Mapping[str, tuple[float, float, float]]] = field(default_factory=dict)
    published: Mapping[str, int] = field(default_factory=dict)
    unrenewed: int = 0
    machines: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    apart: tuple[str, ...] = ()

    def images(self, name: str, number: int) -> str:
        """Say how many images a data set split has here, and of how many where that is more."""
        whole = self.published.get(name, number)
        part = f"{number} of " if number < whole else ""
        return part + counted(max(number, whole), "image")

    def part(self, name: str, number: int) -> str:
        """Say as an end of a title that only so many images of many are shown; else nothing."""
        partial = number < self.published.get(name, number)
        return f", {self.images(name, number)}" if partial else ""

    @property
    def mixed(self) -> str:
        """Say that rows from before and after an interrupted ``--force`` stand side by side."""
        if not self.unrenewed:
            return ""
        are, them = ("is", "it") if self.unrenewed == 1 else ("are", "them")
        return (
            f"{counted(self.unrenewed, 'row')} {are} from before an interrupted "
            f"`bench run --force`, beside newer ones; the same command renews {them}"
        )

    @property
    def under(self) -> str:
        """Name the protocol as an end of a heading; nothing for the usual one.

        Unconnected labels may have been treated otherwise than the protocol of that name says.
        """
        if self.protocol == DEFAULT_PROTOCOL:
            return ""
        name = self.protocol.name
        changed = name in PROTOCOLS and self.protocol != PROTOCOLS[name]
        treated = f" (connectivity {self.protocol.connectivity})" if changed else ""
        return f", protocol {name}{treated}"

    @property
    def samples(self) -> str:
        """What means are over, in words."""
        pairs = self.protocol.annotators == "pairs"
        return "pairs of image and annotator" if pairs else "images"


def file_facts(path: Path) -> Facts:
    """Read the facts of a results file; what it does not say is as under the default protocol.

    Raises
    ------
    ResultsError
        If the file cannot be used (see `check_results`).
    """
    return facts_of(check_results(path), path)


def facts_of(schema: pa.Schema, path: Path) -> Facts:
    """Return the facts in the metadata of a results file; see `file_facts`."""
    stored = run_facts(schema)
    try:
        protocol = from_definition(stored["protocol"]) if "protocol" in stored else DEFAULT_PROTOCOL
        reached = {
            name: {id: _three(values) for id, values in group["metrics"].items()}
            for name, group in stored.get("annotators", {}).items()
        }
    except (ProtocolError, TypeError, ValueError, OverflowError) as error:
        raise ResultsError(
            f"{path}: its metadata cannot be used ({error}); use the version of bench that wrote "
            f"the file, or {cure(path)}"
        ) from error
    published = {
        run["dataset"]: run["images_of"]
        for run in stored.get("runs", ())
        if "dataset" in run and run.get("images_of")
    }
    return Facts(
        protocol, reached, published, stored.get("unrenewed", 0), stored.get("machines", {})
    )


def _three(values: Sequence[float]) -> tuple[float, float, float]:
    low, mean, high = map(float, values)
    return low, mean, high
