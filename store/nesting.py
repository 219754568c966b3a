"""Nesting: a post to a group goes to the groups within it as posts of their own, each once whatever way leads there.

Acceptance notes which contacts are groups; the bridge, which has the policy, then makes their posts of the same
message and in the same family. So no copy leaves and comes back, a person in several of the groups has one copy, and a
ring ends where a group has the message already.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlmodel import col, select, update

from store import apart, families, names, outbox, posts, repeats, roster
from store.engine import Reading, Writing
from store.marks import Marks
from store.schema.group import Group
from store.schema.post import NESTING, Post
from store.signal import Topic
from store.terms import Decision, GroupPolicy, NoticeKind, Standing

DEEPEST = 10  # groups within groups; deeper is a mistake rather than an organisation
POSTS_AT_ONCE = 20
ALREADY, WAITING, DEEP = "already", "waiting", "deep"


@dataclass(frozen=True, slots=True)
class Passed:
    """A group within the group, and what became of the message there: a PostState, or `already` (it came by another
    way), `waiting` (for the bridge), `deep` (more groups within groups than there may be)."""

    address: str
    hidden: bool
    outcome: str


async def waiting(tx: Reading) -> list[int]:
    """Accepted posts whose groups within have no posts yet, oldest first."""
    frozen = select(Group.id).where(col(Group.hold_id).is_not(None))  # they pass nothing on either
    query = select(Post.id).where(NESTING, col(Post.group_id).not_in(frozen)).order_by(col(Post.id))
    found = await tx.exec(query.limit(POSTS_AT_ONCE))
    return [post_id for post_id in found.all() if post_id is not None]


async def policies(tx: Reading, post_id: int) -> list[GroupPolicy]:
    """The settings of all groups within that a post is to be passed on to."""
    post = await tx.get(Post, post_id)
    query = select(Group).where(col(Group.id).in_(post.nested if post else []))
    return [names.policy(group) for group in (await tx.exec(query)).all()]


async def begin(tx: Writing, post_id: int) -> tuple[Post, list[GroupPolicy]] | None:
    """The post, and the settings of the groups within that do not have its message; locked, so that each gets it once.

    None if somebody else has done it.
    """
    post = await tx.get(Post, post_id)
    if post is None or not post.nesting:
        return None
    # Alone: what is held there counts those before it, for the last place and for the card of a flood.
    await roster.hold(tx, post.nested, alone=True)
    mine = select(Post).where(col(Post.id) == post_id).with_for_update(key_share=True)
    post = (await tx.exec(mine.execution_options(populate_existing=True))).one()
    if not post.nesting:
        return None
    assert post.family_id is not None
    await families.lock(tx, post.family_id)
    there = set((await tx.exec(select(Post.group_id).where(col(Post.family_id) == post.family_id))).all())
    there |= (await repeats.find(tx, dict.fromkeys(post.nested, post.fingerprint))).keys()
    wanted = [group_id for group_id in post.nested if group_id not in there and post.depth < DEEPEST]
    found = (await tx.exec(select(Group).where(col(Group.id).in_(wanted)).order_by(col(Group.id)))).all()
    return post, [names.policy(group) for group in found if group.deleted_at is None and not group.archived]


async def pass_on(tx: Writing, post: Post, group_id: int, standing: Standing, decision: Decision) -> Post | None:
    """Give a group within its own post of the same message, decided so; None if it has the message after all."""
    values = {name: getattr(post, name) for name in _KEPT}
    values |= {"group_id": group_id, "parent_id": post.id, "depth": post.depth + 1, "marks": marks(post).as_json()}
    made = await posts.insert(tx, values, standing, decision)
    if made is not None:
        await posts.begin(tx, made)
    return made


def marks(post: Post) -> Marks:
    """What the message shows of itself to a group within: it names another group, as it should."""
    return replace(Marks.from_json(post.marks), unnamed=False)


async def finish(tx: Writing, post_id: int) -> None:
    """All groups within have the message, or are not to have it."""
    await tx.exec(update(Post).where(col(Post.id) == post_id).values(nesting=False))
    await outbox.touch_last(tx, NoticeKind.REPORT, post_id)
    tx.wake(Topic.EXPAND)  # what was passed on may itself be to pass on


async def within(tx: Reading, group_id: int) -> list[Group]:
    """The groups that receive a group's mail as its contacts, by address."""
    ids = {inside for _, inside in await apart.nested(tx, group_id)} - {group_id}
    return list((await tx.exec(select(Group).where(col(Group.id).in_(ids)).order_by(col(Group.address)))).all())


async def passed(tx: Reading, post: Post) -> Sequence[Passed]:
    """What became of a post in the groups within its group, by address."""
    if not post.nested:
        return ()
    groups = (await tx.exec(select(Group).where(col(Group.id).in_(post.nested)).order_by(col(Group.address)))).all()
    rows = (await tx.exec(select(Post.group_id, Post.state, Post.parent_id).where(
        col(Post.family_id) == post.family_id, col(Post.group_id).in_(post.nested)
    ))).all()  # fmt: skip
    there = {group_id: str(state) if parent_id == post.id else ALREADY for group_id, state, parent_id in rows}
    missing = WAITING if post.nesting else DEEP
    return [
        Passed(group.address, group.hidden, there.get(group.id or 0, missing))
        for group in groups
        if group.id in there or (group.deleted_at is None and not group.archived)
    ]


# What a post within takes over: the message, its envelope, and what is known of its author.
_KEPT = (
    "message_id", "public_id", "fingerprint", "family_id", "return_path", "author", "author_name", "subject",
    "header_message_id", "addressed", "authenticated", "verdict", "results", "origin", "helo", "client", "protocol",
)  # fmt: skip
