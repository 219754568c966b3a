"""addresses compared without regard to the case of ASCII letters, and of no others

Revision ID: 0005
Revises: 0004
"""

import string
from collections.abc import Callable

import sqlalchemy as sa
from alembic import op


revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

ASCII = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)


def _compare(fold: Callable[[str], str]) -> None:
    """Write the keys anew. No two rows become one: keys that differed still do."""
    connection = op.get_bind()
    for name in ("membership", "request"):
        table = sa.table(name, sa.column("id"), sa.column("address"), sa.column("key"))
        rows = connection.execute(sa.select(table).where(table.c.address.is_not(None)))
        changed = [(row.id, fold(row.address)) for row in rows if row.key != fold(row.address)]
        for id_, key in changed:
            connection.execute(sa.update(table).where(table.c.id == id_).values(key=key))


def upgrade() -> None:
    _compare(lambda address: address.translate(ASCII))


def downgrade() -> None:
    _compare(str.lower)
