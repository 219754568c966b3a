"""Postfix, the bridge behind it, and the world its mail goes out to, for one test."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import ExitStack
from pathlib import Path

import pytest

from store.engine import Database
from tests.mailbridge.deliver.nameserver import Nameserver
from tests.postfix.front import Ports, PostfixMissing, postfix
from tests.postfix.scene import Scene, bridge, populate
from tests.postfix.world import Mailboxes, serve


@pytest.fixture
async def scene(tmp_path: Path, sqlite_template: Path, free_port: Callable[[], int]) -> AsyncIterator[Scene]:
    """All of it, running; skips with the reason where Postfix cannot."""
    ports = Ports(postfix=free_port(), bridge=free_port(), world=free_port())
    with ExitStack() as running:
        try:
            running.enter_context(postfix(ports))
        except PostfixMissing as missing:
            pytest.skip(str(missing))
        mailboxes = Mailboxes()
        running.callback(serve(ports.world, mailboxes).stop)
        path = tmp_path / "postroom.db"
        shutil.copyfile(sqlite_template, path)
        url = f"sqlite+aiosqlite:///{path}"
        database = await Database.open(url)
        try:
            group_id = await populate(database)
            nameserver = await Nameserver().start()
            running.callback(nameserver.stop)
            with bridge(tmp_path, url, ports, free_port(), nameserver.address):
                yield Scene(database, nameserver, mailboxes, ports, group_id)
        finally:
            await database.close()
