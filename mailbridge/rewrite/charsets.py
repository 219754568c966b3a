"""Charsets as mail names them, and the texts of headers and parameters that are written in one of them."""

from __future__ import annotations

import binascii
import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import unquote_to_bytes

# `codecs` also knows rot13, zlib, idna and punycode (quadratic); a mail may name only what is a charset of mail.
_KNOWN: Final = re.compile(
    rb"us-ascii|ascii|utf-?8|iso-?8859-\d{1,2}|windows-?125\d|cp125\d|cp(?:437|850|866|932|949)|koi8-[rut]"
    rb"|gb2312|gbk|gb18030|big5(?:-hkscs)?|iso-2022-(?:jp|kr)|shift[_-]jis|euc-(?:jp|kr)|ks_c_5601-1987|tis-620"
    rb"|mac(?:roman|intosh)"
)
_WORD: Final = re.compile(rb"=\?([A-Za-z0-9._-]{1,40})(?:\*[A-Za-z0-9-]*)?\?([bBqQ])\?([^? \t\r\n]*)\?=")
_GAP: Final = re.compile(rb"(\?=)[ \t]+(?==\?)")  # blanks between encoded words are not read (RFC 2047 6.2)


def codec(charset: bytes) -> str | None:
    """Python's name of a charset in which ASCII is written as ASCII (at the start and end of a text at least).

    us-ascii where none is named (RFC 2045 5.2); None for one that is not known, or is UTF-16 or UTF-7.
    """
    name = charset.strip().lower() or b"us-ascii"
    if not _KNOWN.fullmatch(name):
        return None
    try:
        "".encode(name.decode("ascii"))
    except LookupError:  # iso-8859-99
        return None
    return name.decode("ascii")


def text(octets: bytes, charset: bytes = b"") -> str:
    """Octets as text: in the charset named, else UTF-8, else Latin-1, which never fails."""
    for name in (codec(charset) if charset else None, "utf-8"):
        if name is not None:
            try:
                return octets.decode(name)
            except (UnicodeDecodeError, LookupError):
                continue
    return octets.decode("latin-1")


def parameter(found: Mapping[bytes, bytes], name: bytes) -> str:
    """A parameter's text: with its charset and in pieces (RFC 2231 3, 4), or with the encoded words that many write."""
    if extended := found.get(name + b"*"):
        return _extended(extended)
    pieces: list[tuple[bytes, bool]] = []
    for number in range(len(found)):
        key = b"%s*%d" % (name, number)
        if key in found:
            pieces.append((found[key], False))
        elif key + b"*" in found:
            pieces.append((found[key + b"*"], True))
        else:
            break
    if pieces:
        charset, _, first = _split(pieces[0][0]) if pieces[0][1] else (b"", b"", pieces[0][0])
        whole = [(first, pieces[0][1]), *pieces[1:]]
        return text(b"".join(unquote_to_bytes(one) if coded else one for one, coded in whole), charset)
    return words(found.get(name, b""))


def words(value: bytes) -> str:
    """A value with its encoded words read."""
    value = _GAP.sub(rb"\1", value)
    shown, at = "", 0
    for word in _WORD.finditer(value):
        shown += text(value[at : word.start()]) + text(_octets(word[2].lower(), word[3]), word[1])
        at = word.end()
    return shown + text(value[at:])


def _extended(value: bytes) -> str:
    charset, _, coded = _split(value)
    return text(unquote_to_bytes(coded), charset)


def _split(value: bytes) -> tuple[bytes, bytes, bytes]:
    charset, quote, rest = value.partition(b"'")
    language, other, coded = rest.partition(b"'")
    return (charset, language, coded) if quote and other else (b"", b"", value)


def _octets(encoding: bytes, payload: bytes) -> bytes:
    if encoding == b"q":
        return binascii.a2b_qp(payload, header=True)
    try:
        return binascii.a2b_base64(payload + b"=" * (-len(payload) % 4))
    except binascii.Error:
        return payload
