"""what a group changes in a mail: subject tag, footer, where replies go

Revision ID: 0007
Revises: 0006
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # In place: a table that batch mode makes anew would lose its AUTOINCREMENT, and use ids twice.
    op.add_column("group", sa.Column("subject_tag", sa.String(), nullable=True))
    op.add_column("group", sa.Column("footer", sa.String(), nullable=True))
    op.add_column("group", sa.Column("reply_to", sa.String(length=32), nullable=False, server_default="author"))
    op.add_column(
        "post",
        sa.Column(
            "alteration",
            sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql"),
            nullable=True,
        ),
    )


def downgrade() -> None:
    op.drop_column("post", "alteration")
    for name in ("reply_to", "footer", "subject_tag"):
        op.drop_column("group", name)
