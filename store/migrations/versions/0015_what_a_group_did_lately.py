"""what a group did lately: its newest posts by an index

Revision ID: 0015
Revises: 0012
"""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0012"
branch_labels = None
depends_on = None

REAL = sa.text("test IS FALSE")


def upgrade() -> None:
    columns = ["group_id", "created_at"]
    op.create_index("ix_post_recent", "post", columns, postgresql_where=REAL, sqlite_where=REAL)


def downgrade() -> None:
    op.drop_index("ix_post_recent", table_name="post")
