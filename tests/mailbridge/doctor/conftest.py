"""A world in which nothing is wrong."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.mailbridge.deliver.nameserver import Nameserver
from tests.mailbridge.doctor.authority import Authority
from tests.mailbridge.doctor.world import World


@pytest.fixture
def world(tmp_path: Path, sqlite_template: Path, free_port: Callable[[], int], nameserver: Nameserver) -> World:
    """On SQLite: nothing that is looked at depends on the engine but the clock."""
    path = tmp_path / "postroom.db"
    shutil.copyfile(sqlite_template, path)
    made = World(tmp_path, f"sqlite+aiosqlite:///{path}", free_port, nameserver, Authority(tmp_path))
    made.healthy()
    return made
