"""A method in any language: an executable that reads an image and writes a label map."""

from __future__ import annotations

import io
import os
import re
import shlex
import stat
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from methods.base import Method
from methods.labelfiles import SUFFIXES, LabelFileError, read_labels
from methods.messages import ending
from methods.programs import run_program
from methods.registry import register

# Files that the image is handed over in, by the place that stands for their path.
_IMAGES = {"{image}": "image.png", "{ppm}": "image.ppm", "{npy}": "image.npy"}
_LABELS = "labels.png"
_PLACE = re.compile(r"\{(?:image|ppm|npy|n|labels|seed|folder)\}")
_QUOTED = 500  # characters of what a program said that an error repeats


@register
class Command(Method):
    """Run a program on the image and read the labels it writes.

    Parameters
    ----------
    cmd : str
        The program and its arguments, separated as in a shell but run without one, from the
        current folder. ``{image}`` stands for the path of a PNG, ``{n}`` for the count and
        ``{labels}`` for a path ending in ``.png`` to write PNG or PGM to; a file of the same name
        ending in ``.pgm``, ``.npy``, ``.csv`` or ``.mat`` may be written instead, not as well.
        Instead of ``{image}``, ``{ppm}`` is the path of a binary PPM, ``{npy}`` of an array (H, W,
        3). ``{seed}`` is the seed, ``{folder}`` the temporary folder in which these files are
        called ``image.png``, ``image.ppm``, ``image.npy`` and ``labels.png``.
    seed : int
        What ``{seed}`` stands for.
    """

    name = "command"
    title = "Command"
    deterministic = False
    departures = (
        "Nothing is known about the program: when it changes, run its cells again by --force. The "
        "time includes its start and both files; the facts program_s, program_cpu_s and "
        "program_peak_mb are the program's own."
    )

    cmd: str
    seed: int = 0

    def validate(self) -> None:
        """Refuse a command that cannot be split, lacks a place, or that no system can run."""
        try:
            words = shlex.split(self.cmd)
        except ValueError as error:
            raise ValueError(f"cmd={self.cmd!r} cannot be split: {error}; close it") from error
        missing = [
            place
            for place, others in (("{image}", _IMAGES), ("{labels}", ()))
            if not any(each in self.cmd for each in (place, "{folder}", *others))
        ]
        if missing:
            raise ValueError(
                f"cmd={self.cmd!r} lacks {' and '.join(missing)}; "
                f"write it like './program {{image}} {{n}} {{labels}}'"
            )
        try:
            if any(b"\0" in os.fsencode(word) for word in words):
                raise ValueError("it has a zero byte")
        except ValueError as error:  # of which UnicodeEncodeError is one
            raise ValueError(f"cmd={self.cmd!r} cannot be run: {error}; leave that out") from error

    def segment(self, image: NDArray[np.uint8], n: int) -> NDArray[Any]:
        """Run the program and return the labels that it writes."""
        with tempfile.TemporaryDirectory(
            prefix="superpixel-command-", ignore_cleanup_errors=True
        ) as name:
            folder = Path(name)
            self._write_image(folder, image)
            paths = {place: str(folder / file) for place, file in _IMAGES.items()}
            texts = {"{n}": str(n), "{seed}": str(self.seed), "{folder}": name}
            values = {**paths, **texts, "{labels}": str(folder / _LABELS)}
            self._run([_filled(word, values) for word in shlex.split(self.cmd)], folder)
            file = self._written(folder, image.shape[0] * image.shape[1])
            try:
                return read_labels(file)
            except LabelFileError as error:
                reason = str(error).removeprefix(f"{folder}/")
                raise RuntimeError(f"{self.cmd!r} wrote no label map: {reason}") from error

    def _write_image(self, folder: Path, image: NDArray[np.uint8]) -> None:
        """Write the image in the formats that the command names; PNG where it names the folder."""
        import cv2

        named = [f for place, f in _IMAGES.items() if place in self.cmd or f in self.cmd]
        for file in named or ["image.png"]:
            if file.endswith(".npy"):
                stream = io.BytesIO()
                np.save(stream, image)
                content = stream.getvalue()
            else:
                suffix = Path(file).suffix
                bgr = cv2.cvtColor(image, cv2.COLOR_RGB2BGR)
                content = cv2.imencode(suffix, bgr)[1].tobytes()
            (folder / file).write_bytes(content)

    def _run(self, words: list[str], folder: Path) -> None:
        try:
            ended = run_program(words)
        except OSError as error:
            raise RuntimeError(
                f"{words[0]!r} cannot be run ({error.strerror}); give its path, and make it "
                f"executable"
            ) from error
        if ended.status:
            said = ending(ended.said.replace(f"{folder}/", ""), _QUOTED)
            raise RuntimeError(f"{words[0]!r} {ended.how}: {said or 'no message'}")
        self.facts = {
            "program_s": ended.seconds,
            "program_cpu_s": ended.cpu_s,
            "program_peak_mb": ended.peak_mb,
        }

    def _written(self, folder: Path, pixels: int) -> Path:
        """Return the one file of labels; it is a plain one, and no larger than labels can be."""
        candidates = (Path(folder, _LABELS).with_suffix(suffix) for suffix in SUFFIXES)
        found = [file for file in candidates if os.path.lexists(file)]
        if not found:
            raise RuntimeError(
                f"{self.cmd!r} ended well but wrote no labels; it must write to {{labels}} or "
                f"to the same name ending in {', '.join(SUFFIXES)}"
            )
        if len(found) > 1:
            raise RuntimeError(
                f"{self.cmd!r} wrote {' and '.join(f.name for f in found)}, and only one can "
                f"be the labels; let it write one of them"
            )
        facts = found[0].lstat()
        if not stat.S_ISREG(facts.st_mode):
            raise RuntimeError(
                f"{self.cmd!r} made {found[0].name} something else than a plain file (a link, "
                f"folder, pipe or device); let it write the labels themselves"
            )
        most = 2**20 + 64 * pixels
        if facts.st_size > most:
            raise RuntimeError(
                f"{self.cmd!r} wrote {facts.st_size} bytes to {found[0].name}, and labels of "
                f"{pixels} pixels take at most {most}; let it write one label per pixel"
            )
        return found[0]


def _filled(word: str, values: dict[str, str]) -> str:
    return _PLACE.sub(lambda place: values[place[0]], word)
