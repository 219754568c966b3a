"""joining by mail

Revision ID: 0009
Revises: 0008
"""

import sqlalchemy as sa
import sqlmodel
from alembic import op


revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


LETTERS = "'join_confirm', 'join_member', 'join_waiting', 'join_done', 'join_denied', 'join_ended', 'help'"


def upgrade() -> None:
    op.create_table(
        "allowance",
        sa.Column("scope", sa.String(length=32), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("since", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("used", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("scope", "subject"),
    )
    op.add_column("request", sa.Column("confirmed_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True))


def downgrade() -> None:
    op.execute(sa.text(f"DELETE FROM delivery WHERE letter_id IN (SELECT id FROM letter WHERE kind IN ({LETTERS}))"))
    op.execute(sa.text(f"DELETE FROM letter WHERE kind IN ({LETTERS})"))
    op.execute(sa.text("DELETE FROM request WHERE state = 'unconfirmed'"))
    op.drop_column("request", "confirmed_at")
    op.drop_table("allowance")
