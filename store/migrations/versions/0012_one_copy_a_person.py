"""one copy a person: families of posts, nested groups, and what contacts wish to receive

Revision ID: 0012
Revises: 0011
"""

import sqlalchemy as sa
import sqlmodel
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
DOCUMENT = sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql")
RELATED = sa.text("family_id IS NOT NULL")
NESTING = sa.text("nesting IS TRUE")
POST = (
    ("family_id", ID, None),
    ("addressed", DOCUMENT, sa.text("'[]'")),
    ("rank", ID, None),
    ("apart", DOCUMENT, None),
    ("nested", DOCUMENT, sa.text("'[]'")),
    ("nesting", sa.Boolean(), sa.false()),
    ("parent_id", ID, None),
    ("depth", sa.Integer(), sa.text("0")),
)
WISHES = ("receive_own", "receive_addressed")


def upgrade() -> None:
    # In place: a table that batch mode makes anew would lose its AUTOINCREMENT, and use ids twice.
    op.create_table(
        "family",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("digest", sa.String(), nullable=True, unique=True),
        sa.Column("accepted", sa.Integer(), nullable=False),
        sa.Column("created_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    for name, kind, default in POST:
        op.add_column("post", sa.Column(name, kind, nullable=default is None, server_default=default))
    op.create_index("ix_post_nesting", "post", ["id"], postgresql_where=NESTING, sqlite_where=NESTING)
    op.create_index("ix_post_family", "post", ["family_id", "rank"], postgresql_where=RELATED, sqlite_where=RELATED)
    for wish in WISHES:
        op.add_column("membership", sa.Column(wish, sa.Boolean(), nullable=False, server_default=sa.true()))
    op.add_column("delivery", sa.Column("key", sa.String(), nullable=True))
    op.drop_index("ix_delivery_post", "delivery")
    op.create_index("ix_delivery_post", "delivery", ["post_id", "state", "key"])


def downgrade() -> None:
    op.drop_index("ix_delivery_post", "delivery")
    op.create_index("ix_delivery_post", "delivery", ["post_id", "state"])
    op.drop_column("delivery", "key")
    for wish in WISHES:
        op.drop_column("membership", wish)
    for name in ("ix_post_family", "ix_post_nesting"):
        op.drop_index(name, "post")
    for name, _, _ in reversed(POST):
        op.drop_column("post", name)
    op.drop_table("family")
