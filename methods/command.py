"""A method in any language: an executable that reads an image and writes a label map."""

from __future__ import annotations

import shlex
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from methods.base import Method
from methods.labelfiles import SUFFIXES, LabelFileError, read_labels
from methods.registry import register


@register
class Command(Method):
    """Run a program on the image and read the labels it writes.

    Parameters
    ----------
    cmd : str
        The program and its arguments, separated as in a shell but run without one, from the
        current folder. ``{image}`` stands for the path of a PNG, ``{n}`` for the count and
        ``{labels}`` for a path ending in ``.png`` to write; a file of the same name ending in
        ``.npy``, ``.csv`` or ``.mat`` may be written instead, not as well.
    """

    name = "command"
    title = "Command"
    deterministic = False
    departures = (
        "Nothing is known about the program: when it changes, run its cells again by --force. The "
        "time includes its start and both files."
    )

    cmd: str

    def validate(self) -> None:
        """Refuse a command that cannot be split or lacks a place."""
        try:
            shlex.split(self.cmd)
        except ValueError as error:
            raise ValueError(f"cmd={self.cmd!r} cannot be split: {error}; close it") from error
        missing = [place for place in ("{image}", "{labels}") if place not in self.cmd]
        if missing:
            raise ValueError(
                f"cmd={self.cmd!r} lacks {' and '.join(missing)}; "
                f"write it like './program {{image}} {{n}} {{labels}}'"
            )

    def segment(self, image: NDArray[np.uint8], n: int) -> NDArray[Any]:
        """Run the program and return the labels that it writes."""
        import cv2

        with tempfile.TemporaryDirectory(prefix="superpixel-command-") as folder:
            source, target = Path(folder, "image.png"), Path(folder, "labels.png")
            png = cv2.imencode(".png", cv2.cvtColor(image, cv2.COLOR_RGB2BGR))[1]
            source.write_bytes(png.tobytes())
            values = {"{image}": str(source), "{n}": str(n), "{labels}": str(target)}
            self._run([_fill(word, values) for word in shlex.split(self.cmd)])
            written = [f for f in map(target.with_suffix, SUFFIXES) if f.is_file()]
            if not written:
                raise RuntimeError(
                    f"{self.cmd!r} ended well but wrote no labels; it must write to {{labels}} or "
                    f"to the same name ending in {', '.join(SUFFIXES)}"
                )
            if len(written) > 1:
                raise RuntimeError(
                    f"{self.cmd!r} wrote {' and '.join(f.name for f in written)}, and only one can "
                    f"be the labels; let it write one of them"
                )
            try:
                return read_labels(written[0])
            except LabelFileError as error:
                reason = str(error).removeprefix(f"{folder}/")
                raise RuntimeError(f"{self.cmd!r} wrote no label map: {reason}") from error

    def _run(self, words: list[str]) -> None:
        try:
            done = subprocess.run(words, capture_output=True, check=False)
        except OSError as error:
            raise RuntimeError(
                f"{words[0]!r} cannot be run ({error.strerror}); give its path, and make it "
                f"executable"
            ) from error
        if done.returncode:
            tail = done.stderr.decode(errors="replace").strip()[-500:]
            raise RuntimeError(
                f"{words[0]!r} ended with exit status {done.returncode}: {tail or 'no message'}"
            )


def _fill(word: str, values: dict[str, str]) -> str:
    for place, value in values.items():
        word = word.replace(place, value)
    return word
