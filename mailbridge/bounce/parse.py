"""What came back: a failure, a delay, a success, a complaint, an automatic answer, or nothing of the kind. Pure.

Nothing here trusts a report about whom it concerns: anybody can write one that names five thousand recipients. The
signed token of the return path says which copy is meant; the report only what became of it, and in which words.
Standards come first (RFC 5965, RFC 3464), then prose, and flufl.bounce, which knows the formats of many old systems,
is asked last: alone it takes successes for failures. All work is bounded, for the message comes from strangers.
"""

from __future__ import annotations

import email
import email.policy
import logging
import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from flufl.bounce import all_failures

from mailbridge.bounce import prose, reason, status
from mailbridge.parts import Opened, opened
from store.terms import BounceReason

_OCTETS: Final = 1024 * 1024  # of the message; a report that has not come to the point by then has none
# What flufl.bounce reads; it walks the whole tree once for each detector, so it is given little.
_FLUFL_OCTETS: Final = 8 * 1024
_FLUFL_FIELDS: Final = frozenset({b"from", b"subject", b"content-type", b"content-transfer-encoding", b"x-mailer"})
_HTML: Final = 16 * 1024
_UNREAD_OCTETS: Final = 16 * 1024  # of a body whose parts cannot be told apart
# It logs an exception, with traceback, for octets that it or Python's parser cannot read: anybody could fill our log.
logging.getLogger("flufl.bounce").setLevel(logging.CRITICAL + 1)
_MBOX: Final = re.compile(rb"\A(?:From [^\r\n]*\r?\n)?(?:\r?\n)*")


class Kind(StrEnum):
    """What a message that came back is. Only a bounce is one."""

    BOUNCE = "bounce"
    DELAY = "delay"  # still being tried
    DELIVERED = "delivered"  # relayed, expanded, read
    COMPLAINT = "complaint"
    AUTOREPLY = "autoreply"
    CHALLENGE = "challenge"  # a filter that wants to know whether we are human
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Failure:
    """One recipient's delivery as the report tells it; each text is one line, "" where the report is silent.

    `enhanced` and `code` are the RFC 3463 and SMTP codes (`code` None where none is said), `diagnostic` the words,
    `recipient` whom the report names (to be shown, never to be acted on), `reason` what we conclude.
    """

    enhanced: str
    code: int | None
    diagnostic: str
    recipient: str
    reason: BounceReason

    @property
    def hard(self) -> bool:
        """True if nobody will ever get mail there. What a 4.X.X says may be otherwise tomorrow (RFC 3463 3.1)."""
        return self.reason.hard and not self.enhanced.startswith("4")


@dataclass(frozen=True, slots=True)
class Report:
    """`failures` are those of a bounce or of a delay, in the report's order, at least one; else none."""

    kind: Kind
    failures: tuple[Failure, ...] = ()


def read(raw: bytes) -> Report:
    """Tell what a message is. Takes any octets and raises nothing."""
    # Saved mail may have an mbox line on top; what comes by SMTP has none.
    start = _MBOX.match(raw)
    message = opened(raw[start.end() if start else 0 : _OCTETS])
    text = _text(message) or message.body[:_UNREAD_OCTETS].decode("utf-8", "replace")
    author, subject = _shown(message, b"from"), _shown(message, b"subject")
    said = prose.notice(text)
    if _complains(message, author, subject):
        return Report(Kind.COMPLAINT)
    rows = [row for part in message.parts if part.kind in status.KINDS for row in status.recipients(part.content)]
    known = _reported(rows or _in_prose(said), said) or _told(message, author, subject, said)
    return known or (_by_flufl(message, said) if prose.marked(author, subject) else Report(Kind.OTHER))


def _complains(message: Opened, author: str, subject: str) -> bool:
    """RFC 5965, or the mails of Hotmail's older programme, which are no reports."""
    return (
        message.parameters.get(b"report-type", b"").lower() == b"feedback-report"
        or any(part.kind == b"message/feedback-report" for part in message.parts)
        or ("staff@hotmail.com" in author and "complaint about message" in subject)
    )


def _in_prose(said: str) -> list[status.Said]:
    """The fields of RFC 3464 in a plain text, as some systems write them."""
    at = re.search(r"^(?:Action|Final-Recipient|Original-Recipient):", said, re.MULTILINE | re.IGNORECASE)
    return status.recipients(said[at.start() :].encode()) if at else []


def _reported(rows: Sequence[status.Said], said: str) -> Report | None:
    """A report by its recipients' rows: a bounce if any failed, else a delay, else a success; None without rows."""
    if not rows:
        return None
    for kind, action in ((Kind.BOUNCE, "failed"), (Kind.DELAY, "delayed")):
        chosen = [row for row in rows if row.action == action]
        if chosen:
            return Report(kind, tuple(_failure(row, said if len(chosen) == 1 else "") for row in chosen))
    return Report(Kind.DELIVERED)


def _failure(row: status.Said, said: str) -> Failure:
    """`said` is the notice beside the report, which explains what a report leaves out."""
    code, heard = prose.codes(row.diagnostic)
    # What the last hop said is nearer to the truth than a Status that says "other".
    enhanced = heard if heard and (not row.enhanced or row.enhanced.endswith((".0", ".999"))) else row.enhanced or heard
    found = reason.classify(enhanced, code, row.diagnostic, said)
    if said and (not row.diagnostic or found is BounceReason.UNCLEAR):
        found = reason.classify(enhanced, code, f"{row.diagnostic} {said}")
    return Failure(enhanced, code, row.diagnostic or status.line(said), row.recipient, found)


def _told(message: Opened, author: str, subject: str, said: str) -> Report | None:
    """A report in prose; None if this is none and nothing else we know."""
    fails = prose.fails(author, subject, said)
    if b"disposition-notification" in message.parameters.get(b"report-type", b"").lower() and not fails:
        return Report(Kind.DELIVERED)
    if prose.autoreply(subject) or (_automatic(message) and not (fails and prose.machine(author))):
        return Report(Kind.AUTOREPLY)
    if not fails:
        return Report(Kind.CHALLENGE) if prose.challenges(subject, said) else None
    listed = prose.entries(said)
    failures = [_listed(recipient, text, said) for recipient, text in listed] if len(listed) > 1 else []
    if not failures:
        code, enhanced = prose.codes(said)
        why = _why(enhanced, code, said, subject)
        failures = [Failure(enhanced, code, status.line(said), listed[0][0] if listed else "", why)]
    return Report(Kind.DELAY if prose.delays(subject, said) else Kind.BOUNCE, tuple(failures))


def _listed(recipient: str, text: str, said: str) -> Failure:
    """One of several recipients; what its own lines leave open, the whole notice may say."""
    code, enhanced = prose.codes(text)
    return Failure(enhanced, code, status.line(text), status.line(recipient), _why(enhanced, code, text, said))


def _why(enhanced: str, code: int | None, said: str, otherwise: str) -> BounceReason:
    found = reason.classify(enhanced, code, said)
    return reason.classify(enhanced, code, otherwise) if found is BounceReason.UNCLEAR else found


def _automatic(message: Opened) -> bool:
    """RFC 3834 5, and what came before it."""
    return (
        message.value(b"auto-submitted").lower().startswith(b"auto-replied")
        or any(message.value(name) for name in (b"x-autoreply", b"x-autorespond", b"x-auto-reply"))
        or message.value(b"precedence").lower() in (b"auto_reply", b"auto-reply")
    )


def _by_flufl(message: Opened, said: str) -> Report:
    """What the detectors of old systems say, where nothing else was found."""
    head = b"".join(field.raw for field in message.fields if field.name in _FLUFL_FIELDS)[:_FLUFL_OCTETS]
    short = head + b"\r\n" + message.body[:_FLUFL_OCTETS]
    try:
        temporary, permanent = all_failures(email.message_from_bytes(short, policy=email.policy.compat32))
    except Exception:  # noqa: BLE001 - Python's parser raises many kinds on octets like these: then it is no report
        return Report(Kind.OTHER)
    if not temporary and not permanent:
        return Report(Kind.OTHER)
    code, enhanced = prose.codes(said)
    recipient = status.line(min(permanent or temporary))
    found = Failure(enhanced, code, status.line(said), recipient, reason.classify(enhanced, code, said))
    return Report(Kind.BOUNCE if permanent else Kind.DELAY, (found,))


def _shown(message: Opened, name: bytes) -> str:
    return message.value(name).decode("utf-8", "replace")


def _text(message: Opened) -> str:
    """What a reader would see: the plain parts, or the HTML ones without their tags."""
    plain = [part.text for part in message.parts if part.kind == b"text/plain" or part.kind.startswith(b"multipart/")]
    if any(text.strip() for text in plain):
        return "\n".join(plain)
    marked = "\n".join(part.text for part in message.parts if part.kind == b"text/html")[:_HTML]
    bare = re.sub(r"<(style|script)\b[^>]*>.*?</\1>", " ", marked, flags=re.IGNORECASE | re.DOTALL)
    return re.sub(r"<[^>]*>", " ", bare)
