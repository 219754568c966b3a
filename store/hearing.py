"""Hearing: when the bot last heard its slash command. Another app that takes the name leaves no other trace."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlmodel import col, select

from store import chores
from store.engine import Reading, Writing
from store.schema.chore import Chore

NOTED_EVERY = timedelta(minutes=1)
NAME = "command_heard"


async def heard(tx: Writing) -> None:
    """Note that a command came in now; within a minute of the last note nothing is written."""
    await chores.claim(tx, NAME, NOTED_EVERY)


async def unnoted(tx: Reading) -> bool:
    """Whether the last note is a minute old, so that `heard` would write."""
    return await chores.due(tx, NAME)


async def last(tx: Reading) -> datetime | None:
    """When a command was last heard, to the minute; None for never."""
    due = (await tx.exec(select(Chore.due_at).where(col(Chore.name) == NAME))).first()
    return due - NOTED_EVERY if due is not None else None
