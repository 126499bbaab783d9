"""The way to a Dask scheduler: an address, a scheduler file, or one that is started here."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from bench.errors import UsageError

if TYPE_CHECKING:
    from distributed import Client

LOCAL = "local"
ANSWERS_WITHIN_S = 20.0
# Without a scheduler there is nobody to take leave of.
LEAVES_WITHIN_S = 1.0

_LOGGERS = ("distributed", "tornado", "asyncio")


@contextmanager
def connected(scheduler: str, workers: int) -> Iterator[Client]:
    """Hold a connection to a scheduler.

    Parameters
    ----------
    scheduler : str
        ``tcp://host:8786``, the path of a scheduler file, or ``local``.
    workers : int
        How many workers to start with ``local``.

    Raises
    ------
    UsageError
        If Dask is not installed, there is no such file, or no scheduler answers.
    """
    try:
        from distributed import Client, LocalCluster
    except ImportError as error:
        raise UsageError(
            f"--backend dask needs the extra 'dask' ({error}): pip install 'superpixel-bench[dask]'"
        ) from error
    # What of it matters is said by the run, in its own words.
    for name in [name for name in logging.root.manager.loggerDict if name.startswith(_LOGGERS)]:
        logging.getLogger(name).setLevel(logging.CRITICAL)
    warnings.filterwarnings("ignore", message="Sending large graph")
    with ExitStack() as stack:
        if scheduler == LOCAL:
            cluster = stack.enter_context(
                LocalCluster(
                    n_workers=workers,
                    threads_per_worker=1,
                    dashboard_address=None,
                    silence_logs=logging.CRITICAL,
                )
            )
            yield stack.enter_context(Client(cluster))
            return
        where = {"address": scheduler}
        if "://" not in scheduler and scheduler.endswith(".json"):
            if not Path(scheduler).is_file():
                raise UsageError(
                    f"--scheduler: no file {scheduler}; start 'dask scheduler --scheduler-file"
                    f" {scheduler}', or give its address"
                )
            where = {"scheduler_file": scheduler}
        try:
            client = Client(**where, timeout=ANSWERS_WITHIN_S)
        except Exception as error:  # for what a file may hold, Dask has many
            cure = f"give tcp://host:8786, a scheduler file or '{LOCAL}'"
            if scheduler.startswith("tls://"):
                cure = (
                    "set DASK_DISTRIBUTED__COMM__TLS__CA_FILE, ..._TLS__CLIENT__CERT and"
                    " ..._TLS__CLIENT__KEY to its certificates"
                )
            why = " ".join(str(error).split()) or type(error).__name__
            raise UsageError(
                f"--scheduler: no Dask scheduler answers at {scheduler} ({why}); {cure}"
            ) from error
        stack.callback(_leave, client)
        yield client


def _leave(client: Client) -> None:
    gone = client.status != "running"
    with suppress(Exception):
        client.close(timeout=LEAVES_WITHIN_S if gone else ANSWERS_WITHIN_S)
