"""The group's footer in a post: at the end of its text where that can take it, else as a part of its own.

Signed and encrypted messages go without. To put them into a multipart/mixed beside a footer keeps the signature whole,
but it is then no longer the message that is signed, only something in it (RFC 9787 calls such a layer errant), and mail
programs rightly stop saying that its author signed it.
"""

from __future__ import annotations

from hashlib import sha256
from typing import Final

from mailbridge.rewrite import mime
from mailbridge.rewrite.appended import RULE, appended
from mailbridge.rewrite.lines import CRLF, line
from mailbridge.rewrite.mime import Edit, Malformed, Part
from mailbridge.rewrite.textpart import textpart, wrapped
from store.alteration import Unfooted
from store.terms import GroupPolicy
from store.texts import say

_TEXTS: Final = (b"text/plain", b"text/html")


class NoFooter(Exception):  # noqa: N818 - an answer about the message
    """The message goes without its footer; `why` is told in the report."""

    def __init__(self, why: Unfooted) -> None:
        super().__init__(why)
        self.why = why


def footer(group: GroupPolicy, owner: str) -> str:
    """The footer's lines: the group's own text, then ours. All contacts share it, so it names no link of anybody's.

    `owner` is the address of those in charge, "" where none answers.
    """
    key = "mail.group_footer.leave_owner" if owner else "mail.group_footer.leave"
    return f"{group.footer}\n\n{say(group.language, key, group=group.address, name=group.display_name, owner=owner)}"


def footed(raw: bytes, text: str, language: str) -> bytes:
    """The message with the footer. Every line of `raw` ends with CRLF, its header with a blank line.

    Raises NoFooter.
    """
    try:
        root = mime.read(raw)
    except Malformed as fault:
        raise NoFooter(Unfooted.MALFORMED) from fault
    if root.sealed:
        raise NoFooter(Unfooted.SEALED)
    if root.kind == b"multipart/mixed":
        return _beside(raw, root, text, language)
    edits: list[Edit | None] = [appended(raw, part, text) for part in _ends(root)]
    made = [edit for edit in edits if edit is not None]
    return mime.edited(raw, made) if made and len(made) == len(edits) else _around(raw, root, text, language)


def _ends(part: Part) -> list[Part]:
    """The text parts whose end is the end of the message for somebody: one, or one of each kind in an alternative."""
    if part.kind == b"multipart/alternative":
        return [end for child in part.children for end in _ends(child)]
    if part.kind == b"multipart/related":
        return _ends(part.first)
    if part.multipart:  # within an alternative: some programs put pictures between two pieces of HTML
        return next((found for child in reversed(part.children) if (found := _ends(child))), [])
    return [part] if part.kind in _TEXTS and part.disposition != b"attachment" else []


def _beside(raw: bytes, root: Part, text: str, language: str) -> bytes:
    """A multipart/mixed with one part more, the last."""
    if root.closing < 0:
        raise NoFooter(Unfooted.MALFORMED)  # cut off on its way: who knows what is missing
    delimiter = b"--" + root.parameters[b"boundary"].rstrip(b" \t") + CRLF
    return raw[: root.closing] + delimiter + _part(text, language) + raw[root.closing :]


def _around(raw: bytes, root: Part, text: str, language: str) -> bytes:
    """A multipart/mixed of the message's content, with the fields that describe it, and the footer."""
    # No message holds its own digest, so no line of it can be taken for this.
    boundary = f"=_{sha256(raw).hexdigest()[:40]}"
    content = [field for field in root.fields if field.name.startswith(b"content-")]
    head = [field.raw for field in root.fields if field not in content]
    if not mime.value(root.fields, b"mime-version"):
        head.append(line("MIME-Version", "1.0"))
    head.append(line("Content-Type", "multipart/mixed;", f'boundary="{boundary}"'))
    if not raw.isascii():
        head.append(line("Content-Transfer-Encoding", "8bit"))  # RFC 2045 6.4
    delimiter = b"--" + boundary.encode("ascii")
    # A length it had is that of another content.
    described = b"".join(field.raw for field in content if field.name != b"content-length")
    pieces = (*head, CRLF, delimiter, CRLF, described, CRLF, raw[root.content : root.end], CRLF)
    return b"".join((*pieces, delimiter, CRLF, _part(text, language), delimiter, b"--", CRLF))


def _part(text: str, language: str) -> bytes:
    """The footer's own part, with the line end that belongs to the delimiter behind it."""
    return textpart(f"{RULE}\n{wrapped(text)}", language) + CRLF
