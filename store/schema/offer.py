"""Offer: what somebody typed in a report's thread was offered to be sent as mail."""

from datetime import datetime

from sqlalchemy import Index, UniqueConstraint
from sqlmodel import Field, SQLModel

from store.schema.columns import choice, key, moment, reference
from store.verdicts import OfferAnswer


class Offer(SQLModel, table=True):
    """`post_id` is the post whose report the thread is under, `ts` where what was typed stands in Slack; the text stays
    there."""

    __table_args__ = (
        UniqueConstraint("post_id", "person_id", "ts", name="uq_offer_typed"),
        Index("ix_offer_person", "person_id"),
        {"sqlite_autoincrement": True},
    )

    id: int | None = Field(default=None, sa_column=key())
    post_id: int = Field(sa_column=reference("post.id", ondelete="CASCADE"))
    person_id: int = Field(sa_column=reference("person.id"))
    ts: str
    answer: OfferAnswer = Field(sa_column=choice(OfferAnswer, "offer_answer", grows=True))
    created_at: datetime = Field(sa_column=moment())
