"""When finished rows are on disk, so that a power cut takes no more than the last minute."""

from __future__ import annotations

import time

from bench.storage.files import sync_all
from bench.storage.store import Store

GATHER_EVERY_CELLS = 2000
SYNC_EVERY_S = 60.0


class Keeper:
    """Has what is finished on disk now and then; workers do not wait for that.

    Parameters
    ----------
    store : Store
    gathers : bool
        Whether the rows become a part every so many cells. Where times are taken they do not.
    """

    def __init__(self, store: Store, gathers: bool) -> None:
        self.store = store
        self.gathers = gathers
        self._loose = 0
        self._synced = True
        self._next = time.monotonic() + SYNC_EVERY_S

    def add(self) -> None:
        """Know of one more finished cell."""
        self._loose += 1
        self._synced = False
        if self.gathers and self._loose >= GATHER_EVERY_CELLS:
            self.store.gather()
            self._loose, self._synced = 0, True
        self.look()

    def look(self) -> None:
        """Sync, if there is what to sync and it is time to; called often."""
        if self._synced or time.monotonic() < self._next:
            return
        sync_all(self.store.shards)
        self._synced = True
        self._next = time.monotonic() + SYNC_EVERY_S
