"""The mail room: a sink that takes pipelining and misbehaves on order, a desk to write from, what comes back."""

from __future__ import annotations

import asyncio
import smtplib
from email import message_from_bytes
from typing import Any

import pytest
from aiohttp import web

from bot.sandbox.driver import Pocket, PocketError
from tests.bot.sandbox.conftest import FREE, Rig, Start

Json = dict[str, Any]


class Dialogue:
    """A bare SMTP connection: write lines, read whole replies."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def say(self, *lines: bytes) -> None:
        self._writer.write(b"".join(line + b"\r\n" for line in lines))
        await self._writer.drain()

    async def hear(self) -> str:
        lines = []
        while True:
            line = (await self._reader.readline()).decode()
            lines.append(line.rstrip())
            if line[3:4] != "-":
                return "\n".join(lines)

    async def close(self) -> None:
        self._writer.close()
        await self._writer.wait_closed()


async def dial(rig: Rig) -> Dialogue:
    at = rig.sandbox.sink_at
    talk = Dialogue(*await asyncio.open_connection(at.host, at.port))
    assert (await talk.hear()).startswith("220")
    await talk.say(b"EHLO bridge.localhost")
    extensions = await talk.hear()
    for name in ("PIPELINING", "8BITMIME", "SMTPUTF8", "SIZE"):
        assert name in extensions
    return talk


@pytest.fixture
async def looped(start: Start, free_port: Any) -> Rig:
    """A mail room that writes straight into its own sink, as if a server stood between that changes nothing."""
    port = free_port()
    return await start(
        sink=type(FREE)("127.0.0.1", port), submit=type(FREE)("127.0.0.1", port), authserv_id="relay.test"
    )


async def test_pipelined_transactions_fill_the_recipients_mailboxes(rig: Rig) -> None:
    talk = await dial(rig)
    for n in range(3):
        await talk.say(
            b"MAIL FROM:<bounces+tok%d@lists.example.org> BODY=8BITMIME SIZE=20" % n,
            b"RCPT TO:<Ada@example.org>",
            b"RCPT TO:<grace@example.org>",
            b"DATA",
        )
        assert [(await talk.hear())[:3] for _ in range(4)] == ["250", "250", "250", "354"]
        await talk.say(b"Subject: number %d" % n, b"", "smörgås ".encode(), b"..dotted", b".")
        assert (await talk.hear()).startswith("250")
    await talk.say(b"MAIL FROM:<>", b"RCPT TO:<ada@example.org>", b"DATA")
    assert [(await talk.hear())[:3] for _ in range(3)] == ["250", "250", "354"]
    await talk.say(b"Subject: null", b"", b".", b"QUIT")
    assert (await talk.hear()).startswith("250")
    await talk.hear()
    await talk.close()
    mails = await rig.pocket.wait_mail("ada@example.org", count=4)
    assert [m["subject"] for m in mails] == ["number 0", "number 1", "number 2", "null"]
    assert [m["mail_from"] for m in mails][2:] == ["bounces+tok2@lists.example.org", ""]
    raw = await rig.pocket.raw_mail(mails[0])
    assert raw == "Subject: number 0\r\n\r\nsmörgås \r\n.dotted\r\n".encode()
    assert (await rig.pocket.mailboxes())["grace@example.org"] == 3
    await rig.pocket.control(empty_mailboxes=True)
    assert await rig.pocket.mailbox("ada@example.org") == []


async def test_the_sink_refuses_on_order_at_every_stage(rig: Rig) -> None:
    await rig.pocket.control(mail={"stage": "mail", "reply": "451 4.3.0 Later", "pattern": "slow@*", "times": 1})
    await rig.pocket.control(mail={"stage": "rcpt", "reply": "550 5.1.1 Nobody", "pattern": "nobody@*"})
    await rig.pocket.control(mail={"stage": "data", "reply": "452 4.3.1 Full", "pattern": "full@*"})
    await rig.pocket.control(mail={"stage": "dot", "reply": "554 5.2.0 Daily limit", "pattern": "linus@*"})
    talk = await dial(rig)

    async def ask(line: bytes) -> str:
        await talk.say(line)
        return await talk.hear()

    assert await ask(b"MAIL FROM:<slow@example.org>") == "451 4.3.0 Later"
    assert (await ask(b"MAIL FROM:<slow@example.org>")).startswith("250")
    assert await ask(b"RCPT TO:<nobody@example.org>") == "550 5.1.1 Nobody"
    assert (await ask(b"RCPT TO:<full@example.org>")).startswith("250")
    assert await ask(b"DATA") == "452 4.3.1 Full"
    await ask(b"RSET")
    await ask(b"MAIL FROM:<a@example.org>")
    await ask(b"RCPT TO:<linus@example.org>")
    assert (await ask(b"DATA")).startswith("354")
    assert await ask(b"Subject: x\r\n\r\n.") == "554 5.2.0 Daily limit"
    assert await rig.pocket.mailbox("linus@example.org") == []
    await talk.close()
    assert len((await rig.pocket.get("control"))["mail_faults"]) == 3
    await rig.pocket.control(recover=True)
    assert (await rig.pocket.get("control"))["mail_faults"] == []
    with pytest.raises(PocketError, match="neither an SMTP reply"):
        await rig.pocket.control(mail={"stage": "rcpt", "reply": "whatever\r\n250 ok"})
    with pytest.raises(PocketError, match="not one of"):
        await rig.pocket.control(mail={"stage": "teatime", "reply": "450 x"})


async def test_the_sink_drops_the_line_on_order(rig: Rig) -> None:
    await rig.pocket.control(mail={"stage": "dot", "reply": "drop", "times": 1})
    at = rig.sandbox.sink_at

    def hand_over() -> None:
        with smtplib.SMTP(at.host, at.port) as server:
            server.sendmail("a@example.org", ["ada@example.org"], b"Subject: lost\r\n\r\n")

    with pytest.raises(smtplib.SMTPServerDisconnected):
        await asyncio.to_thread(hand_over)
    assert await rig.pocket.mailbox("ada@example.org") == []
    await asyncio.to_thread(hand_over)
    assert len(await rig.pocket.mailbox("ada@example.org")) == 1


async def test_the_sink_falls_silent_on_order(rig: Rig) -> None:
    await rig.pocket.control(mail={"stage": "dot", "reply": "hang", "times": 1})
    at = rig.sandbox.sink_at

    def hand_over() -> None:
        with smtplib.SMTP(at.host, at.port, timeout=0.3) as server:
            server.sendmail("a@example.org", ["ada@example.org"], b"Subject: x\r\n\r\n")

    with pytest.raises((TimeoutError, smtplib.SMTPServerDisconnected)):
        await asyncio.to_thread(hand_over)
    assert await rig.pocket.mailbox("ada@example.org") == []


async def test_members_pass_pretenders_fail_and_strangers_carry_no_verdict(looped: Rig) -> None:
    pocket = looped.pocket
    sent = await pocket.compose("ada", "ops@example.org", "From Ada", "Grüße", attachment=5_000)
    assert (sent["ok"], sent["stage"], sent["code"]) == (True, "dot", 250)
    assert (await pocket.compose("ada@example.org", "ops@example.org", "Fake", verdict="pretend"))["ok"]
    assert (await pocket.compose("Eve <eve@example.net>", "ops@example.org", "Buy"))["ok"]
    member, pretender, stranger = [
        message_from_bytes(await pocket.raw_mail(mail)) for mail in await pocket.mailbox("ops@example.org")
    ]
    assert member["Authentication-Results"] == "relay.test; dmarc=pass header.from=example.org"
    assert member["Message-ID"] == sent["message_id"]
    assert pretender["Authentication-Results"] == "relay.test; dmarc=fail header.from=example.org"
    assert stranger["Authentication-Results"] is None
    shown = await pocket.mail((await pocket.mailbox("ops@example.org"))[0])
    assert shown["text"].strip() == "Grüße"
    assert shown["attachments"] == [{"name": "attachment.bin", "type": "application/octet-stream", "size": 5_000}]
    assert ["Subject", "From Ada"] in shown["headers"]
    assert shown["mail_from"] == "ada@example.org"


async def test_compose_tells_how_a_refusal_went(looped: Rig) -> None:
    pocket = looped.pocket
    await pocket.control(mail={"stage": "rcpt", "reply": "550 5.1.1 No such group", "pattern": "nothere@*"})
    answer = await pocket.compose("ada", ["nothere@example.org"], "Hi")
    assert (answer["ok"], answer["stage"], answer["code"]) == (False, "rcpt", 550)
    both = await pocket.compose("ada", ["nothere@example.org", "ops@example.org"], "Hi")
    assert both["ok"]
    assert both["recipients"]["nothere@example.org"].startswith("550")
    with pytest.raises(PocketError, match="author"):
        await pocket.compose("not an address", ["ops@example.org"])
    with pytest.raises(PocketError):
        await pocket.compose("ada", ["ops@example.org"], "two\r\nBcc: x@example.org")


async def test_nobody_listening_is_told_not_raised(start: Start, free_port: Any) -> None:
    rig = await start(submit=type(FREE)("127.0.0.1", free_port()))
    answer = await rig.pocket.compose("ada", "ops@example.org", "Hi")
    assert (answer["ok"], answer["stage"], answer["code"]) == (False, "connect", 0)


async def test_raw_octets_go_as_they_are(looped: Rig) -> None:
    raw = b"X-Odd:   spaced\r\nSubject: x\r\n\r\n.leading dot\r\nlast"
    assert (await looped.pocket.submit_raw("a@example.org", ["b@example.org"], raw))["ok"]
    assert await looped.pocket.raw_mail((await looped.pocket.mailbox("b@example.org"))[0]) == raw + b"\r\n"


async def test_a_bounce_is_a_failure_report_to_the_return_path(looped: Rig) -> None:
    pocket = looped.pocket
    await pocket.compose("ada", "gone@example.org", "Hi", mail_from="bounces+tok@lists.example.org")
    mail = (await pocket.mailbox("gone@example.org"))[0]
    assert (await pocket.bounce(mail, enhanced="5.1.1", text="user unknown"))["ok"]
    report = (await pocket.mailbox("bounces+tok@lists.example.org"))[0]
    assert report["mail_from"] == ""
    mime = message_from_bytes(await pocket.raw_mail(report))
    assert mime.get_content_type() == "multipart/report"
    assert mime.get_param("report-type") == "delivery-status"
    parts: Any = mime.get_payload()
    text, delivery, original = parts
    assert [part.get_content_type() for part in (text, delivery, original)] == [
        "text/plain",
        "message/delivery-status",
        "text/rfc822-headers",
    ]
    fields = delivery.get_payload()[1]
    assert (fields["Action"], fields["Status"]) == ("failed", "5.1.1")
    assert fields["Final-Recipient"] == "rfc822; gone@example.org"
    assert "Subject: Hi" in original.get_payload()
    with pytest.raises(PocketError, match="no return path"):
        await pocket.bounce(report)


async def test_one_click_posts_what_rfc_8058_asks_and_only_to_this_machine(looped: Rig) -> None:
    heard: list[tuple[str, str, str]] = []

    async def endpoint(request: web.Request) -> web.Response:
        heard.append((request.path, request.content_type, await request.text()))
        return web.Response(status=200 if request.path == "/leave/token" else 302, headers={"Location": "/elsewhere"})

    app = web.Application()
    app.router.add_post("/{rest:.*}", endpoint)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    base = f"http://127.0.0.1:{runner.addresses[0][1]}"

    async def offer(link: str, *, posted: bool = True) -> Json:
        headers = {"List-Unsubscribe": f"<mailto:x@example.org>, <{link}>"}
        if posted:
            headers["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
        await looped.pocket.compose("ada", "reader@example.org", "Issue", headers=headers)
        return (await looped.pocket.mailbox("reader@example.org"))[-1]

    good = await offer(f"{base}/leave/token")
    assert good["can_leave"]
    assert (await looped.pocket.one_click(good))["ok"]
    assert heard == [("/leave/token", "application/x-www-form-urlencoded", "List-Unsubscribe=One-Click")]
    redirected = await looped.pocket.one_click(await offer(f"{base}/other"))
    assert (redirected["ok"], redirected["code"], len(heard)) == (False, 302, 2)
    for link, posted, why in (
        ("http://example.org/leave", True, "off this machine"),
        ("http://127.0.0.1@example.org/leave", True, "off this machine"),
        (f"{base}/leave/token", False, "no leaving by one click"),
    ):
        with pytest.raises(PocketError, match=why):
            await looped.pocket.one_click(await offer(link, posted=posted))
    assert len(heard) == 2
    await runner.cleanup()


async def test_hundreds_of_mails_a_second_over_several_connections(rig: Rig) -> None:
    async def pour(count: int) -> None:
        talk = await dial(rig)
        for _ in range(count):
            await talk.say(b"MAIL FROM:<a@example.org>", b"RCPT TO:<busy@example.org>", b"DATA")
            for _ in range(3):
                await talk.hear()
            await talk.say(b"Subject: x", b"", b"y" * 200, b".")
            assert (await talk.hear()).startswith("250")
        await talk.close()

    await asyncio.gather(*(pour(50) for _ in range(4)))
    assert (await rig.pocket.mailboxes())["busy@example.org"] == 200


async def test_the_mail_room_alone_has_no_workspace(start: Start) -> None:
    rig = await start(mailroom_only=True)
    assert (await rig.pocket.get("info"))["workspace"] is False
    assert len((await rig.pocket.get("people"))["people"]) == 10
    with pytest.raises(PocketError):
        await rig.pocket.state("ada")
    async with rig.session.post(f"{rig.sandbox.base}/api/auth.test") as answer:
        assert answer.status in (404, 405)
    async with Pocket(rig.sandbox.base) as another:
        assert await another.mailbox("ada@example.org") == []
