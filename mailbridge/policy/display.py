"""Header values as people may read them: encoded words decoded, one line, nothing that acts or hides.

Display text decides nothing: no address, no rule and no header we write is ever taken from it.
"""

from __future__ import annotations

import binascii
import re
import unicodedata
from collections.abc import Iterator

# RFC 2047 2, with the language tag of RFC 2231 5.
_WORD = re.compile(r"=\?([A-Za-z0-9._:-]{1,40})(?:\*[A-Za-z0-9-]*)?\?([bBqQ])\?([^? \t\r\n]*)\?=")
# `codecs` also knows rot13, zlib, idna and unicode_escape; a mail may name only what is a charset of mail (RFC 2978).
_CHARSET = re.compile(
    r"us-ascii|ascii|utf-?8|utf-?16(?:le|be)?|utf-?7|iso-?8859-\d{1,2}|windows-?125\d|cp125\d|cp(?:437|850|866|932|949)"
    r"|koi8-[rut]|gb2312|gbk|gb18030|hz-gb-2312|big5(?:-hkscs)?|iso-2022-(?:jp|kr)|shift[_-]jis|euc-(?:jp|kr)"
    r"|ks_c_5601-1987|tis-620|mac(?:roman|intosh)"
)
_LONGEST = 500


def text(value: bytes, longest: int = _LONGEST) -> str:
    """A raw header value as one line of clean text, at most `longest` characters. Never raises."""
    return clean("".join(_decoded(raw_text(value))), longest)


def raw_text(value: bytes) -> str:
    """Header octets as text: UTF-8 (RFC 6532), or Latin-1 where they are not, since old mail has bare 8-bit headers."""
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        return value.decode("latin-1")


def clean(shown: str, longest: int = _LONGEST) -> str:
    """One line: controls, direction marks, lone surrogates and runs of blanks become single spaces.

    An encoded word may hide a line end and a second header in a subject (CVE-2024-6923), and bidirectional controls
    make a line read as another than it is.
    """
    kept = "".join(" " if unicodedata.category(letter) in _HIDDEN else letter for letter in shown[: longest * 4])
    return " ".join(kept.split())[:longest]


_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


def _decoded(value: str) -> Iterator[str]:
    """Pieces of text. Blanks between encoded words vanish (RFC 2047 6.2); words of one charset are decoded as one."""
    end = 0
    charset, octets = "", b""
    for word in _WORD.finditer(value):
        between = value[end : word.start()]
        if between.strip() or not octets or word[1].lower() != charset:
            yield _as_text(charset, octets)
            yield between if between.strip() or not octets else ""
            charset, octets = word[1].lower(), b""
        octets += _octets(word[2].lower(), word[3])
        end = word.end()
    yield _as_text(charset, octets)
    yield value[end:]


def _octets(encoding: str, payload: str) -> bytes:
    if not payload.isascii():
        return payload.encode("utf-8", "replace")
    if encoding == "q":
        return binascii.a2b_qp(payload, header=True)
    try:
        return binascii.a2b_base64(payload + "=" * (-len(payload) % 4))
    except binascii.Error:
        return payload.encode("ascii")


def _as_text(charset: str, octets: bytes) -> str:
    if not octets:
        return ""
    try:
        return octets.decode(charset if _CHARSET.fullmatch(charset) else "utf-8", "replace")
    except (LookupError, ValueError):
        return octets.decode("latin-1")
