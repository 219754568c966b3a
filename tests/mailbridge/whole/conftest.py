"""A whole bridge over SQLite with a group of one contact."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from tests.mailbridge.intake.room import add_group, add_member
from tests.mailbridge.whole.bridge import Whole, opened


@pytest.fixture
def sqlite_url(sqlite_template: Path, tmp_path: Path) -> str:
    path = tmp_path / "postroom.db"
    path.write_bytes(sqlite_template.read_bytes())
    return f"sqlite+aiosqlite:///{path}"


@pytest.fixture
async def whole(sqlite_url: str, free_port: Callable[[], int]) -> AsyncIterator[Whole]:
    async with opened(sqlite_url, free_port) as one:
        await add_member(one.database, await add_group(one.database, "dev"), "c@example.net")
        yield one
