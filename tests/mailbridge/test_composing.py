"""Mail written in Slack on the bridge's side: judged by the group's policy, submitted once, by whoever lives."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from sqlmodel import col, select

from mailbridge import composing
from mailbridge.deliver.editions import Editions, Publisher
from mailbridge.intake.session import House
from mailbridge.tokens import Tokens
from store import compositions, conversations, groups, outbox, persons, posts
from store.composition import CompositionState, Verdict
from store.engine import Database
from store.expansion import expand
from store.groups import NewGroup
from store.names import Served
from store.roster import Entry
from store.schema.composition import Composition
from store.schema.delivery import Delivery
from store.schema.group import Group
from store.schema.person import Person
from store.schema.post import Post
from store.terms import Action, Actor, Moderation, NoticeKind, PostState
from tests.conftest import Clock
from tests.mailbridge.intake.room import opened

SERVED = Served(("example.org",))
EDITIONS = Editions(Publisher("mail.example.org", Tokens([b"0123456789abcdef"]), None))


class Desk:
    """Ada, who administers the group, Bob, who is its member, and the bridge, one step at a time."""

    def __init__(self, house: House) -> None:
        self.database: Database = house.database
        self.house = house

    async def person(self, handle: str, **more: Any) -> Person:
        async with self.database.writing() as tx:
            profile = persons.Profile(f"U0{handle.upper()}", handle.title(), f"{handle}@corp.example")
            person = await persons.upsert(tx, profile)
            for name, value in more.items():
                setattr(person, name, value)
            tx.add(person)
            return person

    async def group(self, **settings: Any) -> Group:
        ada, bob = await self.person("ada"), await self.person("bob")
        new = NewGroup(
            address="team@example.org",
            display_name="The team",
            administrators=(Entry(None, ada.id, "Ada"),),
            contacts=(Entry(None, bob.id, "Bob"),),
            **settings,
        )
        async with self.database.writing() as tx:
            return await groups.create(tx, new, SERVED, Actor("system"))

    async def ask(self, group: Group, person: Person, public_id: str = "first", text: str = "Hello *you*") -> int:
        async with self.database.writing() as tx:
            row = await compositions.ask(tx, group, person, public_id, ("Good news", text))
        assert row.id is not None
        return row.id

    async def look(self, composition_id: int) -> Composition:
        async with self.database.reading() as tx:
            row = await compositions.get(tx, composition_id)
        assert row is not None
        return row

    async def said(self, composition_id: int) -> Verdict:
        said = compositions.verdict(await self.look(composition_id))
        assert said is not None
        return said

    async def send(self, composition_id: int, person: Person) -> None:
        async with self.database.writing() as tx:
            await compositions.send(tx, composition_id, person)

    async def step(self) -> bool:
        return await composing.once(self.house, EDITIONS)

    async def posts(self) -> list[Post]:
        async with self.database.reading() as tx:
            return [post for n in range(1, 9) if (post := await posts.get(tx, n)) is not None]

    async def raw(self, post: Post) -> str:
        assert post.id is not None
        async with self.database.reading() as tx:
            return (await posts.raw(tx, post.id) or b"").decode()


@pytest.fixture
async def desk(database: Database) -> AsyncIterator[Desk]:
    async with opened(database) as room:
        yield Desk(room.house)


async def test_a_member_s_mail_is_drawn_waits_and_goes_out_once(desk: Desk, clock: Clock) -> None:
    group, bob = await desk.group(subject_tag="Team", moderation=Moderation.NONE), await desk.person("bob")
    written = await desk.ask(group, bob)
    assert await desk.step()
    said = await desk.said(written)
    assert (said.action, said.reasons) == (Action.ACCEPT, ())
    assert (said.sender, said.subject) == ("Bob <bob@corp.example>", "[Team] Good news")
    assert said.text.strip() == "Hello *you*"
    await desk.send(written, bob)
    assert not await desk.step()
    clock.advance(30)
    assert await desk.step()
    (post,) = await desk.posts()
    assert (post.state, post.authenticated, post.verdict, post.author) == (
        PostState.ACCEPTED, True, "written", "bob@corp.example",
    )  # fmt: skip
    raw = await desk.raw(post)
    assert "\r\nMessage-ID: <first@example.org>\r\n" in raw
    assert "From: Bob\r\n\t<bob@corp.example>\r\n" in raw
    assert "<strong>you</strong>" in raw
    row = await desk.look(written)
    assert (row.state, row.post_id, row.text) == (CompositionState.POSTED, post.id, "")
    assert not await desk.step()


async def test_what_is_undone_never_goes_out_and_what_is_claimed_cannot_be(desk: Desk, clock: Clock) -> None:
    group, ada, bob = await desk.group(), await desk.person("ada"), await desk.person("bob")
    first, second = await desk.ask(group, bob), await desk.ask(group, bob, "second")
    assert await desk.step()
    assert await desk.step()
    for one in (first, second):
        await desk.send(one, bob)
    async with desk.database.writing() as tx:
        assert await compositions.undo(tx, first, ada) is None
        undone = await compositions.undo(tx, first, bob)
    assert undone is not None
    assert undone.state is CompositionState.UNDONE
    clock.advance(30)
    while await desk.step():
        pass
    async with desk.database.writing() as tx:
        late = await compositions.undo(tx, second, bob)
    assert late is not None
    assert late.state is CompositionState.POSTED
    assert [post.public_id for post in await desk.posts()] == ["second"]


async def test_a_bridge_that_dies_after_its_commit_leaves_one_post(desk: Desk, clock: Clock) -> None:
    group, bob = await desk.group(), await desk.person("bob")
    written = await desk.ask(group, bob)
    await desk.step()
    await desk.send(written, bob)
    clock.advance(30)
    await desk.step()
    async with desk.database.writing() as tx:  # as if it had not come to say so
        row = await compositions.get(tx, written)
        assert row is not None
        row.state, row.post_id, row.text, row.due_at = CompositionState.CLAIMED, None, "Hello *you*", tx.now
        tx.add(row)
    assert await desk.step()
    assert (await desk.look(written)).state is CompositionState.POSTED
    assert len(await desk.posts()) == 1


async def test_what_is_a_post_already_is_not_said_to_be_taken_back(desk: Desk, clock: Clock) -> None:
    group, bob = await desk.group(), await desk.person("bob")
    written = await desk.ask(group, bob)
    await desk.step()
    await desk.send(written, bob)
    clock.advance(30)
    await desk.step()
    async with desk.database.writing() as tx:  # as if it had failed after its commit, and been put off
        row = await compositions.get(tx, written)
        assert row is not None
        row.state, row.post_id = CompositionState.WAITING, None
        tx.add(row)
    async with desk.database.writing() as tx:
        late = await compositions.undo(tx, written, bob)
    assert late is not None
    assert late.state is CompositionState.POSTED


async def test_the_policy_speaks_as_it_does_to_mail(desk: Desk, clock: Clock) -> None:
    moderated = await desk.group(moderation=Moderation.EVERYONE)
    bob, carol = await desk.person("bob"), await desk.person("carol")
    written, strange = await desk.ask(moderated, bob), await desk.ask(moderated, carol, "strange")
    while await desk.step():
        pass
    said = await desk.said(written)
    assert (said.action, [reason.name for reason in said.reasons]) == (Action.HOLD, ["everyone_moderated"])
    assert [reason.name for reason in (await desk.said(strange)).reasons] == ["non_member"]
    await desk.send(written, bob)
    async with desk.database.writing() as tx:  # the account goes within the half minute
        gone = await persons.get(tx, bob.id or 0)
        gone.deactivated = True
        tx.add(gone)
    clock.advance(30)
    await desk.step()
    row = await desk.look(written)
    assert row.state is CompositionState.REFUSED
    assert [reason.name for reason in (await desk.said(written)).reasons] == ["author_gone"]
    assert row.text == "Hello *you*"
    assert await desk.posts() == []


async def test_an_answer_goes_on_with_its_conversation(desk: Desk, clock: Clock) -> None:
    group, bob = await desk.group(moderation=Moderation.NONE), await desk.person("bob")
    ada = await desk.person("ada")
    ids = []
    for public_id, person in (("first", bob), ("second", ada), ("third", bob)):
        before = await desk.posts()
        async with desk.database.writing() as tx:
            row = await compositions.ask(
                tx,
                group,
                person,
                public_id,
                ("Re: Good news", f"Text of {public_id}"),
                answers=before[-1] if before else None,
            )
        assert row.id is not None
        await desk.step()
        await desk.send(row.id, person)
        clock.advance(30)
        await desk.step()
        ids.append(row.id)
    first, second, third = await desk.posts()
    assert (first.answers_id, second.answers_id, third.answers_id) == (None, first.id, first.id)
    raw = await desk.raw(third)
    assert "\r\nIn-Reply-To: <second@example.org>\r\n" in raw
    assert "\r\nReferences: <first@example.org>\r\n\t<second@example.org>\r\n" in raw


async def test_an_answer_for_the_author_alone_has_one_copy_and_no_report_in_the_channel(
    desk: Desk, clock: Clock
) -> None:
    group, bob = await desk.group(report_channel="C0REPORTS"), await desk.person("bob")
    ada = await desk.person("ada")
    written = await desk.ask(group, bob)
    await desk.step()
    await desk.send(written, bob)
    clock.advance(30)
    await desk.step()
    (first,) = await desk.posts()
    async with desk.database.writing() as tx:
        row = await compositions.ask(tx, group, ada, "second", ("Re: Good news", "Just you"), answers=first, alone=True)
    assert row.id is not None
    await desk.step()
    await desk.send(row.id, ada)
    clock.advance(30)
    await desk.step()
    _, second = await desk.posts()
    assert (second.state, second.only_to) == (PostState.ACCEPTED, "bob@corp.example")
    assert second.id is not None
    post_id = second.id
    await desk.database.bulk(lambda bulk: expand(bulk, first.id or 0, by_domain=False))
    await desk.database.bulk(lambda bulk: expand(bulk, post_id, by_domain=False))
    async with desk.database.reading() as tx:
        copies = (await tx.exec(select(Delivery.address).where(col(Delivery.post_id) == post_id))).all()
        (report,) = await outbox.placements(tx, NoticeKind.REPORT, post_id)
        assert await conversations.answered(tx, first.id or 0) == 0
    assert list(copies) == ["bob@corp.example"]
    assert report.target == "U0ADA"
