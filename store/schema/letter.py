"""Letter: a mail of ours to one address, written in the causing transaction and carried by the same lanes."""

from datetime import datetime
from typing import Any

from sqlalchemy import Index, text
from sqlmodel import Field, SQLModel

from store.schema.columns import choice, document, key, moment, reference
from store.terms import Language, LetterKind

HELD = text("kind = 'post_held'")


class Letter(SQLModel, table=True):
    """`arguments` fill the template of that kind; the return path is null (RFC 3834 3.3). `headers` hold
    In-Reply-To."""

    __table_args__ = (
        Index("ix_letter_held", "group_id", "address", "created_at", postgresql_where=HELD, sqlite_where=HELD),
        {"sqlite_autoincrement": True},
    )

    id: int | None = Field(default=None, sa_column=key())
    kind: LetterKind = Field(sa_column=choice(LetterKind, "letter_kind", grows=True))
    group_id: int | None = Field(default=None, sa_column=reference("group.id", nullable=True))
    address: str
    language: Language = Field(default=Language.EN, sa_column=choice(Language, "letter_language"))
    arguments: dict[str, Any] = Field(default_factory=dict, sa_column=document())
    in_reply_to: str = ""
    created_at: datetime = Field(sa_column=moment())
