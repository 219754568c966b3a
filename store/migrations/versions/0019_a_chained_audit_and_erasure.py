"""a chained audit that the database lets nobody change, marks of who was forgotten, posts without addresses

Revision ID: 0019
Revises: 0021
"""

import sqlalchemy as sa
import sqlmodel
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0019"
down_revision = "0021"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
DOCUMENT = sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql")
UNSEALED = sa.text("seal IS NULL")
UNSTRIPPED = sa.text("stripped_at IS NULL AND state <> 'held'")
REFUSAL = "the audit is append-only"
FIXED = ("id", "at", "actor", "as_operator", "verb", "group_id", "subject")


def _same(columns: tuple[str, ...]) -> str:
    return " AND ".join(f"NEW.{name} IS OLD.{name}" for name in columns)


ERASING = "(SELECT erasing FROM audit_head)"
SQLITE = {
    "audit_insert": f"BEFORE INSERT ON audit WHEN NEW.seal IS NOT NULL BEGIN SELECT RAISE(ABORT, '{REFUSAL}'); END",
    "audit_delete": f"BEFORE DELETE ON audit BEGIN SELECT RAISE(ABORT, '{REFUSAL}'); END",
    "audit_update": f"""BEFORE UPDATE ON audit
        WHEN NOT ((OLD.seal IS NULL AND {_same((*FIXED, "details"))})
            OR ({ERASING} AND {_same((*FIXED, "seal", "hash"))}))
        BEGIN SELECT RAISE(ABORT, '{REFUSAL}'); END""",
    "audit_head_delete": f"BEFORE DELETE ON audit_head BEGIN SELECT RAISE(ABORT, '{REFUSAL}'); END",
    "audit_head_update": f"""BEFORE UPDATE ON audit_head WHEN NEW.count < OLD.count
        BEGIN SELECT RAISE(ABORT, '{REFUSAL}'); END""",
}
POSTGRESQL = (
    f"""CREATE FUNCTION audit_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF TG_OP = 'INSERT' AND NEW.seal IS NULL THEN RETURN NEW; END IF;
        IF TG_OP = 'UPDATE' THEN
            IF OLD.seal IS NULL AND to_jsonb(NEW) - ARRAY['seal', 'hash', 'salts']
                = to_jsonb(OLD) - ARRAY['seal', 'hash', 'salts'] THEN RETURN NEW; END IF;
            IF {ERASING} AND to_jsonb(NEW) - ARRAY['details', 'salts']
                = to_jsonb(OLD) - ARRAY['details', 'salts'] THEN RETURN NEW; END IF;
        END IF;
        RAISE EXCEPTION '{REFUSAL}';
    END $$""",
    f"""CREATE FUNCTION audit_head_grows() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF TG_OP = 'UPDATE' AND NEW.count >= OLD.count THEN RETURN NEW; END IF;
        RAISE EXCEPTION '{REFUSAL}';
    END $$""",
    """CREATE TRIGGER audit_rows BEFORE INSERT OR UPDATE OR DELETE ON audit
        FOR EACH ROW EXECUTE FUNCTION audit_append_only()""",
    "CREATE TRIGGER audit_truncate BEFORE TRUNCATE ON audit EXECUTE FUNCTION audit_append_only()",
    """CREATE TRIGGER audit_head_rows BEFORE UPDATE OR DELETE ON audit_head
        FOR EACH ROW EXECUTE FUNCTION audit_head_grows()""",
    "CREATE TRIGGER audit_head_truncate BEFORE TRUNCATE ON audit_head EXECUTE FUNCTION audit_head_grows()",
)


def upgrade() -> None:
    op.add_column("audit", sa.Column("seal", ID, nullable=True))
    op.add_column("audit", sa.Column("hash", sa.String(), nullable=True))
    op.add_column("audit", sa.Column("salts", DOCUMENT, nullable=True))
    op.create_index("uq_audit_seal", "audit", ["seal"], unique=True)
    op.create_index("ix_audit_actor", "audit", ["actor", "id"])
    op.create_index("ix_audit_unsealed", "audit", ["id"], postgresql_where=UNSEALED, sqlite_where=UNSEALED)
    head = op.create_table(
        "audit_head",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("count", ID, nullable=False),
        sa.Column("hash", sa.String(), nullable=False),
        sa.Column("erasing", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.PrimaryKeyConstraint("id"),
    )
    op.bulk_insert(head, [{"id": 1, "count": 0, "hash": "0" * 64}])
    op.create_table(
        "forgotten",
        sa.Column("mark", sa.String(), nullable=False),
        sa.Column("created_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("mark"),
    )
    op.add_column("post", sa.Column("stripped_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True))
    op.create_index("ix_post_unstripped", "post", ["created_at"], postgresql_where=UNSTRIPPED, sqlite_where=UNSTRIPPED)
    if op.get_bind().dialect.name == "sqlite":
        for name, body in SQLITE.items():
            op.execute(f"CREATE TRIGGER {name} {body}")
    else:
        for statement in POSTGRESQL:
            op.execute(statement)


def downgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        for name in SQLITE:
            op.execute(f"DROP TRIGGER {name}")
    else:
        op.execute("DROP TRIGGER audit_rows ON audit")
        op.execute("DROP TRIGGER audit_truncate ON audit")
        op.execute("DROP TRIGGER audit_head_rows ON audit_head")
        op.execute("DROP TRIGGER audit_head_truncate ON audit_head")
        op.execute("DROP FUNCTION audit_append_only")
        op.execute("DROP FUNCTION audit_head_grows")
    op.drop_index("ix_post_unstripped", "post")
    op.drop_column("post", "stripped_at")
    op.drop_table("forgotten")
    op.drop_table("audit_head")
    for name in ("ix_audit_unsealed", "ix_audit_actor", "uq_audit_seal"):
        op.drop_index(name, "audit")
    for name in ("salts", "hash", "seal"):
        op.drop_column("audit", name)
