"""A printer of Linus's: its password made in Slack, its mail carried to the group, and over when Linus leaves."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import aiosmtplib
import pytest

from store.terms import Moderation, Posting
from tests.flows.town import Town
from tests.mailbridge.intake.submitting import trusting

LINUS, HIS = "U0LINUS", "linus@example.org"
MAIL = f"From: {HIS}\r\nSubject: Scan\r\n\r\nPage 1\r\n"


async def test_from_the_command_to_the_copies_and_the_end(town: Town, free_port: Callable[[], int], pem: Path) -> None:
    port = free_port()
    given = {"POSTROOM_SUBMISSION_LISTEN": f"127.0.0.1:{port}", "POSTROOM_HOSTNAME": "mail.example.org"}
    bridge, bot = await town.bridge(**given, POSTROOM_TLS_CERT=str(pem)), await town.bot(**given)
    group = await town.group("team", [HIS, "jo@example.net"], posting=Posting.MEMBERS, moderation=Moderation.NONE)

    await town.pocket.command(LINUS, "#general", "/group password new printer")
    told = town.pocket.text(await town.pocket.wait_message(LINUS, "#general", "only this once"))
    assert f"mail.example.org, port {port}" in told
    found = re.search(r"(?:[a-z2-9]{4}-){3}[a-z2-9]{4}", told)
    assert found is not None

    async def scan() -> None:
        session = aiosmtplib.SMTP(hostname="127.0.0.1", port=port, start_tls=True, tls_context=trusting(), timeout=30)
        async with session as smtp:
            await smtp.login(HIS, found[0])
            await smtp.sendmail(HIS, [group.address], MAIL)

    await scan()
    await town.finished()
    assert town.sink.recipients == {HIS, "jo@example.net"}
    await town.pocket.wait_message("ada", "#reports", "relayed to 2 of 2")

    await town.pocket.edit_person(LINUS, deactivated=True)

    async def over() -> bool:
        try:
            await scan()
        except aiosmtplib.SMTPAuthenticationError as refused:
            return refused.code == 535
        return False

    await town.until(over)
    before = len(await town.posts())
    with pytest.raises(aiosmtplib.SMTPAuthenticationError):
        await scan()
    assert len(await town.posts()) == before
    for program in (bot, bridge):
        assert await program.end() == 0
        assert found[0] not in program.log
        assert found[0].replace("-", "") not in program.log
