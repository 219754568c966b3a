"""Letters: mails of ours to one address, from the catalogue to the octets of a whole message."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any, Final

from mailbridge.rewrite.copy import LOCAL_LIMIT
from mailbridge.rewrite.guide import guide
from mailbridge.rewrite.lines import CRLF, NAME_LIMIT, line, one_line, phrase, unstructured
from mailbridge.rewrite.prose import Link, alternatives
from store.terms import GroupKind, GroupPolicy, LetterKind
from store.texts import say

_SUBJECT_LIMIT: Final = 200  # characters
_REASON_LIMIT: Final = 4_000
# Whose subject says which message of theirs it is about.
_ABOUT_A_POST: Final = frozenset({LetterKind.POST_HELD, LetterKind.POST_REJECTED, LetterKind.POST_EXPIRED})
_MESSAGE_ID: Final = re.compile(r"<?([!-;=?-~]{1,240})>?")
# Answers that carry nothing of the mail they answer, not even its Message-ID: anybody may have written it.
_UNPROVEN: Final = frozenset({LetterKind.JOIN_CONFIRM, LetterKind.JOIN_MEMBER, LetterKind.JOIN_WAITING})
# Their text gives a reason, or says that there is none.
_EXPLAINED: Final = frozenset({LetterKind.POST_REJECTED, LetterKind.JOIN_DENIED})
# May go to people who are not in the group: a hidden one does not tell them its name.
_OUTSIDE: Final = _ABOUT_A_POST | frozenset(
    {
        LetterKind.JOIN_CONFIRM,
        LetterKind.JOIN_WAITING,
        LetterKind.JOIN_DENIED,
        LetterKind.JOIN_ENDED,
        LetterKind.JOIN_UNDONE,
        LetterKind.HELP,
    }
)


@dataclass(frozen=True, slots=True)
class Confirmation:
    """How the reader of a letter says yes: by a reply to `address`, or at `link` ("" where there is no page).

    `code` stands in the subject where the address has no room for the token, else it is "".
    """

    address: str
    link: str = ""
    code: str = ""


def confirmation(route: str, token: str, public_url: str | None) -> Confirmation:
    """How the confirmation with this token is given: by mail beside the group's route, and at `public_url` if any."""
    local, _, domain = route.rpartition("@")
    link = f"{public_url.rstrip('/')}/confirm/{token}" if public_url else ""
    if len(local) + len("-confirm+") + len(token) > LOCAL_LIMIT:
        return Confirmation(f"{local}-confirm@{domain}", link, token)
    return Confirmation(f"{local}-confirm+{token}@{domain}", link)


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
    confirmation: Confirmation | None = None,
) -> bytes:
    """Return a letter as a whole message: CRLF, plain ASCII but for an address that is not, not dot-stuffed.

    `arguments`: `subject` and `reason` for a rejected post, `until` for a held one, `person` for a test; `group` and
    `name` where no group is given. They may come from mail: each becomes one line, only a reason keeps its lines.
    `message_id` is without angle brackets; `in_reply_to` is left out unless it has the form of a Message-ID. Replies
    go to the group's `-owner` address, or to postmaster at `hostname`, or where a confirmation is asked for.
    Auto-Submitted keeps other machines from answering (RFC 3834 5), and the null return path, which is the envelope's
    part, from bouncing. Raises ValueError for an address that breaks a line.
    """
    values = _values(kind, arguments, group) | _asked(confirmation) | {"owner": _owner(group) if group else ""}
    if group and kind is LetterKind.HELP:
        values |= guide(language, group)
    reply = None if kind in _UNPROVEN else _MESSAGE_ID.fullmatch(in_reply_to.strip())
    sender = phrase(say(language, "mail.from.group" if group else "mail.from.system", **values))
    subject = one_line(_subject(kind, language, values), _SUBJECT_LIMIT + NAME_LIMIT)
    footer = say(language, f"mail.footer.{_footer(group, confirmation)}", **values)
    link = Link(confirmation.link, say(language, f"mail.{kind}.button")) if confirmation and confirmation.link else None
    content_type, body = alternatives(
        language, subject, _body(kind, language, values), footer, link=link, seed=message_id
    )
    head = [
        line("From", *sender, f"<{_owner(group) if group else f'postmaster@{hostname}'}>"),
        line("To", f"<{address}>"),
        *([line("Reply-To", f"<{confirmation.address}>")] if confirmation else []),
        line("Subject", *unstructured(subject, _SUBJECT_LIMIT + NAME_LIMIT)),
        line("Date", format_datetime(date.astimezone(UTC).replace(microsecond=0))),
        line("Message-ID", f"<{message_id}>"),
        *(line(name, f"<{reply[1]}>") for name in ("In-Reply-To", "References") if reply),
        line("Auto-Submitted", "auto-replied" if reply or kind in _UNPROVEN else "auto-generated"),
        line("X-Auto-Response-Suppress", "All"),
        line("MIME-Version", "1.0"),
        line("Content-Language", language),
        content_type,
    ]
    return b"".join(head) + CRLF + body


def _values(kind: LetterKind, arguments: Mapping[str, str], group: GroupPolicy | None) -> dict[str, Any]:
    values: dict[str, Any] = {
        name: one_line(text, _SUBJECT_LIMIT) for name, text in arguments.items() if name != "reason"
    }
    reason = (one_line(text, _REASON_LIMIT) for text in arguments.get("reason", "")[:_REASON_LIMIT].splitlines())
    values["reason"] = "\n    ".join(text for text in reason if text)
    if group:
        named = not (group.hidden and kind in _OUTSIDE)
        name = one_line(group.display_name, NAME_LIMIT) if named else ""
        values |= {"group": group.address, "name": name or group.address}
    return {"group": "", "name": "", "subject": "", "person": "", "why": "", "address": "", "until": "", **values}


def _asked(confirmation: Confirmation | None) -> dict[str, str]:
    return {"link": confirmation.link, "code": confirmation.code} if confirmation else {"link": "", "code": ""}


def _footer(group: GroupPolicy | None, confirmation: Confirmation | None) -> str:
    """What the footer says of replies: a confirmation is the one letter whose reply does something."""
    if confirmation:
        return "confirm"
    return "group" if group else "system"


def _owner(group: GroupPolicy) -> str:
    if group.kind is not GroupKind.GROUP:
        return group.route
    local, _, domain = group.route.rpartition("@")
    return f"{local}-owner@{domain}"


def _subject(kind: LetterKind, language: str, values: Mapping[str, Any]) -> str:
    if kind in _ABOUT_A_POST and values["subject"]:
        return say(language, f"mail.{kind}.subject_named", **values)
    if kind is LetterKind.JOIN_CONFIRM and values["code"]:
        return say(language, f"mail.{kind}.subject_coded", **values)
    return say(language, f"mail.{kind}.subject", **values)


def _body(kind: LetterKind, language: str, values: Mapping[str, Any]) -> str:
    shown = dict(values)
    part = "body"
    if kind in _ABOUT_A_POST:
        shown["subject"] = values["subject"] or say(language, f"mail.{kind}.no_subject")
    if kind in _EXPLAINED and not values["reason"]:
        part = "body_unexplained"
    if kind is LetterKind.POST_REJECTED and not values["owner"]:
        part = "body_deleted"
    if kind is LetterKind.POST_HELD and not values["until"]:
        part = "body_paused"
    if kind is LetterKind.JOIN_CONFIRM and not values["link"]:
        part = "body_by_reply"
    return say(language, f"mail.{kind}.{part}", **shown)
