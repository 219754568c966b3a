"""Strays: deliveries on the relay's lane where mail goes straight to MX hosts, sent on to their domains' lanes.

The bot writes letters too and does not know which way mail goes; and who turns POSTROOM_RELAY to `mx` has mail waiting.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, select, update
from sqlmodel import col

from store import lanes, turns
from store.engine import Bulk
from store.schema.delivery import CLAIMABLE, Delivery
from store.schema.lane import Turn

AT_ONCE = 200


def send_on(bulk: Bulk, lane_id: int) -> int:
    """Give some hundred waiting deliveries of the lane, which the caller holds, the lanes of their domains. Returns how
    many."""
    waiting = select(col(Turn.post_id)).where(col(Turn.lane_id) == lane_id).order_by(col(Turn.post_id))
    # Locked before their deliveries are looked at, as when claiming: a turn given meanwhile stays.
    post_ids = list(bulk.connection.execute(waiting.with_for_update(skip_locked=True)).scalars())
    moved = 0
    for post_id in post_ids:
        moved += _of_post(bulk, lane_id, post_id, AT_ONCE - moved)
    return moved


def _of_post(bulk: Bulk, lane_id: int, post_id: int, limit: int) -> int:
    of_post = col(Delivery.post_id).is_(None) if post_id == turns.LETTERS else col(Delivery.post_id) == post_id
    open_: list[Any] = [col(Delivery.lane_id) == lane_id, of_post, CLAIMABLE]
    picked = select(col(Delivery.id), col(Delivery.address), col(Delivery.due_at)).where(*open_)
    picked = picked.order_by(col(Delivery.due_at), col(Delivery.id)).limit(limit)
    by_domain: dict[str, list[tuple[int, datetime]]] = defaultdict(list)
    for delivery_id, address, due_at in bulk.connection.execute(picked.with_for_update(skip_locked=True)):
        assert delivery_id is not None
        by_domain[address.rpartition("@")[2]].append((delivery_id, due_at))
    for domain, found in sorted(by_domain.items()):
        home = lanes.ensure(bulk, f"mx:{domain}")
        ids = [delivery_id for delivery_id, _ in found]
        bulk.connection.execute(update(Delivery).where(col(Delivery.id).in_(ids)).values(lane_id=home))
        turns.give(bulk, [(home, post_id)], min(due_at for _, due_at in found))
    turn = [col(Turn.lane_id) == lane_id, col(Turn.post_id) == post_id]
    left = bulk.connection.execute(select(func.min(col(Delivery.due_at))).where(*open_)).scalar_one()
    if left is None:
        bulk.connection.execute(delete(Turn).where(*turn))
    return sum(map(len, by_domain.values()))
