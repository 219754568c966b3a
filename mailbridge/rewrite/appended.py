"""A footer at the end of a text that is there already, in that text's own charset and transfer encoding.

Only what must be is written anew: of base64 the last line, of everything else nothing. None is returned where the text
cannot take the footer, which then becomes a part of its own.
"""

from __future__ import annotations

import binascii
import html
import re
from collections.abc import Callable, Mapping
from typing import Final

from mailbridge.rewrite.charsets import codec
from mailbridge.rewrite.lines import CRLF
from mailbridge.rewrite.mime import Edit, Part
from mailbridge.rewrite.textpart import quoted, wrapped

RULE: Final = "_" * 40
_SPACE_STUFFED: Final = re.compile(r"^(?=[ >]|From )", re.MULTILINE)  # RFC 3676 4.4
_SOFT: Final = rb"(?:=[ \t]*\r\n)?"  # a soft line break of quoted-printable (RFC 2045 6.7 rule 5)
# As they are, and as quoted-printable may have cut them.
_ENDS: Final = tuple(
    (
        re.compile(rb"</" + b"".join(tag) + rb"[\s>]", re.IGNORECASE),
        re.compile(rb"(?:<|=3C)" + _SOFT + _SOFT.join((b"/", *tag)) + rb"(?![a-z])", re.IGNORECASE),
    )
    for tag in ((b"b", b"o", b"d", b"y"), (b"h", b"t", b"m", b"l"))
)
_BASE64: Final = re.compile(rb"[A-Za-z0-9+/\s]*+(?:=\s*+){0,2}")
_LINE: Final = re.compile(rb"[^\n]+\n?")
_BLANKS: Final = b" \t\r\n"
_ENCODED_LINE: Final = 76


def appended(raw: bytes, part: Part, footer: str) -> Edit | None:
    """The edit that puts the footer at the end of a text/plain or text/html part."""
    charset = codec(part.parameters.get(b"charset", b""))
    if charset is None:
        return None
    content = raw[part.content : part.end]
    try:
        if part.kind == b"text/html":
            octets, place = _html(footer), _end_of_html
        else:
            octets, place = _plain(footer, flowed=part.parameters.get(b"format", b"").lower() == b"flowed"), _end
        return _WAYS[part.encoding](part.content, content, octets.encode(charset), place)
    except (KeyError, UnicodeEncodeError):  # no encoding that we know; no letters for it in this charset
        return None


Place = Callable[[bytes, int], int]  # where in a content the footer goes; 0 and 1 say how that is encoded
_AS_IT_IS, _QUOTED = 0, 1


def _as_it_is(start: int, content: bytes, footer: bytes, place: Place) -> Edit | None:
    if not footer.isascii():
        return None  # 7bit means it, and so do the multiparts around it (RFC 2045 6.4)
    return _eight_bit(start, content, footer, place)


def _eight_bit(start: int, content: bytes, footer: bytes, place: Place) -> Edit | None:
    at = place(content, _AS_IT_IS)
    return start + at, start + at, _on_a_new_line(content[:at]) + footer


def _quoted_printable(start: int, content: bytes, footer: bytes, place: Place) -> Edit | None:
    at = place(content, _QUOTED)
    before = content[:at]
    # After a soft line break the text goes on; a line end more makes it a hard one.
    soft = re.search(rb"=[ \t]*(\r\n)?\Z", before[-2 * _ENCODED_LINE :])
    ended = _on_a_new_line(before) + (CRLF if soft else b"")
    return start + at, start + at, ended + quoted(footer)


def _base64(start: int, content: bytes, footer: bytes, place: Place) -> Edit | None:
    if not _BASE64.fullmatch(content):
        return None
    letters = content.translate(None, _BLANKS)
    if len(letters) % 4:
        return None
    text = binascii.a2b_base64(letters)
    at = place(text, _AS_IT_IS)
    kept, octets = _whole_lines(content, at)
    tail = text[octets:at] + _on_a_new_line(text[:at]) + footer + text[at:]
    written = binascii.b2a_base64(tail, newline=False)
    lines = (written[begin : begin + _ENCODED_LINE] for begin in range(0, len(written), _ENCODED_LINE))
    return start + kept, start + len(content), b"".join(one + CRLF for one in lines)


_WAYS: Final[Mapping[bytes, Callable[[int, bytes, bytes, Place], Edit | None]]] = {
    b"7bit": _as_it_is,
    b"8bit": _eight_bit,
    b"binary": _eight_bit,
    b"quoted-printable": _quoted_printable,
    b"base64": _base64,
}


def _whole_lines(content: bytes, at: int) -> tuple[int, int]:
    """The last line of base64 that begins a group of four at or before octet `at`: where it is, and its first octet."""
    found, letters, place = (0, 0), 0, 0
    # One after the other: a mail of lines of one letter each would be a list of twenty times its size.
    for line in _LINE.finditer(content):
        each = line[0]
        if letters % 4 == 0 and letters // 4 * 3 <= at:
            found = (place, letters // 4 * 3)
        letters += len(each.translate(None, _BLANKS))
        place += len(each)
        if letters // 4 * 3 > at:
            break
    return found


def _plain(footer: str, *, flowed: bool) -> str:
    # The empty line also ends a flowed paragraph, whose last line may end with a blank (RFC 3676 4.1).
    lines = "\n".join(each.rstrip() for each in f"\n{RULE}\n{wrapped(footer)}\n".split("\n"))
    return (_SPACE_STUFFED.sub(" ", lines) if flowed else lines).replace("\n", "\r\n")


def _html(footer: str) -> str:
    lines = (wrapped(each.strip()).replace("\n", "\r\n") for each in footer.strip().split("\n"))
    text = "<br>\r\n".join(html.escape(each, quote=False) for each in lines)
    # Letters beyond ASCII as references, so that every charset has them.
    shown = text.encode("ascii", "xmlcharrefreplace").decode("ascii")
    return f'<hr>\r\n<p style="font-size:smaller">{shown}</p>\r\n'


def _end(content: bytes, coded: int) -> int:
    return len(content)


def _end_of_html(content: bytes, coded: int) -> int:
    """Before the last `</body>`, else the last `</html>`, else at the end, where browsers show it all the same."""
    for patterns in _ENDS:
        last = -1
        for match in patterns[coded].finditer(content):
            last = match.start()
        if last >= 0:
            return last
    return len(content)


def _on_a_new_line(before: bytes) -> bytes:
    return CRLF if before and not before.endswith(b"\n") else b""
