"""The groups every served domain has of itself."""

from __future__ import annotations

import asyncio

from sqlmodel import col, select

from store import builtin
from store.engine import Database
from store.names import Served
from store.schema.group import Group, Name
from store.terms import GroupKind, NameRole

SERVED = Served(("groups.example.org", "lists.example.org"))


async def start(url: str) -> None:
    """What each bridge does first."""
    database = await Database.open(url)
    try:
        async with database.writing() as tx:
            await builtin.ensure(tx, SERVED)
    finally:
        await database.close()


async def test_bridges_that_start_at_once_make_them_once(database: Database, database_url: str) -> None:
    await asyncio.gather(*(start(database_url) for _ in range(8)))
    await start(database_url)
    async with database.reading() as tx:
        made = (await tx.exec(select(Group.address, Group.kind).order_by(col(Group.address)))).all()
        named = (await tx.exec(select(Name.address, Name.role).order_by(col(Name.address)))).all()
    assert made == [
        (f"{kind}@{domain}", GroupKind(kind)) for kind in ("abuse", "postmaster") for domain in SERVED.domains
    ]
    roles = {"abuse": NameRole.PUBLISHED, "bounces": NameRole.BOUNCES, "postmaster": NameRole.PUBLISHED}
    assert named == [(f"{local}@{domain}", role) for local, role in roles.items() for domain in SERVED.domains]
