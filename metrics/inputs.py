"""The door: checks and converts what `evaluate` is given, once, before anything is measured."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from metrics.labelmap import LabelMap
from metrics.protocols import DEFAULT_PROTOCOL, Protocol

# Squared distances reach 2 (H + W)^2 on the way, which must fit in 32 bits.
MAX_HEIGHT_PLUS_WIDTH = 30_000


@dataclass(frozen=True, eq=False)
class Void:
    """The pixels that do not count, some but not all of an image.

    Attributes
    ----------
    mask : (H, W) array of bool
        True at these pixels.
    cover : (H, W) int32
        -1 at these pixels, whose bits are all set, else 0.
    number : int
        How many they are.
    """

    mask: npt.NDArray[np.bool_]
    cover: npt.NDArray[np.int32]
    number: int


@dataclass(frozen=True, eq=False)
class Annotators:
    """An image's annotators as `prepare` made them.

    Attributes
    ----------
    maps : tuple of LabelMap
        Each with whatever has been measured of it so far.
    void : Void or None
        The pixels that do not count.
    """

    maps: tuple[LabelMap, ...]
    void: Void | None


@dataclass(frozen=True)
class Case:
    """What one evaluation of a metric is about: a label map, possibly against one annotator.

    Attributes
    ----------
    labels : LabelMap
        The superpixels.
    truth : LabelMap or None
        The annotator's segments, void at the same pixels.
    image : (H, W, 3) uint8 array or None
        sRGB.
    n : int or None
        The number of superpixels that was asked for.
    protocol : Protocol
        What `br` counts; its other choices are made before and after.
    """

    labels: LabelMap
    truth: LabelMap | None = None
    image: npt.NDArray[np.uint8] | None = None
    n: int | None = None
    protocol: Protocol = DEFAULT_PROTOCOL


def as_plain(array: npt.ArrayLike, name: str) -> npt.NDArray[np.generic]:
    """Return an array, but no masked one, whose mask would be lost.

    Raises
    ------
    ValueError
        If it is masked.
    """
    if isinstance(array, np.ma.MaskedArray):
        raise ValueError(
            f"{name} is a masked array: pass a plain one, and void= for pixels that do not count"
        )
    return np.asarray(array)


def check_void(void: npt.ArrayLike | None, shape: tuple[int, ...]) -> Void | None:
    """Return the pixels that do not count, or None if all do.

    Raises
    ------
    ValueError
        If it is no boolean array of that shape, or leaves no pixel to score.
    """
    if void is None:
        return None
    mask: npt.NDArray[Any] = as_plain(void, "void")
    if mask.dtype != np.bool_:
        raise ValueError(
            f"void is of type {mask.dtype}, not bool: pass a mask that is True where a pixel does "
            "not count, for instance void = truth == 255"
        )
    if mask.shape != shape:
        raise ValueError(
            f"void has shape {mask.shape}, but labels have shape {shape}: pass both for the same "
            "image"
        )
    number = int(np.count_nonzero(mask))
    if number == mask.size:
        raise ValueError("void covers every pixel, so none is left to score: skip this image")
    return Void(mask, np.negative(mask, dtype=np.int32), number) if number else None


def check_shape(array: npt.NDArray[np.generic], name: str, shape: tuple[int, ...] | None) -> None:
    """Refuse what is not a label map of that shape (None: of any shape).

    Raises
    ------
    ValueError
        If it is not two-dimensional, empty, too large, of another shape, or not of integers.
    """
    if array.ndim != 2 or array.size == 0:
        raise ValueError(f"{name} has shape {array.shape}: pass a non-empty (H, W) array")
    if array.dtype.kind not in "iu":
        raise ValueError(
            f"{name} is of type {array.dtype}, not of integers: convert with .astype(numpy.int32) "
            "if the values are whole numbers"
        )
    if shape is not None and array.shape != shape:
        transposed = array.shape == shape[::-1]
        cure = "it is transposed, so pass its .T" if transposed else "pass both for the same image"
        raise ValueError(f"{name} has shape {array.shape}, but labels have shape {shape}: {cure}")
    if sum(array.shape) > MAX_HEIGHT_PLUS_WIDTH:
        raise ValueError(
            f"{name} has shape {array.shape}: height + width above {MAX_HEIGHT_PLUS_WIDTH} is not "
            "supported; score it in tiles"
        )


def as_label_map(
    array: npt.NDArray[np.generic] | LabelMap, name: str, void: Void | None
) -> LabelMap:
    """Convert an integer (H, W) array; void pixels may hold any value. A label map stays itself.

    Raises
    ------
    ValueError
        If a scored pixel is negative, or a label map is of other void pixels.
    """
    if isinstance(array, LabelMap):
        if not np.array_equal(
            array.values < 0, void.mask if void else np.zeros(array.values.shape)
        ):
            raise ValueError(f"{name} were prepared for other void pixels: pass both the same void")
        return array
    # Tables are indexed by label, so labels must not be much greater than the number of pixels.
    limit = 4 * array.size + 256
    if array.dtype == np.int32:
        labels = _mask(array, void)
        _, high, negative = labels.given  # found along the runs, which are far fewer than pixels
        if negative == (void.number if void else 0) and high <= limit:
            return labels
    scored = array[~void.mask] if void else array
    if scored.min() < 0:
        raise ValueError(
            f"{name} has the negative value {scored.min()}: labels are 0 or greater; mark pixels "
            "that do not count by void="
        )
    return _mask(_renumber(array) if scored.max() > limit else array, void)


def _mask(values: npt.NDArray[Any], void: Void | None) -> LabelMap:
    """Return a label map of values that fit into int32; those of void pixels need not."""
    values = values.astype(np.int32, copy=False)
    if void:
        values = values | void.cover
    return LabelMap(np.require(values, np.int32, ["C", "W"]))


def _renumber(values: npt.NDArray[np.generic]) -> npt.NDArray[np.int64]:
    """Replace values by their rank; sorts one value per run instead of one per pixel."""
    flat = values.ravel()
    start = np.flatnonzero(np.append(True, flat[1:] != flat[:-1]))
    rank = np.unique(flat[start], return_inverse=True)[1]
    return np.repeat(rank, np.diff(start, append=flat.size)).reshape(values.shape)


def prepare(
    truths: npt.ArrayLike | Sequence[npt.ArrayLike], void: npt.ArrayLike | None = None
) -> Annotators:
    """Check and convert annotators once for many label maps of the same image.

    Parameters
    ----------
    truths : (H, W) array of int, or sequence of them
        The annotators' segments, as `evaluate` takes them; not to be changed afterwards.
    void : (H, W) array of bool, optional
        The pixels that do not count.

    Returns
    -------
    Annotators
        What `evaluate` takes in their place, and measures once.

    Raises
    ------
    ValueError
        As `evaluate`.

    Examples
    --------
    >>> import numpy as np
    >>> from metrics import evaluate
    >>> annotators = prepare([np.repeat([[0, 0, 1, 1]], 4, axis=0)])
    >>> maps = [np.repeat([[0, 1, 1, 1]], 4, axis=0), np.repeat([[0, 0, 1, 2]], 4, axis=0)]
    >>> [evaluate(labels, annotators, metrics=["asa"])["asa"] for labels in maps]
    [0.75, 1.0]
    """
    arrays = _listed(truths)
    if not arrays:
        return Annotators((), None)
    check_shape(arrays[0], "truths[0]", None)
    mask = check_void(void, arrays[0].shape)
    return Annotators(as_truths(arrays, arrays[0].shape, mask), mask)


def _listed(truths: npt.ArrayLike | Sequence[npt.ArrayLike]) -> list[npt.NDArray[np.generic]]:
    """Return the arrays of one (H, W) array or a sequence of them; each may be a list of rows."""
    if not isinstance(truths, Sequence | np.ndarray):
        raise ValueError(
            f"truths is of type {type(truths).__name__}: pass one (H, W) integer array or a list "
            "of them, [] without annotators"
        )
    if isinstance(truths, np.ndarray) and truths.ndim == 0:
        raise ValueError(f"truths is the single value {truths}: pass an (H, W) integer array")
    single = len(truths) > 0 and np.ndim(truths[0]) == 1
    given = [truths] if single else truths
    return [as_plain(truth, f"truths[{i}]") for i, truth in enumerate(given)]


def as_truths(
    truths: npt.ArrayLike | Sequence[npt.ArrayLike] | Annotators,
    shape: tuple[int, ...],
    void: Void | None,
) -> tuple[LabelMap, ...]:
    """Convert one (H, W) array or a sequence of them; what is prepared is only looked at."""
    if isinstance(truths, Annotators):
        for labels in truths.maps:
            check_shape(labels.values, "truths", shape)
        before, now = (each.mask if each else np.False_ for each in (truths.void, void))
        if truths.maps and not np.array_equal(before, now):
            raise ValueError("truths were prepared for other void pixels: pass both the same void")
        return truths.maps
    arrays = _listed(truths)
    for index, array in enumerate(arrays):
        check_shape(array, f"truths[{index}]", shape)
    return tuple(as_label_map(array, f"truths[{i}]", void) for i, array in enumerate(arrays))


def as_image(image: npt.ArrayLike | None, shape: tuple[int, ...]) -> npt.NDArray[np.uint8] | None:
    """Convert to (H, W, 3) uint8: grey becomes three equal channels, a float is round(255 x).

    Raises
    ------
    ValueError
        If the shape or type is another, or a float is outside [0, 1].
    """
    if image is None:
        return None
    pixels = as_plain(image, "image")
    if pixels.shape not in (shape, (*shape, 3)):
        raise ValueError(
            f"image has shape {pixels.shape}, but labels have shape {shape}: pass {(*shape, 3)} "
            f"(RGB) or {shape} (grey)"
        )
    if np.issubdtype(pixels.dtype, np.floating):
        # The negation catches NaN too.
        if not (pixels.min() >= 0 and pixels.max() <= 1):
            raise ValueError(
                f"image has values from {pixels.min()} to {pixels.max()}: a float image is in "
                "[0, 1]; divide by its largest possible value, or pass uint8"
            )
        pixels = np.rint(255 * pixels).astype(np.uint8)
    if pixels.dtype != np.uint8:
        raise ValueError(f"image is of type {pixels.dtype}: pass uint8, or float in [0, 1]")
    if pixels.ndim == 2:
        pixels = np.repeat(pixels[:, :, None], 3, axis=2)
    return np.require(pixels, np.uint8, ["C", "W"])


def check_n(n: int | None) -> int | None:
    """Return the count that was asked for.

    Raises
    ------
    ValueError
        If it is not a whole number of at least 1.
    """
    if n is None:
        return None
    if isinstance(n, bool | np.bool_) or not isinstance(n, int | np.integer) or n < 1:
        raise ValueError(f"n is {n!r}: pass the count that was asked for, an integer from 1")
    return int(n)
