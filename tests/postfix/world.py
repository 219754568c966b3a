"""The rest of the world: one server with everybody's mailbox, where one contact does not exist any more."""

from __future__ import annotations

from dataclasses import dataclass
from email import message_from_bytes
from email.message import Message
from threading import Lock

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

GONE = "gone@refused.example.net"


@dataclass(frozen=True, slots=True)
class Arrival:
    """A mail that reached a mailbox: who it was for, its return path, its text, and the octets of it."""

    recipient: str
    return_path: str
    message: Message
    raw: bytes


class Mailboxes:
    """Takes all mail but that for `GONE`, which it refuses at RCPT. Handler of an aiosmtpd server."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._arrived: list[Arrival] = []

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address == GONE:
            return "550 5.1.1 Nobody of that name works here"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        content = envelope.content
        assert isinstance(content, bytes)
        with self._lock:
            for recipient in envelope.rcpt_tos:
                self._arrived.append(Arrival(recipient, envelope.mail_from or "", message_from_bytes(content), content))
        return "250 2.0.0 Taken"

    def with_subject(self, subject: str) -> list[Arrival]:
        """What arrived under `subject`, by recipient."""
        with self._lock:
            found = [one for one in self._arrived if one.message["Subject"] == subject]
        return sorted(found, key=lambda one: one.recipient)


def serve(port: int, mailboxes: Mailboxes) -> Controller:
    """A server on a loopback port, started; the caller stops it."""
    controller = Controller(mailboxes, hostname="127.0.0.1", port=port, server_hostname="mail.example.net")
    controller.start()
    return controller
