"""Turns: which posts have claimable deliveries on a lane. The one served longest ago is next: none starves another."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import Executable, case
from sqlmodel import col

from store.engine import Bulk
from store.inserts import insert
from store.schema.lane import Turn

LETTERS = 0  # the turn all letters share


def _rows(turns: Iterable[tuple[int, int]], due_at: datetime) -> list[dict[str, Any]]:
    return [
        {"lane_id": lane_id, "post_id": post_id, "due_at": due_at, "served_at": due_at}
        for lane_id, post_id in sorted(set(turns))
    ]


def _upsert(bulk: Bulk) -> Executable:
    statement = insert(bulk, Turn)
    sooner = case((statement.excluded.due_at < col(Turn.due_at), statement.excluded.due_at), else_=col(Turn.due_at))
    return statement.on_conflict_do_update(index_elements=["lane_id", "post_id"], set_={"due_at": sooner})


def give(bulk: Bulk, turns: Iterable[tuple[int, int]], due_at: datetime) -> None:
    """Note that these (lane, post) pairs have something to claim from `due_at` on, or sooner if already noted."""
    rows = _rows(turns, due_at)
    if rows:
        bulk.connection.execute(_upsert(bulk), rows)
