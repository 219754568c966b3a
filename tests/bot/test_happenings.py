"""Events that the store has to know of are written down before Slack is told that they came."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from bot import happenings
from bot.directory import Directory
from bot.sandbox.app import Sandbox
from bot.sandbox.settings import Listen, Settings
from store import persons
from store.locks import DatabaseBusy
from tests.bot.conftest import open_office


@pytest.fixture
async def slack(free_port: Callable[[], int]) -> Any:
    """A workspace that soon repeats what was not acknowledged."""
    listen, sink = Listen("127.0.0.1", 0), Listen("127.0.0.1", free_port())
    sandbox = Sandbox(Settings(listen=listen, sink=sink, tiers=False, ack_deadline=1.0, event_retries=(0.05, 0.05)))
    await sandbox.start()
    yield sandbox
    await sandbox.stop()


def busy_once(monkeypatch: pytest.MonkeyPatch, holder: Any, name: str) -> list[str]:
    """Let what is called fail the first time as a locked database does; gives what became of each call."""
    real, calls = (holder[name] if isinstance(holder, dict) else getattr(holder, name)), list[str]()

    async def busy(*args: Any) -> Any:
        calls.append("busy" if not calls else "done")
        if len(calls) == 1:
            raise DatabaseBusy("locked")
        return await real(*args)

    if isinstance(holder, dict):
        monkeypatch.setitem(holder, name, busy)
    else:
        monkeypatch.setattr(holder, name, busy)
    return calls


async def test_a_movement_that_could_not_be_written_is_told_again(
    bot_url: str, slack: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = busy_once(monkeypatch, happenings.HAPPENINGS, "member_left_channel")
    async with open_office(bot_url, slack) as office:
        await office.pocket.leave("linus", "#general")

        async def settled() -> bool:
            told = (await office.pocket.get("deliveries"))["deliveries"]
            outcomes = [one["outcome"] for one in told if one["name"] == "member_left_channel"]
            return outcomes == ["operation_timeout", "acknowledged"]

        await office.until(settled)
        assert calls == ["busy", "done"]


async def test_a_profile_that_could_not_be_written_is_told_again(
    bot_url: str, slack: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_office(bot_url, slack) as office:
        calls = busy_once(monkeypatch, Directory, "changed")
        await office.pocket.edit_person("linus", deactivated=True)

        async def gone() -> bool:
            async with office.database.reading() as tx:
                linus = await persons.by_slack(tx, "U0LINUS")
            return linus is not None and linus.deactivated

        await office.until(gone)
        assert calls == ["busy", "done"]
