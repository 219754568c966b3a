"""`python -m store.migrations.draft MESSAGE`: write a revision from what the tables in code have and the last one lacks."""

import sys
import tempfile
from pathlib import Path

import alembic.command
from alembic.script import ScriptDirectory
from sqlalchemy.engine import make_url

from store import migrate


def draft(message: str) -> None:
    """Compare a fresh SQLite database at the last revision with `store.schema`, and write the difference down.

    Revisions are numbered: 0001, 0002, … The draft is to be read and corrected before it is committed.
    """
    number = len(list(ScriptDirectory.from_config(migrate.config()).walk_revisions())) + 1
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite+aiosqlite:///{Path(folder) / 'draft.db'}"
        if number > 1:
            migrate.upgrade(url)
        with migrate.connected(make_url(url)) as connection:
            alembic.command.revision(migrate.config(connection), message, autogenerate=True, rev_id=f"{number:04d}")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python -m store.migrations.draft MESSAGE")
    draft(sys.argv[1])
