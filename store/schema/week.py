"""Week: seven days of a group that were told where it reports."""

from datetime import datetime

from sqlalchemy import UniqueConstraint
from sqlmodel import Field, SQLModel

from store.schema.columns import key, moment, reference


class Week(SQLModel, table=True):
    """From `since` up to `until`, which no two weeks of a group share."""

    __table_args__ = (UniqueConstraint("group_id", "until", name="uq_week_until"), {"sqlite_autoincrement": True})

    id: int | None = Field(default=None, sa_column=key())
    group_id: int = Field(sa_column=reference("group.id", ondelete="CASCADE"))
    since: datetime = Field(sa_column=moment())
    until: datetime = Field(sa_column=moment())
    created_at: datetime = Field(sa_column=moment())
