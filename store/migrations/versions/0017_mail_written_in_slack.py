"""mail written in Slack, and answers told in the thread of what they answer

Revision ID: 0017
Revises: 0016
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql
from sqlmodel import UTCDateTime

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
DOCUMENT = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")
OPEN = sa.text("state IN ('asked', 'waiting', 'claimed')")
NAMED = sa.text("header_message_id <> ''")
ANSWERING = sa.text("answers_id IS NOT NULL")


def upgrade() -> None:
    op.create_table(
        "composition",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("group_id", ID, nullable=False),
        sa.Column("person_id", ID, nullable=False),
        sa.Column("public_id", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("verdict", DOCUMENT, nullable=True),
        sa.Column("answers_id", ID, nullable=True),
        sa.Column("alone", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("post_id", ID, nullable=True),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("due_at", UTCDateTime(), nullable=False),
        sa.Column("sent_at", UTCDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["group_id"], ["group.id"]),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("public_id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_composition_person_id", "composition", ["person_id"])
    op.create_index("ix_composition_due", "composition", ["due_at"], postgresql_where=OPEN, sqlite_where=OPEN)
    op.add_column("post", sa.Column("answers_id", ID, nullable=True))
    op.add_column("post", sa.Column("only_to", sa.String(), nullable=True))
    op.create_index("ix_post_named", "post", ["header_message_id"], postgresql_where=NAMED, sqlite_where=NAMED)
    op.create_index("ix_post_answering", "post", ["answers_id"], postgresql_where=ANSWERING, sqlite_where=ANSWERING)


def downgrade() -> None:
    op.drop_index("ix_post_answering", "post")
    op.drop_index("ix_post_named", "post")
    op.drop_column("post", "only_to")
    op.drop_column("post", "answers_id")
    said = "SELECT id FROM notice WHERE kind = 'composition'"
    op.execute(sa.text(f"DELETE FROM placement WHERE notice_id IN ({said})"))
    op.execute(sa.text("DELETE FROM notice WHERE kind = 'composition'"))
    op.drop_index("ix_composition_due", "composition")
    op.drop_index("ix_composition_person_id", "composition")
    op.drop_table("composition")
