"""floods of held posts: which posts share one card

Revision ID: 0022
Revises: 0018
"""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0018"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column("post", sa.Column("flood_id", ID, nullable=True))


def downgrade() -> None:
    op.drop_column("post", "flood_id")
