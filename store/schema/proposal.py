"""Proposal: a change of a roster that was shown to an administrator, and is made only if they say so."""

from datetime import datetime
from typing import Any

from sqlalchemy import Column, Index, LargeBinary
from sqlmodel import Field, SQLModel

from store.schema.columns import choice, document, key, moment, reference
from store.verdicts import ProposalState


class Proposal(SQLModel, table=True):
    """`changes` is what was shown, packed (`store.proposals`), and gone once it is decided and done: it has
    addresses.

    `total` counts the changes and `done` those that were made: whoever moves `done` makes the next ones, so that each
    is made once, whatever dies. `shown` and `outcome` are numbers by name.
    """

    __table_args__ = (Index("ix_proposal_state", "state", "moved_at"), {"sqlite_autoincrement": True})

    id: int | None = Field(default=None, sa_column=key())
    group_id: int = Field(sa_column=reference("group.id", ondelete="CASCADE"))
    person_id: int = Field(sa_column=reference("person.id"))
    source: str  # the file's name, or the channel or user group as its mention
    state: ProposalState = Field(sa_column=choice(ProposalState, "proposal_state", grows=True))
    changes: bytes | None = Field(default=None, sa_column=Column(LargeBinary, nullable=True))
    total: int = 0
    done: int = 0
    shown: dict[str, Any] = Field(default_factory=dict, sa_column=document())
    outcome: dict[str, Any] = Field(default_factory=dict, sa_column=document())
    decided_by: int | None = Field(default=None, sa_column=reference("person.id", nullable=True))
    as_operator: bool = False
    decided_at: datetime | None = Field(default=None, sa_column=moment(nullable=True))
    moved_at: datetime = Field(sa_column=moment())
    created_at: datetime = Field(sa_column=moment())
