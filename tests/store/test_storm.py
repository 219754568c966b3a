"""Everything at once: hundreds of verbs by many people beside workers that deliver, and afterwards the books are true.

PostgreSQL finds deadlocks and breaks one of the transactions; a lost update or a delivery without its turn shows as a
post that is never done. Nothing here depends on the order in which things happen.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import timedelta

from sqlalchemy import func, select
from sqlmodel import col

from store import (
    ending,
    expansion,
    groups,
    letters,
    memberships,
    notices,
    outbox,
    pending,
    persons,
    posts,
    queue,
    requests,
    tallies,
    workers,
)
from store.engine import Bulk, Database, Writing
from store.groups import NewGroup
from store.names import Served
from store.persons import Profile
from store.queue import Claim, Result
from store.roster import Entry
from store.schema.delivery import Delivery
from store.schema.group import Group
from store.schema.membership import Membership
from store.schema.person import Person
from store.schema.post import Post
from store.submissions import NoRoom
from store.terms import (
    Action,
    Actor,
    Address,
    Apart,
    Decision,
    DeliveryState,
    Language,
    Leave,
    LetterKind,
    NoticeKind,
    Outcome,
    PostState,
    Refused,
    Reply,
    Stage,
    Standing,
    Subscription,
)
from tests.conftest import Clock

SERVED = Served(("groups.example.org",))
SYSTEM = Actor("system")
DOMAINS = 3
PEOPLE = 24
DEEDS = 240
AT_ONCE = 12
ATTEMPTS = 3


class Town:
    """People, groups and workers, and what they do at random (from a seed)."""

    def __init__(self, database: Database, clock: Clock, seed: int) -> None:
        self.database = database
        self.clock = clock
        self.random = random.Random(seed)
        self.people: list[Person] = []
        self.group_ids: list[int] = []
        self.happened: Counter[str] = Counter()
        self.over = False
        self.number = 0

    async def settle_in(self) -> None:
        async with self.database.writing() as tx:
            self.people = [
                await persons.upsert(tx, Profile(f"U{n}", f"P{n}", f"p{n}@d{n % DOMAINS}.example"))
                for n in range(PEOPLE)
            ]
        for n in range(3):
            await self.found_group(f"g{n}")

    async def found_group(self, local: str) -> None:
        admins = tuple(Entry(person_id=person.id) for person in self.people[:3])
        own = tuple(Entry(Address(f"{local}.c{n}", f"d{n % DOMAINS}.example")) for n in range(220))
        contacts = (*own, *(Entry(person_id=person.id) for person in self.people))
        new = NewGroup(
            f"{local}@{SERVED.domains[0]}", administrators=admins, contacts=contacts, report_channel="C1",
            subscription=self.random.choice(list(Subscription)), leave=self.random.choice(list(Leave)),
        )  # fmt: skip
        async with self.database.writing() as tx:
            group = await groups.create(tx, new, SERVED, SYSTEM)
        assert group.id is not None
        self.group_ids.append(group.id)

    # ------------------------------------------------------------ what people do

    async def deed(self) -> None:
        verb = self.random.choice(
            [self.submit, self.submit, self.ask, self.decide, self.leave, self.remove, self.enrol, self.pause,
             self.stop_post, self.retry, self.letter, self.profile, self.release, self.one_click, self.delete]
        )  # fmt: skip
        try:
            async with self.database.writing() as tx:
                await verb(tx)
            self.happened[verb.__name__] += 1
        except Refused as refused:
            self.happened[refused.name] += 1
        except NoRoom:  # decisions came too late for so many posts of one author
            self.happened["no_room"] += 1

    def person(self) -> Person:
        return self.random.choice(self.people)

    def group_id(self) -> int:
        return self.random.choice(self.group_ids)

    async def submit(self, tx: Writing) -> None:
        self.number += 1
        action = self.random.choice([Action.ACCEPT, Action.ACCEPT, Action.HOLD])
        decision = Decision(action, (), ())
        wanted = self.random.sample(self.group_ids, 2)
        message = posts.NewMessage(b"x", f"m{self.number}", author="p1@d1.example", authenticated=True)
        await posts.submit(
            tx, message, [posts.Submission(one, Standing.MEMBER, decision, f"f{self.number}") for one in wanted]
        )

    async def ask(self, tx: Writing) -> None:
        group, person = await tx.get(Group, self.group_id()), self.person()
        assert group is not None
        assert person.email is not None
        await requests.ask(tx, group, person, Address.parse(person.email))

    async def decide(self, tx: Writing) -> None:
        waiting = await pending.requests(tx, self.group_ids)
        if waiting:
            one = self.random.choice(waiting)
            assert one.id is not None
            await requests.decide(tx, one.id, self.random.random() < 0.7, "", persons.actor(self.people[0]))

    async def member(self, tx: Writing, group_id: int) -> Membership | None:
        rows = await memberships.page(tx, group_id, offset=self.random.randrange(120), limit=1)
        return rows[0] if rows else None

    async def leave(self, tx: Writing) -> None:
        group_id = self.group_id()
        row = await self.member(tx, group_id)
        if row is not None:
            await memberships.leave(tx, group_id, row, SYSTEM)

    async def one_click(self, tx: Writing) -> None:
        row = await self.member(tx, self.group_id())
        if row is not None and row.id is not None:
            await memberships.stop(tx, row.id, SYSTEM)

    async def remove(self, tx: Writing) -> None:
        group_id = self.group_id()
        rows = await memberships.page(tx, group_id, offset=self.random.randrange(100), limit=self.random.randint(1, 40))
        ids = [row.id for row in rows if row.id is not None]
        self.random.shuffle(ids)
        await memberships.remove(tx, group_id, ids, SYSTEM)

    async def enrol(self, tx: Writing) -> None:
        people = self.random.sample(self.people, 8)
        entries = [Entry(person_id=person.id) for person in people]
        flag = self.random.choice(["contact", "contact", "moderator", "administrator"])
        await memberships.enrol(tx, self.group_id(), entries, actor=SYSTEM, re_enrol=True, **{flag: True})

    async def pause(self, tx: Writing) -> None:
        row = await self.member(tx, self.group_id())
        if row is not None and row.id is not None:
            verb = self.random.choice([memberships.resume, None])
            await (verb(tx, row.id, SYSTEM) if verb else memberships.pause(tx, row.id, None, SYSTEM))

    async def some_post(self, tx: Writing, state: PostState) -> int | None:
        query = select(col(Post.id)).where(col(Post.state) == state, col(Post.done_at).is_(None))
        found = (await (await tx.connection()).execute(query)).scalars().all()
        return self.random.choice(found) if found else None

    async def release(self, tx: Writing) -> None:
        post_id = await self.some_post(tx, PostState.HELD)
        if post_id is not None:
            verb = self.random.choice([posts.release, posts.release, posts.discard])
            await verb(tx, post_id, persons.actor(self.people[0]))

    async def stop_post(self, tx: Writing) -> None:
        post_id = await self.some_post(tx, PostState.ACCEPTED)
        if post_id is not None and self.random.random() < 0.4:
            await posts.stop(tx, post_id, SYSTEM)

    async def retry(self, tx: Writing) -> None:
        post_id = await self.some_post(tx, PostState.ACCEPTED)
        if post_id is not None:
            await posts.retry(tx, post_id, SYSTEM)

    async def letter(self, tx: Writing) -> None:
        person = self.person()
        await letters.write(
            tx, LetterKind.POST_REJECTED, person.email or "", Language.EN, by_domain=True,
            arguments={"group": "g", "name": "n", "subject": "s", "reason": "r"},
        )  # fmt: skip

    async def profile(self, tx: Writing) -> None:
        n = self.random.randrange(PEOPLE)
        await persons.upsert(tx, Profile(f"U{n}", f"P{n}", f"p{n}@d{n % DOMAINS}.example"))

    async def delete(self, tx: Writing) -> None:
        if self.random.random() < 0.15:
            group_id = self.group_id()
            group = await ending.delete(tx, group_id, SYSTEM)
            local = group.address.partition("@")[0]
            admins = tuple(Entry(person_id=person.id) for person in self.people[:3])
            again = await groups.create(
                tx, NewGroup(f"{local}@{SERVED.domains[0]}", administrators=admins, report_channel="C1"), SERVED, SYSTEM
            )
            assert again.id is not None
            self.group_ids = [again.id if one == group_id else one for one in self.group_ids]

    # ------------------------------------------------------------ who works meanwhile

    async def deliver(self) -> None:
        """As a bridge's worker: settle, expand, claim, and mark the reports, in one transaction."""
        life = await workers.begin(self.database, "mailbridge")
        held: list[Claim] = []

        def turn(bulk: Bulk) -> list[Claim]:
            results = [self.result(one) for one in held]
            assert queue.settle(bulk, life.id, results)
            for post_id in expansion.pending(bulk)[:1]:
                expansion.expand(bulk, post_id, by_domain=True)
            claims: list[Claim] = []
            for lane_id, _ in queue.lanes_due(bulk, 10).lanes:
                claims += queue.claim(bulk, life.id, lane_id, 40).claims
            for post_id in sorted({one.post_id for one in held if one.post_id}):
                notices.touch_last(bulk, NoticeKind.REPORT, post_id)
            if not held:
                queue.finish(bulk)
            return claims

        try:
            while not (self.over and not held and await self.quiet()):
                held = await self.database.bulk(turn)
                self.clock.advance(0.01)
                await self.database.bulk(lambda bulk: workers.beat(bulk, life.id))
            await self.database.bulk(lambda bulk: workers.end(bulk, life.id))
        finally:
            life.end()

    def result(self, claim: Claim) -> Result:
        chance = self.random.random()
        if chance < 0.15 and claim.attempts < ATTEMPTS:
            outcome = Outcome(DeliveryState.DEFERRED, Reply(450, "4.2.0", "later"), Stage.RCPT)
            return Result(claim, outcome, self.clock() + timedelta(seconds=self.random.random() / 10))
        if chance < 0.2:
            return Result(claim, Outcome(DeliveryState.FAILED, Reply(550, "5.1.1", "no"), Stage.RCPT))
        return Result(claim, Outcome(DeliveryState.RELAYED, Reply(250, "", "ok"), Stage.DOT))

    async def say(self) -> None:
        """As the bot's outbox."""
        life = await workers.begin(self.database, "bot")
        try:
            while not self.over:
                await self.database.bulk(lambda bulk: workers.beat(bulk, life.id))
                async with self.database.writing() as tx:
                    due = await outbox.claim(tx, life.id, 6)
                for one in due:
                    async with self.database.writing() as tx:
                        assert one.placement.id is not None
                        assert await outbox.placed(tx, one.placement.id, life.id, "C1", "1.2", one.version)
            await self.database.bulk(lambda bulk: workers.end(bulk, life.id))
        finally:
            life.end()

    async def quiet(self) -> bool:
        """Whether no delivery waits and no post is to be expanded."""
        open_states = [DeliveryState.QUEUED, DeliveryState.DEFERRED, DeliveryState.CLAIMED]
        async with self.database.reading() as tx:
            connection = await tx.connection()
            waiting = select(func.count()).select_from(Delivery).where(col(Delivery.state).in_(open_states))
            undone = select(func.count()).select_from(Post)
            undone = undone.where(col(Post.state) == PostState.ACCEPTED, col(Post.done_at).is_(None))
            return not (await connection.execute(waiting)).scalar() and not (await connection.execute(undone)).scalar()

    async def live(self) -> None:
        """All of it at once, until the deeds are done and the last copy has its outcome."""
        left = iter(range(DEEDS))

        async def somebody() -> None:
            for _ in left:
                await self.deed()

        async def all_deeds() -> None:
            try:
                await together(*(somebody for _ in range(AT_ONCE)))
            finally:
                self.over = True

        await together(all_deeds, self.deliver, self.deliver, self.deliver, self.say, self.say)


async def together(*jobs: Callable[[], Awaitable[None]]) -> None:
    async with asyncio.TaskGroup() as tasks:
        for job in jobs:
            tasks.create_task(job())  # type: ignore[arg-type]  # each is a coroutine function


async def test_whatever_happens_at_once_the_books_are_true(database: Database, clock: Clock) -> None:
    town = Town(database, clock, seed=7)
    await town.settle_in()
    async with asyncio.timeout(240):
        await town.live()
    assert town.happened["submit"] > 10
    async with database.reading() as tx:
        connection = await tx.connection()
        states = select(col(Delivery.post_id), col(Delivery.state), func.count()).group_by(
            col(Delivery.post_id), col(Delivery.state)
        )
        real: dict[int | None, dict[str, int]] = {}
        for post_id, state, n in (await connection.execute(states.where(col(Delivery.post_id).is_not(None)))).all():
            real.setdefault(post_id, {})[state] = n
        spared = 0
        for post in (await connection.execute(select(Post.__table__))).all():  # type: ignore[attr-defined]  # SQLModel sets it
            counts = await tallies.of_post(tx, post.id)
            told = {state: n for state, n in counts.items() if n and state in tallies.CLOSED}
            told = {state: n for state, n in told.items() if state not in tallies.SPARED}
            assert told == real.get(post.id, {}), post.id
            assert tallies.made(counts) == sum(real.get(post.id, {}).values())
            spared += counts.get(Apart.ELSEWHERE, 0)
            assert not counts.get("deferred")
        twice = select(func.count()).select_from(Delivery).where(col(Delivery.post_id).is_not(None))
        twice = twice.group_by(col(Delivery.post_id), col(Delivery.address)).having(func.count() > 1)
        assert (await connection.execute(twice)).first() is None
        # Each post went to two groups: nobody in both has two copies, whatever was left, stopped or released meanwhile.
        assert spared > 10
        copies = select(func.count()).select_from(Delivery).join(Post, col(Post.id) == col(Delivery.post_id))
        copies = copies.where(col(Delivery.state) != DeliveryState.SKIPPED)
        copies = copies.group_by(col(Post.family_id), col(Delivery.key)).having(func.count() > 1)
        assert (await connection.execute(copies)).first() is None
