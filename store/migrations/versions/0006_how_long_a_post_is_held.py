"""how long a post is held, what for, and who was reminded of it

Revision ID: 0006
Revises: 0005
"""

import sqlalchemy as sa
import sqlmodel
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
JSON = sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql")
MOMENT = sqlmodel.sql.sqltypes.UTCDateTime
# What an older version held begins to wait now: nobody was told that it would end. A paused group's posts wait for it.
LIVE = """WHERE state = 'held' AND group_id NOT IN (SELECT id FROM "group" WHERE mode = 'paused')"""
WAITS = {
    "sqlite": "UPDATE post SET expires_at = strftime('%Y-%m-%d %H:%M:%f000', 'now', '+7 days'), "
    "remind_at = strftime('%Y-%m-%d %H:%M:%f000', 'now', '+1 day') " + LIVE,
    "postgresql": "UPDATE post SET expires_at = now() + interval '7 days', remind_at = now() + interval '1 day' "
    + LIVE,
}


def upgrade() -> None:
    # In place: a table that batch mode makes anew would lose its AUTOINCREMENT, and use ids twice.
    op.add_column("post", sa.Column("marks", JSON, nullable=False, server_default=sa.text("'{}'")))
    op.add_column("post", sa.Column("expires_at", MOMENT(), nullable=True))
    op.add_column("post", sa.Column("remind_at", MOMENT(), nullable=True))
    op.add_column("post", sa.Column("reminder_id", ID, nullable=True))
    op.create_table(
        "reminder",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("group_id", ID, nullable=False),
        sa.Column("created_at", MOMENT(), nullable=False),
        sa.ForeignKeyConstraint(["group_id"], ["group.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_reminder_group", "reminder", ["group_id", "created_at"], unique=False)
    held, kept = sa.text("kind = 'post_held'"), sa.text("raw IS NOT NULL")
    op.create_index(
        "ix_letter_held", "letter", ["group_id", "address", "created_at"], postgresql_where=held, sqlite_where=held
    )
    op.create_index("ix_message_kept", "message", ["created_at"], postgresql_where=kept, sqlite_where=kept)
    op.execute(sa.text(WAITS[op.get_bind().dialect.name]))


def downgrade() -> None:
    op.drop_index("ix_message_kept", table_name="message")
    op.drop_index("ix_letter_held", table_name="letter")
    op.drop_index("ix_reminder_group", table_name="reminder")
    op.drop_table("reminder")
    for column in ("reminder_id", "remind_at", "expires_at", "marks"):
        op.drop_column("post", column)
