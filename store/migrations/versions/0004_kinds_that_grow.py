"""letters and notices of kinds that later versions add

Revision ID: 0004
Revises: 0003
"""

import sqlalchemy as sa
from alembic import op


revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


KINDS = {
    "letter": ("post_rejected", "test", "leave_done", "leave_asked", "bounce_probe", "bounce_warning"),
    "notice": (
        "request_card",
        "request_outcome",
        "held_card",
        "report",
        "lane_alarm",
        "post_alarm",
        "test_steps",
        "group_created",
        "bouncing",
        "member_bouncing",
        "bounce_storm",
    ),
}


def upgrade() -> None:
    for table in KINDS:
        # SQLite's table is made anew; what reflection does not see has to be said again.
        with op.batch_alter_table(table, schema=None, table_kwargs={"sqlite_autoincrement": True}) as batch_op:
            batch_op.drop_constraint(f"{table}_kind", type_="check")


def downgrade() -> None:
    for table, kinds in KINDS.items():
        listed = ", ".join(f"'{kind}'" for kind in kinds)
        if table == "letter":
            op.execute(
                sa.text(f"DELETE FROM delivery WHERE letter_id IN (SELECT id FROM letter WHERE kind NOT IN ({listed}))")
            )
        else:
            op.execute(
                sa.text(
                    f"DELETE FROM placement WHERE notice_id IN (SELECT id FROM notice WHERE kind NOT IN ({listed}))"
                )
            )
        op.execute(sa.text(f"DELETE FROM {table} WHERE kind NOT IN ({listed})"))
        with op.batch_alter_table(table, schema=None, table_kwargs={"sqlite_autoincrement": True}) as batch_op:
            batch_op.alter_column(
                "kind",
                existing_type=sa.String(length=32),
                type_=sa.Enum(*kinds, name=f"{table}_kind", native_enum=False, create_constraint=True, length=32),
                existing_nullable=False,
            )
