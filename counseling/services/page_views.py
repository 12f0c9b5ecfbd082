"""Who saw whom: one audit row per page, queued by the request and written in batches by one thread.

A page that was shown and is not in the chain within five seconds exists only where the process was killed.
"""

from __future__ import annotations

import json
import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from sqlalchemy.orm import Session

from counseling import logs
from counseling.database import writing
from counseling.domain.audit_chain import entry_hash
from counseling.models.audit import AuditHead
from counseling.services import audit

ACTION = "page.viewed"
CAPACITY = 2_000
BATCH = 50  # rows in one transaction: a dose that waits behind it waits a few milliseconds
BATCH_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 4.0  # between tries while the database cannot be written
STOP_SECONDS = 10.0


@dataclass(frozen=True)
class PageView:
    """One page shown to one person; `chain` is audit.views_chain(site), `desk` the role that it was shown to."""

    chain: str
    actor: str
    desk: str
    page: str
    patient_ids: tuple[int, ...]
    at: datetime


def record_views(session: Session, views: Sequence[PageView]) -> None:
    """Write the views in one transaction, each to its chain, in the order given."""
    by_chain = sorted(views, key=lambda view: view.chain)  # stable, and chains are locked in one order everywhere
    with writing(session) as tx:
        for chain, group in groupby(by_chain, key=lambda view: view.chain):
            _append_all(tx, chain, list(group))


def _append_all(tx: Session, chain: str, views: Sequence[PageView]) -> None:
    sequence, last_hash = audit.lock_head(tx, chain)
    rows = []
    for view in views:
        sequence, previous_hash = sequence + 1, last_hash
        details = json.dumps({"desk": view.desk, "patients": view.patient_ids}, sort_keys=True, separators=(",", ":"))
        said = (chain, sequence, audit.stamp(view.at), view.actor, ACTION, view.page, details)
        last_hash = entry_hash(previous_hash, *said)
        rows.append(_row(view, sequence, details, previous_hash, last_hash))
    tx.execute(audit.INSERT_ENTRY, rows)
    tx.execute(audit.UPDATE_HEAD.where(AuditHead.chain == chain).values(sequence=sequence, hash=last_hash))


def _row(view: PageView, sequence: int, details: str, previous_hash: str, own_hash: str) -> dict[str, object]:
    return {
        "chain": view.chain,
        "sequence": sequence,
        "at": view.at,
        "actor": view.actor,
        "action": ACTION,
        "subject": view.page,
        "details": details,
        "previous_hash": previous_hash,
        "hash": own_hash,
    }


class ViewLog:
    """The queue between requests and the chain. Its thread starts with the first view and ends with `stop()`."""

    def __init__(self, open_session: Callable[[], Session], capacity: int = CAPACITY) -> None:
        self._open_session = open_session
        self._capacity = capacity
        self._waiting: deque[PageView] = deque()
        self._queue_lock = threading.Lock()
        self._write_lock = threading.Lock()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def note(self, view: PageView) -> None:
        """Queue a view. A full queue loses nothing: the request writes its row itself, and fails if it cannot."""
        with self._queue_lock:
            queued = len(self._waiting) < self._capacity and not self._stopping.is_set()
            if queued:
                self._waiting.append(view)
                self._ensure_thread()
        if not queued:
            self._write([view])

    def flush_now(self) -> None:
        """Write everything that waits. Raises what the database raises; what was not written waits on."""
        with self._write_lock:
            while batch := self._first_batch():
                self._write(batch)
                with self._queue_lock:
                    for _ in batch:
                        self._waiting.popleft()

    def stop(self) -> None:
        """Write what waits and end the thread. Views noted afterwards are written by their own request."""
        with self._queue_lock:
            self._stopping.set()
            thread = self._thread
        if thread is not None:
            thread.join(STOP_SECONDS)
        self._try_to_flush()

    def _first_batch(self) -> list[PageView]:
        with self._queue_lock:
            return [self._waiting[number] for number in range(min(BATCH, len(self._waiting)))]

    def _write(self, views: Sequence[PageView]) -> None:
        with self._open_session() as session:
            record_views(session, views)

    def _ensure_thread(self) -> None:
        # Also after a fork, which leaves the thread behind in the parent.
        if self._thread is None or not self._thread.is_alive():
            self._thread = threading.Thread(target=self._run, name="page-views", daemon=True)
            self._thread.start()

    def _run(self) -> None:
        pause = BATCH_SECONDS
        while not self._stopping.wait(pause):
            pause = BATCH_SECONDS if self._try_to_flush() else min(2 * pause, LONGEST_PAUSE_SECONDS)

    def _try_to_flush(self) -> bool:
        try:
            self.flush_now()
        except Exception as error:  # the thread outlives a database that is away for a while
            logs.logger().error("page views wait", error_type=type(error).__name__, count=len(self._waiting))
            return False
        return True
