"""Tallies: what became of a post's deliveries, counted by worker so that workers never wait for one row."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from sqlalchemy import Executable, func, select
from sqlmodel import col

from store import turns
from store.engine import Bulk, Reading
from store.inserts import insert
from store.schema.post import Tally
from store.terms import Apart, DeliveryState

NOBODY = 0  # counted by no worker: expansion, skips, bounces
EXPANDED = "expanded"
REPEATED = "repeated"
PACE = "within_"  # how soon copies were taken (`store.pace`): no outcome, and left out of the sums here
SPARED = (Apart.OWN, Apart.ADDRESSED, Apart.ELSEWHERE)  # gone through, and no copy is made
CLOSED = (DeliveryState.RELAYED, DeliveryState.FAILED, DeliveryState.SKIPPED, DeliveryState.BOUNCED, *SPARED)

Count = tuple[int, str, int]


def merged(worker_id: int, counts: Iterable[Count]) -> list[dict[str, object]]:
    """Rows to add, in key order (so that no two transactions wait for each other), without letters and zeros."""
    sums: Counter[tuple[int, str]] = Counter()
    for post_id, outcome, n in counts:
        sums[post_id, outcome] += n
    return [
        {"post_id": post_id, "worker_id": worker_id, "outcome": outcome, "n": n}
        for (post_id, outcome), n in sorted(sums.items())
        if n and post_id != turns.LETTERS
    ]


def _upsert(bulk: Bulk) -> Executable:
    statement = insert(bulk, Tally)
    return statement.on_conflict_do_update(
        index_elements=["post_id", "worker_id", "outcome"],
        set_={"n": col(Tally.n) + statement.excluded.n},
    )


def add(bulk: Bulk, worker_id: int, counts: Iterable[Count]) -> None:
    """Add (post, outcome, n) triples; several of one key are summed first."""
    rows = merged(worker_id, counts)
    if rows:
        bulk.connection.execute(_upsert(bulk), rows)


def sums(bulk: Bulk, post_ids: Sequence[int]) -> dict[int, dict[str, int]]:
    """Outcome -> n over all workers, for each post."""
    query = select(col(Tally.post_id), col(Tally.outcome), func.sum(col(Tally.n)).label("n"))
    query = query.where(col(Tally.post_id).in_(post_ids)).group_by(col(Tally.post_id), col(Tally.outcome))
    found: dict[int, dict[str, int]] = {post_id: {} for post_id in post_ids}
    for row in bulk.connection.execute(query):
        if not row.outcome.startswith(PACE):
            found[row.post_id][row.outcome] = int(row.n)
    return found


async def of_post(tx: Reading, post_id: int) -> dict[str, int]:
    """Outcome -> n of one post over all workers."""
    query = select(col(Tally.outcome), func.sum(col(Tally.n)).label("n"))
    query = query.where(col(Tally.post_id) == post_id).group_by(col(Tally.outcome))
    rows = (await (await tx.connection()).execute(query)).all()
    return {row.outcome: int(row.n) for row in rows if not row.outcome.startswith(PACE)}


def made(counts: dict[str, int]) -> int:
    """Copies that were made."""
    return counts.get(EXPANDED, 0) - sum(counts.get(cause, 0) for cause in SPARED)


def remaining(counts: dict[str, int]) -> int:
    """Deliveries that have no final outcome yet."""
    return counts.get(EXPANDED, 0) - sum(counts.get(outcome, 0) for outcome in CLOSED)
