"""Labels in pieces are named wherever their scores are shown."""

from reports.plot import make_figures
from tests.fake_results import write_changed

BITS = '''
import numpy as np
from methods import Method, register


@register
class Bits(Method):
    """Columns of pixels, each of every fourth."""

    name, title = "bits", "Bits"

    def segment(self, image, n):
        return np.arange(image.shape[1]) % min(n, 4) + np.zeros(image.shape[:2], int)
'''


def test_a_run_names_the_labels_in_pieces_at_its_end(here, tiny, tmp_path):
    (tmp_path / "bits.py").write_text(BITS)
    data = ("--dataset", "folder", "--root", tiny, "--plugin", tmp_path / "bits.py")
    run = ("run", "--methods", "bits,grid", "--n", "4", "--workers", "1", *data)
    first = here(*run)
    assert first.status == 0, first.out
    assert "In pieces: Bits (10.0 to a label)." in first.out
    assert "In pieces: Bits" in here(*run).out
    assert "In pieces" not in here(*run[:2], "grid", *run[3:]).out


def test_the_worst_count_is_named_and_perturbed_images_are_not_counted(here, tiny, tmp_path):
    plugin = tmp_path / "some.py"
    some = BITS.replace('"bits", "Bits"', '"some_bits", "Some bits"')
    pieces = "(n if n == 4 or image.shape[0] > image.shape[1] else 40)"
    plugin.write_text(some.replace("min(n, 4)", pieces))
    data = ("--dataset", "folder", "--root", tiny, "--plugin", plugin, "--backend", "sequential")
    run = ("run", "--methods", "some_bits", "--perturb", "rotate:90", *data)
    assert "In pieces: Some bits (10.0 to a label)." in here(*run, "--n", "4,9").out
    assert "In pieces" not in here(*run, "--n", "9").out


def test_plot_names_them_marks_them_and_prints_others_bold(tmp_path):
    def in_bits(frame):
        pieces = frame["n_labels"].mask(frame["label"] == "FH", frame["n_labels"] * 2)
        asa = frame["asa"].mask(frame["label"] == "FH", 0.99)
        return frame.assign(n_components=pieces, asa=asa, n_labels=frame["n"])

    notes = []
    path = write_changed(tmp_path / "r.parquet", in_bits, ns=(50, 100))
    make_figures(path, formats=["pdf"], on_note=notes.append)
    assert any("in pieces, FH: " in note for note in notes)
    text = (tmp_path / "r-summary.md").read_text()
    rows = [line for line in text.splitlines() if line.startswith("| FH")]
    assert len(rows) == 2
    assert all(line.startswith("| FH ‡ ") and "**" not in line for line in rows)
    assert any("**" in line for line in text.splitlines() if line.startswith("| SLIC"))
    assert "‡ In pieces" in text
