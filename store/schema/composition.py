"""Composition: a mail that a person writes to a group in Slack, until it is a post."""

from datetime import datetime
from typing import Any

from sqlalchemy import Boolean, Column, Index, String, false, text
from sqlmodel import Field, SQLModel

from store.composition import CompositionState
from store.schema.columns import ID, choice, document, key, moment, reference
from store.schema.group import Group  # noqa: F401 - the table referred to
from store.schema.person import Person  # noqa: F401 - the table referred to

OPEN = text("state IN ('asked', 'waiting', 'claimed')")


class Composition(SQLModel, table=True):
    """`text` is in the light marks of a chat (`*bold*`, `> quoted`), without Slack's ids. `public_id` is the post's.

    `due_at` is when a bridge may look at it: at once while it is `asked`, once it can no longer be undone when it is
    `waiting`. `verdict` is a `composition.Verdict`. `answers_id` is the post it answers; `alone`: for that post's
    author and nobody else. The Message-ID is made of `public_id`, so that a second try repeats the first.
    """

    __table_args__ = (
        Index("ix_composition_due", "due_at", postgresql_where=OPEN, sqlite_where=OPEN),
        {"sqlite_autoincrement": True},
    )

    id: int | None = Field(default=None, sa_column=key())
    group_id: int = Field(sa_column=reference("group.id"))
    person_id: int = Field(sa_column=reference("person.id", index=True))
    public_id: str = Field(sa_column=Column(String, nullable=False, unique=True))
    subject: str
    text: str
    state: CompositionState = Field(sa_column=choice(CompositionState, "composition_state", grows=True))
    verdict: dict[str, Any] | None = Field(default=None, sa_column=document(nullable=True))
    answers_id: int | None = Field(default=None, sa_column=Column(ID, nullable=True))
    alone: bool = Field(default=False, sa_column=Column(Boolean, nullable=False, server_default=false()))
    post_id: int | None = Field(default=None, sa_column=Column(ID, nullable=True))
    tries: int = 0
    created_at: datetime = Field(sa_column=moment())
    due_at: datetime = Field(sa_column=moment())
    sent_at: datetime | None = Field(default=None, sa_column=moment(nullable=True))
