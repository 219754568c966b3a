"""checkups that are asked for in Slack

Revision ID: 0010
Revises: 0009
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql
from sqlmodel import UTCDateTime

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "checkup",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("person_id", ID, nullable=False),
        sa.Column("probe", sa.String(), server_default="", nullable=False),
        sa.Column(
            "findings",
            sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql"),
            nullable=False,
        ),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("claimed_at", UTCDateTime(), nullable=True),
        sa.Column("done_at", UTCDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"]),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ix_checkup_asked",
        "checkup",
        ["created_at"],
        postgresql_where=sa.text("claimed_at IS NULL"),
        sqlite_where=sa.text("claimed_at IS NULL"),
    )


def downgrade() -> None:
    said = "SELECT id FROM notice WHERE kind = 'checkup'"
    op.execute(sa.text(f"DELETE FROM placement WHERE notice_id IN ({said})"))
    op.execute(sa.text("DELETE FROM notice WHERE kind = 'checkup'"))
    op.drop_table("checkup")
