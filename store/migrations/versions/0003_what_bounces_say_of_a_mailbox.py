"""what bounces say of a mailbox

Revision ID: 0003
Revises: 0002
"""

import sqlalchemy as sa
import sqlmodel
from alembic import op


revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


LETTERS = ("post_rejected", "test", "leave_done", "leave_asked")
NOTICES = (
    "request_card",
    "request_outcome",
    "held_card",
    "report",
    "lane_alarm",
    "post_alarm",
    "test_steps",
    "group_created",
)
NEW_LETTERS = ("bounce_probe", "bounce_warning")
NEW_NOTICES = ("bouncing", "member_bouncing", "bounce_storm")


def allow(table: str, kinds: tuple[str, ...]) -> None:
    """Let the column `kind` hold these values: its CHECK lists them."""
    name = f"{table}_kind"
    # SQLite's table is made anew; what reflection does not see has to be said again.
    with op.batch_alter_table(table, schema=None, table_kwargs={"sqlite_autoincrement": True}) as batch_op:
        batch_op.drop_constraint(name, type_="check")
        batch_op.alter_column(
            "kind",
            existing_type=sa.String(length=32),
            type_=sa.Enum(*kinds, name=name, native_enum=False, create_constraint=True, length=32),
            existing_nullable=False,
        )


def upgrade() -> None:
    allow("letter", LETTERS + NEW_LETTERS)
    allow("notice", NOTICES + NEW_NOTICES)
    op.create_table(
        "incident",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("membership_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("group_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("address", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("points", sa.Integer(), nullable=False),
        sa.Column("day", sa.Date(), nullable=True),
        sa.Column("reason", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("probed_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.Column("suspended_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.Column("warnings", sa.Integer(), nullable=False),
        sa.Column("warned_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.Column("removal_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.Column("ended_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.Column("ended", sa.String(), server_default="", nullable=False),
        sa.Column("created_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["group_id"], ["group.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("incident", schema=None) as batch_op:
        batch_op.create_index(
            "ix_incident_suspended",
            ["warned_at"],
            unique=False,
            postgresql_where=sa.text("ended_at IS NULL AND suspended_at IS NOT NULL"),
            sqlite_where=sa.text("ended_at IS NULL AND suspended_at IS NOT NULL"),
        )
        batch_op.create_index(
            "uq_incident_open",
            ["membership_id"],
            unique=True,
            postgresql_where=sa.text("ended_at IS NULL"),
            sqlite_where=sa.text("ended_at IS NULL"),
        )

    op.create_table(
        "strike",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("membership_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("post_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("reason", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("counted", sa.Boolean(), nullable=True),
        sa.Column("created_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["post_id"], ["post.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("membership_id", "post_id", name="uq_strike_copy"),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("strike", schema=None) as batch_op:
        batch_op.create_index("ix_strike_post", ["post_id"], unique=False)
        batch_op.create_index(
            "ix_strike_waiting",
            ["created_at", "id"],
            unique=False,
            postgresql_where=sa.text("counted IS NULL"),
            sqlite_where=sa.text("counted IS NULL"),
        )

    # In place: a table that batch mode makes anew would lose its AUTOINCREMENT.
    op.add_column("delivery", sa.Column("reason", sqlmodel.sql.sqltypes.AutoString(), nullable=True))
    op.add_column("post", sa.Column("stormed_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True))


def downgrade() -> None:
    op.execute(
        sa.text(
            "DELETE FROM placement WHERE notice_id IN (SELECT id FROM notice WHERE kind IN "
            "('bouncing', 'member_bouncing', 'bounce_storm'))"
        )
    )
    op.execute(sa.text("DELETE FROM notice WHERE kind IN ('bouncing', 'member_bouncing', 'bounce_storm')"))
    op.execute(
        sa.text(
            "DELETE FROM delivery WHERE letter_id IN (SELECT id FROM letter WHERE kind IN "
            "('bounce_probe', 'bounce_warning'))"
        )
    )
    op.execute(sa.text("DELETE FROM letter WHERE kind IN ('bounce_probe', 'bounce_warning')"))
    allow("notice", NOTICES)
    allow("letter", LETTERS)
    op.drop_column("post", "stormed_at")

    op.drop_column("delivery", "reason")

    with op.batch_alter_table("strike", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_strike_waiting", postgresql_where=sa.text("counted IS NULL"), sqlite_where=sa.text("counted IS NULL")
        )
        batch_op.drop_index("ix_strike_post")

    op.drop_table("strike")
    with op.batch_alter_table("incident", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_incident_open", postgresql_where=sa.text("ended_at IS NULL"), sqlite_where=sa.text("ended_at IS NULL")
        )
        batch_op.drop_index(
            "ix_incident_suspended",
            postgresql_where=sa.text("ended_at IS NULL AND suspended_at IS NOT NULL"),
            sqlite_where=sa.text("ended_at IS NULL AND suspended_at IS NOT NULL"),
        )

    op.drop_table("incident")
