"""Invariant 3 at the verbs: however many click at once, over however many connections, each thing is decided once."""

from __future__ import annotations

import asyncio
import os
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager

from sqlmodel import func, select

from store import posts, requests, rulings, undo
from store.engine import Database, Writing
from store.locks import DatabaseBusy
from store.schema.audit import Audit
from store.terms import Action, Actor, Address, Decision, Refused, Standing
from store.word import RulingKind
from tests.store.offices import group, of, person

# By hand: CLICKED=1000 python -m pytest tests/store/test_clicks.py
THINGS, CLICKS, PROCESSES = int(os.environ.get("CLICKED", "6")), 50, 4
Click = Callable[[Writing, int, Actor], Awaitable[bool]]


async def release(tx: Writing, number: int, actor: Actor) -> bool:
    return (await posts.release(tx, number, actor)).won


async def discard(tx: Writing, number: int, actor: Actor) -> bool:
    return (await posts.discard(tx, number, actor)).won


async def reject(tx: Writing, number: int, actor: Actor) -> bool:
    return (await posts.reject(tx, number, "no", actor)).won


async def ban(tx: Writing, number: int, actor: Actor) -> bool:
    post = await posts.get(tx, number)
    assert post is not None
    await rulings.add(tx, post.group_id, RulingKind.BAN, rulings.pattern(post.author), actor)
    return (await posts.discard(tx, number, actor)).won


async def approve(tx: Writing, number: int, actor: Actor) -> bool:
    return (await requests.decide(tx, number, approve=True, reason="", actor=actor)).won


async def deny(tx: Writing, number: int, actor: Actor) -> bool:
    return (await requests.decide(tx, number, approve=False, reason="", actor=actor)).won


@asynccontextmanager
async def processes(url: str) -> AsyncIterator[list[Database]]:
    """The database as several processes have it open, each with connections of its own."""
    async with AsyncExitStack() as stack:
        opened = [await Database.open(url) for _ in range(PROCESSES)]
        for one in opened:
            stack.push_async_callback(one.close)
        yield opened


async def clicked(
    bots: Sequence[Database], numbers: Sequence[int], verbs: Sequence[Click], actor: Actor
) -> Counter[int]:
    """Everybody clicks at once; gives how many won each."""
    won: Counter[int] = Counter()

    async def one(n: int, number: int) -> None:
        first = False
        try:
            while True:
                try:
                    async with bots[n % len(bots)].writing() as tx:
                        first = await verbs[n % len(verbs)](tx, number, actor)
                    break
                except DatabaseBusy:  # told so, a person clicks again
                    continue
        except Refused as refusal:
            assert refusal.name == "author_banned"  # noqa: PT017 - whoever releases after the ban, which does not win twice
            return
        won[number] += first

    for number in numbers:
        await asyncio.gather(*(one(n, number) for n in range(CLICKS)))
    return won


async def test_each_is_decided_once_and_taken_back_once(database: Database, database_url: str) -> None:
    ada = await person(database, "ada")
    actor, group_id = Actor(ada.subject, ada.id), await group(database, ada)
    held, asked = [], []
    for n in range(THINGS // 2):
        message = posts.NewMessage(
            raw=b"Subject: x\r\n\r\nx\r\n", public_id=f"p{n}", return_path="", author=f"e{n}@spam.example",
            author_name="", subject="x", authenticated=True, verdict="relay_pass",
        )  # fmt: skip
        if n and n % 90 == 0:  # no more than a hundred wait in one group
            group_id = await group(database, ada, f"team{n}")
        async with database.writing() as tx:
            decision = Decision(Action.HOLD)
            made = await posts.submit(tx, message, [posts.Submission(group_id, Standing.STRANGER, decision, f"f{n}")])
        held.append(made.posts[0].id or 0)
        bob = await person(database, f"bob{n}")
        found = await of(database, group_id)
        async with database.writing() as tx:
            wanted = await requests.ask(tx, found, bob, Address.parse(f"bob{n}@example.org"))
        asked.append(wanted.request_id or 0)
    async with processes(database_url) as bots:
        won = await clicked(bots, held, [release, discard, reject, ban], actor)
        assert [won[number] for number in held] == [1] * len(held)
        won = await clicked(bots, asked, [approve, deny], actor)
        assert [won[number] for number in asked] == [1] * len(asked)
        if THINGS > 100:
            return
        back = await clicked(bots, asked, [take_back], actor)
        assert set(back.values()) <= {1}
    async with database.reading() as tx:
        query = select(Audit.verb, func.count()).group_by(Audit.verb)
        counted: dict[str, int] = dict((await tx.exec(query)).all())
    decided = [counted.get(f"post.{verb}", 0) for verb in ("released", "discarded", "rejected")]
    assert sum(decided) == len(held)
    assert counted.get("request.approved", 0) + counted.get("request.denied", 0) == len(asked)
    assert counted["request.undone"] == sum(back.values()) == len(asked)


async def take_back(tx: Writing, number: int, actor: Actor) -> bool:
    return (await undo.request(tx, number, actor)).won
