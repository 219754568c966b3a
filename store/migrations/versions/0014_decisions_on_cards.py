"""decisions on cards: bans and allowed authors, reasons kept, who looks at a card, and what can be undone

Revision ID: 0014
Revises: 0015
"""

import sqlalchemy as sa
import sqlmodel
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0014"
down_revision = "0015"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sqlmodel.sql.sqltypes.UTCDateTime
DOCUMENT = sa.JSON(none_as_null=True).with_variant(
    postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), "postgresql"
)
LAPSING = sa.text("(undo_until IS NOT NULL OR claimed_until IS NOT NULL)")
DECIDED = (("claimed_by", ID), ("claimed_until", MOMENT()), ("undo_until", MOMENT()), ("undo", DOCUMENT))


def upgrade() -> None:
    op.create_table(
        "ruling",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("group_id", ID, sa.ForeignKey("group.id", ondelete="CASCADE"), nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("pattern", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("glob", sa.Boolean(), nullable=False),
        sa.Column("created_by", ID, sa.ForeignKey("person.id"), nullable=True),
        sa.Column("created_at", MOMENT(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("group_id", "kind", "pattern", name="uq_ruling_pattern"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "savedreason",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("group_id", ID, sa.ForeignKey("group.id", ondelete="CASCADE"), nullable=False),
        sa.Column("subject", sa.String(32), nullable=False),
        sa.Column("text", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("used_at", MOMENT(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_savedreason_group", "savedreason", ["group_id", "subject", "id"])
    for table in ("post", "request"):
        for name, kind in DECIDED:
            op.add_column(table, sa.Column(name, kind, nullable=True))
        op.create_index(f"ix_{table}_lapsing", table, ["id"], postgresql_where=LAPSING, sqlite_where=LAPSING)


def downgrade() -> None:
    for table in ("request", "post"):
        op.drop_index(f"ix_{table}_lapsing", table)
        for name, _ in reversed(DECIDED):
            op.drop_column(table, name)
    op.drop_index("ix_savedreason_group", "savedreason")
    op.drop_table("savedreason")
    op.drop_table("ruling")
