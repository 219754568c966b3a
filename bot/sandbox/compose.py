"""Composing mail: as one of the workspace's people, pretending to be somebody, or as a stranger; and bounces.

The mail room plays the trusted front relay, so what its own people write carries `dmarc=pass`, a pretence
carries `dmarc=fail`, and a stranger's mail carries no verdict at all (RFC 8601).
"""

from __future__ import annotations

import asyncio
import smtplib
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.policy import SMTP, SMTPUTF8
from email.utils import format_datetime, formataddr, make_msgid, parseaddr
from typing import Any

from bot.sandbox.settings import Listen

Json = dict[str, Any]
TIMEOUT = 60.0
VERDICTS = {"member": "pass", "pretend": "fail", "stranger": None}


@dataclass(frozen=True, slots=True)
class Letter:
    """What somebody writes. `author` is an address or `Name <address>`; `attachment` bytes of one attached file."""

    author: str
    to: list[str]
    subject: str = ""
    body: str = ""
    verdict: str = "member"
    attachment: int = 0
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Answer:
    """What the server said: at which stage the dialogue ended, its reply there, and the reply to each recipient."""

    stage: str
    code: int
    text: str
    recipients: dict[str, str]
    message_id: str = ""

    def as_page(self) -> Json:
        """The answer as the page sees it; `ok` when the mail was taken."""
        return {
            "ok": self.stage == "dot" and self.code == 250,
            "stage": self.stage,
            "code": self.code,
            "text": self.text,
            "recipients": self.recipients,
            "message_id": self.message_id,
        }


def write(letter: Letter, authserv_id: str, now: Any) -> tuple[bytes, str]:
    """The letter as RFC 5322 octets with CRLF, and its Message-ID; `now` is a datetime with a zone.

    Raises ValueError for headers that cannot be (a line break in one).
    """
    name, address = parseaddr(letter.author)
    domain = address.rpartition("@")[2]
    international = not address.isascii() or not all(to.isascii() for to in letter.to)
    message = EmailMessage(policy=SMTPUTF8 if international else SMTP)
    verdict = VERDICTS[letter.verdict]
    if verdict is not None:
        message["Authentication-Results"] = f"{authserv_id}; dmarc={verdict} header.from={domain}"
    message_id = make_msgid(domain=domain if domain.isascii() and domain else None)
    message["From"] = formataddr((name, address)) if address.isascii() else letter.author
    message["To"] = ", ".join(letter.to)
    message["Subject"] = letter.subject
    message["Date"] = format_datetime(now)
    message["Message-ID"] = message_id
    for header, value in letter.headers.items():
        message[header] = value
    message.set_content(letter.body or "\n")
    if letter.attachment:
        message.add_attachment(
            bytes(letter.attachment), maintype="application", subtype="octet-stream", filename="attachment.bin"
        )
    return message.as_bytes(), message_id


def write_bounce(original: bytes, *, recipient: str, return_path: str, enhanced: str, text: str, now: Any) -> bytes:
    """A delivery report with Action: failed (RFC 3464) on a mail to `recipient`, addressed to its return path."""
    headers = original.split(b"\r\n\r\n", 1)[0] + b"\r\n"
    boundary = "=_mailroom_report"
    top = [
        "From: Mail Delivery System <MAILER-DAEMON@mailroom.localhost>",
        f"To: {return_path}",
        "Subject: Undelivered Mail Returned to Sender",
        f"Date: {format_datetime(now)}",
        f"Message-ID: {make_msgid(domain='mailroom.localhost')}",
        "Auto-Submitted: auto-replied",
        "MIME-Version: 1.0",
        f'Content-Type: multipart/report; report-type=delivery-status; boundary="{boundary}"',
        "",
        f"--{boundary}",
        "Content-Type: text/plain; charset=us-ascii",
        "",
        f"Your message could not be delivered to {recipient}: {text}",
        "",
        f"--{boundary}",
        "Content-Type: message/delivery-status",
        "",
        "Reporting-MTA: dns; mailroom.localhost",
        "",
        f"Final-Recipient: rfc822; {recipient}",
        "Action: failed",
        f"Status: {enhanced}",
        f"Diagnostic-Code: smtp; 550 {enhanced} {text}",
        "",
        f"--{boundary}",
        "Content-Type: text/rfc822-headers",
        "",
        "",
    ]
    return "\r\n".join(top).encode() + headers + f"\r\n--{boundary}--\r\n".encode()


async def submit(listen: Listen, mail_from: str, recipients: list[str], raw: bytes, message_id: str = "") -> Answer:
    """Hand a mail over by a real SMTP dialogue, and tell how it went; never raises for what the server says."""
    return await asyncio.to_thread(_dialogue, listen, mail_from, recipients, raw, message_id)


def _dialogue(listen: Listen, mail_from: str, recipients: list[str], raw: bytes, message_id: str) -> Answer:
    heard: dict[str, str] = {}

    def ended(stage: str, code: int, text: bytes | str) -> Answer:
        words = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
        return Answer(stage, code, words, heard, message_id)

    stage = "connect"
    try:
        with smtplib.SMTP(local_hostname="mailroom.localhost", timeout=TIMEOUT) as server:
            code, text = server.connect(listen.host, listen.port)
            if code != 220:
                return ended(stage, code, text)
            stage = "ehlo"
            code, text = server.ehlo()
            if code != 250:
                return ended(stage, code, text)
            stage = "mail"
            options = [f"SIZE={len(raw)}"] if server.has_extn("size") else []
            if not (mail_from.isascii() and all(to.isascii() for to in recipients)) and server.has_extn("smtputf8"):
                server.command_encoding = "utf-8"
                options.append("SMTPUTF8")
            code, text = server.mail(mail_from, options)
            if code != 250:
                return ended(stage, code, text)
            stage = "rcpt"
            taken = 0
            for to in recipients:
                code, text = server.rcpt(to)
                heard[to] = f"{code} {text.decode('utf-8', 'replace')}"
                taken += code in (250, 251)
            if not taken:
                return ended(stage, code, text)
            stage = "dot"
            code, text = server.data(raw)
            return ended(stage, code, text)
    except smtplib.SMTPResponseException as error:
        return ended(stage, error.smtp_code, error.smtp_error)
    except (OSError, smtplib.SMTPException) as error:
        return ended(stage, 0, f"{type(error).__name__}: {error}")
