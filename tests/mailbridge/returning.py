"""A group whose mail comes back as a test says, and what can be seen of it."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import insert
from sqlmodel import col, func, select

from mailbridge import scoring
from store import bounces, incidents, queue, workers
from store.engine import Bulk, Database
from store.queue import Claim, Result
from store.schema.delivery import Delivery
from store.schema.group import Group
from store.schema.incident import Incident
from store.schema.letter import Letter
from store.schema.membership import Membership
from store.schema.message import Message
from store.schema.notice import Notice, Placement
from store.schema.post import Post
from store.terms import (
    BounceReason,
    DeliveryState,
    Fault,
    GroupPolicy,
    LetterKind,
    NoticeKind,
    Outcome,
    PostState,
    Receiving,
    Reply,
    Stage,
    Standing,
)
from tests.conftest import Clock
from tests.mailbridge.intake.room import add_group, add_member
from tests.store.test_queue import claim, expand_all, relay, settle

DAY = 86_400
GONE = Outcome(
    DeliveryState.FAILED, Reply(550, "5.1.1", "no such user"), Stage.RCPT, Fault.RECIPIENT,
    reason=BounceReason.USER_UNKNOWN,
)  # fmt: skip


class Scene:
    """A group whose mail is relayed, and comes back as a test says."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self.database = database
        self.clock = clock
        self.group_id = 0
        self.lane_id = 0
        self.members: dict[str, int] = {}

    async def begin(self, *names: str) -> Scene:
        self.lane_id = await relay(self.database)
        self.group_id = await add_group(self.database, "dev")
        self.members["admin"] = await add_member(self.database, self.group_id, "admin@example.com", administrator=True)
        for name in names:
            self.members[name] = await add_member(self.database, self.group_id, f"{name}@example.net")
        return self

    async def post(self) -> int:
        """A post to everybody, expanded."""
        group_id = self.group_id

        def make(bulk: Bulk) -> int:
            message = Message(size=1, digest="", raw=b"x", created_at=bulk.now).model_dump(exclude={"id"})
            message_id = bulk.connection.execute(insert(Message).values(message).returning(col(Message.id))).scalar()
            mark = bulk.connection.execute(select(func.max(col(Membership.id)))).scalar()
            group = bulk.connection.execute(select(Group).where(col(Group.id) == group_id)).one()
            policy = GroupPolicy(group_id, group.kind, group.address, group.route, group.display_name)
            post = Post(
                group_id=group_id, message_id=message_id or 0, public_id="p", standing=Standing.MEMBER,
                state=PostState.ACCEPTED, created_at=bulk.now, accepted_at=bulk.now, policy=policy.as_json(),
                high_water=mark,
            )  # fmt: skip
            row = post.model_dump(exclude={"id"})
            return int(bulk.connection.execute(insert(Post).values(row).returning(col(Post.id))).scalar() or 0)

        post_id = await self.database.bulk(make)
        await expand_all(self.database, post_id)
        return post_id

    async def deliver(self, refused: Sequence[str] = (), outcome: Outcome = GONE) -> list[Claim]:
        """Settle whatever is due: relayed, but to `refused`."""
        life = await workers.begin(self.database, "mailbridge")
        claims = list(await claim(self.database, life.id, self.lane_id, 1000))
        ids = {self.members[name] for name in refused}
        bad = tuple(one for one in claims if one.membership_id in ids)
        await settle(self.database, life.id, tuple(one for one in claims if one not in bad))
        results = [Result(one, outcome) for one in bad]
        await self.database.bulk(lambda bulk: queue.settle(bulk, life.id, results))
        life.end()
        return claims

    async def bounce(self, *names: str, reason: BounceReason = BounceReason.MAILBOX_FULL) -> int:
        """A post that is relayed to everybody and comes back from these."""
        post_id = await self.post()
        claims = await self.deliver()
        for name in names:
            [copy] = [one for one in claims if one.membership_id == self.members[name]]
            async with self.database.writing() as tx:
                assert await bounces.record(tx, copy.id, b"x", reason=reason, enhanced="5.2.2")
        return post_id

    async def score(self) -> None:
        """A quarter of an hour later, the chore."""
        self.clock.advance(900)
        await scoring.run(self.database, by_domain=False)

    async def days(self, count: int, *names: str, reason: BounceReason = BounceReason.MAILBOX_FULL) -> None:
        for _ in range(count):
            await self.bounce(*names, reason=reason)
            await self.score()
            self.clock.advance(DAY - 900)

    async def suspended(self, name: str) -> None:
        """Five days of bounces, and a probe that comes back."""
        await self.days(5, name)
        await self.probe_returns(name)
        assert (await self.member(name)).receiving is Receiving.BOUNCING

    async def probe_returns(self, name: str, reason: BounceReason = BounceReason.MAILBOX_FULL) -> None:
        await self.deliver()
        async with self.database.reading() as tx:
            query = select(Delivery.id).where(
                col(Delivery.letter_id).is_not(None), col(Delivery.membership_id) == self.members[name]
            )
            [delivery_id] = (await tx.exec(query)).all()
        assert delivery_id is not None
        async with self.database.writing() as tx:
            assert await bounces.record(tx, delivery_id, b"x", reason=reason)
        await scoring.run(self.database, by_domain=False)

    async def warn(self) -> int:
        return await scoring.warn(self.database, by_domain=False)

    async def member(self, name: str) -> Membership:
        found = await self.find(name)
        assert found is not None
        return found

    async def find(self, name: str) -> Membership | None:
        async with self.database.reading() as tx:
            return await tx.get(Membership, self.members[name])

    async def incident(self, name: str) -> Incident:
        async with self.database.reading() as tx:
            query = select(Incident).where(col(Incident.membership_id) == self.members[name])
            return (await tx.exec(query.order_by(col(Incident.id).desc()))).one()

    async def points(self, name: str) -> int:
        async with self.database.reading() as tx:
            found = await incidents.of(tx, [self.members[name]])
        return found[self.members[name]].points if found else 0

    async def letters(self, kind: LetterKind) -> list[Letter]:
        async with self.database.reading() as tx:
            return list((await tx.exec(select(Letter).where(col(Letter.kind) == kind))).all())

    async def told(self, kind: NoticeKind) -> list[str]:
        """Who has a notice of that kind."""
        async with self.database.reading() as tx:
            query = select(Placement.target).join(Notice, col(Notice.id) == col(Placement.notice_id))
            return sorted((await tx.exec(query.where(col(Notice.kind) == kind))).all())
