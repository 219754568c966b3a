"""Allowance: how much of something is used up, and by whom, so that strangers' mail cannot have us write to others."""

from datetime import datetime

from sqlalchemy import Column, String
from sqlmodel import Field, SQLModel

from store.schema.columns import choice, moment
from store.terms import AllowanceScope


class Allowance(SQLModel, table=True):
    """`used` since `since`; a subject is a mailbox, a network or a group's id, as the scope says."""

    scope: AllowanceScope = Field(
        sa_column=Column("scope", choice(AllowanceScope, "allowance_scope", grows=True).type, primary_key=True)
    )
    subject: str = Field(sa_column=Column(String, primary_key=True))
    since: datetime = Field(sa_column=moment())
    used: int
