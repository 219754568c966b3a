"""Command lines. The one place that puts an address on the wire, and refuses what would change the command."""

from __future__ import annotations

import re

# No blank, bracket, control or line separator can leave the brackets, so no address can add a parameter or a command
# (`user@x> AUTH=<`, CR LF RCPT TO: - GHSA-v3q9-hj7j-63hq). RFC 5321 4.5.3.1.3: a path has at most 256 octets.
_PATH = re.compile(
    r"[^\x00-\x20<>\x7f-\xa0\u2028\u2029\ud800-\udfff]+@[^\x00-\x20<>@\x7f-\xa0\u2028\u2029\ud800-\udfff]+"
)
PATH_OCTETS = 254

DATA = b"DATA\r\n"
RSET = b"RSET\r\n"
QUIT = b"QUIT\r\n"
STARTTLS = b"STARTTLS\r\n"


class Unwritable(ValueError):  # noqa: N818 - about the address
    """The address cannot be written in a command without changing what the command says."""


def _path(address: str, utf8: bool) -> bytes:
    if not _PATH.fullmatch(address):
        raise Unwritable("it holds a character that no address may hold")
    try:
        octets = address.encode("utf-8" if utf8 else "ascii")
    except UnicodeEncodeError as error:
        raise Unwritable("it needs SMTPUTF8") from error
    if len(octets) > PATH_OCTETS:
        raise Unwritable("it is longer than an address may be")
    return octets


def mail(return_path: str, *, size: int | None, eight_bit: bool, utf8: bool) -> bytes:
    """MAIL with the parameters RFC 1870 (`size`, octets), RFC 6152 and RFC 6531 define; an empty path is the null one.

    Raises Unwritable.
    """
    line = b"MAIL FROM:<%b>" % (_path(return_path, utf8) if return_path else b"")
    if size is not None:
        line += b" SIZE=%d" % size
    if eight_bit:
        line += b" BODY=8BITMIME"
    return line + b" SMTPUTF8\r\n" if utf8 else line + b"\r\n"


def rcpt(address: str, *, utf8: bool) -> bytes:
    """RCPT for one address. Raises Unwritable."""
    return b"RCPT TO:<%b>\r\n" % _path(address, utf8)


def hello(verb: bytes, name: str) -> bytes:
    """EHLO or HELO with our host name or address literal. Raises Unwritable."""
    if not re.fullmatch(r"[A-Za-z0-9.:\[\]_-]{1,255}", name):
        raise Unwritable(f"{name!r} is not a host name")
    return b"%b %b\r\n" % (verb, name.encode("ascii"))
