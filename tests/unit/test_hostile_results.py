"""Results files of strangers: what fuzzing found, each as the smallest file that does it."""

import platform
import subprocess
import sys

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from bench.cli.output import shown
from bench.datasets.base import Dataset
from bench.datasets.registry import DatasetError, forget, open_dataset, register
from bench.scoring.annotators import read_scores
from bench.storage.dropping import parameters_match
from bench.storage.merging import merge
from bench.storage.rounds import read_rounds
from methods.labelfiles import encode_labels
from reports.data.results import load
from reports.data.schema import COLUMNS, ResultsError, check_results
from tests.fake_results import Fake, table


def write(path, change=lambda t: t, **fake):
    made = table(Fake(images=2, **fake))
    pq.write_table(change(made).replace_schema_metadata(made.schema.metadata), path)
    return path


def with_value(name, value):
    def change(made):
        place = made.schema.get_field_index(name)
        values = made[name].to_pylist()
        values[1] = value
        return made.set_column(place, name, pa.array(values, made.schema.field(name).type))

    return change


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("n", -5, "column 'n' has -5"),
        ("n_labels", -1, "column 'n_labels' has -1"),
        ("n_labels", 0, "column 'n_labels' has 0"),
        ("asa", 1e300, r"column 'asa' has 1e\+300"),
        ("status", "excellent", "column 'status' has 'excellent'"),
        ("status", None, "column 'status' has nothing"),
        ("image", None, "column 'image' has nothing"),
        ("label", None, "column 'label' has nothing"),
    ],
)
def test_values_that_no_run_writes_are_refused_by_column(tmp_path, name, value, message):
    path = write(tmp_path / "r.parquet", with_value(name, value))
    with pytest.raises(ResultsError, match=message):
        load(path, [*COLUMNS, "asa"])


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_scores_that_are_undefined_or_infinite_are_read(tmp_path, value):
    path = write(tmp_path / "r.parquet", with_value("asa", value))
    np.testing.assert_equal(load(path, ["asa"])["asa"][1], value)


def test_two_columns_of_one_name_are_refused(tmp_path):
    path = write(tmp_path / "r.parquet", lambda made: made.append_column("icv", made["icv"]))
    with pytest.raises(ResultsError, match="two columns 'icv'"):
        check_results(path)


@pytest.mark.parametrize("column", ["label", "image", "error"])
def test_texts_cannot_command_a_terminal(tmp_path, column):
    path = write(tmp_path / "r.parquet", with_value(column, "a\x1b[2J\r\x9bé\u202e"))
    assert load(path, [column])[column][1] == r"a\x1b[2J\r\x9bé\u202e"


def test_messages_cannot_command_a_terminal():
    assert shown("one\n\x1b[31mtwo\x07\udc80") == "one\n\\x1b[31mtwo\\x07\\udc80"


def test_a_label_for_a_spreadsheet_is_no_formula(tmp_path):
    formula = lambda made: made.set_column(  # noqa: E731
        made.schema.get_field_index("label"), "label", pa.array(["=1+1"] * len(made))
    )
    path = write(tmp_path / "r.parquet", formula, labels=("SLIC",))
    command = [sys.executable, "-m", "bench", "compare", str(path), "--format", "csv"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "'=1+1" in done.stdout
    assert ",=1+1" not in done.stdout


@pytest.mark.parametrize("how", ["copy", "link"])
@pytest.mark.parametrize("way", ["a.run/labels/../../../../up.png", "a.run/../../../up.png"])
def test_merging_writes_no_label_map_outside_its_folder(tmp_path, how, way):
    inner = tmp_path / "outer" / "inner"
    (inner / "a.run" / "labels").mkdir(parents=True)
    (inner / "m").mkdir()
    (tmp_path / "up.png").write_bytes(encode_labels(np.zeros((2, 2), int)))
    write(inner / "a.parquet", with_value("labels_file", way), labels=("SLIC",))
    write(inner / "b.parquet", labels=("SEEDS",))
    before = sorted(tmp_path.rglob("*"))
    merge([inner / "a.parquet", inner / "b.parquet"], inner / "m" / "m.parquet", how)
    new = set(tmp_path.rglob("*")) - set(before)
    assert new
    assert all(path.is_relative_to(inner / "m") for path in new)
    (name,) = pd.read_parquet(inner / "m" / "m.parquet")["labels_file"].dropna().unique()
    assert (inner / "m" / name).resolve().is_relative_to(inner / "m" / "m.run" / "labels")


@pytest.mark.parametrize("name", ["../x", "/x", "a/../../x", "a\nb", "\x1b[2J", "", ".", 7])
def test_a_data_set_cannot_name_an_image_out_of_the_folder_of_label_maps(name):
    class Named(Dataset):
        title, license = "Named", "none"

        def __init__(self, root=None, split=None):
            self.names = (name,)

        def size(self, name):
            return (2, 2)

        def fingerprint(self, name):
            return "same"

        def load(self, name):
            raise NotImplementedError

    Named.name = "named"
    register(Named)
    try:
        with pytest.raises(DatasetError, match="calls an image"):
            open_dataset("named")
    finally:
        forget(__name__)


def test_a_results_file_damaged_inside_is_told_by_the_run_that_made_it(here, tiny, tmp_path):
    arguments = ("run", "--methods", "grid", "--n", "4", "--backend", "sequential", "--quiet")
    where = ("--dataset", "folder", "--root", tiny)
    assert here(*arguments, *where).status == 0
    path = tmp_path / "results.parquet"
    content = bytearray(path.read_bytes())
    content[4:2000] = bytes(1996)  # its facts at the end are whole
    path.write_bytes(content)
    told = here(*arguments[:-1], *where)
    assert told.status == 1
    assert "results.parquet" in told.out
    assert "damaged" in told.out


@pytest.mark.parametrize(
    "content", ["[]", "7", '{"asa": 1}', '{"asa": ["x"]}', '{"asa": [null]}', "{"]
)
def test_what_is_kept_of_annotators_is_computed_again_if_it_is_damaged(tmp_path, content):
    path = tmp_path / "kept.json"
    path.write_text(content)
    assert read_scores(path) is None


@pytest.mark.parametrize(
    "content", ["[]", "{}", '{"machine": 1}', '{"machine": "%s", "rounds": 3}']
)
def test_rounds_that_are_damaged_are_timed_again(tmp_path, content):
    (tmp_path / "key.json").write_text(content.replace("HERE", platform.node()))
    assert read_rounds(tmp_path, "key") == []


@pytest.mark.parametrize("params", [None, "", "[]", "7", '{"compactness"'])
def test_parameters_that_are_none_match_nothing(params):
    assert not parameters_match(params, [("compactness", ["1"])])
