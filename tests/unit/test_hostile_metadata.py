"""Metadata of strangers: whatever they say of runs, they are read, or refused in words."""

import copy

import pyarrow.parquet as pq
import pytest

from bench.errors import UsageError
from bench.storage.condensing import condense
from bench.storage.merging import join_facts
from bench.storage.schema import with_run_facts
from metrics import DEFAULT_PROTOCOL
from reports.data.contents import read_contents
from reports.data.facts import file_facts
from reports.data.schema import RUN_KEY, ResultsError, check_results, run_facts
from reports.tables.contents import contents_lines
from tests.fake_results import Fake, table

RUN = {
    "id": "r1",
    "machine": "m1",
    "arguments": ["run", "--n", "50"],
    "started": "2026-11-29T10:00:00+00:00",
    "finished": None,
    "cells": 1,
    "metrics": ["asa"],
    "dataset": "bsds500/test",
    "root": "data",
    "reading": {"exif": "refuse", "void": [0]},
    "images": 1,
    "images_of": 200,
    "versions": {"superpixel-bench": "0.3.0"},
    "git_revision": "0123",
}
FACTS = {
    "id": "f",
    "dataset": "bsds500/test",
    "protocol": DEFAULT_PROTOCOL.definition(),
    "metrics": ["asa"],
    "treatments": [],
    "parts": ["part-000001.parquet"],
    "folders": ["r.run"],
    "unrenewed": 1,
    "match_n": 0.05,
    "runs": [RUN],
    "made_by": [{"id": "r0"}],
    "machines": {"m1": {"processor": "X", "system": "Linux", "cores": 2, "gpu": []}},
    "annotators": {"bsds500/test": {"images": 1, "metrics": {"asa": [0.8, 0.9, 0.95]}}},
}
ODD = (None, True, 5, -1, 1.5, 10**400, float("inf"), "", "x", [], [5], [None], {}, {"a": 5})
ROWS = table(Fake(("SLIC",), (50,), 1))


def places(value, here=()):
    """Yield the way to each thing in a nested value."""
    items = value.items() if isinstance(value, dict) else enumerate(value)
    for key, item in items:
        yield (*here, key)
        if isinstance(item, dict | list):
            yield from places(item, (*here, key))


def changed(place, value):
    facts = inside = copy.deepcopy(FACTS)
    for key in place[:-1]:
        inside = inside[key]
    inside[place[-1]] = value
    return facts


@pytest.mark.parametrize("place", list(places(FACTS)), ids=lambda place: ".".join(map(str, place)))
def test_every_reader_uses_the_metadata_or_all_refuse_them(tmp_path, place):
    path, small = tmp_path / "r.parquet", tmp_path / "s.parquet"
    for value in ODD:
        pq.write_table(with_run_facts(ROWS, changed(place, value)), path)
        if is_refused(path):
            with pytest.raises(UsageError, match=rf"^{path}: "):
                condense(path, small)
            continue
        assert list(contents_lines(read_contents(path)))
        assert join_facts([run_facts(check_results(path)), FACTS])
        assert condense(path, small)


def is_refused(path):
    try:
        assert file_facts(path).images("bsds500/test", 1)
    except ResultsError:
        return True
    return False


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        ({"runs": [{"images_of": "x"}]}, r"'x' as runs\[0\].images_of, where a whole number"),
        ({"runs": [{"dataset": ["a"]}]}, r"\['a'\] as runs\[0\].dataset, where a text belongs"),
        ({"runs": [{"arguments": 5}]}, r"5 as runs\[0\].arguments, where a list belongs"),
        ({"runs": [{"arguments": None}]}, r"None as runs\[0\].arguments, where a list"),
        ({"runs": [{"versions": 5}]}, r"5 as runs\[0\].versions, where an object belongs"),
        ({"runs": [{"id": 7}]}, r"7 as runs\[0\].id, where a text belongs"),
        ({"made_by": ["x"]}, r"'x' as made_by\[0\], where an object belongs"),
        ({"machines": {"\x1b": "x"}}, r"'x' as machines.\\x1b, where an object belongs"),
        ({"match_n": "x"}, "'x' as match_n, where a number or null belongs"),
        ({"annotators": {"a": {"metrics": {}}}}, "no images in annotators.a"),
    ],
)
@pytest.mark.parametrize(
    "command", ["compare r.parquet", "condense r.parquet --out s.parquet", "list runs r.parquet"]
)
def test_commands_say_what_is_odd_in_metadata(here, tmp_path, facts, said, command):
    pq.write_table(with_run_facts(ROWS, facts), tmp_path / "r.parquet")
    done = here(*command.split())
    assert done.status == 1
    message = " ".join(done.out.split())
    assert message.startswith("bench: r.parquet: its metadata")
    assert "another program changed them; give the path of a results file" in message
    with pytest.raises(ResultsError, match=said):
        check_results(tmp_path / "r.parquet")


def test_a_run_that_does_not_say_of_which_data_set_it_is_says_nothing_of_its_size(tmp_path):
    pq.write_table(with_run_facts(ROWS, {"runs": [{"images_of": 5}]}), tmp_path / "r.parquet")
    assert file_facts(tmp_path / "r.parquet").published == {}
    assert read_contents(tmp_path / "r.parquet").rows == 1


def test_metadata_nested_without_end_are_refused(tmp_path):
    deep = ROWS.schema.metadata | {RUN_KEY: b"[" * 100_000}
    pq.write_table(ROWS.replace_schema_metadata(deep), tmp_path / "r.parquet")
    with pytest.raises(ResultsError, match="no JSON object"):
        check_results(tmp_path / "r.parquet")
