"""What a method finds in its process, and what is seen of what it leaves there."""

import os
import subprocess
import sys
import threading
import time
import warnings
from contextlib import suppress
from multiprocessing.connection import wait

import numpy as np
import psutil
import pytest

from bench.datasets import open_dataset
from bench.execution.cell_errors import crashed
from bench.execution.job import Job
from bench.execution.memory_limit import held
from bench.execution.remains import Remains, adopt_orphans
from bench.execution.surroundings import Surroundings
from bench.execution.worker_process import WorkerProcess, kill_below
from bench.planning.cells import make_plan
from bench.planning.selection import Choice
from bench.planning.variants import make_variants
from bench.storage.store import Store
from methods import list_methods


@pytest.fixture
def surroundings(monkeypatch):
    monkeypatch.setenv("KEPT", "as it was")
    return Surroundings(threads=1)


def test_what_a_method_sets_in_its_warm_up_it_finds_again_and_no_other(surroundings):
    os.environ["KEPT"] = "changed"
    own = surroundings.settle()
    assert os.environ["KEPT"] == "as it was"
    with surroundings.kept(0, own):
        assert os.environ["KEPT"] == "changed"
    with surroundings.kept(0):
        assert os.environ["KEPT"] == "as it was"
    assert not surroundings.spoilt


def test_all_is_put_back_where_a_method_raises(surroundings):
    before = np.geterr(), list(warnings.filters), os.getcwd()  # noqa: PTH109
    with suppress(ValueError), surroundings.kept(0):
        np.seterr(all="raise")
        warnings.simplefilter("error")
        os.chdir("/")
        raise ValueError
    assert (np.geterr(), list(warnings.filters), os.getcwd()) == before  # noqa: PTH109


def test_what_anybody_may_draw_from_is_the_same_for_every_cell(surroundings):
    def draw(seed):
        with surroundings.kept(seed):
            return np.random.random()  # noqa: NPY002

    assert draw(3) == draw(3) != draw(4)


@pytest.fixture
def remains():
    yield Remains()
    adopt_orphans(False)


def test_processes_are_seen_until_they_have_ended(remains):
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    assert remains.find() == "processes"
    remains.warmed_up()  # it belongs to the method
    assert remains.find() == ""
    child.communicate(b"\n")
    assert remains.find() == ""


def test_processes_are_seen_where_nobody_can_wait_for_them_without_ending_them(
    remains, monkeypatch
):
    monkeypatch.delattr(os, "waitid")
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    assert remains.find() == "processes"
    child.communicate(b"\n")
    assert remains.find() == ""


def test_a_thread_that_is_new_is_seen_and_of_those_of_the_warm_up_one_that_works(remains):
    end, go = threading.Event(), threading.Event()

    def work():
        go.wait()
        while not end.is_set():
            np.random.default_rng(0).random(1000)

    thread = threading.Thread(target=work)
    thread.start()
    try:
        remains.returned()
        assert remains.find() == "threads"
        remains.warmed_up()
        assert remains.find() == ""
        go.set()
        remains.returned()
        before = time.process_time() - time.thread_time()
        while time.process_time() - time.thread_time() < before + 0.1:
            time.sleep(0.01)
        # On a machine that has more to do, a thread may have had no processor for a moment.
        assert "busy threads" in (remains.find() for _ in range(50))
    finally:
        end.set()
        go.set()
        thread.join()


def test_a_descriptor_that_became_another_is_seen():
    descriptor = os.open(os.devnull, os.O_RDONLY)
    found = Remains()
    os.close(descriptor)
    assert found.closed()
    adopt_orphans(False)


def test_what_is_below_a_process_counts_and_is_killed_with_it():
    sleep = "import time; time.sleep(600)"
    starts = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {sleep!r}])"
    process = psutil.Popen([sys.executable, "-c", starts])
    while not process.children():
        assert process.is_running()
    below = process.children()
    assert held(process.pid, below=True) > held(process.pid) > 0
    kill_below(process.pid)
    process.wait()
    assert psutil.wait_procs(below, timeout=30)[1] == []


@pytest.mark.parametrize(
    ("status", "words", "said"),
    [
        (-11, "", "ended by SIGSEGV"),
        (-9, "", "ended by SIGKILL, as the system does for lack of memory"),
        (0, "", "ended by the method (exit status 0)"),
        (-6, "what():  std::bad_alloc", "out of memory: the method's process died"),
        (-6, "x" * 1000, f"it said: {'x' * 200}"),
    ],
)
def test_a_row_says_how_the_process_ended(status, words, said):
    row = crashed(status, words)
    assert row["status"] == "crashed"
    assert said in row["error"]
    assert len(row["error"]) < 400


def test_no_method_of_the_suite_has_its_process_replaced(tiny, tmp_path):
    dataset = open_dataset("folder", root=tiny, limit=1)
    classical = [name for name in list_methods() if name != "command"]
    variants = make_variants([Choice(name) for name in classical], preset="quick")
    cells = [c for c in make_plan(dataset, variants, [4], [0]) if c.decline is None]
    store = Store(tmp_path / "r.parquet")
    for folder in (store.shards, store.labels, store.inflight, store.annotators):
        folder.mkdir(parents=True)
    worker = WorkerProcess(Job(dataset, store.out), {"OMP_NUM_THREADS": "1"})
    try:
        for cell in cells:
            worker.give((cell,))
            while worker.batches:
                wait(worker.listens, 0.2)
                answers = [answer for _, answer in worker.receive()]
                assert worker.status is None, worker.last_words
            assert [answer.spoilt for answer in answers] == [""], cell.method
    finally:
        worker.end()
    assert len(cells) > 20
