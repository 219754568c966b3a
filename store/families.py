"""Families: the posts of one message in several groups, of which each person gets one copy.

Accepted posts are ranked, one after another under the lock of their family's row, whichever process accepts them. A
post goes through its contacts only after every earlier one has gone through its own, and leaves out who has a copy of
one of those: what stands in the deliveries decides, never who was faster. Where such a copy is then skipped – its
contact left that group, or the post was stopped – the next post that has the contact makes one instead.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import exists, func, insert, select, update
from sqlalchemy.orm import aliased
from sqlmodel import col

from store import inserts, tallies, turns
from store.chunks import chunks
from store.engine import Bulk, Writing
from store.notices import touch_last
from store.schema.delivery import Delivery
from store.schema.membership import Membership
from store.schema.post import Family, Post
from store.signal import Topic
from store.terms import Apart, DeliveryState, NoticeKind, Receiving

# Every state of a copy that is at its contact or may yet come there; a refused one would be refused again.
COVERED = tuple(state for state in DeliveryState if state is not DeliveryState.SKIPPED)
_before = aliased(Post)
# For a query of posts: nothing of the family is still to be gone through before this one.
UNBLOCKED = ~exists(
    select(col(_before.id)).where(
        col(_before.family_id) == col(Post.family_id),
        col(_before.rank) < col(Post.rank),
        col(_before.expanded_at).is_(None),
    )
)


@dataclass(frozen=True, slots=True)
class Skipped:
    """A delivery that will not go out: of which post, to which address (its key), by which lane."""

    post_id: int
    key: str
    lane_id: int


@dataclass(frozen=True, slots=True)
class Joined:
    """A family whose row is locked, and whether it may have posts already."""

    id: int
    peopled: bool


async def join(tx: Writing, digest: str | None) -> Joined:
    """The family of the message with this fingerprint, its row locked until the transaction ends; a new one without."""
    values = {"digest": digest, "accepted": 0, "created_at": tx.now}
    statement = inserts.insert(tx, Family).values(values)
    same = statement.on_conflict_do_update(index_elements=["digest"], set_={"digest": digest})
    returned = same.returning(col(Family.id), col(Family.created_at))
    family_id, created_at = (await (await tx.connection()).execute(returned)).one()
    assert family_id is not None
    return Joined(family_id, peopled=created_at != tx.now)


async def lock(tx: Writing, family_id: int) -> None:
    """Let no other post of the family be made or accepted until the transaction ends."""
    row = select(col(Family.id)).where(col(Family.id) == family_id).with_for_update()
    await (await tx.connection()).execute(row)


async def rank(tx: Writing, family_id: int) -> int:
    """The place of a post that is accepted now."""
    grown = update(Family).where(col(Family.id) == family_id).values(accepted=col(Family.accepted) + 1)
    return int((await (await tx.connection()).execute(grown.returning(col(Family.accepted)))).scalar_one())


def earlier(bulk: Bulk, post: Any) -> list[int] | None:
    """The posts of the family that come before this one, to look up who has a copy; None while that may change.

    It may until each has gone through its contacts, and while somebody skips copies of one: who leaves locks the posts
    first. Nobody is waited for here, for who skips goes on to lock later posts, perhaps this one.
    """
    if post.family_id is None or post.rank is None or post.rank == 1:
        return []
    before = select(col(Post.id), col(Post.expanded_at))
    before = before.where(col(Post.family_id) == post.family_id, col(Post.rank) < post.rank)
    rows = bulk.connection.execute(before).all()
    ids = sorted(row.id for row in rows)
    held = select(col(Post.id)).where(col(Post.id).in_(ids)).order_by(col(Post.id)).with_for_update(skip_locked=True)
    if any(row.expanded_at is None for row in rows) or len(bulk.connection.execute(held).all()) < len(ids):
        return None
    return ids


def covered(bulk: Bulk, post_ids: Sequence[int], recipients: Any) -> set[int]:
    """Of these rows (with `id` and `key`), the ids of those whose address has a copy of one of the posts."""
    if not post_ids:
        return set()
    # A look for each state, as values: of several states at once, or as EXISTS, PostgreSQL may read the whole earlier
    # post, and of one that was just made, of which it has no statistics yet, it does so for every address.
    copies = (
        select(col(Delivery.id))
        .where(col(Delivery.post_id).in_(post_ids), col(Delivery.state) == state, col(Delivery.key) == recipients.c.key)
        .limit(1)
        .correlate(recipients)
        .scalar_subquery()
        for state in COVERED
    )
    has = func.coalesce(*copies)
    found = bulk.connection.execute(select(recipients.c.id).where(has.is_not(None))).scalars()
    return set(found)


# ---------------------------------------------------------------- a copy that is skipped


_earlier, _later = aliased(Post), aliased(Post)
_PAIRS: Any = select(
    col(_earlier.id).label("before"),
    col(_later.id),
    col(_later.group_id),
    col(_later.high_water),
    col(_later.expanded_id),
    col(_later.expanded_at),
    col(_later.apart),
).where(col(_later.family_id) == col(_earlier.family_id), col(_later.rank) > col(_earlier.rank))


def later(bulk: Bulk, post_ids: Sequence[int]) -> list[int]:
    """The posts that would have to make the copies these skip."""
    found: set[int] = set()
    for some in chunks(post_ids):
        found.update(row.id for row in bulk.connection.execute(_PAIRS.where(col(_earlier.id).in_(some))))
    return sorted(found)


def hand_over(bulk: Bulk, skipped: Iterable[Skipped]) -> None:
    """Make the copies these were to be from the next posts whose contacts of acceptance have the addresses.

    The caller has locked both (`skipping.skip`), so that none of them is gone through meanwhile.
    """
    by_post: dict[int, dict[str, int]] = {}
    for one in skipped:
        by_post.setdefault(one.post_id, {})[one.key] = one.lane_id
    open_again: set[int] = set()
    for some in chunks(sorted(by_post)):
        query = _PAIRS.where(col(_earlier.id).in_(some)).order_by(col(_earlier.rank), col(_later.rank))
        for row in bulk.connection.execute(query).all():
            taken = _take(bulk, row, by_post[row.before])
            for key in taken:
                del by_post[row.before][key]
            open_again |= {row.id} if taken else set()
    # Last, as workers do it: after what they claim, and before what is said of it.
    for post_id in sorted(open_again):
        bulk.connection.execute(update(Post).where(col(Post.id) == post_id).values(done_at=None))
        touch_last(bulk, NoticeKind.REPORT, post_id)


def _take(bulk: Bulk, post: Any, lanes: Mapping[str, int]) -> list[str]:
    """Make a post's own copies for those of the addresses that it left out for the earlier one; gives them."""
    reached = post.high_water if post.expanded_at is not None else post.expanded_id
    apart = {one for ids in (post.apart or {}).values() for one in ids}
    rows: list[dict[str, Any]] = []
    for some in chunks(lanes):
        query = select(col(Membership.id), col(Membership.key), col(Membership.address)).where(
            col(Membership.group_id) == post.group_id,
            col(Membership.key).in_(some),
            col(Membership.contact),
            col(Membership.receiving) == Receiving.ON,
            ~col(Membership.gone),
            col(Membership.id) <= min(reached, post.high_water),
        )
        rows += [
            {
                "post_id": post.id,
                "membership_id": found.id,
                "address": found.address,
                "key": found.key,
                "lane_id": lanes[found.key],
                "state": DeliveryState.QUEUED,
                "created_at": bulk.now,
                "due_at": bulk.now,
                "attempts": 0,
                "enhanced": "",
                "reply": "",
                "repeated": False,
            }
            for found in bulk.connection.execute(query)
            if found.id not in apart
        ]
    if not rows:
        return []
    for some_rows in chunks(rows):
        bulk.connection.execute(insert(Delivery), some_rows)
    tallies.add(bulk, tallies.NOBODY, [(post.id, Apart.ELSEWHERE, -len(rows))])
    turns.give(bulk, {(row["lane_id"], post.id) for row in rows}, bulk.now)
    bulk.wake(Topic.DELIVER)
    return [row["key"] for row in rows]
