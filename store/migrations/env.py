"""Alembic's entry: runs on the connection that `store.migrate` hands over."""

from alembic import context
from sqlmodel import SQLModel

import store.schema

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=SQLModel.metadata,
    render_as_batch=True,
    compare_type=True,
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
