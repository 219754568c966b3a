"""The readable parts of a message from strangers: a bounded walk through its MIME tree. Pure.

Python's `email` is not used: it raises on some octets, and takes minutes for some megabytes. What is returned with a
report – the mail it is about – is left out: its words are ours, not the reporter's.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from mailbridge.headers import Field, fields, split

_PARTS: Final = 20  # of one multipart; a report has three (RFC 6522 3)
_DEEPEST: Final = 4
_CONTENT_OCTETS: Final = 256 * 1024  # of one part
_RETURNED: Final = (b"message/rfc822", b"message/global", b"text/rfc822-headers", b"message/global-headers")
# `codecs` also knows punycode, which takes quadratic time, and idna; a mail may name only what is a charset of mail.
_CHARSET: Final = re.compile(
    rb"us-ascii|utf-?8|iso-?8859-\d{1,2}|windows-?125\d|koi8-[ru]|gb2312|gbk|gb18030|big5|iso-2022-(?:jp|kr)"
    rb"|shift[_-]jis|euc-(?:jp|kr)"
)
_PARAMETER: Final = re.compile(rb';\s*([a-z0-9!#$&^_.+-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s;"()]+))', re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Part:
    """A leaf of the tree: its type in lower case, and its content without transfer encoding, as octets and as text."""

    kind: bytes
    content: bytes
    charset: bytes

    @property
    def text(self) -> str:
        """The content in its charset, or in UTF-8 where that is none of mail."""
        known = self.charset.decode("ascii") if _CHARSET.fullmatch(self.charset) else "utf-8"
        try:
            return self.content.decode(known, "replace")
        except LookupError:  # iso-8859-99
            return self.content.decode("latin-1")


@dataclass(frozen=True, slots=True)
class Opened:
    """A message as far as it was read: its body, the leaves of its tree, and the mails it brings back.

    `body` begins after the blank line.
    """

    body: bytes
    fields: Sequence[Field]
    kind: bytes
    parameters: dict[bytes, bytes]
    parts: Sequence[Part]
    returned: Sequence[bytes]

    def value(self, name: bytes) -> bytes:
        """The value of the first field of that lower-case name, or nothing."""
        return value(self.fields, name)


def opened(raw: bytes) -> Opened:
    """Read a message of any octets; raises nothing."""
    head, body = split(raw)
    found = fields(head)
    kind, parameters = content_type(found)
    parts: list[Part] = []
    returned: list[bytes] = []
    body = body.lstrip(b"\r\n")
    _walk(found, body, parts, returned, 0)
    return Opened(body, found, kind, parameters, parts, returned)


def value(found: Sequence[Field], name: bytes) -> bytes:
    """The value of the first of these fields with that lower-case name, or nothing."""
    return next((field.value for field in found if field.name == name), b"")


def word(text: bytes) -> bytes:
    """The leading word of a structured value, lower-case: `failed (bad address)` is `failed`."""
    match = re.match(rb"[^\s;(]+", text)
    return match[0].lower() if match else b""


def content_type(found: Sequence[Field]) -> tuple[bytes, dict[bytes, bytes]]:
    """The type, text/plain where none is said (RFC 2045 5.2), and its parameters."""
    said = value(found, b"content-type")[:2_000]
    parameters = {
        name.lower(): re.sub(rb"\\(.)", rb"\1", quoted) or bare for name, quoted, bare in _PARAMETER.findall(said)
    }
    return word(said) or b"text/plain", parameters


def _walk(found: Sequence[Field], body: bytes, parts: list[Part], returned: list[bytes], depth: int) -> None:
    kind, parameters = content_type(found)
    if kind in _RETURNED:
        returned.append(body[:_CONTENT_OCTETS])
    elif kind.startswith(b"multipart/") and parameters.get(b"boundary") and depth < _DEEPEST:
        for part in _cut(body, parameters[b"boundary"]):
            head, content = split(part)
            inner = fields(head)
            _walk(inner, _without_blank(content) if inner else part, parts, returned, depth + 1)
    elif len(parts) < _PARTS:
        content = _decoded(body[:_CONTENT_OCTETS], found)
        parts.append(Part(kind, content, word(parameters.get(b"charset", b""))))


def _without_blank(content: bytes) -> bytes:
    return content[2:] if content.startswith(b"\r\n") else content.removeprefix(b"\n")


def _cut(body: bytes, boundary: bytes) -> Iterator[bytes]:
    """The first parts of a multipart body, without their delimiters (RFC 2046 5.1.1)."""
    delimiter = re.compile(rb"(?:^|\n)[ \t]?--" + re.escape(boundary) + rb"(--)?[ \t]*(?=\r?\n|$)")
    start = None
    for count, match in enumerate(delimiter.finditer(body)):
        if start is not None:
            yield body[start : match.start()].removeprefix(b"\r").removeprefix(b"\n") + b"\n"
        if match[1] or count >= _PARTS:
            return
        start = match.end()
    if start is not None:  # the closing delimiter is missing: cut off on the way, or by our bound
        yield body[start:].removeprefix(b"\r").removeprefix(b"\n") + b"\n"


def _decoded(content: bytes, found: Sequence[Field]) -> bytes:
    """The part without its transfer encoding, which RFC 3464 forbids in reports and some systems use all the same."""
    encoding = word(value(found, b"content-transfer-encoding"))
    if encoding == b"base64":
        letters = re.sub(rb"[^A-Za-z0-9+/]", b"", content)
        return binascii.a2b_base64(letters[: len(letters) - (len(letters) % 4 == 1)] + b"==")
    return binascii.a2b_qp(content) if encoding == b"quoted-printable" else content
