"""bench plot on what bench run wrote, and on files that it cannot use."""

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from bench.cli import _status
from bench.storage.schema import VERSION_KEY
from tests.conftest import PLUGIN


@pytest.fixture
def made(here, tiny, tmp_path):
    """The results of a small run with comparable times."""
    data = ("--dataset", "folder", "--root", tiny, "--plugin", PLUGIN)
    finished = here(
        "run",
        "--methods",
        "stripes,grid",
        "--n",
        "4,9",
        "--timing",
        "--backend",
        "sequential",
        *data,
    )
    assert finished.status == 0, finished.out
    return tmp_path / "results.parquet"


def test_figures_and_tables_stand_beside_the_results(here, made, results):
    _say_that_nothing_else_ran(made)
    finished = here("plot", made)
    assert finished.status == 0, finished.out
    figures = {
        f"results-{name}.{kind}" for name in ("curves", "runtime") for kind in ("png", "pdf")
    }
    written = {path.name for path in made.parent.iterdir() if path.is_file()}
    assert figures | {"results-summary.csv", "results-summary.md"} <= written
    table = pd.read_csv(made.parent / "results-summary.csv").set_index(["label", "n"])
    rows = results()
    assert table.loc[("Grid", 9), "asa"] == pytest.approx(
        rows[(rows.method == "grid") & (rows.n == 9)].asa.mean(), rel=1e-5
    )


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda path: _take_away(path), "no such file"),
        (lambda path: path.write_bytes(path.read_bytes()[:-200]), "truncated"),
        (lambda path: path.write_bytes(b"no parquet at all"), "not a Parquet file"),
        (lambda path: _change_version(path), "schema version 99"),
    ],
)
def test_a_file_that_cannot_be_used_is_told(here, made, damage, message):
    damage(made)
    finished = here("plot", made)
    assert finished.status == 1
    assert message in finished.out
    assert "Traceback" not in finished.out


def test_a_metric_that_is_not_there_is_told(here, made):
    finished = here("plot", made, "--metrics", "asaa")
    assert finished.status == 1
    assert "asa" in finished.out


def test_results_of_another_version_are_not_continued(here, made, tiny):
    _change_version(made)
    made.with_suffix(".run").rename(made.with_name("elsewhere"))
    before = made.read_bytes()
    finished = here("run", "--methods", "grid", "--n", 4, "--dataset", "folder", "--root", tiny)
    assert finished.status == 1
    assert "schema version 99" in finished.out
    assert made.read_bytes() == before


def _say_that_nothing_else_ran(path):
    table = pq.read_table(path)
    where = table.column_names.index("contended")
    pq.write_table(table.set_column(where, "contended", pa.array([False] * len(table))), path)


def test_a_results_file_that_was_deleted_is_written_again_from_its_folder(made, capsys):
    rows = len(pd.read_parquet(made))
    made.unlink()
    assert _status(["plot", str(made), "--formats", "pdf"]) == 0
    assert f"it is written from {rows} finished rows" in capsys.readouterr().err
    assert len(pd.read_parquet(made)) == rows


def _take_away(path):
    """Take the file away, and the folder that it could be made from again."""
    path.unlink()
    path.with_suffix(".run").rename(path.with_name("elsewhere"))


def _change_version(path):
    table = pq.read_table(path)
    pq.write_table(
        table.replace_schema_metadata({**table.schema.metadata, VERSION_KEY: b"99"}), path
    )


def test_the_help_names_all_figures(here):
    from reports.plot import AT_ONE_COUNT, FIGURES

    said = " ".join(here("plot", "--help").out.replace("│", " ").split())
    assert f"with commas between: {', '.join(FIGURES)}." in said
    assert f"of one count ({', '.join(AT_ONE_COUNT)})." in said
