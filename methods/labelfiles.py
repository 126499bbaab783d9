"""Label maps in files: PNG of 8 or 16 bit, NPY, CSV and MAT."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

_LARGEST_PNG = 65535


class LabelFileError(ValueError):
    """A file holds no label map; the message names the file, the reason and the cure."""


def read_labels(path: Path) -> NDArray[np.integer[Any]]:
    """Read a label map.

    Parameters
    ----------
    path : Path
        ``.png`` (grey or palette, 8 or 16 bit), ``.npy``, ``.csv`` (commas, one image row a
        line) or ``.mat`` (the only 2-D array in it, or the one called labels or Segmentation).

    Returns
    -------
    (H, W) array of int

    Raises
    ------
    LabelFileError
        If the file is missing, damaged, of another format, or holds no 2-D array of whole
        numbers.
    """
    reader = _READERS.get(path.suffix.lower())
    if reader is None:
        raise LabelFileError(f"{path} is none of {', '.join(SUFFIXES)}; convert it to one of these")
    if not path.is_file():
        raise LabelFileError(f"{path} does not exist; expected a label map there")
    try:
        values = reader(path)
    except Exception as error:  # each format's reader has errors of its own kind
        reason = " ".join(str(error).split()) or type(error).__name__
        raise LabelFileError(f"{path} cannot be read ({reason}); write it anew") from error
    if values.ndim != 2 or values.size == 0:
        raise LabelFileError(f"{path} has shape {values.shape}; expected (H, W), one label a pixel")
    return _as_integers(path, values)


def _as_integers(path: Path, values: NDArray[Any]) -> NDArray[np.integer[Any]]:
    """Accept floats that are whole numbers, since CSV and MATLAB know no others."""
    if np.issubdtype(values.dtype, np.integer):
        return values
    if values.dtype == np.bool_:
        return values.astype(np.uint8)
    if np.issubdtype(values.dtype, np.floating):
        whole = np.isfinite(values).all() and (np.abs(values) < 2**31).all()
        if whole and (values == np.floor(values)).all():
            return values.astype(np.int32)
    raise LabelFileError(f"{path} has values that are no whole numbers; expected labels from 0")


def _read_png(path: Path) -> NDArray[Any]:
    from PIL import Image

    with Image.open(path) as image:
        if image.mode not in ("L", "P", "1", "I", "I;16", "I;16B"):
            raise ValueError(f"mode {image.mode} is a colour image, not a label map")
        return np.asarray(image)


def _read_npy(path: Path) -> NDArray[Any]:
    return np.asarray(np.load(path, allow_pickle=False))


def _read_csv(path: Path) -> NDArray[Any]:
    return np.loadtxt(path, delimiter=",", ndmin=2)


def _read_mat(path: Path) -> NDArray[Any]:
    import scipy.io

    content = {k: v for k, v in scipy.io.loadmat(str(path)).items() if not k.startswith("__")}
    arrays = {k: v for k, v in content.items() if getattr(v, "ndim", 0) == 2}
    for name in ("labels", "Segmentation"):
        if name in arrays:
            return np.asarray(arrays[name])
    if len(arrays) != 1:
        names = ", ".join(arrays) or "no 2-D array"
        raise ValueError(f"it holds {names}; call the label map 'labels'")
    return np.asarray(next(iter(arrays.values())))


_READERS: Mapping[str, Callable[[Path], NDArray[Any]]] = MappingProxyType(
    {".png": _read_png, ".npy": _read_npy, ".csv": _read_csv, ".mat": _read_mat}
)
SUFFIXES = tuple(_READERS)


def encode_labels(labels: NDArray[np.integer[Any]]) -> tuple[str, bytes]:
    """Return the suffix and the bytes of a file for a label map.

    Parameters
    ----------
    labels : (H, W) array of int
        Labels from 0.

    Returns
    -------
    suffix : str
        ``.png`` (16 bit), or ``.npy`` where labels exceed 65,535.
    content : bytes
    """
    import io

    if labels.max() > _LARGEST_PNG:
        buffer = io.BytesIO()
        np.save(buffer, labels.astype(np.int32))
        return ".npy", buffer.getvalue()
    import cv2

    # Level 1 takes a third of the time for a tenth more bytes.
    options = [cv2.IMWRITE_PNG_COMPRESSION, 1]
    _, encoded = cv2.imencode(".png", labels.astype(np.uint16), options)
    return ".png", encoded.tobytes()


def write_labels(path: Path, labels: NDArray[np.integer[Any]]) -> Path:
    """Write a label map whole or not at all; return the path, with the suffix of its format.

    Parameters
    ----------
    path : Path
        Where to; the suffix is replaced by that of `encode_labels`.
    labels : (H, W) array of int
        Labels from 0.
    """
    suffix, content = encode_labels(labels)
    path = path.with_suffix(suffix)
    temporary = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    temporary.write_bytes(content)
    temporary.replace(path)
    return path
