"""Turns: which posts have claimable deliveries on a lane. The one served longest ago is next: none starves another."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Executable, case, select
from sqlmodel import col

from store.engine import Bulk
from store.inserts import insert
from store.schema.lane import Turn
from store.schema.post import Post

LETTERS = 0  # the turn all letters share


def _rows(turns: Mapping[tuple[int, int], datetime]) -> list[dict[str, Any]]:
    # In one order everywhere, so that two transactions wait for each other instead of locking up.
    return [
        {"lane_id": lane_id, "post_id": post_id, "due_at": due_at, "served_at": due_at}
        for (lane_id, post_id), due_at in sorted(turns.items())
    ]


def _upsert(bulk: Bulk) -> Executable:
    statement = insert(bulk, Turn)
    sooner = case((statement.excluded.due_at < col(Turn.due_at), statement.excluded.due_at), else_=col(Turn.due_at))
    return statement.on_conflict_do_update(index_elements=["lane_id", "post_id"], set_={"due_at": sooner})


def give(bulk: Bulk, turns: Iterable[tuple[int, int]], due_at: datetime) -> None:
    """Note that these (lane, post) pairs have something to claim from `due_at` on, or sooner if already noted.

    A post that is stalled on a lane gets no turn there: Retry gives it, whatever came to wait meanwhile.
    """
    give_each(bulk, dict.fromkeys(turns, due_at))


def give_each(bulk: Bulk, turns: Mapping[tuple[int, int], datetime]) -> None:
    """As `give`, each pair from its own moment on."""
    stalled = _stalled(bulk, {post_id for _, post_id in turns})
    rows = _rows({pair: due_at for pair, due_at in turns.items() if pair not in stalled})
    if rows:
        bulk.connection.execute(_upsert(bulk), rows)


def _stalled(bulk: Bulk, post_ids: set[int]) -> set[tuple[int, int]]:
    query = select(col(Post.id), col(Post.stalled)).where(col(Post.id).in_(post_ids), col(Post.stalled).is_not(None))
    found = bulk.connection.execute(query).all() if post_ids - {LETTERS} else ()
    return {(lane_id, post_id) for post_id, stalled in found if post_id for lane_id in stalled["lanes"]}
