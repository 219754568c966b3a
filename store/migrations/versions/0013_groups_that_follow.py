"""groups that follow a channel or a user group, and people who are gone

Revision ID: 0013
Revises: 0017
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql
from sqlmodel import UTCDateTime

revision = "0013"
down_revision = "0017"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
DOCUMENT = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")
GONE = sa.text("gone IS TRUE")
WAITING = sa.text("done_at IS NULL")


def upgrade() -> None:
    # In place: a table that batch mode makes anew would lose its AUTOINCREMENT, and use ids twice.
    op.add_column("group", sa.Column("follows", sa.String(), nullable=True))
    for table, names in (("group", ("follow_guests", "follow_bots")), ("membership", ("followed", "gone"))):
        for name in names:
            op.add_column(table, sa.Column(name, sa.Boolean(), nullable=False, server_default=sa.false()))
    op.create_index("ix_membership_gone", "membership", ["group_id"], postgresql_where=GONE, sqlite_where=GONE)
    op.create_table(
        "following",
        sa.Column("group_id", ID, nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("wanted", sa.Integer(), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("due_at", UTCDateTime(), nullable=False),
        sa.Column("held_until", UTCDateTime(), nullable=True),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("mark", sa.Integer(), nullable=True),
        sa.Column("recent", DOCUMENT, nullable=False),
        sa.Column("read_at", UTCDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["group_id"], ["group.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("group_id"),
    )
    op.create_index("ix_following_source", "following", ["source"])
    op.create_table(
        "movement",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("group_id", ID, nullable=False),
        sa.Column("slack_id", sa.String(), nullable=False),
        sa.Column("inside", sa.Boolean(), nullable=False),
        sa.Column("at", sa.String(), nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("done_at", UTCDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["group_id"], ["group.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("group_id", "slack_id", "at", name="uq_movement_event"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_movement_waiting", "movement", ["group_id"], postgresql_where=WAITING, sqlite_where=WAITING)
    op.create_table(
        "aside",
        sa.Column("group_id", ID, nullable=False),
        sa.Column("slack_id", sa.String(), nullable=False),
        sa.Column("reason", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(["group_id"], ["group.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("group_id", "slack_id"),
    )
    op.create_index("ix_aside_slack_id", "aside", ["slack_id"])
    op.create_table(
        "matter",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("group_id", ID, nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("source", sa.String(), nullable=True),
        sa.Column("come", DOCUMENT, nullable=False),
        sa.Column("go", DOCUMENT, nullable=False),
        sa.Column("details", DOCUMENT, nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("decided_at", UTCDateTime(), nullable=True),
        sa.Column("decided_by", ID, nullable=True),
        sa.ForeignKeyConstraint(["group_id"], ["group.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["decided_by"], ["person.id"]),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_matter_group", "matter", ["group_id", "kind", "state"])


def downgrade() -> None:
    said = "SELECT id FROM notice WHERE kind IN ('roster_matter', 'group_orphaned')"
    op.execute(sa.text(f"DELETE FROM placement WHERE notice_id IN ({said})"))
    op.execute(sa.text("DELETE FROM notice WHERE kind IN ('roster_matter', 'group_orphaned')"))
    for table in ("matter", "aside", "movement", "following"):
        op.drop_table(table)
    op.drop_index("ix_membership_gone", "membership")
    for table, names in (("membership", ("gone", "followed")), ("group", ("follow_bots", "follow_guests", "follows"))):
        for name in names:
            op.drop_column(table, name)
