"""Every message of other people's collections through the whole bridge: in over SMTP, out over SMTP, octet by octet."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from mailbridge import headers
from tests.mailbridge.deliver.scripted import Mail
from tests.mailbridge.intake.room import Client
from tests.mailbridge.rewrite.test_edition import GOES
from tests.mailbridge.whole.bridge import Whole, identity, octets

CORPORA = Path(os.environ.get("POSTROOM_CORPORA", "../shared/corpora"))
# What a message is refused for itself; anything else a reply could say would be our fault.
REFUSED = re.compile(
    r"554 5\.6\.0 The message holds a bare CR"
    r"|550 5\.6\.0 The (message must have one From|message must not have more than one|header holds a line)"
)
ONCE = {b"from", b"sender", b"subject", b"message-id", b"date"}
REPLACED = {b"from", b"x-original-from", b"reply-to", b"cc"}
MACHINES = {b"auto-submitted", b"precedence", b"x-autoreply", b"x-autorespond", b"x-auto-reply-from", b"x-loop"}


def messages() -> Iterator[bytes]:
    """Each file as it is, but for its line ends."""
    for path in sorted(path for path in CORPORA.rglob("*") if path.suffix in {".eml", ".msg", ".txt"}):
        raw = re.sub(rb"\r\n|\r|\n", b"\r\n", path.read_bytes())
        yield raw if raw.endswith(b"\r\n") else raw + b"\r\n"


def mended(raw: bytes) -> bytes:
    """The same without what it is refused or discarded for."""
    head, body = headers.split(raw.replace(b"\0", b""))
    kept = [
        field.raw
        for field in headers.fields(head)
        if field.name not in ONCE | MACHINES and b"delivery-status" not in field.value.lower()
    ]
    start = b"From: a@example.com\r\nMessage-ID: <%d@example.com>\r\n" % len(raw)
    return start + b"".join(kept) + (body if body.startswith(b"\r\n") else b"\r\n" + body)


async def submit(client: Client, raw: bytes) -> str:
    await client.say("MAIL FROM:<a@example.com>\r\nRCPT TO:<dev@example.org>\r\nDATA\r\n")
    assert [(await client.hear())[:3] for _ in range(3)] == ["250", "250", "354"]
    await client.say(re.sub(rb"(?m)^\.", b"..", raw))
    return await client.ask(".")


def check(raw: bytes, mail: Mail) -> None:
    """What is not ours to change is as it was sent, and what is ours stands on top."""
    head, body = headers.split(raw)
    stays = [field for field in headers.fields(head) if not GOES.fullmatch(field.name)]
    new_head, new_body = headers.split(octets(mail))
    found = headers.fields(new_head)
    original = [field.value for field in found if field.name == b"x-original-from"]
    if original and b"x-original-from" not in {field.name for field in stays}:
        # The author's provider asks for alignment: the group is in From, and the rest is as it was.
        assert original == [field.value for field in stays if field.name == b"from"]
        stays, found = ([field for field in each if field.name not in REPLACED] for each in (stays, found))
    assert b"".join(field.raw for field in found).endswith(b"".join(field.raw for field in stays))
    assert new_body == (body if body.startswith(b"\r\n") else b"\r\n" + body)
    assert re.search(rb"(?<!\r)\n|\r(?!\n)|\0", mail.content) is None


@pytest.mark.skipif(not CORPORA.is_dir(), reason="the corpora are not here: set POSTROOM_CORPORA")
async def test_whatever_people_sent_goes_through_as_it_was(whole: Whole) -> None:
    sent: dict[str, bytes] = {}
    client = await whole.client()
    await client.ask("EHLO client.example.com")
    with capture_logs() as logged:
        for raw in messages():
            for octets_sent in (raw, mended(raw)):
                reply = await submit(client, octets_sent)
                assert reply.startswith("250 2.0.0 Ok: ") or REFUSED.match(reply), (reply, raw[:300])
                public_id = reply.rpartition(" ")[2]
                if any(entry.get("id") == public_id for entry in logged[-3:] if entry["event"] == "post.accepted"):
                    sent.setdefault(public_id, octets_sent)
                    break
        assert len(sent) > 450
        mails = {identity(mail): mail for mail in await whole.carried(len(sent))}
    assert mails.keys() == sent.keys()
    for public_id, mail in mails.items():
        check(sent[public_id], mail)
    assert [entry for entry in logged if entry["log_level"] in {"error", "critical"}] == []
