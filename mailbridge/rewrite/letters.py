"""Letters: mails of ours to one address, from the catalogue to the octets of a whole message."""

from __future__ import annotations

import binascii
import re
import textwrap
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any, Final

from mailbridge.rewrite.lines import CRLF, NAME_LIMIT, line, one_line, phrase, unstructured
from store.terms import GroupKind, GroupPolicy, LetterKind
from store.texts import say

_WIDTH: Final = 72
_SUBJECT_LIMIT: Final = 200  # characters
_REASON_LIMIT: Final = 4_000
# Whose subject says which message of theirs it is about.
_ABOUT_A_POST: Final = frozenset({LetterKind.POST_HELD, LetterKind.POST_REJECTED, LetterKind.POST_EXPIRED})
_MESSAGE_ID: Final = re.compile(r"<?([!-;=?-~]{1,240})>?")


def letter(
    kind: LetterKind,
    language: str,
    address: str,
    arguments: Mapping[str, str],
    *,
    group: GroupPolicy | None,
    message_id: str,
    date: datetime,
    hostname: str,
    in_reply_to: str = "",
) -> bytes:
    """Return a letter as a whole message: CRLF, plain ASCII but for an address that is not, not dot-stuffed.

    `arguments`: `subject` and `reason` for a rejected post, `until` for a held one, `person` for a test; `group` and
    `name` where no group is given. They may come from mail: each becomes one line, only a reason keeps its lines.
    `message_id` is without angle brackets; `in_reply_to` is left out unless it has the form of a Message-ID. Replies
    go to the group's `-owner`
    address, or to postmaster at `hostname`. Auto-Submitted keeps other machines from answering (RFC 3834 5), and the
    null return path, which is the envelope's part, from bouncing. Raises ValueError for an address that breaks a line.
    """
    values = _values(arguments, group)
    reply = _MESSAGE_ID.fullmatch(in_reply_to.strip())
    sender = phrase(say(language, "mail.from.group" if group else "mail.from.system", **values))
    head = [
        line("From", *sender, f"<{_owner(group) if group else f'postmaster@{hostname}'}>"),
        line("To", f"<{address}>"),
        line("Subject", *_subject(kind, language, values)),
        line("Date", format_datetime(date.astimezone(UTC).replace(microsecond=0))),
        line("Message-ID", f"<{message_id}>"),
        *(line(name, f"<{reply[1]}>") for name in ("In-Reply-To", "References") if reply),
        line("Auto-Submitted", "auto-replied" if reply else "auto-generated"),
        line("X-Auto-Response-Suppress", "All"),
        line("MIME-Version", "1.0"),
        line("Content-Language", language),
        line("Content-Type", "text/plain; charset=utf-8"),
    ]
    footer = say(language, "mail.footer.group" if group else "mail.footer.system", **values)
    encoding, body = _encoded(f"{_wrapped(_body(kind, language, values))}\n\n-- \n{_wrapped(footer)}\n")
    return b"".join(head) + line("Content-Transfer-Encoding", encoding) + CRLF + body


def _values(arguments: Mapping[str, str], group: GroupPolicy | None) -> dict[str, Any]:
    values: dict[str, Any] = {
        name: one_line(text, _SUBJECT_LIMIT) for name, text in arguments.items() if name != "reason"
    }
    reason = (one_line(text, _REASON_LIMIT) for text in arguments.get("reason", "")[:_REASON_LIMIT].splitlines())
    values["reason"] = "\n    ".join(text for text in reason if text)
    if group:
        values |= {"group": group.address, "name": one_line(group.display_name, NAME_LIMIT) or group.address}
    return {"group": "", "name": "", "subject": "", "person": "", "why": "", "address": "", "until": "", **values}


def _owner(group: GroupPolicy) -> str:
    if group.kind is not GroupKind.GROUP:
        return group.route
    local, _, domain = group.route.rpartition("@")
    return f"{local}-owner@{domain}"


def _subject(kind: LetterKind, language: str, values: Mapping[str, Any]) -> list[bytes]:
    named = kind in _ABOUT_A_POST and values["subject"]
    text = say(language, f"mail.{kind}.subject_named" if named else f"mail.{kind}.subject", **values)
    return unstructured(text, _SUBJECT_LIMIT + NAME_LIMIT)


def _body(kind: LetterKind, language: str, values: Mapping[str, Any]) -> str:
    if kind not in _ABOUT_A_POST:
        return say(language, f"mail.{kind}.body", **values)
    unexplained = kind is LetterKind.POST_REJECTED and not values["reason"]
    key = f"mail.{kind}.body_unexplained" if unexplained else f"mail.{kind}.body"
    return say(language, key, **{**values, "subject": values["subject"] or say(language, f"mail.{kind}.no_subject")})


def _wrapped(text: str) -> str:
    """Each line of `text` as a paragraph of at most 72 columns that keeps its indent; long words (links) stay whole."""
    wrapped: list[str] = []
    for paragraph in text.strip("\n").split("\n"):
        indent = paragraph[: len(paragraph) - len(paragraph.lstrip(" "))]
        filled = textwrap.wrap(
            paragraph,
            _WIDTH,
            subsequent_indent=indent,
            break_long_words=False,
            break_on_hyphens=False,
        )
        wrapped += filled or [""]
    return "\n".join(wrapped)


def _encoded(text: str) -> tuple[str, bytes]:
    """The body's Content-Transfer-Encoding and octets: as it is, or quoted-printable (RFC 2045 6.7)."""
    lines = text.split("\n")
    if text.isascii() and all(len(each) <= 78 for each in lines):
        return "7bit", "\r\n".join(lines).encode("ascii")
    quoted = binascii.b2a_qp(text.encode("utf-8", "replace"), istext=True)
    return "quoted-printable", quoted.replace(b"\r\n", b"\n").replace(b"\n", CRLF)
