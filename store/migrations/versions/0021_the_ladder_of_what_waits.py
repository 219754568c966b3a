"""the ladder of what waits: how loudly people were reminded; requests are reminded of and expire too

Revision ID: 0021
Revises: 0014
"""

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = "0021"
down_revision = "0014"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sqlmodel.sql.sqltypes.UTCDateTime
# What waited before begins to wait now: nobody was told that it would end.
WAITS = {
    "sqlite": "UPDATE request SET expires_at = strftime('%Y-%m-%d %H:%M:%f000', 'now', '+14 days'), "
    "remind_at = strftime('%Y-%m-%d %H:%M:%f000', 'now', '+4 hours') WHERE state = 'pending'",
    "postgresql": "UPDATE request SET expires_at = now() + interval '14 days', "
    "remind_at = now() + interval '4 hours' WHERE state = 'pending'",
}


def upgrade() -> None:
    op.add_column("reminder", sa.Column("rung", sa.String(), nullable=False, server_default="again"))
    op.add_column("post", sa.Column("rung", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("request", sa.Column("expires_at", MOMENT(), nullable=True))
    op.add_column("request", sa.Column("remind_at", MOMENT(), nullable=True))
    op.add_column("request", sa.Column("reminder_id", ID, nullable=True))
    op.add_column("request", sa.Column("rung", sa.Integer(), nullable=False, server_default="0"))
    # Posts were reminded of after a day first; that is the second rung.
    op.execute(sa.text("UPDATE post SET rung = 1 WHERE state = 'held'"))
    op.execute(sa.text(WAITS[op.get_bind().dialect.name]))


def downgrade() -> None:
    for name in ("rung", "reminder_id", "remind_at", "expires_at"):
        op.drop_column("request", name)
    op.drop_column("post", "rung")
    op.drop_column("reminder", "rung")
