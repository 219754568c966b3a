"""Alarms: a post or a lane that waits because of a fault that is no contact's, and who is told."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from sqlalchemy import delete, or_, select, update
from sqlmodel import col

from store import lanes, notices
from store.engine import Bulk
from store.schema.group import Group
from store.schema.lane import Lane, Turn
from store.schema.membership import Membership
from store.schema.person import Person
from store.schema.post import Post
from store.terms import Fault, NoticeKind, Outcome


def stall(bulk: Bulk, lane_id: int, post_id: int, outcome: Outcome) -> None:
    """The hop refuses this post for what it is, or its copies cannot be made (the fault is then nobody's): its
    deliveries on the lane wait for Retry or Stop; others go on."""
    unmade = outcome.fault is Fault.NOBODY
    refusal = {"reply": str(outcome.reply), "stage": outcome.stage, "since": bulk.now.isoformat(), "unmade": unmade}
    bulk.connection.execute(delete(Turn).where(col(Turn.lane_id) == lane_id, col(Turn.post_id) == post_id))
    query = select(col(Post.group_id), col(Post.stalled)).where(col(Post.id) == post_id)
    group_id, known = bulk.connection.execute(query.with_for_update(key_share=True)).one()
    stalled = known or {**refusal, "lanes": []}
    stalled = {**stalled, "lanes": sorted({*stalled["lanes"], lane_id})}
    bulk.connection.execute(update(Post).where(col(Post.id) == post_id).values(stalled=stalled))
    notices.announce(bulk, NoticeKind.POST_ALARM, post_id, _deciders(bulk, group_id), group_id=group_id)
    notices.touch(bulk, NoticeKind.POST_ALARM, post_id)
    notices.touch_last(bulk, NoticeKind.REPORT, post_id)


def wait(bulk: Bulk, lane_id: int, outcome: Outcome, pause: Callable[[int], timedelta]) -> None:
    """A fault of ours: the lane waits, longer each time (`pause` of the tries so far); operators are told once."""
    alarm = bulk.connection.execute(select(col(Lane.alarm)).where(col(Lane.id) == lane_id)).scalar_one()
    tries = int(alarm["tries"]) if alarm else 0
    until = bulk.now + pause(tries)
    about = {"stage": outcome.stage, "reply": str(outcome.reply), "tries": tries + 1}
    if lanes.wait(bulk, lane_id, until, about):
        notices.announce(bulk, NoticeKind.LANE_ALARM, lane_id, operators(bulk))
    notices.touch(bulk, NoticeKind.LANE_ALARM, lane_id)
    touch_reports(bulk, lane_id)


def clear(bulk: Bulk, lane_id: int) -> None:
    """The hop takes mail again: the alarm is drawn as over, and reports no longer say that they wait."""
    if lanes.clear(bulk, lane_id):
        notices.touch(bulk, NoticeKind.LANE_ALARM, lane_id)
        touch_reports(bulk, lane_id)


def touch_reports(bulk: Bulk, lane_id: int) -> None:
    """Redraw the reports of all posts that have something to go by this lane."""
    for post_id in bulk.connection.execute(select(col(Turn.post_id)).where(col(Turn.lane_id) == lane_id)).scalars():
        notices.touch_last(bulk, NoticeKind.REPORT, post_id)


def operators(bulk: Bulk) -> list[str]:
    """The Slack ids of the operators who can be reached."""
    query = select(col(Person.slack_id)).where(col(Person.operator), col(Person.deactivated).is_(False))
    return list(bulk.connection.execute(query.order_by(col(Person.id))).scalars())


def _deciders(bulk: Bulk, group_id: int) -> list[str]:
    channel = bulk.connection.execute(select(col(Group.moderation_channel)).where(col(Group.id) == group_id)).scalar()
    if channel:
        return [channel]
    query = (
        select(col(Person.slack_id))
        .join(Membership, col(Membership.person_id) == col(Person.id))
        .where(col(Membership.group_id) == group_id, col(Person.deactivated).is_(False))
        .where(or_(col(Membership.administrator), col(Membership.moderator)))
    )
    return list(bulk.connection.execute(query.order_by(col(Person.id))).scalars()) or operators(bulk)
