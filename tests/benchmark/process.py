"""A command as a whole process: its seconds, its processor time and its memory."""

import json
import os
import subprocess
import sys
import time

# Between this process and the command: the largest memory of a process begins with that of the
# one that forked it, so whoever starts the command must be small.
BETWEEN = """
import json, os, resource, subprocess, sys, time
start = time.perf_counter()
code = subprocess.call(sys.argv[2:])
seconds = time.perf_counter() - start
used = resource.getrusage(resource.RUSAGE_CHILDREN)
said = [code, seconds, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024]
os.write(int(sys.argv[1]), json.dumps(said).encode())
"""


class Process:
    """A command that was started just now.

    Attributes
    ----------
    seconds : float
        From start to exit; this and what follows once it has `ended`.
    processor : float
        Processor seconds of it and of the processes that it waited for.
    megabytes : float
        The most memory that one of these processes held.
    """

    def __init__(self, command):
        self.command = command
        self._start = time.perf_counter()
        self._said, write = os.pipe()
        between = [sys.executable, "-S", "-c", BETWEEN, str(write), *command]
        self._process = subprocess.Popen(between, pass_fds=[write])
        os.close(write)

    @property
    def age(self):
        """Seconds since the start."""
        return time.perf_counter() - self._start

    @property
    def running(self):
        """Whether it has not ended yet."""
        return self._process.poll() is None

    def ended(self):
        """Wait for the end, which must be a good one; return this process."""
        self._process.wait()
        with os.fdopen(self._said) as said:
            status, self.seconds, self.processor, self.megabytes = json.load(said)
        if status:
            raise RuntimeError(f"{self.command} ended with {status}")
        return self
