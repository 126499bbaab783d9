"""Fuzzing that follows what code an input reaches; needs ``pip install atheris``.

``python -m tests.fuzz.guided .mat -max_total_time=60`` tries bytes as a label file of that suffix,
or as an image (``image``) or a selection of methods (``selection``); other arguments are
libFuzzer's.
"""

import sys
import tempfile
from contextlib import suppress
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["methods", "bench"]):
    from bench.datasets.base import DatasetError
    from bench.datasets.images import read_image
    from bench.errors import UsageError
    from bench.planning.selection import choose, parse_terms
    from methods.labelfiles import SUFFIXES, LabelFileError, read_labels

from tests.fuzz.test_fuzz_files import IMAGES, LABEL_FILES, said_in_words

NAMES = ("slic", "grid", "fh")


def target(kind, folder):
    """Return what is to be tried with bytes; whatever else it raises than words is a find."""
    path = folder / f"labels{kind}"

    def labels(content):
        path.write_bytes(content)
        try:
            read_labels(path)
        except LabelFileError as error:
            said_in_words(error)

    def image(content):
        path.write_bytes(content)
        try:
            read_image(path)
        except DatasetError as error:
            said_in_words(error)

    def selection(content):
        with suppress(UsageError):
            choose(parse_terms(content.decode(errors="replace")), NAMES, lambda: NAMES)

    return {"image": image, "selection": selection, **dict.fromkeys(SUFFIXES, labels)}[kind]


def main():
    """Try what libFuzzer makes up, starting from the seeds of `test_fuzz_files`."""
    kind = sys.argv.pop(1)
    with tempfile.TemporaryDirectory() as folder:
        corpus = Path(folder, "corpus")
        corpus.mkdir()
        for i, seed in enumerate(IMAGES if kind == "image" else LABEL_FILES.get(kind, ())):
            (corpus / str(i)).write_bytes(seed)
        atheris.Setup([*sys.argv, str(corpus)], target(kind, Path(folder)))
        atheris.Fuzz()


if __name__ == "__main__":
    main()
