"""SLICO, SLIC that adapts its compactness, as scikit-image computes it."""

from methods.classical.slic import Slic
from methods.registry import register


@register
class Slico(Slic):
    """SLIC without a compactness to choose: each superpixel takes its own from its colours.

    Parameters
    ----------
    compactness : float
        Where the first round starts from.
    sigma, max_num_iter, enforce_connectivity, min_size_factor, max_size_factor
        As for `methods.classical.slic.Slic`.
    """

    name = "slico"
    title = "SLICO"
    departures = (
        "The image is stretched to its least and greatest value before the conversion to Lab. "
        "SLICO was published as code with the SLIC paper, not in it."
    )
    slic_zero = True
