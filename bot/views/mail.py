"""Pure: what a moderator reads of a mail: its text and the names of what is attached. Bounded in size and time.

Read with the standard library's parser, from bytes nobody vouches for: whatever it trips over leaves the text empty
rather than the card unshown. Nothing of this goes back into the mail.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass
from email import message_from_bytes
from email.header import decode_header, make_header
from email.message import Message

READ_AT_MOST = 1_048_576
TEXT_AT_MOST = 65_536
ATTACHMENTS_AT_MOST = 20
PARTS_AT_MOST = 200
# What the parser raises on hostile input: depth, bad encodings, headers that are no headers.
TRIPPED = (RecursionError, ValueError, LookupError, TypeError, AttributeError, IndexError, AssertionError)
# One pass, each character looked at once: a search for the end of every tag would be quadratic in unclosed ones.
HTML_TOKEN = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]{0,20})?[^<>]*>?|[^<]+")
SILENT = frozenset({"script", "style", "head", "title", "template"})
BREAKING = frozenset({"p", "br", "div", "tr", "li", "h1", "h2", "h3", "h4", "table", "ul", "ol", "blockquote", "pre"})


@dataclass(frozen=True, slots=True)
class Mail:
    """`text` is at most 64 KiB of characters; `cut` says that there was more. `attachments`: names, as it says."""

    text: str = ""
    cut: bool = False
    attachments: tuple[str, ...] = ()


def read(raw: bytes) -> Mail:
    """The plain text of a message (from its HTML where it has no other), and its attachments' names."""
    try:
        message = message_from_bytes(raw[:READ_AT_MOST])
        parts = list(_parts(message))
    except TRIPPED:
        return Mail(cut=True)
    texts = [(kind, part) for kind, part in parts if kind in {"text/plain", "text/html"} and not _name(part)]
    chosen = [part for kind, part in texts if kind == "text/plain"] or [part for kind, part in texts]
    text = "\n".join(_text(part) for part in chosen).strip()
    names = [name for _, part in parts if (name := _name(part))]
    return Mail(
        text=text[:TEXT_AT_MOST],
        cut=len(text) > TEXT_AT_MOST or len(raw) > READ_AT_MOST,
        attachments=tuple(names[:ATTACHMENTS_AT_MOST]),
    )


def _parts(message: Message) -> Iterator[tuple[str, Message]]:
    for n, part in enumerate(message.walk()):
        if n >= PARTS_AT_MOST:
            return
        if not part.is_multipart():
            yield part.get_content_type(), part


def _name(part: Message) -> str:
    try:
        name = part.get_filename()
        if name is None:
            return part.get_content_type() if part.get_content_disposition() == "attachment" else ""
        return str(make_header(decode_header(name)))[:200]
    except TRIPPED:
        return "?"


def _text(part: Message) -> str:
    try:
        payload = part.get_payload(decode=True)
        if not isinstance(payload, bytes):
            return ""
        charset = part.get_content_charset() or "utf-8"
        try:
            text = payload.decode(charset, "replace")
        except (LookupError, ValueError):
            text = payload.decode("latin-1")
        return _from_html(text) if part.get_content_type() == "text/html" else text
    except TRIPPED:
        return ""


def _from_html(text: str) -> str:
    out: list[str] = []
    silent = ""
    for token in HTML_TOKEN.finditer(text[: 2 * TEXT_AT_MOST]):
        tag = (token[2] or "").lower()
        if silent:
            silent = "" if token[1] and tag == silent else silent
        elif not token[0].startswith("<"):
            out.append(re.sub(r"[ \t\r\n]+", " ", token[0]))
        elif tag in SILENT and not token[1]:
            silent = tag
        elif tag in BREAKING:
            out.append("\n")
    return re.sub(r"\n[ \n]{2,}", "\n\n", html.unescape("".join(out)))
