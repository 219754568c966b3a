"""What bounces do to contacts, on both engines: who is probed, suspended, warned and removed, and who never is."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace

import pytest
from sqlalchemy import insert
from sqlmodel import col, func, select

from mailbridge import scoring
from store import bounces, incidents, memberships, queue, strikes, workers
from store.engine import Bulk, Database
from store.queue import Claim, Result
from store.schema.delivery import Delivery
from store.schema.group import Group
from store.schema.incident import Incident, Strike
from store.schema.letter import Letter
from store.schema.membership import Membership
from store.schema.message import Message
from store.schema.notice import Notice, Placement
from store.schema.post import Post
from store.terms import (
    Actor,
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


@pytest.fixture
async def scene(database: Database, clock: Clock) -> Scene:
    return await Scene(database, clock).begin("ana", "bo")


async def test_a_day_is_one_point_however_much_comes_back(scene: Scene) -> None:
    for _ in range(3):
        await scene.bounce("ana")
    await scene.score()
    assert await scene.points("ana") == 1
    assert await scene.points("bo") == 0
    async with scene.database.reading() as tx:
        counted = (await tx.exec(select(Strike.counted).order_by(col(Strike.id)))).all()
    assert list(counted) == [True, False, False]


async def test_nothing_is_scored_before_a_post_has_shown_what_comes_back(scene: Scene) -> None:
    await scene.bounce("ana")
    scene.clock.advance(899)
    assert await scoring.run(scene.database, by_domain=False) == 0
    scene.clock.advance(1)
    assert await scoring.run(scene.database, by_domain=False) == 1


async def test_five_days_probe_and_a_probe_that_arrives_changes_nothing(scene: Scene) -> None:
    await scene.days(4, "ana")
    assert (await scene.points("ana"), await scene.letters(LetterKind.BOUNCE_PROBE)) == (4, [])
    await scene.days(1, "ana")
    [probe] = await scene.letters(LetterKind.BOUNCE_PROBE)
    assert probe.address == "ana@example.net"
    assert probe.arguments["why"] == "The mailbox is full."
    await scene.deliver()
    await scene.days(2)
    assert (await scene.member("ana")).receiving is Receiving.ON
    assert await scene.points("ana") == 0
    assert await scene.told(NoticeKind.MEMBER_BOUNCING) == []


async def test_a_mailbox_that_recovers_begins_anew(scene: Scene) -> None:
    await scene.days(4, "ana")
    scene.clock.advance(8 * DAY)
    await scene.days(1, "ana")
    assert await scene.points("ana") == 1
    assert await scene.letters(LetterKind.BOUNCE_PROBE) == []


async def test_a_probe_that_comes_back_suspends_and_administrators_are_told_once(scene: Scene) -> None:
    await scene.days(4, "ana")
    await scene.bounce("ana")
    await scene.score()
    await scene.probe_returns("ana")
    assert (await scene.member("ana")).receiving is Receiving.BOUNCING
    assert await scene.told(NoticeKind.MEMBER_BOUNCING) == [f"UADMIN{scene.group_id}"]
    assert await scene.told(NoticeKind.BOUNCING) == []  # Slack does not know them
    after = await scene.post()
    await scene.deliver()
    async with scene.database.reading() as tx:
        query = select(Delivery.membership_id, Delivery.state).where(col(Delivery.post_id) == after)
        got = {membership_id for membership_id, _ in (await tx.exec(query)).all()}
    assert scene.members["ana"] not in got
    assert scene.members["bo"] in got


async def test_a_probe_refused_in_the_session_suspends_too(scene: Scene) -> None:
    await scene.days(5, "ana")
    await scene.deliver(["ana"])
    await scoring.run(scene.database, by_domain=False)
    found = await scene.incident("ana")
    assert found.suspended_at is not None
    assert found.reason == "user_unknown"


async def test_a_probe_refused_for_what_we_are_says_nothing_of_the_mailbox(scene: Scene) -> None:
    await scene.days(5, "ana")
    await scene.probe_returns("ana", BounceReason.POLICY)
    assert (await scene.member("ana")).receiving is Receiving.ON


async def test_three_warnings_and_then_removal(scene: Scene) -> None:
    await scene.suspended("ana")
    for count in (1, 2, 3):
        assert await scene.warn() == 1
        assert await scene.warn() == 0
        warnings = await scene.letters(LetterKind.BOUNCE_WARNING)
        assert [letter.address for letter in warnings] == ["ana@example.net"] * count
        scene.clock.advance(7 * DAY - 1)
        assert await scene.warn() == 0
        scene.clock.advance(1)
    before = await scene.incident("ana")
    assert before.removal_at == scene.clock.now
    assert await scene.warn() == 1
    assert await scene.find("ana") is None
    assert (await scene.incident("ana")).ended == "removed"
    assert await scene.warn() == 0
    assert await scene.told(NoticeKind.MEMBER_BOUNCING) == [f"UADMIN{scene.group_id}"]


async def test_who_resumes_is_not_removed_and_begins_anew(scene: Scene) -> None:
    await scene.suspended("ana")
    await scene.warn()
    async with scene.database.writing() as tx:
        await memberships.resume(tx, scene.members["ana"], Actor("somebody"))
    assert (await scene.incident("ana")).ended == "resumed"
    scene.clock.advance(30 * DAY)
    assert await scene.warn() == 0
    assert (await scene.member("ana")).receiving is Receiving.ON
    await scene.days(1, "ana")
    assert await scene.points("ana") == 1


async def test_residual_bounces_of_a_suspended_contact_are_ignored(scene: Scene) -> None:
    await scene.days(4, "ana")
    await scene.bounce("ana")
    await scene.score()
    other = await scene.post()
    claims = await scene.deliver()
    await scene.probe_returns("ana")
    [copy] = [one for one in claims if one.membership_id == scene.members["ana"] and one.post_id == other]
    async with scene.database.writing() as tx:
        assert await bounces.record(tx, copy.id, b"x", reason=BounceReason.MAILBOX_FULL)
    scene.clock.advance(DAY)
    await scene.score()
    assert await scene.points("ana") == 0


async def test_an_administrator_keeps_the_office_and_receives_nothing(scene: Scene) -> None:
    await scene.suspended("admin")
    # Slack knows them: told there, and no letter goes to a mailbox that does not work.
    assert await scene.told(NoticeKind.BOUNCING) == [f"UADMIN{scene.group_id}"]
    for _ in range(4):
        await scene.warn()
        scene.clock.advance(7 * DAY)
    assert await scene.letters(LetterKind.BOUNCE_WARNING) == []
    row = await scene.member("admin")
    assert (row.contact, row.administrator) == (False, True)


async def test_what_is_about_us_the_author_or_the_post_never_counts(scene: Scene) -> None:
    for reason in BounceReason:
        if not reason.counts:
            await scene.bounce("ana", reason=reason)
    await scene.score()
    assert await scene.points("ana") == 0
    await scene.bounce("ana", reason=BounceReason.EXPIRED)
    await scene.score()
    assert await scene.points("ana") == 1


async def test_refusals_in_the_session_count_if_they_are_about_the_recipient(scene: Scene) -> None:
    about_us = replace(GONE, reason=BounceReason.POLICY)
    await scene.post()
    await scene.deliver(["ana"])
    await scene.post()
    await scene.deliver(["bo"], about_us)
    await scene.score()
    assert (await scene.points("ana"), await scene.points("bo")) == (1, 0)


async def test_a_contact_who_left_meanwhile_is_left_alone(scene: Scene) -> None:
    await scene.bounce("ana", "bo")
    async with scene.database.writing() as tx:
        await memberships.stop(tx, scene.members["ana"], Actor("mail"))
    await scene.score()
    async with scene.database.reading() as tx:
        assert list(await incidents.of(tx, [scene.members["ana"]])) == []
    assert await scene.points("bo") == 1


async def test_two_processes_at_once_count_each_strike_once(scene: Scene) -> None:
    await scene.bounce("ana", "bo")
    scene.clock.advance(900)
    looked = await asyncio.gather(*(scoring.run(scene.database, by_domain=False) for _ in range(4)))
    assert sum(looked) == 2
    assert (await scene.points("ana"), await scene.points("bo")) == (1, 1)


# ---------------------------------------------------------------- storms


async def crowd(database: Database, clock: Clock) -> tuple[Scene, list[str]]:
    names = [f"c{n}" for n in range(60)]
    return await Scene(database, clock).begin(*names), names


async def test_a_post_of_which_more_than_a_tenth_comes_back_is_held_against_nobody(
    database: Database, clock: Clock
) -> None:
    scene, names = await crowd(database, clock)
    post_id = await scene.bounce(*names[:10], reason=BounceReason.USER_UNKNOWN)
    await scene.score()
    assert [await scene.points(name) for name in names[:10]] == [0] * 10
    async with database.reading() as tx:
        post = await tx.get(Post, post_id)
    assert post is not None
    assert post.stormed_at is not None
    assert await scene.told(NoticeKind.BOUNCE_STORM) == [f"UADMIN{scene.group_id}"]
    await scene.score()
    assert await scene.told(NoticeKind.BOUNCE_STORM) == [f"UADMIN{scene.group_id}"]


async def test_a_storm_that_shows_late_takes_back_what_was_counted(database: Database, clock: Clock) -> None:
    scene, names = await crowd(database, clock)
    await scene.days(1, names[0])
    post_id = await scene.post()
    claims = [one for one in await scene.deliver() if one.post_id == post_id]
    by_name = {name: next(one for one in claims if one.membership_id == scene.members[name]) for name in names}

    async def comes_back(some: Sequence[str]) -> None:
        for name in some:
            async with database.writing() as tx:
                assert await bounces.record(tx, by_name[name].id, b"x", reason=BounceReason.USER_UNKNOWN)
        await scene.score()

    await comes_back(names[:5])
    assert [await scene.points(name) for name in names[:5]] == [2, 1, 1, 1, 1]
    await comes_back(names[5:12])
    assert [await scene.points(name) for name in names[:12]] == [1] + [0] * 11
    await comes_back(names[12:13])
    assert await scene.points(names[12]) == 0


async def test_a_wide_refusal_for_what_we_are_alarms_though_it_counts_for_nobody(
    database: Database, clock: Clock
) -> None:
    scene, names = await crowd(database, clock)
    await scene.bounce(*names[:20], reason=BounceReason.AUTHENTICATION)
    await scoring.run(database, by_domain=False)
    assert await scene.told(NoticeKind.BOUNCE_STORM) == [f"UADMIN{scene.group_id}"]


async def test_old_rows_are_forgotten(scene: Scene) -> None:
    await scene.days(1, "ana")
    scene.clock.advance(40 * DAY)
    async with scene.database.writing() as tx:
        assert await strikes.purge(tx) == 1
        assert await incidents.purge(tx) == 1
