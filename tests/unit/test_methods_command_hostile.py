"""A program that misbehaves costs its own cell: nothing of it stays, nothing of it fills memory."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import psutil
import pytest

from methods import get_method

IMAGE = np.random.default_rng(0).integers(0, 256, (12, 20, 3), dtype=np.uint8)
LABELS = np.arange(240).reshape(12, 20) % 7

# Children of a program: one in its group, one in a session of its own whose parent is gone. Both
# have the program's output open. Their numbers go to a file, and then the program may go on.
CHILDREN = """
import os, sys, time
from pathlib import Path
def child(alone):
    if os.fork() == 0:
        if alone:
            os.setsid()
            if os.fork():
                os._exit(0)
        with open(sys.argv[0] + '.pids', 'a') as file:
            file.write(f'{os.getpid()}\\n')
        time.sleep(600)
child(False), child(True)
pids = Path(sys.argv[0] + '.pids')
while not (pids.exists() and pids.read_text().count('\\n') == 2):
    time.sleep(0.01)
with pids.open('a') as file:
    file.write(f'{os.getpid()}\\n')
"""
WRITE_LABELS = """
import sys
from pathlib import Path
row = ','.join(str(x % 7) for x in range(20))
Path(sys.argv[-1]).with_suffix('.csv').write_text((row + '\\n') * 12)
"""
LINUX = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere only the group is ended")


@pytest.fixture
def command(tmp_path):
    def make(program, arguments="{image} {n} {labels}", **params):
        path = tmp_path / "program.py"
        path.write_text(program)
        return get_method("command", cmd=f"{sys.executable} {path} {arguments}", **params)

    return make


@pytest.fixture
def pids(tmp_path):
    """Wait until a program and its children have started, and return their numbers."""
    path = tmp_path / "program.py.pids"

    def read():
        while not path.exists() or path.read_text().count("\n") < 3:
            time.sleep(0.01)
        return [int(line) for line in path.read_text().split()]

    return read


def running(pids):
    return [pid for pid in pids if psutil.pid_exists(pid)]


@LINUX
def test_what_a_program_leaves_behind_is_ended_with_it(command, pids):
    command(CHILDREN + WRITE_LABELS).segment(IMAGE, 2)
    assert running(pids()) == []


@LINUX
def test_a_program_whose_time_is_up_is_ended_with_all_it_started(command, pids, monkeypatch):
    class TimeIsUp(BaseException):
        pass

    def ring(*_):
        raise TimeIsUp

    def ring_when_started():
        pids()
        os.kill(os.getpid(), signal.SIGALRM)

    before = signal.signal(signal.SIGALRM, ring)
    thread = threading.Thread(target=ring_when_started)
    try:
        thread.start()
        with pytest.raises(TimeIsUp):
            command(CHILDREN + "time.sleep(600)").segment(IMAGE, 2)
    finally:
        thread.join()
        signal.signal(signal.SIGALRM, before)
    assert running(pids()) == []


@LINUX
def test_a_program_is_ended_when_who_runs_it_is_killed(command, pids):
    cmd = command(CHILDREN + "time.sleep(600)").cmd
    code = (
        "import numpy as np, sys; from methods import get_method;"
        "get_method('command', cmd=sys.argv[1]).segment(np.zeros((9, 9, 3), np.uint8), 2)"
    )
    with subprocess.Popen([sys.executable, "-c", code, cmd]) as worker:
        started = pids()
        worker.kill()
    while running(started):  # nobody waits for it but the guardian, which is at it
        time.sleep(0.01)


def test_what_a_program_prints_neither_blocks_it_nor_fills_memory(command):
    program = (
        "import sys\nfor _ in range(64):\n"
        " print('o' * 2**20)\n print('e' * 2**20, file=sys.stderr)\n"
        "sys.exit('the end')"
    )
    with pytest.raises(RuntimeError, match=r"exit status 1: \.\.\. e+ the end$") as caught:
        command(program).segment(IMAGE, 2)
    assert len(str(caught.value)) < 700


@pytest.mark.parametrize(
    ("program", "message"),
    [
        ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", "was ended by SIGSEGV: no mes"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "SIGKILL.* memory is short"),
        ("import os; os.kill(os.getpid(), 40)", "was ended by signal 40"),
        ("import sys; sys.exit('no ' + sys.argv[1])", "exit status 1: no image.png$"),
        ("print('to stdout'); raise SystemExit(3)", "exit status 3: to stdout"),
        ("raise SystemExit('\\x1b[2J\\x07red')", "exit status 1: red"),
        ("print('one'); import sys; print('\\x1b[0m', file=sys.stderr); sys.exit(1)", "1: one$"),
        ("import sys; print(repr(sys.stdin.read())); sys.exit(4)", "exit status 4: ''"),
        ("import os, sys; os.closerange(0, 99); os._exit(5)", "exit status 5: no message"),
    ],
)
def test_how_a_program_ended_is_told(command, program, message):
    with pytest.raises(RuntimeError, match=message):
        command(program).segment(IMAGE, 2)


def test_a_program_that_kills_what_watches_it_is_told_so(command):
    with pytest.raises(RuntimeError, match=r"^the process that watches .* end no process but its"):
        command("import os; os.kill(os.getppid(), 9)").segment(IMAGE, 2)


@pytest.mark.parametrize(
    ("program", "message"),
    [
        ("os.mkfifo(labels)", "something else than a plain file"),
        ("os.mkdir(labels)", "something else than a plain file"),
        ("os.symlink('/etc/passwd', labels)", "something else than a plain file"),
        ("os.symlink('/no/such', labels)", "something else than a plain file"),
        ("open(labels, 'w').truncate(2**33)", "wrote 8589934592 bytes to labels.png"),
        ("open(labels, 'w')", r"wrote no label map: labels\.png: is not a readable PNG"),
        ("os.rmdir(os.path.dirname(labels))", "Directory not empty"),
        ("import shutil; shutil.rmtree(os.path.dirname(labels))", "wrote no labels"),
    ],
)
def test_a_label_file_that_is_none_is_refused_unread(command, program, message):
    with pytest.raises(RuntimeError, match=message):
        command(f"import os, sys\nlabels = sys.argv[-1]\n{program}").segment(IMAGE, 2)


@pytest.mark.parametrize(
    "name", ["a b", "a'b\"c", "a\nb", "{n}{labels}", "--out=x", "ü€", "$HOME;x"]
)
def test_paths_reach_the_program_as_they_are(tmp_path, monkeypatch, name):
    import tempfile

    folder = tmp_path / name
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    program = tmp_path / "-a program"
    seen = tmp_path / "seen"
    program.write_text(
        f"#!{sys.executable}\nimport sys\nfrom pathlib import Path\n"
        f"Path({str(seen)!r}).write_text(repr(sys.argv[1:]))\n{WRITE_LABELS}"
    )
    program.chmod(0o755)
    quoted = "'" + str(program).replace("'", "'\"'\"'") + "'"
    method = get_method("command", cmd=f"{quoted} --in={{image}}:{{n}} '' '*' '' {{labels}}")
    np.testing.assert_array_equal(method.segment(IMAGE, 5)[0], np.arange(20) % 7)
    image, empty, star, again, labels = eval(seen.read_text())
    assert image == f"--in={Path(labels).parent}/image.png:5"
    assert (empty, star, again) == ("", "*", "")
    assert Path(labels).parents[1] == folder


def test_nothing_of_a_call_stays_on_disk(command, tmp_path, monkeypatch):
    import tempfile

    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))
    command(WRITE_LABELS).segment(IMAGE, 2)
    with pytest.raises(RuntimeError):
        command("raise SystemExit(1)").segment(IMAGE, 2)
    assert list((tmp_path / "tmp").iterdir()) == []


def test_no_descriptor_stays_open(command):
    method = command(WRITE_LABELS)
    method.segment(IMAGE, 2)
    before = psutil.Process().num_fds()
    method.segment(IMAGE, 2)
    with pytest.raises(RuntimeError):
        get_method("command", cmd="./no {image} {labels}").segment(IMAGE, 2)
    assert psutil.Process().num_fds() == before


def test_the_program_has_its_own_clock_and_memory(command):
    program = f"x = bytearray(b'x' * 2**26)\nsum(range(10**6))\n{WRITE_LABELS}"
    method = command(program)
    method.segment(IMAGE, 2)
    facts = method.facts
    assert set(facts) == {"program_s", "program_cpu_s", "program_peak_mb"}
    assert facts["program_cpu_s"] > 0
    assert 64 < facts["program_peak_mb"] < psutil.Process().memory_info().rss / 2**20


@pytest.mark.parametrize("cmd", ["p {image} {labels} \0", "p {image} {labels} \ud800"])
def test_a_command_that_no_system_can_run_is_refused_when_made(cmd):
    with pytest.raises(ValueError, match="cannot be run"):
        get_method("command", cmd=cmd)


def test_a_command_line_that_is_too_long_is_an_error():
    method = get_method("command", cmd="p {image} {labels} " + "x" * 2**18)
    with pytest.raises(RuntimeError, match="Argument list too long"):
        method.segment(IMAGE, 2)
