"""Worker: one life of a process that claims; its id is the generation a claim is fenced by."""

from datetime import datetime

from sqlmodel import Field, SQLModel

from store.schema.columns import key, moment


class Worker(SQLModel, table=True):
    """Heartbeat every 5 s; dead after 20 s of database time. `lock` is a file held while alive, on `host` only."""

    __table_args__ = {"sqlite_autoincrement": True}

    id: int | None = Field(default=None, sa_column=key())
    role: str  # bot, mailbridge
    host: str
    pid: int
    lock: str = ""
    started_at: datetime = Field(sa_column=moment())
    heartbeat_at: datetime = Field(sa_column=moment())
    dead_at: datetime | None = Field(default=None, sa_column=moment(nullable=True))
