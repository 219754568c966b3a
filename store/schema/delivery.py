"""Delivery: one recipient's row, of a post or of a letter."""

from datetime import datetime

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, text
from sqlmodel import Field, SQLModel

from store.schema.columns import ID, choice, key, moment, reference
from store.terms import DeliveryState, Fault, Stage

CLAIMABLE = text("state IN ('queued', 'deferred')")
CLAIMED = text("state = 'claimed'")
UNSETTLED = text("state IN ('queued', 'deferred', 'claimed')")


class Delivery(SQLModel, table=True):
    """Claimed by lane, fairly between posts. `post_id` 0 stands for letters in claims; the row itself has `letter_id`.

    `worker_id` names the claimant while claimed; settling carries `where worker_id = :me`, which is the fence.
    """

    __table_args__ = (
        CheckConstraint("(post_id IS NULL) <> (letter_id IS NULL)", name="ck_delivery_subject"),
        Index(
            "ix_delivery_claimable",
            "lane_id",
            "post_id",
            "due_at",
            "id",
            postgresql_where=CLAIMABLE,
            sqlite_where=CLAIMABLE,
        ),
        Index("ix_delivery_claimed", "worker_id", postgresql_where=CLAIMED, sqlite_where=CLAIMED),
        Index("ix_delivery_post", "post_id", "state", "key"),
        Index(
            "ix_delivery_membership",
            "membership_id",
            postgresql_where=UNSETTLED,
            sqlite_where=UNSETTLED,
        ),
        Index("ix_delivery_letter", "letter_id"),
        {"sqlite_autoincrement": True},
    )

    id: int | None = Field(default=None, sa_column=key())
    post_id: int | None = Field(default=None, sa_column=reference("post.id", nullable=True, ondelete="CASCADE"))
    letter_id: int | None = Field(default=None, sa_column=reference("letter.id", nullable=True, ondelete="CASCADE"))
    membership_id: int | None = Field(
        default=None, sa_column=Column(ID, nullable=True)
    )  # no foreign key: the row outlives the membership
    lane_id: int = Field(sa_column=Column(ID, ForeignKey("lane.id"), nullable=False))
    address: str
    key: str | None = None  # of the address, by which posts of one family know who has a copy; none for letters
    state: DeliveryState = Field(default=DeliveryState.QUEUED, sa_column=choice(DeliveryState, "delivery_state"))
    created_at: datetime = Field(sa_column=moment())
    due_at: datetime = Field(sa_column=moment())
    attempts: int = 0
    worker_id: int | None = Field(default=None, sa_column=Column(ID, nullable=True))
    code: int | None = None
    enhanced: str = ""
    reply: str = ""  # what the hop said last, without its codes
    stage: Stage | None = Field(default=None, sa_column=choice(Stage, "stage", nullable=True))
    fault: Fault | None = Field(default=None, sa_column=choice(Fault, "fault", nullable=True))
    reason: str | None = None  # a BounceReason, where it failed for its recipient's sake or came back
    repeated: bool = False  # a claim was lost with its outcome unknown: the copy may arrive twice
    settled_at: datetime | None = Field(default=None, sa_column=moment(nullable=True))
