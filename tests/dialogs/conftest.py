"""The dialogues' database: SQLite alone, for what they try is the conversation."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from datetime import datetime
from pathlib import Path

import pytest

from store.engine import Database


@pytest.fixture
async def dialog_database(
    sqlite_template: Path, tmp_path: Path, clock: Callable[[], datetime]
) -> AsyncIterator[Database]:
    path = tmp_path / "postroom.db"
    path.write_bytes(sqlite_template.read_bytes())
    database = await Database.open(f"sqlite+aiosqlite:///{path}", clock=clock)
    yield database
    await database.close()
