"""Group: an address that fans out, and every name that leads to one."""

from datetime import datetime

from sqlalchemy import Boolean, Column, ForeignKey, Index, String, false, text
from sqlmodel import Field, SQLModel

from store.schema.columns import ID, choice, key, moment, reference
from store.terms import (
    Copies,
    Digest,
    GroupKind,
    Language,
    Leave,
    Mode,
    Moderation,
    NameRole,
    OverSendSize,
    Posting,
    ReplyTo,
    SlackContent,
    Subscription,
)


class Group(SQLModel, table=True):
    """One row a group, and one for each built-in (-owner, postmaster, abuse), whose `parent_id` names the group served.

    `version` counts changes and is the optimistic lock of every form. A deleted group keeps its row; its names and its
    roster are kept as long as it can be restored.
    """

    __tablename__ = "group"
    __table_args__ = (
        Index(
            "ix_group_address",
            "address",
            unique=True,
            postgresql_where=text("deleted_at IS NULL"),
            sqlite_where=text("deleted_at IS NULL"),
        ),
        {"sqlite_autoincrement": True},
    )

    id: int | None = Field(default=None, sa_column=key())
    kind: GroupKind = Field(default=GroupKind.GROUP, sa_column=choice(GroupKind, "group_kind"))
    parent_id: int | None = Field(default=None, sa_column=reference("group.id", nullable=True))
    address: str
    route: str
    display_name: str
    max_receive_size: int | None = Field(default=None, sa_column=Column(ID, nullable=True))
    max_send_size: int | None = Field(default=None, sa_column=Column(ID, nullable=True))
    over_send_size: OverSendSize = Field(default=OverSendSize.REFUSE, sa_column=choice(OverSendSize, "over_send_size"))
    subscription: Subscription = Field(default=Subscription.MODERATED, sa_column=choice(Subscription, "subscription"))
    leave: Leave = Field(default=Leave.OPEN, sa_column=choice(Leave, "leave"))
    posting: Posting = Field(default=Posting.MEMBERS, sa_column=choice(Posting, "posting"))
    moderation: Moderation = Field(default=Moderation.NON_MEMBERS, sa_column=choice(Moderation, "moderation"))
    hidden: bool = False
    copies: Copies = Field(default=Copies.PERSONAL, sa_column=choice(Copies, "copies"))
    report_channel: str | None = None
    moderation_channel: str | None = None
    slack_content: SlackContent = Field(default=SlackContent.SUBJECT, sa_column=choice(SlackContent, "slack_content"))
    digest: Digest = Field(default=Digest.WEEKLY, sa_column=choice(Digest, "digest", grows=True))
    mode: Mode = Field(default=Mode.LIVE, sa_column=choice(Mode, "mode"))
    language: Language = Field(default=Language.EN, sa_column=choice(Language, "language"))
    subject_tag: str | None = None
    footer: str | None = None
    reply_to: ReplyTo = Field(default=ReplyTo.AUTHOR, sa_column=choice(ReplyTo, "reply_to", grows=True))
    follows: str | None = None  # the Slack id of a channel (C…, G…) or user group (S…) whose people are contacts
    follow_guests: bool = Field(default=False, sa_column=Column(Boolean, nullable=False, server_default=false()))
    follow_bots: bool = Field(default=False, sa_column=Column(Boolean, nullable=False, server_default=false()))
    version: int = 1
    created_at: datetime = Field(sa_column=moment())
    digest_at: datetime | None = Field(default=None, sa_column=moment(nullable=True))  # when its week is over
    hold_id: int | None = Field(default=None, sa_column=Column(ID, nullable=True))  # the emergency hold it is on
    archived_at: datetime | None = Field(default=None, sa_column=moment(nullable=True))
    deleted_at: datetime | None = Field(default=None, sa_column=moment(nullable=True))

    @property
    def on_hold(self) -> bool:
        """Whether nothing of it goes out until its emergency hold is lifted."""
        return self.hold_id is not None

    @property
    def archived(self) -> bool:
        """Whether it takes no more mail, and is kept to be read."""
        return self.archived_at is not None


class Name(SQLModel, table=True):
    """Every address that leads to a group: one row an address and role, unique by address across all groups.

    A group whose published address is also its route has one row, of role `published`.
    `group_id` is empty for what a served domain reserves for itself (`bounces`).
    """

    address: str = Field(sa_column=Column(String, primary_key=True))
    role: NameRole = Field(sa_column=choice(NameRole, "name_role"))
    group_id: int | None = Field(
        default=None, sa_column=Column(ID, ForeignKey("group.id", ondelete="CASCADE"), nullable=True, index=True)
    )
