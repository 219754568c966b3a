"""Many held posts in one card: one card a flood, whichever way two of its posts come in at the same moment."""

from __future__ import annotations

import asyncio

import pytest
from sqlmodel import col, select

from store import floods, memberships, nesting
from store.engine import Database
from store.schema.notice import Notice
from store.schema.post import HELD, Post
from store.terms import NoticeKind, Standing
from tests.store.offices import SYSTEM, contact, group, person
from tests.store.test_families import HOLD, submit
from tests.store.test_going_out import waits


async def pass_on(database: Database, post_id: int, inner: int) -> None:
    """Give the group within its own post, held."""
    async with database.writing() as tx:
        begun = await nesting.begin(tx, post_id)
        assert begun is not None
        await nesting.pass_on(tx, begun[0], inner, Standing.STRANGER, HOLD)
        await nesting.finish(tx, post_id)


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)  # SQLite has one writer
async def test_two_posts_at_the_last_place_make_one_flood(database: Database) -> None:
    ada = await person(database, "ada")
    inner = await group(database, ada, "inner")
    for n in range(floods.CARDS):
        await submit(database, inner, decision=HOLD, known_by=f"held {n}", author=f"{n}@x.example")
    through = []
    for name in ("left", "right"):
        outer = await group(database, ada, name)
        async with database.writing() as tx:
            await memberships.enrol(tx, outer, [contact("inner@groups.example.org")], contact=True, actor=SYSTEM)
        through += await submit(database, outer, known_by=name, author=f"{name}@x.example")
    async with asyncio.timeout(60), database.writing() as tx:
        begun = await nesting.begin(tx, through[0])
        assert begun is not None
        made = await nesting.pass_on(tx, begun[0], inner, Standing.STRANGER, HOLD)
        assert made is not None
        await nesting.finish(tx, through[0])
        second = asyncio.create_task(pass_on(database, through[1], inner))
        while not second.done() and not await waits(database):
            await asyncio.sleep(0.01)
    await second
    async with database.reading() as tx:
        cards = (await tx.exec(select(Notice.subject_id).where(col(Notice.kind) == NoticeKind.HELD_FLOOD))).all()
        flooded = (await tx.exec(select(Post.flood_id).where(HELD, col(Post.flood_id).is_not(None)))).all()
    assert list(cards) == [made.id]
    assert list(flooded) == [made.id] * 2
