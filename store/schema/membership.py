"""Membership: what a subject (an address, a person, or both) is to a group."""

from datetime import datetime

from sqlalchemy import Boolean, CheckConstraint, Column, Index, UniqueConstraint, false, text, true
from sqlmodel import Field, SQLModel

from store.schema.columns import choice, key, moment, reference
from store.terms import Receiving

DATED = text("until IS NOT NULL")
GONE = text("gone IS TRUE")


class Membership(SQLModel, table=True):
    """One row per (group, subject). Ids only grow, and rejoining makes a new row: a post's high-water mark rests
    on both.

    `contact` rests on the address; `moderator` and `administrator` rest on the person. `key` is the address in the
    form it is compared by; `domain` its domain, which names the lane where mail goes straight to MX hosts.
    `receive_own` and `receive_addressed` are the contact's own wishes: copies of their own posts, and copies of posts
    that name them in To or Cc already. `until` is when it ends that they are contact, whatever else they are.
    `followed`: a contact because of what the group follows, and only that. `gone`: the person is deactivated in Slack,
    so nothing goes out to them whatever `receiving` says, which comes into force again when they are back.
    """

    __table_args__ = (
        UniqueConstraint("group_id", "key", name="uq_membership_address"),
        UniqueConstraint("group_id", "person_id", name="uq_membership_person"),
        CheckConstraint("key IS NOT NULL OR person_id IS NOT NULL", name="ck_membership_subject"),
        CheckConstraint("NOT contact OR key IS NOT NULL", name="ck_membership_contact_address"),
        Index("ix_membership_group_id", "group_id", "id"),
        Index("ix_membership_key", "key"),
        Index("ix_membership_person", "person_id"),
        Index("ix_membership_until", "until", postgresql_where=DATED, sqlite_where=DATED),
        Index("ix_membership_gone", "group_id", postgresql_where=GONE, sqlite_where=GONE),
        {"sqlite_autoincrement": True},
    )

    id: int | None = Field(default=None, sa_column=key())
    group_id: int = Field(sa_column=reference("group.id", ondelete="CASCADE"))
    address: str | None = None
    key: str | None = None
    domain: str | None = None
    person_id: int | None = Field(default=None, sa_column=reference("person.id", nullable=True))
    name: str = ""
    contact: bool = False
    moderator: bool = False
    administrator: bool = False
    receiving: Receiving = Field(default=Receiving.ON, sa_column=choice(Receiving, "receiving"))
    receive_own: bool = Field(default=True, sa_column=Column(Boolean, nullable=False, server_default=true()))
    receive_addressed: bool = Field(default=True, sa_column=Column(Boolean, nullable=False, server_default=true()))
    followed: bool = Field(default=False, sa_column=Column(Boolean, nullable=False, server_default=false()))
    gone: bool = Field(default=False, sa_column=Column(Boolean, nullable=False, server_default=false()))
    paused_until: datetime | None = Field(default=None, sa_column=moment(nullable=True))
    until: datetime | None = Field(default=None, sa_column=moment(nullable=True))
    created_at: datetime = Field(sa_column=moment())
