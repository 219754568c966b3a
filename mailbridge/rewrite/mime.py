"""The MIME tree of a message as offsets into its octets, so that one part can be changed and no other octet is.

Python's `email` is not used: it writes anew what it has read, raises on some octets, and takes 7 s for 100,000 empty
parts. Nothing is decoded here and no forwarded message is entered. Where two readers could see two different trees –
a field there twice, a boundary that ends nothing – `Malformed` is raised, and who asked leaves the message alone.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from mailbridge import headers
from mailbridge.headers import Field
from mailbridge.rewrite.lines import CRLF

MOST_PARTS: Final = 1_000
DEEPEST: Final = 20
_HEADER_OCTETS: Final = 65_536  # of one part
_LONGEST_VALUE: Final = 4_096
_LONGEST_BOUNDARY: Final = 200  # RFC 2046 5.1.1 says 70, and some programs write more
_PARAMETER: Final = re.compile(
    rb';\s*+([a-z0-9!#$%&\'*+.^_-]++)\s*+=\s*+(?:"((?:[^"\\]|\\.)*+)"|([^\s;"]++))', re.IGNORECASE
)
# Read differently by different programs if they are there twice.
_ONCE: Final = (b"content-type", b"content-transfer-encoding", b"content-disposition")
# Their octets are vouched for by a signature, or cannot be read (RFC 1847, RFC 3156, RFC 8551): never touched inside.
_SEALED: Final = frozenset(
    {b"multipart/signed", b"multipart/encrypted", b"application/pkcs7-mime", b"application/x-pkcs7-mime"}
)

Edit = tuple[int, int, bytes]  # from where to where, and what stands there instead


class Malformed(ValueError):  # noqa: N818 - an answer about the message
    """The tree cannot be read in one way only, or not within the bounds."""


@dataclass(frozen=True, slots=True)
class Part:
    """A message or a part of one: header and blank line are `raw[start:content]`, the content is `raw[content:end]`.

    `kind` is the media type in lower case. Of a multipart, `closing` is where the closing delimiter's line begins, -1
    where that is missing. The line end before a delimiter belongs to the delimiter (RFC 2046 5.1.1), not to the part.
    """

    fields: tuple[Field, ...]
    kind: bytes
    parameters: Mapping[bytes, bytes]
    start: int
    content: int
    end: int
    children: tuple[Part, ...] = ()
    closing: int = -1

    @property
    def sealed(self) -> bool:
        """Whether it is signed or encrypted."""
        return self.kind in _SEALED

    @property
    def multipart(self) -> bool:
        return bool(self.children)

    @property
    def encoding(self) -> bytes:
        """The transfer encoding in lower case; 7bit where none is said (RFC 2045 6.1)."""
        return _word(value(self.fields, b"content-transfer-encoding")) or b"7bit"

    @property
    def disposition(self) -> bytes:
        """`inline`, `attachment`, … (RFC 2183 2), or nothing."""
        return _word(value(self.fields, b"content-disposition"))

    @property
    def first(self) -> Part:
        """The root of a multipart/related: what its `start` names, else its first part (RFC 2387 3.2)."""
        wanted = self.parameters.get(b"start")
        named = (one for one in self.children if wanted and value(one.fields, b"content-id") == wanted)
        return next(named, self.children[0])


def read(raw: bytes) -> Part:
    """The tree of a message whose lines end with CRLF. Raises Malformed."""
    return _Reader(raw).part(0, len(raw), b"text/plain", 0)


def edited(raw: bytes, edits: Sequence[Edit]) -> bytes:
    """The octets with all `edits` made. They may not overlap."""
    pieces: list[bytes] = []
    at = 0
    for start, end, instead in sorted(edits):
        pieces += [raw[at:start], instead]
        at = end
    return b"".join((*pieces, raw[at:]))


def value(fields: Sequence[Field], name: bytes) -> bytes:
    """The value of the first of these fields with that lower-case name, or nothing."""
    return next((field.value for field in fields if field.name == name), b"")


def parameters(text: bytes) -> dict[bytes, bytes]:
    """The parameters of a structured value (RFC 2045 5.1), by name in lower case, the first of those named alike."""
    found: dict[bytes, bytes] = {}
    for name, quoted, bare in _PARAMETER.findall(text[:_LONGEST_VALUE]):
        found.setdefault(name.lower(), re.sub(rb"\\(.)", rb"\1", quoted) or bare)
    return found


def _word(text: bytes) -> bytes:
    match = re.match(rb"[^\s;(]+", text)
    return match[0].lower() if match else b""


class _Reader:
    """One walk through a message; counts its parts."""

    def __init__(self, raw: bytes) -> None:
        self._raw = raw
        self._parts = 0

    def part(self, start: int, end: int, default: bytes, depth: int) -> Part:
        self._parts += 1
        if self._parts > MOST_PARTS:
            raise Malformed(f"it has more than {MOST_PARTS} parts")
        fields, content = self._header(start, end, limit=None if depth == 0 else _HEADER_OCTETS)
        for name in _ONCE:
            if sum(field.name == name for field in fields) > 1:
                raise Malformed(f"{name.decode()} is there twice")
        said = value(fields, b"content-type")
        kind, found = _word(said) or default, parameters(said)
        leaf = Part(tuple(fields), kind, found, start, content, end)
        if not kind.startswith(b"multipart/") or leaf.sealed:
            return leaf
        if depth == DEEPEST:
            raise Malformed(f"its parts are nested more than {DEEPEST} deep")
        boundary = found.get(b"boundary", b"").rstrip(b" \t")
        named = sum(name.lower().startswith(b"boundary") for name, _, _ in _PARAMETER.findall(said[:_LONGEST_VALUE]))
        if not boundary or len(boundary) > _LONGEST_BOUNDARY or named > 1:
            raise Malformed("a multipart does not say in one way where its parts end")
        ranges, closing = self._cut(content, end, b"--" + boundary)
        inner = b"message/rfc822" if kind == b"multipart/digest" else b"text/plain"  # RFC 2046 5.1.5
        children = tuple(self.part(*each, inner, depth + 1) for each in ranges)
        return Part(tuple(fields), kind, found, start, content, end, children, closing)

    def _header(self, start: int, end: int, limit: int | None) -> tuple[list[Field], int]:
        """The fields of a part, and where its content begins."""
        if self._raw.startswith(CRLF, start, end):
            return [], start + len(CRLF)
        most = end if limit is None else min(end, start + limit)
        blank = self._raw.find(b"\r\n\r\n", start, most)
        if blank < 0 and most < end:
            raise Malformed("a part has no end of its header")
        block = self._raw[start : end if blank < 0 else blank + len(CRLF)]
        if headers.split(block)[0] != block:
            raise Malformed("a header holds a line that is no field")
        return headers.fields(block), end if blank < 0 else blank + 2 * len(CRLF)

    def _cut(self, content: int, end: int, delimiter: bytes) -> tuple[list[tuple[int, int]], int]:
        """Where the parts of a multipart are, and where its closing delimiter is (-1: nowhere)."""
        ranges: list[tuple[int, int]] = []
        began = -1
        at = content if self._raw.startswith(delimiter, content, end) else self._next(content, end, delimiter)
        while at >= 0:
            line_end = self._raw.find(CRLF, at, end)
            line_end = end if line_end < 0 else line_end
            rest = self._raw[at + len(delimiter) : line_end].rstrip(b" \t")
            # A line that only begins so belongs to the part: boundaries of nested multiparts often differ at their end.
            if rest in (b"", b"--"):
                if began >= 0:
                    ranges.append((began, max(began, at - len(CRLF))))
                    if self._parts + len(ranges) > MOST_PARTS:
                        raise Malformed(f"it has more than {MOST_PARTS} parts")
                if rest:
                    break
                began = min(line_end + len(CRLF), end)
            at = self._next(line_end, end, delimiter)
        else:
            if began >= 0:
                ranges.append((began, end))
        if not ranges:
            raise Malformed("a multipart has no parts")
        return ranges, at

    def _next(self, at: int, end: int, delimiter: bytes) -> int:
        found = self._raw.find(CRLF + delimiter, at, end)
        return found if found < 0 else found + len(CRLF)
