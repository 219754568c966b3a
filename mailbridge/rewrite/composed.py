"""Composed: a mail that somebody wrote in Slack, as the octets it would have had from their mail program. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Final

from mailbridge.rewrite import marked
from mailbridge.rewrite.lines import CRLF, line, phrase, unstructured
from mailbridge.rewrite.prose import multipart

SUBJECT_LIMIT: Final = 200  # characters
_REFERENCES: Final = 20  # the newest; RFC 5322 3.6.4 lets a long line of them be shortened in the middle
_MESSAGE_ID: Final = re.compile(r"<[!-;=?-~]{1,250}>")


@dataclass(frozen=True, slots=True)
class Composed:
    """`text` is marked (see `marked`); `message_id` without angle brackets, `answers` and `references` with them.

    `to` is the name and the address the mail is for.
    """

    author: tuple[str, str]
    to: tuple[str, str]
    subject: str
    text: str
    message_id: str
    date: datetime
    language: str = "en"
    answers: str = ""
    references: Sequence[str] = ()


def composed(mail: Composed) -> bytes:
    """Return it as a whole message: CRLF, ASCII but for an address that is not, text beside HTML (RFC 2046 5.1.4).

    The same arguments give the same octets. Raises ValueError for an address that breaks a line.
    """
    content_type, body = multipart(f"{mail.text}\n", marked.html(mail.language, mail.text), seed=mail.message_id)
    head = [
        line("From", *phrase(mail.author[0]), f"<{mail.author[1]}>"),
        line("To", *phrase(mail.to[0]), f"<{mail.to[1]}>"),
        line("Subject", *unstructured(mail.subject, SUBJECT_LIMIT)),
        line("Date", format_datetime(mail.date.astimezone(UTC).replace(microsecond=0))),
        line("Message-ID", f"<{mail.message_id}>"),
        *_threading(mail),
        line("MIME-Version", "1.0"),
        line("Content-Language", mail.language),
        content_type,
    ]
    return b"".join(head) + CRLF + body


def _threading(mail: Composed) -> list[bytes]:
    """In-Reply-To, and References as RFC 5322 3.6.4 makes them: those of what is answered, and it."""
    if not _MESSAGE_ID.fullmatch(mail.answers):
        return []
    known = [one for one in dict.fromkeys(mail.references) if _MESSAGE_ID.fullmatch(one) and one != mail.answers]
    kept = known if len(known) < _REFERENCES else [known[0], *known[-(_REFERENCES - 2) :]]
    return [line("In-Reply-To", mail.answers), line("References", *kept, mail.answers)]


def message_ids(value: bytes) -> tuple[str, ...]:
    """The Message-IDs that an In-Reply-To or a References names, with their angle brackets, in order, the last 100."""
    return tuple(_MESSAGE_ID.findall(value.decode("ascii", "replace")))[-100:]
