"""File systems of their own for faults: small ones that fill, and ones that lose their power."""

import os
import shutil
import subprocess
import sys
import time
from contextlib import contextmanager

_PATH = f"{os.environ['PATH']}:/usr/sbin:/sbin"


def cannot_mount():
    """Say why file systems cannot be mounted here; nothing if they can."""
    if sys.platform != "linux" or os.geteuid():
        return "mounting a file system needs root on Linux"
    if shutil.which("mkfs.ext4", path=_PATH) is None:
        return "there is no mkfs.ext4"
    tried = subprocess.run(["losetup", "--find"], capture_output=True, env={"PATH": _PATH})
    return "" if tried.returncode == 0 else "there are no loop devices"


class Disk:
    """An ext4 file system in an image of 64 MB, mounted in a folder."""

    def __init__(self, folder, options):
        self.image, self.mounted, self.options = folder / "image", folder / "disk", options
        self.mounted.mkdir()
        with self.image.open("wb") as image:
            image.truncate(64 << 20)
        subprocess.run(["mkfs.ext4", "-q", "-F", self.image], check=True, env={"PATH": _PATH})
        self.mount()

    def mount(self):
        how = f"loop,{self.options}"
        subprocess.run(["mount", "-o", how, str(self.image), str(self.mounted)], check=True)

    def lose_power(self):
        """Go on with what is in the image now, without what is only in memory."""
        copy = self.image.with_name("copy")
        shutil.copyfile(self.image, copy)
        unmount(self.mounted)  # this writes the rest, to the image that is thrown away
        copy.replace(self.image)
        self.mount()


@contextmanager
def ext4(folder, options="defaults"):
    """Yield a file system that can lose its power."""
    made = Disk(folder, options)
    try:
        yield made
    finally:
        unmount(made.mounted)


@contextmanager
def small(folder, size="8m"):
    """Yield a folder that is a file system in memory, and soon full."""
    mounted = folder / "small"
    mounted.mkdir()
    how = ["-t", "tmpfs", "-o", f"size={size}", "tmpfs"]
    subprocess.run(["mount", *how, str(mounted)], check=True)
    try:
        yield mounted
    finally:
        unmount(mounted)


def unmount(mounted):
    for _ in range(100):  # what was killed may still be closing its files
        if not subprocess.run(["umount", str(mounted)], capture_output=True).returncode:
            return
        time.sleep(0.1)
    raise RuntimeError(f"{mounted} cannot be unmounted")
