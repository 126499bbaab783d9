"""``bench data bsds500`` against a local server: whole, resumed, broken, refused transfers."""

import hashlib
import importlib
import threading
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from bench.cli.data import data
from bench.datasets import download
from bench.errors import UsageError

CONTENT = {
    f"{kind}/{split}/{i}{extension}": f"{kind} {split} {i} ".encode() * 500
    for kind, extension in (("images", ".jpg"), ("groundTruth", ".mat"))
    for split in ("train", "val", "test")
    for i in range(2)
}
HASHES = {path: hashlib.sha256(content).hexdigest() for path, content in CONTENT.items()}
data_module = importlib.import_module("bench.cli.data")  # the package has it as a function
VICTIM = "images/val/1.jpg"


class Mirror(ThreadingHTTPServer):
    """Serves CONTENT, with faults for single paths: a list of answers, the last one repeated."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.faults = {}
        self.asked = Counter()
        self.lock = threading.Lock()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}/data/"


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        path = self.path.removeprefix("/data/")
        with self.server.lock:
            self.server.asked[path] += 1
            count = self.server.asked[path]
        faults = self.server.faults.get(path, ["ok"])
        fault = faults[min(count, len(faults)) - 1]
        content = CONTENT.get(path)
        if content is None or isinstance(fault, int):
            self.send_error(fault if isinstance(fault, int) else 404)
            return
        body = {"cut": content[:700], "wrong": b"x" + content[1:]}.get(fault, content)
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments):
        pass


@pytest.fixture
def mirror():
    server = Mirror()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(autouse=True)
def fake_hashes(monkeypatch):
    monkeypatch.setattr(download, "read_hashes", lambda: dict(HASHES))
    for variable in ("SUPERPIXEL_BENCH_BSDS500", "SUPERPIXEL_BENCH_BSDS500_URL"):
        monkeypatch.delenv(variable, raising=False)


def fetch(folder, mirror, **options):
    outcomes = download.fetch(folder, HASHES, mirror.url, backoff_s=0.0, **options)
    return {outcome.path: outcome for outcome in outcomes}


def files_in(folder: Path):
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_every_file_is_fetched_under_its_name(tmp_path, mirror):
    outcomes = fetch(tmp_path, mirror)
    assert {o.status for o in outcomes.values()} == {"downloaded"}
    assert files_in(tmp_path) == CONTENT


def test_a_second_run_asks_the_server_for_nothing(tmp_path, mirror):
    fetch(tmp_path, mirror)
    mirror.asked.clear()
    assert {o.status for o in fetch(tmp_path, mirror).values()} == {"present"}
    assert not mirror.asked


def test_a_run_goes_on_where_an_interrupted_one_stopped(tmp_path, mirror):
    first = download.fetch(tmp_path, HASHES, mirror.url)
    next(first)
    first.close()
    kept = set(files_in(tmp_path))
    assert kept
    mirror.asked.clear()
    fetch(tmp_path, mirror)
    assert set(mirror.asked) == set(CONTENT) - kept
    assert files_in(tmp_path) == CONTENT


@pytest.mark.parametrize("damage", [b"", b"truncat", b"y" * 9000])
def test_a_damaged_file_in_the_folder_is_fetched_again(tmp_path, mirror, damage):
    fetch(tmp_path, mirror)
    (tmp_path / VICTIM).write_bytes(damage)
    assert fetch(tmp_path, mirror)[VICTIM].status == "downloaded"
    assert files_in(tmp_path) == CONTENT


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ("cut", "the transfer broke"),
        ("wrong", "its content is wrong"),
        (404, "the server answered 404"),
        (503, "the server answered 503"),
    ],
)
def test_a_lasting_fault_loses_that_file_only_and_leaves_nothing_behind(
    tmp_path, mirror, fault, reason
):
    mirror.faults[VICTIM] = [fault]
    outcomes = fetch(tmp_path, mirror)
    assert outcomes[VICTIM].status == "failed"
    assert reason in outcomes[VICTIM].reason
    assert files_in(tmp_path) == {p: c for p, c in CONTENT.items() if p != VICTIM}


@pytest.mark.parametrize("fault", ["cut", "wrong", 503])
def test_a_passing_fault_is_tried_again(tmp_path, mirror, fault):
    mirror.faults[VICTIM] = [fault, "ok"]
    assert fetch(tmp_path, mirror)[VICTIM].status == "downloaded"
    assert mirror.asked[VICTIM] == 2


def test_a_missing_file_is_not_asked_for_twice(tmp_path, mirror):
    mirror.faults[VICTIM] = [404]
    fetch(tmp_path, mirror)
    assert mirror.asked[VICTIM] == 1


def test_an_unreachable_mirror_is_given_up_soon(tmp_path, mirror, monkeypatch):
    monkeypatch.setattr(download, "THREADS", 1)
    monkeypatch.setattr(download, "GIVE_UP_AFTER", 3)
    mirror.faults = {path: [503] for path in CONTENT}
    outcomes = fetch(tmp_path, mirror, attempts=1)
    assert len(outcomes) == len(CONTENT)
    assert {o.status for o in outcomes.values()} == {"failed"}
    assert any(o.reason == download.NOT_TRIED for o in outcomes.values())


def test_verify_names_missing_and_changed_files(tmp_path, mirror):
    fetch(tmp_path, mirror)
    (tmp_path / VICTIM).write_bytes(b"other")
    (tmp_path / "images/val/0.jpg").unlink()
    reasons = {o.path: o.reason for o in download.verify(tmp_path, HASHES) if o.status == "failed"}
    assert set(reasons) == {VICTIM, "images/val/0.jpg"}
    assert reasons["images/val/0.jpg"] == "missing"


def test_the_list_of_the_package_has_every_file_of_the_data_set(monkeypatch):
    monkeypatch.undo()
    hashes = download.read_hashes()
    assert len(hashes) == 1000
    assert {len(value) for value in hashes.values()} == {64}
    count = Counter(tuple(path.split("/")[:2]) for path in hashes)
    assert count == {
        (kind, split): n
        for kind in ("images", "groundTruth")
        for split, n in (("train", 200), ("val", 100), ("test", 200))
    }
    assert len(download.of_splits(hashes, ["val"])) == 200


def command(folder, url=None, split=None, verify=False):
    return data("bsds500", root=folder, split=split, verify=verify, url=url)


def test_command_says_where_the_files_are_and_how_to_use_them(tmp_path, mirror, capsys):
    assert command(tmp_path / "b", mirror.url, ["val"]) == 0
    shown = capsys.readouterr()
    assert f"4 files complete and verified in {tmp_path / 'b'} (4 of them new)" in shown.out
    assert f"--dataset bsds500 --root {tmp_path / 'b'}" in shown.out
    assert "cite" in shown.out
    assert "4 of 4 files" in shown.err
    assert set(files_in(tmp_path / "b")) == {p for p in CONTENT if "/val/" in p}


def test_command_fails_with_name_reason_and_cure(tmp_path, mirror, capsys):
    mirror.faults[VICTIM] = [404]
    assert command(tmp_path, mirror.url) == 1
    shown = capsys.readouterr()
    assert f"{VICTIM}: the server answered 404" in shown.err
    assert "1 of 12 files are missing or wrong; run the same command again" in shown.err


def test_command_tells_when_the_mirror_cannot_be_reached(tmp_path, mirror, capsys, monkeypatch):
    monkeypatch.setattr(download, "THREADS", 1)
    monkeypatch.setattr(download, "GIVE_UP_AFTER", 2)
    mirror.faults = {path: [404] for path in CONTENT}
    assert command(tmp_path, mirror.url) == 1
    shown = capsys.readouterr().err
    assert "12 of 12 files are missing or wrong; the mirror cannot be reached" in shown
    assert "SUPERPIXEL_BENCH_BSDS500_URL" in shown


def test_command_finds_a_copy_inside_the_root(tmp_path, mirror, capsys):
    fetch(tmp_path / "BSDS500" / "data", mirror)
    assert command(tmp_path, verify=True) == 0
    assert str(tmp_path / "BSDS500" / "data") in capsys.readouterr().out


def test_command_verify_fetches_nothing(tmp_path, capsys):
    assert command(tmp_path / "b", verify=True) == 1
    assert "12 of 12 files are missing or wrong; 'bench data bsds500" in capsys.readouterr().err
    assert not (tmp_path / "b").exists()


def test_command_interrupted_says_that_nothing_is_lost(tmp_path, mirror, capsys, monkeypatch):
    def interrupted(outcomes, total):
        yield next(outcomes)
        raise KeyboardInterrupt

    monkeypatch.setattr(data_module, "_shown", interrupted)
    with pytest.raises(KeyboardInterrupt):
        command(tmp_path, mirror.url)
    assert "the same command goes on from there" in capsys.readouterr().err


def test_command_goes_to_the_folder_that_the_data_set_is_read_from(tmp_path, mirror, monkeypatch):
    monkeypatch.setenv("SUPERPIXEL_BENCH_BSDS500", str(tmp_path / "mine"))
    assert command(None, mirror.url) == 0
    assert files_in(tmp_path / "mine") == CONTENT


def test_command_tells_a_folder_that_cannot_be_written(tmp_path, mirror):
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(UsageError, match=r"cannot write to .*file.*--root"):
        command(tmp_path / "file", mirror.url)


def test_command_answers_unknown_names_with_the_nearest(tmp_path):
    with pytest.raises(UsageError, match="did you mean 'bsds500'"):
        data("bsds50")
    with pytest.raises(UsageError, match="did you mean 'test'"):
        command(tmp_path, split=["tset"])


@pytest.mark.parametrize("name", ["sample", "folder"])
def test_command_has_nothing_to_fetch_for_the_others(name, capsys):
    assert data(name) == 0
    assert name in capsys.readouterr().out


def test_command_without_a_name_lists_what_is_here(tmp_path, mirror, monkeypatch, capsys):
    fetch(tmp_path, mirror)
    monkeypatch.setenv("SUPERPIXEL_BENCH_BSDS500", str(tmp_path))
    assert data() == 0
    shown = capsys.readouterr().out
    assert "sample" in shown
    assert f"bsds500 val: 2 images, 2 annotation files in {tmp_path}" in shown
    monkeypatch.setenv("SUPERPIXEL_BENCH_BSDS500", str(tmp_path / "nowhere"))
    assert data() == 0
    assert "bsds500 val: not here; fetch it with" in capsys.readouterr().out


def test_command_lists_what_is_in_the_folder_that_is_named(tmp_path, mirror, monkeypatch, capsys):
    fetch(tmp_path / "here", mirror)
    (tmp_path / "here/images/test/1.jpg").unlink()
    monkeypatch.setenv("SUPERPIXEL_BENCH_BSDS500", str(tmp_path / "nowhere"))
    assert data(root=tmp_path / "here") == 0
    shown = capsys.readouterr().out
    assert f"bsds500 val: 2 images, 2 annotation files in {tmp_path / 'here'}\n" in shown
    assert "bsds500 test: 1 of 2 images, 2 annotation files in" in shown
    assert f"fetch the rest with 'bench data bsds500 --split test --root {tmp_path}" in shown
    assert data(root=tmp_path / "here", split=["val"]) == 0
    assert "bsds500 test" not in capsys.readouterr().out
    with pytest.raises(UsageError, match=r"--root: .*gone is no folder"):
        data(root=tmp_path / "gone")
    with pytest.raises(UsageError, match="bench data bsds500 --verify"):
        data(verify=True)


def test_a_download_leaves_the_users_own_folders_and_files_alone(tmp_path, mirror):
    for own in ("my experiments/empty", "images/mine", "groundTruth/val"):
        (tmp_path / own).mkdir(parents=True)
    (tmp_path / "notes.txt").write_text("mine")
    (tmp_path / "notes.txt").chmod(0o600)
    (tmp_path / "images").chmod(0o700)
    mirror.faults = {path: [404] for path in CONTENT if "/test/" not in path}
    fetch(tmp_path, mirror)
    folders = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_dir()}
    assert folders == {
        *("my experiments", "my experiments/empty", "images", "images/mine", "images/test"),
        *("groundTruth", "groundTruth/val", "groundTruth/test"),
    }
    assert (tmp_path / "notes.txt").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "images").stat().st_mode & 0o777 == 0o700


def test_a_download_that_got_nothing_leaves_nothing(tmp_path, mirror):
    mirror.faults = {path: [404] for path in CONTENT}
    fetch(tmp_path / "new" / "data", mirror)
    assert not list(tmp_path.iterdir())


def test_downloaded_files_are_for_whom_their_folder_is_for(tmp_path, mirror):
    (tmp_path / "images/val").mkdir(parents=True)
    (tmp_path / "images/val").chmod(0o700)
    fetch(tmp_path, mirror)
    assert (tmp_path / VICTIM).stat().st_mode & 0o777 == 0o600
