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

# An older version stops at what it does not know in the frozen settings of a post that still goes out.
THAWED = {
    "sqlite": "UPDATE post SET policy = json_remove(policy, '$.subject_tag', '$.footer', '$.reply_to') "
    "WHERE json_type(policy) = 'object'",
    "postgresql": "UPDATE post SET policy = policy - ARRAY['subject_tag', 'footer', 'reply_to'] "
    "WHERE jsonb_typeof(policy) = 'object'",
}


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
    op.execute(sa.text(THAWED[op.get_bind().dialect.name]))
    op.drop_column("post", "alteration")
    for name in ("reply_to", "footer", "subject_tag"):
        op.drop_column("group", name)
