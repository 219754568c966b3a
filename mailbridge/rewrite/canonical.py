"""Relaxed canonicalisation (RFC 6376 3.4.2, 3.4.4): what a signature covers, so that refolding does not break it.

Every step is one pass of the C library over the octets: dkimpy's regular expressions need 50 s for a line of 200,000
blanks, and a mail of such lines costs its author nothing.
"""

from __future__ import annotations

from mailbridge.headers import Field
from mailbridge.rewrite.lines import CRLF


def field(given: Field) -> bytes:
    """Return one header field, ended by CRLF: name in lower case, unfolded, each run of blanks one space."""
    return given.name + b":" + _squeezed(given.value).strip(b" ") + CRLF


def body(given: bytes) -> bytes:
    """Return a body (what follows the blank line, lines ended by CRLF): no blanks at line ends, no empty last lines."""
    lines = _squeezed(given).replace(b" \r\n", CRLF).removesuffix(b" ").rstrip(CRLF)
    return lines + CRLF if lines else b""


def _squeezed(octets: bytes) -> bytes:
    if b"\t" in octets:
        octets = octets.replace(b"\t", b" ")
    while b"  " in octets:  # halves the longest run each time, so that all passes together read the octets about twice
        octets = octets.replace(b"  ", b" ")
    return octets
