"""`/group doctor` in a (pocket) workspace: operators alone, shown as it goes, and honest where no bridge answers."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from store import checkups
from store.engine import Database
from store.findings import Finding
from tests.bot.conftest import Office

RECORD = '_dmarc.example.org. IN TXT "v=DMARC1; p=none"'


async def test_others_than_operators_are_refused(office: Office) -> None:
    await office.pocket.command("linus", "#general", "/group doctor")
    await office.pocket.wait_message("linus", "#general", "Only operators ask for a checkup")
    async with office.database.writing() as tx:
        assert await checkups.claim(tx) is None


async def begun(database: Database) -> int:
    """What the bridge does first, by rows alone."""
    async with database.writing() as tx:
        checkup = await checkups.claim(tx)
    assert checkup is not None
    assert checkup.id is not None
    return checkup.id


async def dm(office: Office, contains: str) -> dict[str, Any]:
    return await office.pocket.wait_message("ada", "dm", contains)


async def test_it_is_shown_as_it_goes_each_fault_with_its_remedy(office: Office) -> None:
    await office.pocket.command("ada", "#general", "/group doctor")
    await office.pocket.wait_message("ada", "#general", "a probe goes to ada@example.org")
    first = await dm(office, "Waiting for the bridge")
    checkup_id = await begun(office.database)
    async with office.database.writing() as tx:
        found = [
            Finding("mx_ok", "example.org", {"hosts": "mail.example.org"}),
            Finding("dmarc_missing", "example.org", {"record": RECORD}),
        ]
        await checkups.tell(tx, checkup_id, found)
    running = await dm(office, "2 looked at so far")
    async with office.database.writing() as tx:
        await checkups.finish(tx, checkup_id)
    done = await dm(office, "1 to mend, 0 to think about, 1 in order.")
    assert first["ts"] == running["ts"] == done["ts"]
    text = office.pocket.text(done)
    assert f"→ Publish: `{RECORD}`" in text  # to be copied as it is
    assert text.index("To mend") < text.index("comes here")


async def test_a_second_one_waits_for_the_first(office: Office) -> None:
    await office.pocket.command("ada", "#general", "/group doctor")
    await dm(office, "Waiting for the bridge")
    await office.pocket.command("grace", "#general", "/group doctor")
    await office.pocket.wait_message("grace", "#general", "under way already")


async def test_where_no_bridge_answers_that_is_said_in_time(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    # The true one is waited for by the flow with processes.
    monkeypatch.setattr(checkups, "UNHEARD_AFTER", timedelta(seconds=1))
    await office.pocket.command("ada", "#general", "/group doctor")
    message = await office.pocket.wait_message("ada", "dm", "No bridge has answered", timeout=60)
    assert "python -m mailbridge doctor" in office.pocket.text(message)
    checkup_id = await begun(office.database)  # one that starts late
    later = await dm(office, "0 looked at so far")
    assert later["ts"] == message["ts"]
    async with office.database.writing() as tx:
        await checkups.finish(tx, checkup_id)
    await dm(office, "0 to mend")
