"""a week of a group: whether it is told, when next, and which weeks were

Revision ID: 0023
Revises: 0022
"""

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sqlmodel.sql.sqltypes.UTCDateTime


def upgrade() -> None:
    op.add_column("group", sa.Column("digest", sa.String(length=32), nullable=False, server_default="weekly"))
    op.add_column("group", sa.Column("digest_at", MOMENT(), nullable=True))
    op.create_table(
        "week",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("group_id", ID, nullable=False),
        sa.Column("since", MOMENT(), nullable=False),
        sa.Column("until", MOMENT(), nullable=False),
        sa.Column("created_at", MOMENT(), nullable=False),
        sa.ForeignKeyConstraint(["group_id"], ["group.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("group_id", "until", name="uq_week_until"),
        sqlite_autoincrement=True,
    )


def downgrade() -> None:
    op.drop_table("week")
    for name in ("digest_at", "digest"):
        op.drop_column("group", name)
