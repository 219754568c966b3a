"""holds, and groups that are archived

Revision ID: 0018
Revises: 0013
"""

import sqlalchemy as sa
import sqlmodel
from alembic import op


revision = "0018"
down_revision = "0013"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "hold",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("group_id", ID, nullable=False),
        sa.Column("reason", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("everywhere", sa.Boolean(), nullable=False),
        sa.Column("created_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("created_by", ID, nullable=True),
        sa.Column("ended_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.Column("ended_by", ID, nullable=True),
        sa.ForeignKeyConstraint(["group_id"], ["group.id"]),
        sa.ForeignKeyConstraint(["created_by"], ["person.id"]),
        sa.ForeignKeyConstraint(["ended_by"], ["person.id"]),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_hold_group_id", "hold", ["group_id"])
    op.add_column("group", sa.Column("hold_id", ID, nullable=True))
    op.add_column("group", sa.Column("archived_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True))


def downgrade() -> None:
    # To a version that knows no archive, such a group is a paused one: it must not begin to take mail by this.
    op.execute(sa.text("UPDATE \"group\" SET mode = 'paused' WHERE archived_at IS NOT NULL OR hold_id IS NOT NULL"))
    # It kept no names of deleted groups.
    op.execute(sa.text('DELETE FROM name WHERE group_id IN (SELECT id FROM "group" WHERE deleted_at IS NOT NULL)'))
    op.execute(sa.text("DELETE FROM placement WHERE notice_id IN (SELECT id FROM notice WHERE kind = 'group_hold')"))
    op.execute(sa.text("DELETE FROM notice WHERE kind = 'group_hold'"))
    op.drop_column("group", "archived_at")
    op.drop_column("group", "hold_id")
    op.drop_index("ix_hold_group_id", "hold")
    op.drop_table("hold")
