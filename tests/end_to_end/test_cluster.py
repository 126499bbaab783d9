"""Runs on a Dask cluster: a real scheduler and workers on loopback, killed and replaced."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from tests.conftest import PLUGIN

pytest.importorskip("distributed", reason="needs the extra 'dask'")

# What says when, where and how fast a row was made.
NOT_COMPARED = ["time_s", "cpu_s", "time_shared_s", "warmup_s", "peak_mb", "run", "contended"]

TELLING = '''
"""A method that says where it was loaded from, and when it is at work."""
import os
import time
from pathlib import Path

from methods import Method, register
from methods.progress import report


@register
class Telling(Method):
    name = "telling"
    devices = ("cpu", "cuda")
    device: str = "auto"
    note: str = ""
    kills: bool = False
    seconds: float = 0.0

    def warm_up(self, image, n):
        pass

    def segment(self, image, n):
        if self.kills:
            os.kill(os.getppid(), 9)  # the Dask worker
        began = time.time()
        report(1, 2)
        if self.note:
            Path(self.note).touch()
        time.sleep(self.seconds)
        self.facts = {"file": __file__, "began": began, "ended": time.time()}
        return (image[..., 0] > n).astype(int)


@register
class Alone(Telling):
    name = "alone"
    all_cores = True
'''


class Cluster:
    """A scheduler and workers as processes of their own."""

    def __init__(self, folder):
        self.folder = folder
        self.file = folder / "scheduler.json"
        self.started = []
        self.start_scheduler()

    def start_scheduler(self):
        self.file.unlink(missing_ok=True)
        self.scheduler = self._start(
            "scheduler", "--host", "127.0.0.1", "--port", "0", "--scheduler-file", self.file
        )
        wait_for(self.file.exists)

    def worker(self, name, *options, path=()):
        """Start a worker without a nanny, which would start it again."""
        common = ("--name", name, "--nthreads", "1", "--no-nanny")
        common += ("--scheduler-file", self.file, "--local-directory", self.folder / name)
        return self._start("worker", *common, *options, path=path)

    def _start(self, *command, path=()):
        paths = os.pathsep.join([*map(str, path), os.environ["PYTHONPATH"]])
        with (self.folder / "log").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "dask", *map(str, command), "--no-dashboard"],
                cwd=self.folder,
                env=os.environ | {"PYTHONPATH": paths},
                stdout=log,
                stderr=log,
            )
        self.started.append(process)
        return process

    def stop(self):
        for process in reversed(self.started):
            process.kill()
            process.wait()


def wait_for(true, run=None):
    until = time.monotonic() + 60
    while not true():
        assert run is None or run.poll() is None, run.stdout.read()
        assert time.monotonic() < until, "it does not come"
        time.sleep(0.05)


@pytest.fixture
def cluster(tmp_path):
    folder = tmp_path / "cluster"
    folder.mkdir()
    cluster = Cluster(folder)
    yield cluster
    cluster.stop()


@pytest.fixture
def plugin(tmp_path):
    path = tmp_path / "plugin" / "telling.py"
    path.parent.mkdir()
    path.write_text(TELLING)
    return path


@pytest.fixture
def start(tmp_path, tiny, cluster, plugin):
    """Start ``bench run`` on the cluster."""
    started = []

    def begin(*options, out="results.parquet"):
        common = ["--dataset", "folder", "--root", tiny, "--plugin", plugin, "--plugin", PLUGIN]
        common += ["--backend", "dask", "--scheduler", cluster.file, "--out", out]
        process = subprocess.Popen(
            [sys.executable, "-m", "bench", "run", *map(str, (*common, *options))],
            cwd=tmp_path,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )
        started.append(process)
        return process

    yield begin
    for process in started:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def ended(process):
    said, _ = process.communicate(timeout=120)
    assert "Traceback" not in said, said
    return process.returncode, said


def said_until(process, what):
    """Read what a run says until it says this."""
    said = ""
    while what not in said:
        line = process.stdout.readline()
        assert line, said
        said += line
    return said


def finished_rows(tmp_path):
    return len(list((tmp_path / "results.run" / "shards").glob("*.json")))


def test_the_results_are_those_of_one_machine_though_a_worker_is_killed_and_replaced(
    cluster, start, here, tiny, results, tmp_path
):
    methods = ("--methods", "stripes,noisy,shares,counts[wait=0.3]", "--n", "4,9")
    methods += ("--seed", "0,1", "--perturb", "flip", "--metrics", "asa,br,ev", "--limit", "2")
    first = cluster.worker("first")
    cluster.worker("second")
    run = start(*methods, out="results.parquet")
    wait_for(lambda: finished_rows(tmp_path) > 3, run)
    first.kill()
    cluster.worker("third")
    status, said = ended(run)
    assert status == 0, said
    folder = ("--dataset", "folder", "--root", tiny, "--plugin", PLUGIN)
    assert here("run", *methods, *folder, "--out", "one/results.parquet").status == 0
    ours, theirs = results(), results("one/results.parquet")
    assert (ours.status == "ok").all()
    assert ours.stability.notna().sum() == len(ours) / 2
    assert list(ours) == list(theirs)
    compared = [name for name in ours if name not in NOT_COMPARED]
    assert [name for name in compared if not ours[name].equals(theirs[name])] == []
    for kind in ("labels", "annotators"):
        assert contents(tmp_path, kind) == contents(tmp_path / "one", kind)


def contents(folder, kind):
    below = folder / "results.run" / kind
    return {
        path.relative_to(below): path.read_bytes() for path in below.rglob("*") if path.is_file()
    }


def test_where_a_worker_has_neither_plugin_nor_images_both_are_sent(
    cluster, start, results, tmp_path, tiny
):
    cluster.worker("only")
    # A folder that every process sees in its own current one: the worker has none there.
    root = ("--root", "/proc/self/cwd/tiny")
    run = start("--methods", "telling,crashes", "--n", "90", "--limit", "1", *root)
    status, said = ended(run)
    assert status == 2, said
    rows = results()
    assert list(rows.method[rows.status == "crashed"]) == ["crashes"]
    rows = rows[rows.status == "ok"]
    assert rows.asa.notna().all()
    files = {json.loads(facts)["file"] for facts in rows.facts}
    assert all(Path(file).is_relative_to(cluster.folder / "only") for file in files)
    assert not list((cluster.folder / "only").rglob("telling.py"))  # nothing is left there


def test_a_run_waits_for_workers_and_leaves_out_one_with_other_versions(
    cluster, start, results, tmp_path
):
    run = start("--methods", "stripes", "--n", "4")
    said_until(run, "Waiting for Dask workers")
    cluster.worker("odd", path=[another_numpy(tmp_path)])
    said = said_until(run, "left out")
    assert "Dask worker odd" in said
    assert "numpy 9.9 instead of" in said
    cluster.worker("good")
    status, said = ended(run)
    assert status == 0, said
    assert len(results()) == 3


def another_numpy(tmp_path):
    """Return a folder by which Python takes numpy's version for another."""
    fake = tmp_path / "fake"
    (fake / "numpy-9.9.dist-info").mkdir(parents=True)
    (fake / "numpy-9.9.dist-info" / "METADATA").write_text("Name: numpy\nVersion: 9.9\n")
    return fake


def test_a_worker_with_other_versions_is_refused_before_the_first_cell(cluster, start, tmp_path):
    cluster.worker("odd", path=[another_numpy(tmp_path)])
    wait_for_workers(cluster, 1)
    status, said = ended(start("--methods", "stripes", "--n", "4"))
    assert status == 1
    assert "Dask worker odd (tcp://127.0.0.1:" in said
    assert "numpy 9.9 instead of" in said
    assert not (tmp_path / "results.parquet").exists()


def wait_for_workers(cluster, number):
    from distributed import Client

    with Client(scheduler_file=str(cluster.file)) as client:
        client.wait_for_workers(number, timeout=60)


def test_a_worker_that_has_lost_what_it_knew_of_the_run_is_prepared_again(
    cluster, start, results, tmp_path
):
    from distributed import Client

    def forget():
        from bench.cluster import station

        for run in list(station._stations):
            station.close_station(run)

    cluster.worker("only")
    run = start("--methods", "counts[wait=0.3]", "--n", "4,5")
    wait_for(lambda: finished_rows(tmp_path) > 1, run)
    with Client(scheduler_file=str(cluster.file)) as client:
        client.run(forget)
    status, said = ended(run)
    assert status == 0, said
    assert len(results()) == 6
    assert not list((cluster.folder / "only").glob("superpixel-bench-*"))


@pytest.mark.parametrize("names", [("first", "second"), ("first",)])
def test_a_worker_that_cannot_write_is_left_out_by_name(cluster, start, results, tmp_path, names):
    for name in names:
        cluster.worker(name)
    wait_for_workers(cluster, len(names))
    run = start("--methods", "counts[wait=0.3]", "--n", "4,5")
    wait_for(lambda: finished_rows(tmp_path) > 1, run)
    (folder,) = (cluster.folder / "first").glob("**/superpixel-bench-*")
    put_a_file_in_place_of(folder)
    status, said = ended(run)
    assert "Dask worker first (tcp://127.0.0.1:" in said
    assert f"cannot run cells in its folder {folder}" in said.replace("\n", " ")
    assert status == (0 if len(names) == 2 else 1), said
    if status == 0:
        assert len(results()) == 6


def put_a_file_in_place_of(folder):
    """Let nothing be written below a folder, not by root either."""
    gone = folder.with_name("gone")
    while not folder.is_file():
        shutil.rmtree(gone, ignore_errors=True)
        with suppress(FileNotFoundError):
            folder.rename(gone)
        with suppress(IsADirectoryError):
            folder.write_text("")


def test_without_its_scheduler_a_run_ends_like_an_interrupted_one_and_goes_on(
    cluster, start, results, tmp_path
):
    cluster.worker("first")
    command = ("--methods", "counts[wait=0.4]", "--n", "4,5,6,9")
    run = start(*command)
    wait_for(lambda: finished_rows(tmp_path) > 1, run)
    cluster.scheduler.kill()
    status, said = ended(run)
    assert status == 130, said
    assert "scheduler" in said
    assert "The same command again continues" in said
    kept = len(results())
    assert 1 < kept < 12
    cluster.start_scheduler()
    cluster.worker("second")
    status, said = ended(start(*command))
    assert status == 0, said
    assert f"{12 - kept} cells to run ({kept} of 12 are finished)" in said
    assert len(results()) == 12


def test_a_cell_that_brings_workers_down_is_a_row_and_the_others_go_on(
    cluster, start, results, monkeypatch
):
    cluster.scheduler.kill()
    monkeypatch.setenv("DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES", "0")
    cluster.start_scheduler()
    cluster.worker("first")
    cluster.worker("second")
    run = start("--methods", "stripes,telling[kills=true]", "--n", "90", "--limit", "1")
    status, said = ended(run)
    assert status == 2, said
    rows = results().set_index("method")
    assert dict(rows.status) == {"stripes": "ok", "telling": "crashed"}
    assert "the Dask worker died that ran it" in rows.error["telling"]


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGKILL])
def test_a_run_that_ctrl_c_or_a_kill_ends_leaves_no_cell_at_work(cluster, start, tmp_path, sent):
    worker = cluster.worker("only")
    note = tmp_path / "at-work"
    run = start("--methods", f"telling[seconds=600,note={note}]", "--n", "4")
    wait_for(note.exists, run)
    os.killpg(run.pid, sent)
    status, said = ended(run)
    if sent == signal.SIGINT:
        assert status == 130, said
        assert "The same command again continues" in said
    wait_for(lambda: idle(worker))


def idle(worker):
    """Tell whether nothing but loky's and Python's own helpers is left of a worker's children."""
    children = psutil.Process(worker.pid).children(recursive=True)
    try:
        return all("tracker" in " ".join(child.cmdline()) for child in children)
    except psutil.NoSuchProcess:  # it ends right now
        return False


def test_a_cell_of_all_cores_runs_alone_on_its_worker(cluster, start, results):
    cluster.worker("only", "--nthreads", "2")
    status, said = ended(start("--methods", "telling[seconds=1],alone[seconds=1]", "--n", "90"))
    assert status == 0, said
    spans = sorted(
        (facts["began"], facts["ended"], method)
        for method, facts in zip(results().method, map(json.loads, results().facts), strict=True)
    )
    pairs = [{a[2], b[2]} for i, a in enumerate(spans) for b in spans[i + 1 :] if b[0] < a[1]]
    assert len(spans) == 6
    assert not [pair for pair in pairs if "alone" in pair]


def test_cells_of_a_gpu_wait_for_a_worker_that_declares_one(cluster, start, results):
    cluster.worker("plain")
    run = start("--methods", "telling", "--device", "cuda", "--n", "90")
    said_until(run, "Cells of a GPU wait for a Dask worker that declares one")
    cluster.worker("gpu", "--resources", "GPU=1")
    status, said = ended(run)
    assert status == 2, said
    rows = results()
    assert set(rows.device) == {"cuda"}
    assert rows.error.str.contains("no CUDA device was found").all()  # it only says that it has one


SLOW_TO_GREET = """
import sys
import time


class Slow:
    def find_spec(self, name, path=None, target=None):
        if name == "bench.cluster.versions":
            time.sleep(2)


sys.meta_path.insert(0, Slow())
"""


def test_cells_of_a_gpu_wait_while_its_worker_is_made_ready(cluster, start, results, tmp_path):
    slow = tmp_path / "slow"
    slow.mkdir()
    (slow / "sitecustomize.py").write_text(SLOW_TO_GREET)
    cluster.worker("plain")
    run = start("--methods", "telling", "--device", "cuda", "--n", "90")
    said_until(run, "Cells of a GPU wait for a Dask worker that declares one")
    cluster.worker("gpu", "--resources", "GPU=1", path=[slow])
    status, said = ended(run)
    assert status == 2, said
    assert results().error.str.contains("no CUDA device was found").sum() == 3


@pytest.mark.parametrize("content", ["{}", "[1]", '{"address": 5}', "no json"])
def test_a_scheduler_file_of_something_else_is_refused_in_a_line(
    here, tmp_path, monkeypatch, content
):
    (tmp_path / "s.json").write_text(content)
    refused_in_a_line(here, monkeypatch, ("--scheduler", "s.json"), "scheduler answers at s.json (")


def test_an_encrypted_scheduler_without_certificates_is_refused_in_a_line(here, monkeypatch):
    tls = ("--scheduler", "tls://127.0.0.1:8786")
    refused_in_a_line(here, monkeypatch, tls, "set DASK_DISTRIBUTED__COMM__TLS__CA_FILE")


def refused_in_a_line(here, monkeypatch, options, why):
    from bench.cluster import connection

    monkeypatch.setattr(connection, "ANSWERS_WITHIN_S", 1.0)
    common = ("--methods", "grid", "--n", "4", "--limit", "1", "--backend", "dask")
    finished = here("run", *common, *options)
    assert finished.status == 1
    assert why in finished.out
    assert "Traceback" not in finished.out


def test_a_cluster_of_this_machine(bench, results):
    options = ("--backend", "dask", "--scheduler", "local", "--workers", 1, "--limit", 1)
    finished = bench("run", "--methods", "grid", "--n", "4", *options)
    assert finished.status == 0, finished.out
    assert list(results().status) == ["ok"]


@pytest.mark.parametrize(
    ("options", "why"),
    [
        (("--backend", "dask"), "--backend dask needs --scheduler"),
        (("--scheduler", "local"), "give --backend dask as well"),
        (("--backend", "dask", "--scheduler", "local", "--timing"), "never on a cluster"),
        (("--backend", "dask", "--scheduler", "tcp://h:1", "--workers", "2"), "leave it out"),
        (("--backend", "dask", "--scheduler", "none.json"), "no file none.json"),
        (("--backend", "dask", "--scheduler", "nowhere"), "no Dask scheduler answers at nowhere"),
        (("--backend", "dask", "--scheduler", "local", "--device", "cuda"), "declare no GPU"),
    ],
)
def test_what_does_not_go_with_a_cluster_is_refused_in_a_line(here, options, why, monkeypatch):
    from bench.cluster import connection

    monkeypatch.setattr(connection, "ANSWERS_WITHIN_S", 1.0)
    finished = here("run", "--methods", "grid", "--n", "4", "--limit", "1", *options)
    assert finished.status == 1
    assert why in finished.out
    assert "Traceback" not in finished.out
