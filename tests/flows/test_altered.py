"""A group that tags, trims and signs off its mail: asked for in Slack, seen in the copy, told in the channel."""

from __future__ import annotations

from email import message_from_bytes, policy
from typing import Any

import aiosmtplib
import pytest

from tests.flows.town import AUTHOR, FRONT, PATIENCE, Town
from tests.mailbridge.rewrite.test_trim import TEXT, attached, message

ASKED = (
    ("subject_tag=[Team]", "Subject tag: Team"),
    ("footer Be kind.", "Footer: Be kind."),
    ("reply_to group", "Replies go to: The group"),
    ("max_send_size 100KB", "Largest message delivered: 100 KB"),
    ("over_send_size trim", "Replace the largest attachments"),
)
PLAN = 'Content-Disposition: attachment; filename="<!here> plan.pdf"\n'


async def test_from_the_command_to_the_copy_and_the_report(town: Town) -> None:
    town.sink.keep = True
    group = await town.group("team", ["c@example.net"])
    await town.bridge()
    await town.bot()
    for text, answer in ASKED:
        await town.pocket.command("ada", "#general", f"/group settings team {text}")
        await town.pocket.wait_message("ada", "#general", answer, timeout=PATIENCE)
    proof = f"Authentication-Results: {FRONT}; dmarc=pass header.from=example.org\r\n".encode()

    def hers(*parts: bytes) -> bytes:
        return proof + message(TEXT, *parts).replace(b"a@example.com", AUTHOR.encode())

    await town.submit(group.address, hers(attached(400_000, more=PLAN), attached(1_000)))
    shown = await town.pocket.wait_message("ada", "#reports", "a note stands for 1 attachment", timeout=PATIENCE)
    assert "• &lt;!here&gt; plan.pdf (application/pdf, 285.4 KB)" in town.pocket.text(shown)
    await town.finished()
    ((recipient, copy),) = town.sink.kept
    seen: Any = message_from_bytes(copy.replace(b"\r\n", b"\n"), policy=policy.default)
    assert (recipient, seen["Subject"], seen["Reply-To"]) == ("c@example.net", "[Team] x", f"team <{group.address}>")
    text, note, small, footer = (part.get_content() for part in seen.iter_parts())
    assert (text, small) == ("Hello\n", bytes(len(small)))
    assert "Name: <!here> plan.pdf" in note
    assert "Be kind." in footer
    # What cannot be made to fit is refused while the sender still listens.
    with pytest.raises(aiosmtplib.SMTPDataError, match=r"5\.3\.4 team@groups\.example\.org takes messages with up to"):
        await town.submit(group.address, hers(b"Content-Type: text/plain\r\n\r\n" + b"words\r\n" * 40_000))
