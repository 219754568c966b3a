"""Storms: posts of which so many copies come back that it says something of us, and nothing of their contacts."""

from __future__ import annotations

from collections.abc import Sequence

from sqlmodel import col, select, update

from store import audience, outbox, persons, tallies
from store.chunks import chunks
from store.engine import Reading, Writing
from store.schema.incident import Incident, Strike
from store.schema.post import Post
from store.terms import DeliveryState, NoticeKind

_BACK = (DeliveryState.FAILED, DeliveryState.BOUNCED)


async def shares(tx: Reading, post_ids: Sequence[int]) -> dict[int, tuple[int, int]]:
    """Of each post whose copies are all made: how many came back or were refused for good, and how many there are."""
    query = select(Post.id).where(
        col(Post.id).in_(post_ids), col(Post.expanded_at).is_not(None), col(Post.stormed_at).is_(None)
    )
    found: dict[int, tuple[int, int]] = {}
    for post_id in (await tx.exec(query)).all():
        assert post_id is not None
        counts = await tallies.of_post(tx, post_id)
        found[post_id] = sum(counts.get(state, 0) for state in _BACK), tallies.made(counts)
    return found


async def begin(tx: Writing, post_id: int) -> bool:
    """Hold what came back of this post against nobody, whatever was counted before; administrators are told once.

    False if somebody else has done it.
    """
    first = update(Post).where(col(Post.id) == post_id, col(Post.stormed_at).is_(None)).values(stormed_at=tx.now)
    if (await tx.exec(first)).rowcount != 1:
        return False
    # Strikes before incidents, as whoever counts one locks them.
    struck = select(Strike).where(col(Strike.post_id) == post_id).order_by(col(Strike.id)).with_for_update()
    counted = [one.membership_id for one in (await tx.exec(struck)).all() if one.counted]
    for some in chunks(counted):
        taken_back = update(Incident).where(
            col(Incident.membership_id).in_(some),
            col(Incident.ended_at).is_(None),
            col(Incident.suspended_at).is_(None),
            col(Incident.points) > 0,
        )
        await tx.exec(taken_back.values(points=col(Incident.points) - 1))
    await tx.exec(update(Strike).where(col(Strike.post_id) == post_id).values(counted=False))
    group_id = (await tx.exec(select(Post.group_id).where(col(Post.id) == post_id))).one()
    people = await audience.deciders(tx, group_id, administrators_only=True) or await persons.operators(tx)
    targets = [person.slack_id for person in people]
    await outbox.announce(tx, NoticeKind.BOUNCE_STORM, post_id, targets, group_id=group_id)
    return True


async def holds(tx: Reading, strike: Strike) -> bool:
    """True if so much of the strike's post came back that it is held against nobody."""
    post = await tx.get(Post, strike.post_id) if strike.post_id is not None else None
    return post is not None and post.stormed_at is not None
