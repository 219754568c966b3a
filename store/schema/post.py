"""Post: one message submitted to one group, the family of posts of one message, and the tally of their deliveries."""

from datetime import datetime
from typing import Any

from sqlalchemy import Column, ForeignKey, Index, Integer, String, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from store.schema.columns import ID, choice, document, key, moment, reference
from store.terms import PostState, Standing

HELD = text("state = 'held'")
UNDONE = text("state = 'accepted' AND done_at IS NULL")
RELATED = text("family_id IS NOT NULL")
NAMED = text("header_message_id <> ''")
ANSWERING = text("answers_id IS NOT NULL")
NESTING = text("nesting IS TRUE")
REAL = text("test IS FALSE")
LAPSING = text("(undo_until IS NOT NULL OR claimed_until IS NOT NULL)")
UNSTRIPPED = text("stripped_at IS NULL AND state <> 'held'")


class Post(SQLModel, table=True):
    """Facts and decision as of intake; from acceptance on also the frozen group, the high-water mark and the time.

    `fingerprint` is the repeat key (SHA-256 of Message-ID, stable headers and body), once a group; a chore empties it
    after 5 days. `expanded_id` is the last membership that has its delivery row.

    `rank` is the post's place among the accepted ones of its family: who has a copy of an earlier one gets none of
    this. `apart` names memberships that get no copy of it (`Apart`); `nested` the groups within the group, for which
    the bridge makes posts of their own (`parent_id`, `depth`) while `nesting` is set.

    While it is held: `expires_at` is when it expires if nobody decides, `remind_at` when its moderators are reminded
    next (none: never), by which `rung` of the ladder, and `reminder_id` the reminder that named it last.
    `claimed_by` says who looks at it, until `claimed_until`. A person's decision can be taken back until `undo_until`;
    `undo` names what goes back with it. `flood_id` is the first post of the flood with which it shares a card.
    """

    __table_args__ = (
        UniqueConstraint("group_id", "fingerprint", name="uq_post_repeat"),
        Index("ix_post_recent", "group_id", "created_at", postgresql_where=REAL, sqlite_where=REAL),
        Index("ix_post_held", "group_id", "id", postgresql_where=HELD, sqlite_where=HELD),
        Index("ix_post_undone", "id", postgresql_where=UNDONE, sqlite_where=UNDONE),
        Index("ix_post_lapsing", "id", postgresql_where=LAPSING, sqlite_where=LAPSING),
        Index("ix_post_unstripped", "created_at", postgresql_where=UNSTRIPPED, sqlite_where=UNSTRIPPED),
        Index("ix_post_nesting", "id", postgresql_where=NESTING, sqlite_where=NESTING),
        # Without what is in none: to SQLite so many alike would make it look useless.
        Index("ix_post_family", "family_id", "rank", postgresql_where=RELATED, sqlite_where=RELATED),
        Index("ix_post_named", "header_message_id", postgresql_where=NAMED, sqlite_where=NAMED),
        Index("ix_post_answering", "answers_id", postgresql_where=ANSWERING, sqlite_where=ANSWERING),
        {"sqlite_autoincrement": True},
    )

    id: int | None = Field(default=None, sa_column=key())
    group_id: int = Field(sa_column=reference("group.id", index=True))
    message_id: int = Field(sa_column=reference("message.id", index=True))
    public_id: str = Field(
        sa_column=Column(String, nullable=False, index=True)
    )  # said in the 250, shared by the groups of one transaction
    fingerprint: str | None = None
    family_id: int | None = Field(default=None, sa_column=Column(ID, nullable=True))
    return_path: str = ""  # RFC5321.MailFrom, "" for the null sender
    author: str = ""  # RFC5322.From address
    author_name: str = ""
    subject: str = ""
    header_message_id: str = ""
    # Keys of the mailboxes that To, Cc and their Resent- forms name, for contacts who want no second copy.
    addressed: list[str] = Field(default_factory=list, sa_column=document())
    standing: Standing = Field(default=Standing.STRANGER, sa_column=choice(Standing, "standing"))
    authenticated: bool = False
    verdict: str = ""  # what proved the author, or why nothing did: a name of the catalogue (verdict.<name>)
    # What the checks of the author found, as an Authentication-Results says it (RFC 8601), one finding each.
    results: list[str] = Field(default_factory=list, sa_column=document())
    # What decides who may stand in From of the copies, and how they are sealed: an Origin.
    origin: dict[str, Any] = Field(default_factory=dict, sa_column=document())
    helo: str = ""
    client: str = ""  # the peer's network address, or "" where none is known
    # How it was transmitted, as Received says it (RFC 3848).
    protocol: str = Field(default="ESMTP", sa_column=Column(String, nullable=False, server_default="ESMTP"))
    state: PostState = Field(sa_column=choice(PostState, "post_state"))
    reasons: list[dict[str, Any]] = Field(default_factory=list, sa_column=document())
    trail: list[list[Any]] = Field(default_factory=list, sa_column=document())
    marks: dict[str, Any] = Field(default_factory=dict, sa_column=document())  # store.marks
    created_at: datetime = Field(sa_column=moment())
    expires_at: datetime | None = Field(default=None, sa_column=moment(nullable=True))
    remind_at: datetime | None = Field(default=None, sa_column=moment(nullable=True))
    reminder_id: int | None = Field(default=None, sa_column=Column(ID, nullable=True))
    flood_id: int | None = Field(default=None, sa_column=Column(ID, nullable=True))
    rung: int = Field(default=0, sa_column=Column(Integer, nullable=False, server_default="0"))
    decided_by: int | None = Field(default=None, sa_column=reference("person.id", nullable=True))
    decided_at: datetime | None = Field(default=None, sa_column=moment(nullable=True))
    decision_reason: str = ""
    claimed_by: int | None = Field(default=None, sa_column=Column(ID, nullable=True))
    claimed_until: datetime | None = Field(default=None, sa_column=moment(nullable=True))
    undo_until: datetime | None = Field(default=None, sa_column=moment(nullable=True))
    undo: dict[str, int] | None = Field(default=None, sa_column=document(nullable=True))
    accepted_at: datetime | None = Field(default=None, sa_column=moment(nullable=True))
    policy: dict[str, Any] | None = Field(default=None, sa_column=document(nullable=True))
    high_water: int | None = Field(default=None, sa_column=Column(ID, nullable=True))
    rank: int | None = Field(default=None, sa_column=Column(ID, nullable=True))
    apart: dict[str, list[int]] | None = Field(default=None, sa_column=document(nullable=True))
    nested: list[int] = Field(default_factory=list, sa_column=document())
    nesting: bool = False
    parent_id: int | None = Field(default=None, sa_column=Column(ID, nullable=True))
    depth: int = 0
    expanded_id: int = Field(default=0, sa_column=Column(ID, nullable=False, server_default="0"))
    expanded_at: datetime | None = Field(default=None, sa_column=moment(nullable=True))
    first_relayed_at: datetime | None = Field(default=None, sa_column=moment(nullable=True))
    done_at: datetime | None = Field(default=None, sa_column=moment(nullable=True))  # no delivery is open any more
    stalled: dict[str, Any] | None = Field(
        default=None, sa_column=document(nullable=True)
    )  # the reply that stopped it, and when
    stormed_at: datetime | None = Field(
        default=None, sa_column=moment(nullable=True)
    )  # so many copies came back that it is held against no contact
    alteration: dict[str, Any] | None = Field(
        default=None, sa_column=document(nullable=True)
    )  # what its edition changed beyond the header, told in the report
    stripped_at: datetime | None = Field(
        default=None, sa_column=moment(nullable=True)
    )  # its addresses are gone (store.retention), its figures stay
    rejudge: bool = False  # held only because its group was paused, which it no longer is
    test: bool = False  # made by /group test: goes to its author alone
    # The first post of the conversation that this one goes on with, in the same group.
    answers_id: int | None = Field(default=None, sa_column=Column(ID, nullable=True))
    only_to: str | None = None  # an answer for this address alone: no contact gets it


class Family(SQLModel, table=True):
    """The posts of one message, whichever way it came to how many groups: its row is what their acceptances queue for.

    `digest` is their fingerprint, emptied with theirs: what comes later is another family. `accepted` counts the ranks
    given.
    """

    __table_args__ = {"sqlite_autoincrement": True}

    id: int | None = Field(default=None, sa_column=key())
    digest: str | None = Field(default=None, sa_column=Column(String, nullable=True, unique=True))
    accepted: int = 0
    created_at: datetime = Field(sa_column=moment())


class Tally(SQLModel, table=True):
    """How many deliveries of a post have each outcome, by worker, so that workers never wait for one row.

    Outcomes are the DeliveryState values plus `expanded` (contacts gone through), `own`, `addressed` and `elsewhere`
    (those of them who get no copy, by cause), `repeated` (possibly twice) and `within_<seconds>` (how soon: see
    `store.pace`).
    The sum over workers is the truth; a single row may be negative (one worker queued what another settled).
    """

    post_id: int = Field(
        sa_column=Column(ID, ForeignKey("post.id", ondelete="CASCADE"), primary_key=True, autoincrement=False)
    )
    worker_id: int = Field(sa_column=Column(ID, primary_key=True, autoincrement=False))
    outcome: str = Field(sa_column=Column(String, primary_key=True))
    n: int = Field(default=0, sa_column=Column(ID, nullable=False))
