"""Erasure: nothing of a person is left in the database, and the audit still verifies.

Every table the schema has is gone through: rows that are the person's own go, in all others an address, a Slack id or a
full name is taken out of the text it stands in. What somebody else's mail that still goes out needs stays until that is
done, and is named.
"""

from __future__ import annotations

import json
import re
import zlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Table, and_, cast, false, func, or_, update
from sqlalchemy import Text as TextType
from sqlalchemy import delete as delete_rows
from sqlmodel import col, select

from store import audit, chain, outbox, posts, retention, roster, skipping, waiting
from store.chunks import chunks
from store.engine import Database, Reading, Writing
from store.privacy import columns, marks, traces
from store.privacy.identity import Identity
from store.privacy.mentions import mentioned
from store.schema.audit import Audit, AuditHead
from store.schema.delivery import Delivery
from store.schema.group import Group
from store.schema.membership import Membership
from store.schema.message import KEPT, Message
from store.schema.post import HELD, Post
from store.schema.proposal import Proposal
from store.schema.request import Request
from store.terms import Actor, DeliveryState, NoticeKind, PostState, Refused, RequestState
from store.verdicts import ProposalState

ERASED: Final = "erased"  # stands where a text must say something
ACTOR: Final = Actor("system")
GIVEN_UP_AFTER: Final = timedelta(days=5)  # a copy is tried for so long, whatever happens
MESSAGES_AT_ONCE: Final = 50
UNDER_WAY: Final = timedelta(hours=1)


@dataclass(slots=True)
class Erased:
    """What was done: rows deleted and changed by table, messages emptied, texts taken from the audit.

    `remaining` is what other people's mail still needs, with the moment by which it is done with; `groups` those whose
    settings name the person, which only their administrators change.
    """

    deleted: Counter[str] = field(default_factory=Counter)
    changed: Counter[str] = field(default_factory=Counter)
    remaining: list[tuple[str, datetime]] = field(default_factory=list)
    groups: list[str] = field(default_factory=list)


async def in_flight(tx: Reading, identity: Identity) -> int:
    """Copies to the person that are at a next hop this moment: their outcome is still to be written."""
    query = select(func.count()).select_from(Delivery)
    theirs = func.lower(col(Delivery.address)).in_(identity.keys)
    return int((await tx.exec(query.where(col(Delivery.state) == DeliveryState.CLAIMED, theirs))).one())


async def withdraw(database: Database, identity: Identity) -> int:
    """The person leaves every group and asks for none; nothing more goes out to them, or of what they wrote.

    Returns of how many groups' rosters they were.

    Raises Refused `forget_last_administrator`, with nothing changed, naming the groups that would have nobody left.
    """
    async with database.writing() as tx:
        rows = (await tx.exec(select(Membership).where(_own(identity)).order_by(col(Membership.group_id)))).all()
        await _leave(tx, rows)
        asked = or_(col(Request.key).in_(identity.keys), col(Request.person_id).in_(identity.person_ids))
        for request in (await tx.exec(select(Request).where(col(Request.state).in_(waiting.WAITING), asked))).all():
            await waiting.close(tx, request.group_id, RequestState.WITHDRAWN, request_id=request.id)
        await _stop(tx, identity)
    return len(rows)


async def _stop(tx: Writing, identity: Identity) -> None:
    """Of what they wrote, or what somebody answers them alone, nothing waits or goes out any more."""
    # An answer to them has no membership by which its copy would be skipped.
    alone = func.lower(col(Post.only_to)).in_(identity.keys)
    theirs = select(Post).where(or_(func.lower(col(Post.author)).in_(identity.keys), alone))
    for post in (await tx.exec(theirs.where(HELD))).all():
        assert post.id is not None
        await posts.discard(tx, post.id, ACTOR)
    going = (await tx.exec(theirs.where(col(Post.state) == PostState.ACCEPTED, col(Post.done_at).is_(None)))).all()
    await skipping.skip_posts(tx, [post.id for post in going if post.id is not None])


def _own(identity: Identity) -> Any:
    return or_(col(Membership.person_id).in_(identity.person_ids), col(Membership.key).in_(identity.keys))


async def _leave(tx: Writing, rows: Sequence[Membership]) -> None:
    stuck: list[str] = []
    by_group: dict[int, list[int]] = {}
    for row in rows:
        assert row.id is not None
        by_group.setdefault(row.group_id, []).append(row.id)
    await roster.hold(tx, by_group, alone=True)
    for group_id, ids in by_group.items():
        group = await tx.get_one(Group, group_id)
        try:
            if group.deleted_at is None:
                await roster.keep_an_administrator(tx, group_id, ids)
        except Refused:
            stuck.append(group.address)
    if stuck:
        raise Refused("forget_last_administrator", groups=", ".join(sorted(stuck)))
    for group_id, ids in by_group.items():
        if (await tx.get_one(Group, group_id)).deleted_at is None:
            await roster.drop(tx, group_id, ids)


async def erase(database: Database, identity: Identity, *, mark: bool = True) -> Erased:
    """Take every trace out of the database, after `withdraw`. May be run again for what remained."""
    done = Erased()
    await _messages(database, identity, done)
    async with database.writing() as tx:
        if mark:
            await marks.add(tx, sorted(identity.keys))
        await _posts(tx, identity, done)
        await _proposals(tx, identity, done)
        for table in columns.tables():
            await _table(tx, table, identity, done)
        done.changed["audit"] += await _audit(tx, identity)
        counts = {"deleted": done.deleted.total(), "changed": done.changed.total()}
        await audit.record(tx, "person.forgotten", ACTOR, details=counts)
    return done


async def _messages(database: Database, identity: Identity, done: Erased) -> None:
    """Empty the messages that say something of them, unless somebody else's post of one waits or goes out."""
    last = 0
    while True:
        async with database.reading() as tx:
            query = select(Message.id, Message.raw).where(KEPT, col(Message.id) > last).order_by(col(Message.id))
            rows = (await tx.exec(query.limit(MESSAGES_AT_ONCE))).all()
        if not rows:
            return
        last = rows[-1][0] or 0
        found = [message_id for message_id, raw in rows if raw is not None and mentioned(raw, identity)]
        if not found:
            continue
        async with database.writing() as tx:
            needed = await _needed(tx, found, identity, done)
            over = [one for one in found if one not in needed]
            await tx.exec(update(Message).where(col(Message.id).in_(over)).values(raw=None))
            done.changed["message"] += len(over)


async def _needed(tx: Reading, message_ids: Sequence[int | None], identity: Identity, done: Erased) -> set[int]:
    """Which of the messages other people's posts need, each of which is noted."""
    others = func.lower(col(Post.author)).not_in(identity.keys)
    open_ = select(Post).where(col(Post.message_id).in_(message_ids), others, retention.still_needed())
    needed: set[int] = set()
    for post in (await tx.exec(open_)).all():
        needed.add(post.message_id)
        done.remaining.append((f"post:{post.id}", post.expires_at or post.created_at + GIVEN_UP_AFTER))
    return needed


async def _posts(tx: Writing, identity: Identity, done: Erased) -> None:
    """Of what they wrote nothing stays but figures."""
    # Once more, for what came since: an answer for one alone that loses whom it is for would go to the whole group.
    await _stop(tx, identity)
    theirs = select(Post.id).where(or_(func.lower(col(Post.author)).in_(identity.keys),
                                       func.lower(col(Post.return_path)).in_(identity.keys)))  # fmt: skip
    ids = [one for one in (await tx.exec(theirs)).all() if one is not None]
    for some in chunks(ids):
        await tx.exec(update(Post).where(col(Post.id).in_(some)).values(**retention.BLANK))
    done.changed["post"] += len(ids)
    await _redraw(tx, ids)


async def _proposals(tx: Writing, identity: Identity, done: Erased) -> None:
    """A change of a roster that was shown and would bring them back is proposed no more; one under way is noted."""
    for row in (await tx.exec(select(Proposal).where(col(Proposal.changes).is_not(None)))).all():
        assert row.id is not None
        shown = zlib.decompress(row.changes or b"").decode()
        if not identity.words.search(shown):
            continue
        if row.state is ProposalState.WAITING:
            ended = update(Proposal).where(col(Proposal.id) == row.id, col(Proposal.state) == ProposalState.WAITING)
            await tx.exec(ended.values(state=ProposalState.EXPIRED, changes=None, moved_at=tx.now))
            await outbox.touch(tx, NoticeKind.PROPOSAL, row.id)
            done.changed["proposal"] += 1
        else:
            done.remaining.append((f"proposal:{row.id}", tx.now + UNDER_WAY))


async def _redraw(tx: Writing, post_ids: Sequence[int]) -> None:
    for post_id in post_ids:
        for kind in (NoticeKind.HELD_CARD, NoticeKind.REPORT):
            await outbox.touch_last(tx, kind, post_id)


async def _table(tx: Writing, table: Table, identity: Identity, done: Erased) -> None:
    connection = await tx.connection()
    going = {int(one.partition(":")[2]) for one, _ in done.remaining}
    touched: list[int] = []
    for row in await traces.rows(tx, table, identity, names=True):
        here = and_(*(one == row[one.name] for one in table.primary_key.columns))
        if table.name in columns.GROUPS:
            done.groups.append(str(row["address"]))
        elif table.name == "post" and row["id"] in going:
            continue  # every worker must make the same copies of it, to the end
        elif traces.theirs(table, row, identity):
            await connection.execute(delete_rows(table).where(here))
            done.deleted[table.name] += 1
        else:
            values = _emptied(table, row, identity)
            await connection.execute(update(table).where(here).values(values))
            done.changed[table.name] += 1
            touched += [row["id"]] if table.name == "request" else []
    for request_id in touched:
        await outbox.touch(tx, NoticeKind.REQUEST_CARD, request_id)


def _emptied(table: Table, row: dict[str, Any], identity: Identity) -> dict[str, Any]:
    """What a row that stays is to hold instead."""
    values: dict[str, Any] = {}
    for one in columns.people(table):
        if row[one.name] in identity.person_ids:
            values[one.name] = None
    for one in columns.texts(table):
        pattern = identity.marks if f"{table.name}.{one.name}" in columns.NAMES else identity.words
        text = row.get(one.name)
        if text and pattern.search(text):
            blank = None if one.nullable else "" if table.name == "delivery" else ERASED
            values[one.name] = blank if pattern.fullmatch(text) else pattern.sub(ERASED, text)
    if table.name == "request" and {"person_id", "key"} & values.keys():
        # Whatever mailbox they asked for, in their own words, and what they were told.
        values |= {"address": ERASED, "key": ERASED, "note": "", "decision_reason": ""}
    if table.name == "delivery" and "address" in values:
        values |= {"reply": ""}
    for one in columns.documents(table):
        if row.get(one.name) is not None:
            cleaned = _cleaned(row[one.name], identity.words)
            values |= {} if cleaned == row[one.name] else {one.name: cleaned}
    return values


def _cleaned(value: Any, pattern: re.Pattern[str]) -> Any:
    if isinstance(value, str):
        return pattern.sub(ERASED, value)
    if isinstance(value, dict):
        return {pattern.sub(ERASED, str(name)): _cleaned(inner, pattern) for name, inner in value.items()}
    if isinstance(value, list):
        # Somebody on a list comes off it: a word in their place would be taken for somebody.
        kept = (one for one in value if not (isinstance(one, str) and pattern.fullmatch(one)))
        return [_cleaned(inner, pattern) for inner in kept]
    return value


async def _audit(tx: Writing, identity: Identity) -> int:
    """Take texts about them out of sealed rows, whose chain covers only commitments to texts."""
    word_list = sorted(identity.keys | identity.slack_ids | identity.names)
    within = cast(col(Audit.details), TextType)
    like = [within.icontains(form, autoescape=True) for word in word_list for form in {word, _escaped(word)}]
    rows = (await tx.exec(select(Audit).where(col(Audit.seal).is_not(None), or_(false(), *like)))).all()
    await tx.exec(update(AuditHead).values(erasing=True))
    count = 0
    for row in rows:
        salts = row.salts or {}
        details, kept = chain.erase(row.details, salts, lambda text: bool(identity.words.search(text)))
        if kept != salts:
            await tx.exec(update(Audit).where(col(Audit.id) == row.id).values(details=details, salts=kept))
            count += 1
    await tx.exec(update(AuditHead).values(erasing=False))
    return count


def _escaped(word: str) -> str:
    return json.dumps(word)[1:-1]
