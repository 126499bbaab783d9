"""How well an image is rebuilt from a few dominant colours per superpixel."""

import math
from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np
import numpy.typing as npt

from metrics.base import metric
from metrics.inputs import Case
from metrics.references import NEVER

VARIANCE = 0.01
"""Mean error at which the similarity falls to 1/e."""


@dataclass(frozen=True)
class Reconstruction:
    """The image against its reconstruction from dominant colours.

    Attributes
    ----------
    size : (K,) int
        |S_j|.
    error : (K,) float
        sum_{p in S_j} sum_c |I_pc - R_pc|^(2 - v_jc) / 3, colours in [0, 1].
    """

    size: npt.NDArray[np.int64]
    error: npt.NDArray[np.float64]
    needs: ClassVar[frozenset[str]] = frozenset({"image"})

    @classmethod
    def measure(cls, case: Case) -> Self:
        """Go superpixel by superpixel through the image, colours summed in integers."""
        from metrics.kernels import reconstruction as reconstruction_kernels

        assert case.image is not None
        first, order = case.labels.runs_by_label
        size = case.labels.sizes
        error = np.empty(size.size)
        reconstruction_kernels.measure_reconstruction(
            case.labels.runs.start, first, order, case.image.reshape(-1, 3), error
        )
        return cls(size, error)


@metric(
    Reconstruction,
    id="sirs",
    title="Similarity between image and reconstruction",
    direction="high",
    range=(0.0, 1.0),
    reference="Barcelos, Belem, Joao, Patrocinio, Falcao, Guimaraes, A comprehensive review and "
    "new taxonomy on superpixel segmentation, ACM Computing Surveys 2024, doi 10.1145/3652509",
    undefined=NEVER,
    limits="Four colours per superpixel hide a boundary that is missed between few colours; rises "
    "with the number of superpixels whatever they follow.",
    on_request=True,
)
def sirs(r: Reconstruction) -> float:
    """exp(-(1/3N) sum_p sum_c |I_pc - R_pc|^(2 - v_jc) / 0.01), colours c of RGB in [0, 1].

    The pixels of S_j fall into 7 x 16 buckets: which channels equal the maximum, and which
    sixteenth of 0..255 the maximum lies in (255 in the last). The mean colours of the four fullest
    describe S_j; R_p is the nearest of them to I_p, by Euclidean distance; v_jc is their largest
    difference from their mean in channel c.

    Chosen where the text leaves it open: among equally full buckets the lower comes first, by the
    channels (red 1 + green 2 + blue 4) and then by the maximum; empty buckets are not kept; the
    mean of the kept colours is not weighted by how full they are; v_jc is 0 if there is but one;
    and 0 to any power is 0, so a channel equal to its reconstruction costs nothing. On three
    pictures this gives .796, .386, .535 where the authors' program prints .804, .446, .550; its
    reading of pictures through 8-bit studio-range YCbCr makes .009 of that at most, the rest was
    not found.
    """
    return math.exp(-float(r.error.sum()) / int(r.size.sum()) / VARIANCE)
