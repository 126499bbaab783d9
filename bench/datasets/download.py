"""Fetching BSDS500 file by file from its public mirror: verified, in parallel, resumable."""

from __future__ import annotations

import contextlib
import hashlib
import threading
from collections.abc import Collection, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal

BASE_URL = (
    "https://raw.githubusercontent.com/BIDS/BSDS500/"
    "a04b7c6c3a9f0ace74bf205c72a43d32e1c72722/BSDS500/data/"
)
THREADS = 8
# So many failures without a success between them mean that the mirror cannot be reached.
GIVE_UP_AFTER = 16
NOT_TRIED = "not tried after so many failures"
_TIMEOUT_S = 30
# A file that is not there, or not allowed, will not be there a second later either.
_TRANSIENT_STATUS = (408, 425, 429, 500, 502, 503, 504)


@dataclass(frozen=True)
class Outcome:
    """What became of one file of the list, and why if it failed."""

    path: str
    status: Literal["present", "downloaded", "failed"]
    reason: str = ""


def read_hashes() -> dict[str, str]:
    """Return the SHA-256 of every file of BSDS500 by its path below the data folder."""
    text = files("bench.datasets").joinpath("bsds500.sha256").read_text("utf-8")
    return dict(line.split() for line in text.splitlines())


def of_splits(hashes: Mapping[str, str], splits: Collection[str]) -> dict[str, str]:
    """Return the files of some splits; a path is ``images|groundTruth/<split>/<file>``."""
    return {path: value for path, value in hashes.items() if path.split("/")[1] in splits}


def verify(folder: Path, hashes: Mapping[str, str]) -> Iterator[Outcome]:
    """Compare the files in a folder with their SHA-256, without fetching any."""
    for path, expected in hashes.items():
        if not (folder / path).is_file():
            yield Outcome(path, "failed", "missing")
        elif not _matches(folder / path, expected):
            yield Outcome(path, "failed", "content differs (truncated or changed)")
        else:
            yield Outcome(path, "present")


def fetch(
    folder: Path,
    hashes: Mapping[str, str],
    url: str,
    attempts: int = 3,
    backoff_s: float = 1.0,
) -> Iterator[Outcome]:
    """Fetch what a folder lacks, `THREADS` files at a time, and yield each file as it is done.

    A file appears under its name only when it is complete and its SHA-256 is right, so an
    interrupted run leaves nothing to clean up and the next one goes on where it stopped. A file
    already there is kept if its SHA-256 is right and fetched again if not.

    Parameters
    ----------
    folder : Path
        Where the files go; made if missing.
    hashes : mapping
        SHA-256 (hex) by path below `folder` and below `url`.
    url : str
        Base URL.
    attempts : int
        How often a file is tried when the transfer breaks, its content is wrong, or the server
        has a passing problem.
    backoff_s : float
        Pause before the second attempt in seconds, doubled before each further one.
    """
    import pooch

    # Made here, since many threads that find a folder missing would all try to make it.
    made = _make_folders({(folder / path).parent for path in hashes})
    pooch.get_logger().setLevel("CRITICAL")
    source = pooch.create(path=folder, base_url=url.rstrip("/") + "/", registry=dict(hashes))
    stop = threading.Event()
    threads = ThreadPoolExecutor(THREADS)
    failures = 0
    try:
        waiting = [
            threads.submit(_fetch_one, source, path, attempts, backoff_s, stop) for path in hashes
        ]
        for done in as_completed(waiting):
            outcome = done.result()
            if outcome.status == "downloaded":
                failures = 0
            elif outcome.status == "failed":
                failures += 1
            if failures == GIVE_UP_AFTER:
                stop.set()
            yield outcome
    finally:
        stop.set()
        threads.shutdown(cancel_futures=True)
        # No folder stays behind that looks like a data set and holds none; the user's own do.
        for empty in reversed(made):
            with contextlib.suppress(OSError):
                empty.rmdir()


def _make_folders(folders: Collection[Path]) -> list[Path]:
    """Make folders and what lies above them; return those that were not there, outermost first."""
    missing = {path for each in folders for path in (each, *each.parents) if not path.exists()}
    made = []
    for path in sorted(missing):
        path.mkdir(exist_ok=True)
        made.append(path)
    return made


def _fetch_one(
    source: Any, path: str, attempts: int, backoff_s: float, stop: threading.Event
) -> Outcome:
    import pooch
    import requests

    target = Path(source.abspath) / path
    if target.is_file() and _matches(target, source.registry[path]):
        return Outcome(path, "present")
    reason = NOT_TRIED
    for attempt in range(attempts):
        if attempt:
            stop.wait(backoff_s * 2 ** (attempt - 1))
        if stop.is_set():
            break
        try:
            source.fetch(path, downloader=pooch.HTTPDownloader(timeout=_TIMEOUT_S))
            # pooch leaves it readable for its owner only; it is for whom its folder is for.
            target.chmod(target.parent.stat().st_mode & 0o666)
            return Outcome(path, "downloaded")
        except requests.HTTPError as error:
            reason = f"the server answered {error}"
            if getattr(error.response, "status_code", None) not in _TRANSIENT_STATUS:
                break
        except requests.RequestException as error:
            reason = f"the transfer broke ({type(error).__name__})"
        except ValueError:
            reason = "its content is wrong (the SHA-256 differs from the list)"
        except OSError as error:
            reason = f"cannot write {target} ({error.strerror or error})"
            break
    return Outcome(path, "failed", reason)


def _matches(path: Path, expected: str) -> bool:
    return hashlib.sha256(path.read_bytes()).hexdigest() == expected
