"""The Chromium of this machine, and how it is started for tests and benchmarks."""

import shutil

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
# Without the sandbox, as in containers; and nothing that looks for updates.
ARGUMENTS = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)


def program():
    """Return its path; None where there is none."""
    return next(filter(None, map(shutil.which, NAMES)), None)


def launch(playwright):
    """Start it without a window and with an empty profile."""
    return playwright.chromium.launch(executable_path=program(), args=list(ARGUMENTS))
