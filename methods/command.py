"""Any program that writes a label map, whatever language it is written in."""

from __future__ import annotations

import shlex
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from methods.base import Method
from methods.labelfiles import SUFFIXES, read_labels

_TAIL = 300


class Command(Method):
    """Runs ``cmd`` for every image and reads the label map that it writes.

    In `cmd`, {image} becomes the path of a PNG, {n} the count, and {labels} the path that the
    program must write to: a PNG of 8 or 16 bit, or a .npy, .csv or .mat of the same name. The
    time includes starting the program. It is run as it is, not through a shell.
    """

    name = "command"
    title = "Command"
    deterministic = False

    cmd: str

    def validate(self) -> None:
        """Refuse a command without a place for the image or the labels."""
        for place in ("{image}", "{labels}"):
            if place not in self.cmd:
                raise ValueError(
                    f"method 'command': cmd is '{self.cmd}', without {place}; write for example"
                    ' command[cmd="./program {image} {n} {labels}"]'
                )

    def warm_up(self, image: NDArray[np.uint8], n: int) -> None:
        """Run nothing: a program starts anew for every image."""

    def segment(self, image: NDArray[np.uint8], n: int) -> NDArray[np.integer[Any]]:
        """Write the image, run the program, read the labels."""
        import cv2

        with tempfile.TemporaryDirectory() as folder:
            source, target = Path(folder, "image.png"), Path(folder, "labels.png")
            cv2.imwrite(str(source), image[:, :, ::-1])
            places = {"{image}": str(source), "{labels}": str(target), "{n}": str(n)}
            self._run([_fill(word, places) for word in shlex.split(self.cmd)])
            written = [target.with_suffix(s) for s in SUFFIXES if target.with_suffix(s).is_file()]
            if not written:
                raise RuntimeError(f"'{self.cmd}' wrote no label map to {{labels}}")
            return read_labels(written[0])

    def _run(self, words: list[str]) -> None:
        try:
            done = subprocess.run(words, capture_output=True, text=True, errors="replace")
        except OSError as error:
            raise RuntimeError(
                f"cannot start '{words[0]}': {error.strerror}; give a path or put it on PATH"
            ) from error
        if done.returncode:
            said = (done.stderr.strip() or done.stdout.strip())[-_TAIL:]
            raise RuntimeError(f"'{words[0]}' ended with status {done.returncode}: {said}")


def _fill(word: str, places: dict[str, str]) -> str:
    for place, value in places.items():
        word = word.replace(place, value)
    return word
