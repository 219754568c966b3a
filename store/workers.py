"""Workers: one life of a claiming process, its heartbeat, its death, and what its claims become.

A worker is dead when its heart has not beaten for 20 s of database time, or at once, on its own machine, when its lock
file is free: the kernel lets go of the lock however the process ended. Settling carries the worker's id, which is the
fence: what a dead worker still reports changes nothing.
"""

from __future__ import annotations

import fcntl
import os
import socket
import tempfile
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import IO

from sqlalchemy import case, delete, exists, func, insert, or_, select, text, update
from sqlmodel import col

from store import tallies, turns
from store.engine import Bulk, Database, Writing
from store.schema.delivery import CLAIMED, Delivery
from store.schema.lane import LaneShare
from store.schema.notice import OPEN_PLACEMENT, Placement
from store.schema.worker import Worker
from store.signal import Topic
from store.terms import DeliveryState

HEARTBEAT_SECONDS = 5.0
DEAD_AFTER = timedelta(seconds=20)
FORGOTTEN_AFTER = timedelta(days=1)
BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


@dataclass(slots=True)
class Life:
    """A living worker: its id, and the lock that says so to its machine."""

    id: int
    lock: IO[str]
    path: Path

    def end(self) -> None:
        """Let go of the lock; the claims are freed by whoever buries next."""
        self.path.unlink(missing_ok=True)
        self.lock.close()


def this_host() -> str:
    """Who sees this process's lock files: the machine since its last start, and the folder they lie in.

    A lock file of before a reboot says nothing, and containers may share a name but not the folder.
    """
    boot = BOOT_ID.read_text().strip() if BOOT_ID.exists() else ""
    folder = _locks().stat()
    return f"{socket.gethostname()}/{boot}/{folder.st_dev}:{folder.st_ino}"


def _locks() -> Path:
    folder = Path(tempfile.gettempdir()) / f"postroom-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder


def database_now(bulk: Bulk) -> datetime:
    """The database's time, by which heartbeats of several machines compare; one machine has one clock."""
    if bulk.dialect == "sqlite":
        return bulk.now
    moment: datetime = bulk.connection.execute(text("SELECT clock_timestamp()")).scalar_one()
    return moment


async def begin(database: Database, role: str) -> Life:
    """Register a worker of this process and bury the dead, so that what they held is free at once."""
    handle, path = tempfile.mkstemp(prefix=f"{role}-", suffix=".lock", dir=_locks())
    lock = os.fdopen(handle, "w")
    fcntl.flock(lock, fcntl.LOCK_EX)

    def register(bulk: Bulk) -> int:
        now = database_now(bulk)
        row = {
            "role": role,
            "host": this_host(),
            "pid": os.getpid(),
            "lock": path,
            "started_at": now,
            "heartbeat_at": now,
        }
        worker_id = bulk.connection.execute(insert(Worker).values(row).returning(col(Worker.id))).scalar_one()
        assert worker_id is not None
        bury(bulk)
        return worker_id

    return Life(await database.bulk(register), lock, Path(path))


def beat(bulk: Bulk, worker_id: int) -> bool:
    """One heartbeat, and the burial of who has none. False if this worker itself was declared dead."""
    mine = update(Worker).where(col(Worker.id) == worker_id, col(Worker.dead_at).is_(None))
    alive = bulk.connection.execute(mine.values(heartbeat_at=database_now(bulk))).rowcount == 1
    bury(bulk)
    return alive


def is_alive(bulk: Bulk, worker_id: int) -> bool:
    """Whether the worker may still settle; its row stays locked to the end, so that no burial comes between."""
    query = select(col(Worker.id)).where(col(Worker.id) == worker_id, col(Worker.dead_at).is_(None))
    return bulk.connection.execute(query.with_for_update(read=True)).first() is not None


def end(bulk: Bulk, worker_id: int) -> None:
    """A worker that drained says good-bye; what it still holds (nothing, after a full drain) is freed as uncertain."""
    _bury(bulk, worker_id, database_now(bulk))


def bury(bulk: Bulk) -> int:
    """Declare the dead dead and free what they held. Returns how many were buried."""
    now = database_now(bulk)
    living = (
        select(col(Worker.id), col(Worker.host), col(Worker.lock), col(Worker.heartbeat_at))
        .where(col(Worker.dead_at).is_(None))
        # Whose row is locked is settling, beating, or being buried at this moment: not ours to wait for.
        .with_for_update(skip_locked=True)
    )
    host = this_host()
    dead = [
        row.id
        for row in bulk.connection.execute(living).all()
        if row.heartbeat_at < now - DEAD_AFTER or (row.host == host and is_free(Path(row.lock)))
    ]
    for worker_id in dead:
        _bury(bulk, worker_id, now)
    return len(dead)


def is_free(lock: Path) -> bool:
    """Whether nobody holds a lock file of this machine any more."""
    try:
        with lock.open("r") as handle:
            fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except FileNotFoundError:
        return True
    return True


async def forget(tx: Writing) -> int:
    """Drop the rows of workers long dead. Returns how many."""
    old = delete(Worker).where(col(Worker.dead_at) < tx.now - FORGOTTEN_AFTER)
    claimless = ~exists().where(col(Placement.worker_id) == col(Worker.id))
    return (await tx.exec(old.where(claimless))).rowcount


def _bury(bulk: Bulk, worker_id: int, now: datetime) -> None:
    connection = bulk.connection
    first = update(Worker).where(col(Worker.id) == worker_id, col(Worker.dead_at).is_(None)).values(dead_at=now)
    if connection.execute(first).rowcount == 0:
        return  # somebody else was faster
    connection.execute(delete(LaneShare).where(col(LaneShare.worker_id) == worker_id))
    # The copies it held may be at the next hop already: they go again, marked as possibly twice.
    tried = col(Delivery.attempts) > 0
    freed = connection.execute(
        update(Delivery)
        .where(col(Delivery.worker_id) == worker_id, CLAIMED)
        .values(
            state=case((tried, DeliveryState.DEFERRED.value), else_=DeliveryState.QUEUED.value),
            worker_id=None,
            due_at=bulk.now,
            repeated=True,
        )
        .returning(col(Delivery.lane_id), func.coalesce(col(Delivery.post_id), turns.LETTERS).label("post_id"))
    ).all()
    tallies.add(bulk, worker_id, [(row.post_id, tallies.REPEATED, 1) for row in freed])
    turns.give(bulk, {(row.lane_id, row.post_id) for row in freed}, bulk.now)
    # A notice it was posting may stand in Slack already.
    connection.execute(
        update(Placement)
        .where(col(Placement.worker_id) == worker_id, col(Placement.state) == "posting", OPEN_PLACEMENT)
        .values(state="waiting", worker_id=None, uncertain=or_(col(Placement.uncertain), col(Placement.ts).is_(None)))
    )
    bulk.wake(Topic.DELIVER)
    bulk.wake(Topic.NOTICE)
