"""The memory that a container leaves, by the files in which Linux says so."""

from types import SimpleNamespace

import pytest

from bench.storage import provenance
from methods import memory
from methods.memory import memory_left, memory_limit
from methods.neural.machine import available_memory

GIB = 2**30


@pytest.fixture
def system(tmp_path):
    """Write the files of a system that has such groups."""

    def write(files):
        for name, text in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(f"{text}\n")
        return tmp_path

    return write


def group(top, limit, used, cache=0, **more):
    stat = f"anon 5\ninactive_file {cache}\nslab 7"
    files = {"memory.max": limit, "memory.current": used, "memory.stat": stat, **more}
    return {f"{top}/{name}": text for name, text in files.items()}


def test_a_limit_leaves_less_than_the_machine_has(system):
    root = system(
        {"proc/self/cgroup": "0::/job.slice/step"}
        | group("sys/fs/cgroup/job.slice/step", 8 * GIB, 5 * GIB)
    )
    assert memory_limit(root) == 8 * GIB
    assert memory_left(root) == 3 * GIB


def test_a_cache_of_files_is_given_back(system):
    root = system(
        {"proc/self/cgroup": "0::/"} | group("sys/fs/cgroup", 8 * GIB, 8 * GIB, cache=6 * GIB)
    )
    assert memory_left(root) == 6 * GIB


def test_the_groups_that_it_is_in_count_as_well(system):
    root = system(
        {"proc/self/cgroup": "0::/job/step"}
        | group("sys/fs/cgroup/job/step", "max", GIB)
        | group("sys/fs/cgroup/job", 4 * GIB, 3 * GIB)
    )
    assert memory_limit(root) == 4 * GIB
    assert memory_left(root) == GIB


def test_a_limit_that_slows_down_counts_like_one_that_kills(system):
    high = {"memory.high": 2 * GIB}
    root = system({"proc/self/cgroup": "0::/"} | group("sys/fs/cgroup", 4 * GIB, GIB, **high))
    assert memory_limit(root) == 2 * GIB


def test_a_group_that_uses_more_than_it_may_has_nothing_left(system):
    root = system({"proc/self/cgroup": "0::/"} | group("sys/fs/cgroup", GIB, 2 * GIB))
    assert memory_left(root) == 0


def test_the_older_files_are_read_too_even_if_a_container_shows_its_own_at_the_top(system):
    top = "sys/fs/cgroup/memory"
    root = system(
        {
            "proc/self/cgroup": "9:name=systemd:/docker/5e1f\n4:memory:/docker/5e1f\n0::/",
            f"{top}/memory.limit_in_bytes": 8 * GIB,
            f"{top}/memory.usage_in_bytes": 3 * GIB,
            f"{top}/memory.stat": f"cache 1\ntotal_inactive_file {GIB}",
        }
    )
    assert memory_limit(root) == 8 * GIB
    assert memory_left(root) == 6 * GIB


def test_without_groups_or_limits_it_is_not_limited(system, tmp_path):
    assert memory_limit(tmp_path) is None
    root = system({"proc/self/cgroup": "0::/"} | group("sys/fs/cgroup", "max", GIB))
    assert memory_left(root) is None
    older = {"memory.limit_in_bytes": 0x7FFFFFFFFFFFF000, "memory.usage_in_bytes": GIB}
    files = {f"sys/fs/cgroup/memory/{name}": text for name, text in older.items()}
    assert memory_limit(system({"proc/self/cgroup": "4:memory:/"} | files)) is None


def test_networks_ask_for_what_both_the_machine_and_the_container_have(monkeypatch):
    there = SimpleNamespace(available=5 * GIB)
    monkeypatch.setattr(memory.psutil, "virtual_memory", lambda: there)
    for left, available in ((None, 5), (3 * GIB, 3), (9 * GIB, 5)):
        monkeypatch.setattr(memory, "memory_left", lambda left=left: left)
        assert available_memory("cpu") == available * GIB


def test_the_machine_of_a_row_has_the_memory_of_the_container(monkeypatch):
    monkeypatch.setattr(provenance, "memory_limit", lambda: GIB // 2)
    assert provenance.machine()["memory_gb"] == 0.5
