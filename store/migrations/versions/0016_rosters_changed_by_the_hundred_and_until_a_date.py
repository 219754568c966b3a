"""rosters changed by the hundred, and memberships until a date

Revision ID: 0016
Revises: 0019
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql
from sqlmodel import UTCDateTime

revision = "0016"
down_revision = "0019"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
DOCUMENT = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")
DATED = sa.text("until IS NOT NULL")
KINDS = ("proposal", "ending", "member_ending")


def upgrade() -> None:
    op.create_table(
        "proposal",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("group_id", ID, nullable=False),
        sa.Column("person_id", ID, nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("state", sa.String(32), nullable=False),
        sa.Column("changes", sa.LargeBinary(), nullable=True),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("shown", DOCUMENT, nullable=False),
        sa.Column("outcome", DOCUMENT, nullable=False),
        sa.Column("decided_by", ID, nullable=True),
        sa.Column("as_operator", sa.Boolean(), nullable=False),
        sa.Column("decided_at", UTCDateTime(), nullable=True),
        sa.Column("moved_at", UTCDateTime(), nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["group_id"], ["group.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"]),
        sa.ForeignKeyConstraint(["decided_by"], ["person.id"]),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_proposal_state", "proposal", ["state", "moved_at"])
    op.create_table(
        "ending",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("group_id", ID, nullable=False),
        sa.Column("membership_id", ID, nullable=False),
        sa.Column("until", UTCDateTime(), nullable=False),
        sa.Column("days", sa.Integer(), nullable=False),
        sa.Column("answer", sa.String(32), nullable=False),
        sa.Column("extended_to", UTCDateTime(), nullable=True),
        sa.Column("decided_by", ID, nullable=True),
        sa.Column("decided_at", UTCDateTime(), nullable=True),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["group_id"], ["group.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["decided_by"], ["person.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("membership_id", "until", "days", name="uq_ending_time"),
        sqlite_autoincrement=True,
    )
    op.add_column("membership", sa.Column("until", UTCDateTime(), nullable=True))
    op.create_index("ix_membership_until", "membership", ["until"], postgresql_where=DATED, sqlite_where=DATED)


def downgrade() -> None:
    named = ", ".join(f"'{kind}'" for kind in KINDS)
    op.execute(sa.text(f"DELETE FROM placement WHERE notice_id IN (SELECT id FROM notice WHERE kind IN ({named}))"))
    op.execute(sa.text(f"DELETE FROM notice WHERE kind IN ({named})"))
    op.drop_index("ix_membership_until", "membership")
    op.drop_column("membership", "until")
    op.drop_table("ending")
    op.drop_index("ix_proposal_state", "proposal")
    op.drop_table("proposal")
