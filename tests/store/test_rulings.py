"""Bans and allowed authors: kept once, found by every way of writing them, and looked at again at the decision."""

from __future__ import annotations

import pytest
from sqlmodel import select

from store import joining, memberships, posts, requests, rulings
from store.engine import Database
from store.posts import NewMessage, Submission
from store.schema.audit import Audit
from store.terms import (
    Action,
    Actor,
    Address,
    Decision,
    PostState,
    Refused,
    RequestState,
    Standing,
    Subscription,
)
from store.word import RulingKind, Word
from tests.store.offices import contact, group, of, person

BAN, ALLOW = RulingKind.BAN, RulingKind.ALLOW


async def add(database: Database, group_id: int, kind: RulingKind, text: str, actor: Actor) -> int | None:
    async with database.writing() as tx:
        return await rulings.add(tx, group_id, kind, rulings.pattern(text), actor)


async def word(database: Database, group_id: int, key: str) -> Word:
    async with database.reading() as tx:
        return await rulings.word(tx, group_id, [key])


async def hold(database: Database, group_id: int, author: str = "eve@spam.example", *, proven: bool = True) -> int:
    """A post that waits; gives its id."""
    message = NewMessage(
        raw=b"Subject: x\r\n\r\nx\r\n", public_id="p", return_path=author, author=author, author_name="",
        subject="Lunch", authenticated=proven, verdict="relay_pass",
    )  # fmt: skip
    async with database.writing() as tx:
        made = await posts.submit(
            tx, message, [Submission(group_id, Standing.STRANGER, Decision(Action.HOLD), f"f-{author}")]
        )
    assert made.posts[0].id is not None
    return made.posts[0].id


async def test_a_ban_is_kept_once_found_and_lifted(database: Database) -> None:
    ada = await person(database, "ada")
    actor = Actor(ada.subject, ada.id)
    first, second = await group(database, ada), await group(database, ada, "other")
    assert await add(database, first, BAN, "Spam.example", actor)
    assert await add(database, first, BAN, "@spam.example", actor) is None
    assert await add(database, first, BAN, "*-news@*.example", actor)
    assert (await word(database, first, "eve@a.spam.example")).banned == "@spam.example"
    assert (await word(database, first, "big-news@shop.example")).banned == "*-news@*.example"
    assert await word(database, first, "eve@elsewhere.example") == Word()
    assert await word(database, second, "eve@spam.example") == Word()
    async with database.writing() as tx:
        assert await rulings.lift(tx, first, BAN, "@spam.example", actor)
        assert not await rulings.lift(tx, first, BAN, "@spam.example", actor)
    assert not (await word(database, first, "eve@spam.example")).banned
    async with database.reading() as tx:
        said = (await tx.exec(select(Audit).where(Audit.actor == ada.subject))).all()
    assert [row.verb for row in said] == ["author.banned", "author.banned", "author.unbanned"]
    assert "spam.example" not in str([row.details for row in said])  # the audit names nobody


async def test_what_cannot_be_ruled_is_refused_and_changes_nothing(database: Database) -> None:
    ada = await person(database, "ada")
    actor, group_id = Actor(ada.subject, ada.id), await group(database, ada)
    for kind, text, fault in (
        (BAN, "example.org", "ban_in_charge"),
        (BAN, "a?a@*.org", "ban_in_charge"),
        (BAN, "*@*.?", "pattern_too_wide"),
        (ALLOW, "spam.example", "allow_one_address"),
    ):
        with pytest.raises(Refused) as refusal:
            await add(database, group_id, kind, text, actor)
        assert refusal.value.name == fault
    async with database.reading() as tx:
        assert await rulings.of_group(tx, group_id, BAN) == []


async def test_the_preview_counts_whom_the_ban_means(database: Database) -> None:
    ada, eve = await person(database, "ada"), await person(database, "eve", "eve@spam.example")
    group_id = await group(database, ada)
    async with database.writing() as tx:
        entries = [contact(f"{name}@{at}.example") for name in ("a_b", "axb") for at in ("spam", "b.spam", "fine")]
        await memberships.enrol(tx, group_id, entries, contact=True, actor=Actor("system"))
    await hold(database, group_id)
    async with database.writing() as tx:
        await requests.ask(tx, await of(database, group_id), eve, Address.parse("eve@spam.example"))
    async with database.reading() as tx:
        found = {
            text: await rulings.matched(tx, group_id, rulings.pattern(text), roster=True)
            for text in ("spam.example", "a_b@*spam.example", "eve@spam.example")
        }
    assert [(one.contacts, one.posts, one.requests) for one in found.values()] == [(4, 1, 1), (2, 0, 0), (0, 1, 1)]
    assert list(found["a_b@*spam.example"].some) == ["a_b@b.spam.example", "a_b@spam.example"]


async def test_who_is_banned_while_waiting_is_not_let_in(database: Database) -> None:
    ada, eve = await person(database, "ada"), await person(database, "eve", "eve@spam.example")
    actor, group_id = Actor(ada.subject, ada.id), await group(database, ada)
    async with database.writing() as tx:
        asked = await requests.ask(tx, await of(database, group_id), eve, Address.parse("eve@home.example"))
    assert asked.request_id is not None
    post_id = await hold(database, group_id)
    await add(database, group_id, BAN, "spam.example", actor)  # her profile's address, though not the one she gave
    with pytest.raises(Refused) as refusal:
        async with database.writing() as tx:
            await requests.decide(tx, asked.request_id, approve=True, reason="", actor=actor)
    assert refusal.value.name == "applicant_banned"
    with pytest.raises(Refused) as refusal:
        async with database.writing() as tx:
            await posts.release(tx, post_id, actor)
    assert refusal.value.name == "author_banned"
    with pytest.raises(Refused) as refusal:
        async with database.writing() as tx:
            await requests.ask(tx, await of(database, group_id), eve, Address.parse("eve@other.example"))
    assert refusal.value.name == "join_banned"
    async with database.reading() as tx:
        request, post = await requests.get(tx, asked.request_id), await posts.get(tx, post_id)
        assert request is not None
        assert post is not None
        assert (request.state, post.state) == (RequestState.PENDING, PostState.HELD)
    async with database.writing() as tx:
        assert (await requests.decide(tx, asked.request_id, approve=False, reason="", actor=actor)).won


async def test_a_confirmation_of_who_is_banned_meanwhile_lets_nobody_in(database: Database) -> None:
    ada = await person(database, "ada")
    actor, group_id = Actor(ada.subject, ada.id), await group(database, ada, subscription=Subscription.OPEN)
    async with database.writing() as tx:
        await joining.ask(tx, group_id, joining.Wish(Address.parse("eve@spam.example")))
    await add(database, group_id, BAN, "eve@spam.example", actor)
    async with database.writing() as tx:
        outcome, _ = await joining.confirm(tx, 1)
    assert outcome is joining.Confirmed.GONE
    async with database.reading() as tx:
        assert await memberships.find(tx, group_id, key="eve@spam.example") is None
