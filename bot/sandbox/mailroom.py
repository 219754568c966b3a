"""The mail room: an SMTP sink that puts every accepted mail in the mailbox of its envelope recipient."""

from __future__ import annotations

import asyncio
import itertools
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from email.message import Message as Mime
from email.parser import BytesParser
from email.policy import default as modern
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope, Session

from bot.sandbox.changes import Changes
from bot.sandbox.faults import Faults
from bot.sandbox.settings import Listen

Json = dict[str, Any]
SIZE_LIMIT = 64 * 1_048_576
COMMAND_LIMIT = 2_048
KEPT = 50_000
EXCERPT = 4_000
DROP = "drop"
HANG = "hang"


@dataclass(frozen=True, slots=True)
class Mail:
    """One mail in one mailbox, its bytes as received. `at` is seconds since the epoch."""

    id: int
    recipient: str
    mail_from: str
    raw: bytes
    at: float

    @property
    def of_group(self) -> bool:
        """Whether it is a copy that a group sent."""
        return "List-Id" in self.parsed(headers_only=True)

    @property
    def message_id(self) -> str:
        """Its Message-ID, the same in all copies."""
        return str(self.parsed(headers_only=True).get("Message-ID", ""))

    def parsed(self, *, headers_only: bool = False) -> Mime:
        """The mail's structure, or only its headers: a listing must not cost what its attachments do."""
        octets = self.raw.split(b"\r\n\r\n", 1)[0] if headers_only else self.raw
        return BytesParser(policy=modern).parsebytes(octets)

    def as_page(self, *, whole: bool = False) -> Json:
        """Headers and size; with `whole` also the text and the attachments' names."""
        mime = self.parsed(headers_only=not whole)
        data: Json = {
            "id": self.id,
            "recipient": self.recipient,
            "mail_from": self.mail_from,
            "at": self.at,
            "size": len(self.raw),
            "subject": str(mime.get("Subject", "")),
            "from": str(mime.get("From", "")),
            "to": str(mime.get("To", "")),
            "message_id": str(mime.get("Message-ID", "")),
            "can_leave": "List-Unsubscribe-Post" in mime,
        }
        if whole:
            data |= {
                "headers": [[name, str(value)] for name, value in mime.items()],
                "text": _text_of(mime),
                "attachments": _attachments(mime),
            }
        return data


def _text_of(mime: Mime) -> str:
    for part in mime.walk():
        if part.get_content_type() == "text/plain" and part.get_filename() is None:
            body = part.get_payload(decode=True)
            return body.decode("utf-8", "replace")[:EXCERPT] if isinstance(body, bytes) else ""
    return ""


def _attachments(mime: Mime) -> list[Json]:
    found = []
    for part in mime.walk():
        if part.get_filename() is not None:
            body = part.get_payload(decode=True)
            size = len(body) if isinstance(body, bytes) else 0
            found.append({"name": part.get_filename(), "type": part.get_content_type(), "size": size})
    return found


class Mailboxes:
    """All mailboxes, by address in lower case; beyond `KEPT` mails the oldest go."""

    def __init__(self, changes: Changes, clock: Callable[[], float]) -> None:
        self._changes = changes
        self._clock = clock
        self._numbers = itertools.count(1)
        self._by_id: dict[int, Mail] = {}
        self._by_address: dict[str, list[Mail]] = {}
        self._left: dict[int, float] = {}

    def put(self, recipients: list[str], mail_from: str, raw: bytes) -> None:
        """One mail into each recipient's mailbox."""
        for recipient in recipients:
            mail = Mail(next(self._numbers), recipient, mail_from, raw, self._clock())
            self._by_id[mail.id] = mail
            self._by_address.setdefault(recipient.lower(), []).append(mail)
        while len(self._by_id) > KEPT:
            oldest = self._by_id.pop(next(iter(self._by_id)))
            self._by_address[oldest.recipient.lower()].remove(oldest)
        self._changes.note("mail")

    def __iter__(self) -> Iterator[Mail]:
        return iter(list(self._by_id.values()))

    def get(self, mail_id: int) -> Mail | None:
        """One mail, or None."""
        return self._by_id.get(mail_id)

    def of(self, address: str) -> list[Mail]:
        """What an address has received, oldest first."""
        return list(self._by_address.get(address.lower(), []))

    def counts(self) -> dict[str, int]:
        """Mails per address."""
        return {address: len(mails) for address, mails in self._by_address.items()}

    def left(self, mail: Mail) -> None:
        """Its reader has left the group by its link."""
        self._left[mail.id] = self._clock()
        self._changes.note("mail")

    def anybody_left(self, since: float) -> bool:
        """Whether a mail's reader has left its group since a moment."""
        return any(at >= since for at in self._left.values())

    def empty(self) -> None:
        """Throw everything away."""
        self._by_id.clear()
        self._by_address.clear()
        self._changes.note("mail")


def _abort(server: SMTP) -> None:
    if isinstance(server.transport, asyncio.WriteTransport):
        server.transport.abort()


def _octets(content: bytes | str | None) -> bytes:
    return content if isinstance(content, bytes) else b""


class _Hooks:
    """aiosmtpd's hooks: extensions at EHLO, faults on order at each stage, mailboxes after the dot."""

    def __init__(self, boxes: Mailboxes, faults: Faults) -> None:
        self._boxes = boxes
        self._faults = faults

    async def _fault(self, server: SMTP, stage: str, names: list[str]) -> str | None:
        fault = self._faults.match(names, stage)
        if fault is None:
            return None
        if fault.what == HANG:
            await asyncio.Event().wait()  # until the client hangs up, which cancels this session
        if fault.what == DROP:
            _abort(server)
            return "421 4.3.2 Closing"
        return fault.what

    async def handle_EHLO(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        session.host_name = hostname
        fault = await self._fault(server, "ehlo", [hostname])
        if fault is not None:
            return [fault]
        return [*responses[:-1], "250-PIPELINING", "250-ENHANCEDSTATUSCODES", responses[-1]]

    async def handle_MAIL(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        address = "" if address == "<>" else address
        fault = await self._fault(server, "mail", [address])
        if fault is not None:
            return fault
        # aiosmtpd takes an empty mail_from for "no MAIL yet", so the null sender stays "<>" until the dot.
        envelope.mail_from = address or "<>"
        envelope.mail_options.extend(options)
        return "250 2.1.0 OK"

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        fault = await self._fault(server, "rcpt", [address])
        if fault is not None:
            return fault
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        fault = await self._fault(server, "dot", list(envelope.rcpt_tos))
        if fault is not None:
            return fault
        mail_from = "" if envelope.mail_from in (None, "<>") else str(envelope.mail_from)
        self._boxes.put(list(envelope.rcpt_tos), mail_from, _octets(envelope.content))
        return "250 2.0.0 OK: in the mailbox"

    async def at_data(self, server: SMTP, recipients: list[str]) -> str | None:
        """A fault ordered for the DATA command itself, before the 354."""
        return await self._fault(server, "data", recipients)


class _Protocol(SMTP):
    line_length_limit = SIZE_LIMIT

    def __init__(self, hooks: _Hooks, sessions: set[_Protocol]) -> None:
        super().__init__(
            hooks,
            data_size_limit=SIZE_LIMIT,
            enable_SMTPUTF8=True,
            hostname="mailroom.localhost",
            ident="mail room",
            loop=asyncio.get_running_loop(),
        )
        self._hooks = hooks
        self._sessions = sessions
        # aiosmtpd's own mapping is the class's: every EHLO of anybody makes it grow, every connection clears it.
        self.command_size_limits = defaultdict(lambda: COMMAND_LIMIT)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._sessions.add(self)
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        self._sessions.discard(self)
        super().connection_lost(error)

    async def smtp_DATA(self, arg: str) -> None:  # noqa: N802 - aiosmtpd's name
        fault = await self._hooks.at_data(self, list(self.envelope.rcpt_tos)) if self.envelope else None
        if fault is not None:
            await self.push(fault)
            return
        await super().smtp_DATA(arg)


class Sink:
    """The listener."""

    def __init__(self, boxes: Mailboxes, faults: Faults) -> None:
        self._hooks = _Hooks(boxes, faults)
        self._sessions: set[_Protocol] = set()
        self._server: asyncio.Server | None = None

    async def start(self, listen: Listen) -> Listen:
        """Listen; the address with the port really taken (0 asks for a free one). OSError when it is taken."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            lambda: _Protocol(self._hooks, self._sessions), listen.host, listen.port
        )
        return Listen(listen.host, self._server.sockets[0].getsockname()[1])

    async def stop(self) -> None:
        """Stop listening and drop what is connected."""
        if self._server is None:
            return
        self._server.close()
        for session in list(self._sessions):
            _abort(session)
        await self._server.wait_closed()
        self._server = None
