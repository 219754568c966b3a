"""A mail of the checkup's own, made as a group's posts are: Edition, prefix with its one-click link, signature."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime

from mailbridge.deliver.envelope import Envelope
from mailbridge.keyring import Keyring
from mailbridge.rewrite.copy import one_click, prefix
from mailbridge.rewrite.covered import body_hash
from mailbridge.rewrite.dkim import templates
from mailbridge.rewrite.edition import Offers, edition
from mailbridge.rewrite.keys import SigningKey
from mailbridge.rewrite.lines import CRLF, line, phrase, unstructured
from mailbridge.rewrite.trace import Trace
from mailbridge.rewrite.wire import unstuffed
from mailbridge.tokens import Tokens
from store.terms import GroupKind, GroupPolicy
from store.texts import say

NOBODY = 0  # no row has this id: what its tokens ask for changes nothing


@dataclass(frozen=True, slots=True)
class Rendered:
    """One copy: its return path, its own lines, and the octets behind them as they go over the wire."""

    mail_from: str
    top: bytes
    wire: bytes
    size: int

    @property
    def octets(self) -> bytes:
        """The mail as its reader gets it."""
        return self.top + unstuffed(self.wire)

    def envelope(self, recipient: str) -> Envelope:
        return Envelope(
            self.mail_from,
            [recipient],
            self.top,
            self.wire,
            self.size + len(self.top),
            eight_bit=False,
            utf8=not recipient.isascii(),
        )


@dataclass(frozen=True, slots=True)
class Press:
    """What every mail of one checkup is made with."""

    hostname: str
    public_url: str | None
    tokens: Tokens
    keyring: Keyring

    def mail(self, domain: str, to: str, identifier: str, now: datetime, language: str = "en") -> Rendered:
        """A mail from a group of `domain` to `to`, with From as it is rewritten for an author who must not stand there.

        `identifier` is a fresh random word; the return path and the links are signed and lead to nobody's row.
        """
        address = f"postmaster@{domain}"
        name = say(language, "doctor.mail.name")
        group = GroupPolicy(0, GroupKind.GROUP, address, address, name)
        page = one_click(self.public_url)
        raw = _letter(language, f"{name} via {domain}", address, to, f"checkup-{identifier}@{domain}", now)
        trace = Trace(identifier, now, self.hostname)
        offers = Offers(leave_mailto=True, one_click=page is not None, owner=True, join=True, help=True)
        made = edition(raw, group, trace, offers)
        top = prefix(group, leave_token=self.tokens.leave(NOBODY), public_url=page)
        identities = self.keyring.identities.speaking_for(domain)
        for each in templates(made.head, body_hash(made.head, made.wire), identities, now):
            key = SigningKey.load(self.keyring.pems[each.identity.number])
            top = each.field(key.sign(each.digest(top))) + top
        return Rendered(f"bounces+{self.tokens.bounce(NOBODY)}@{domain}", top, made.wire, made.size)


def _letter(language: str, name: str, address: str, to: str, message_id: str, now: datetime) -> bytes:
    body = say(language, "doctor.mail.body").strip().replace("\n", "\r\n")
    head = [
        line("From", *phrase(name), f"<{address}>"),
        line("To", f"<{to}>"),
        line("Subject", *unstructured(say(language, "doctor.mail.subject"))),
        line("Date", format_datetime(now.replace(microsecond=0))),
        line("Message-ID", f"<{message_id}>"),
        line("Auto-Submitted", "auto-generated"),
        line("MIME-Version", "1.0"),
        line("Content-Type", "text/plain; charset=us-ascii"),
    ]
    return b"".join(head) + CRLF + body.encode("ascii") + CRLF
