"""Octets as the DATA command carries them: lines ended by CRLF, a dot before each line that begins with one."""

from __future__ import annotations


def clean(raw: bytes) -> bytes:
    """Return `raw`, with the CRLF of its last line if that is missing.

    Raises ValueError if a CR or LF stands alone: the next hop could see the end of data there and read the rest as
    commands (SMTP smuggling, CVE-2023-51764). Intake refuses such mail, so this says that something is broken here.
    """
    lines = raw.count(b"\r\n")
    if raw.count(b"\r") != lines or raw.count(b"\n") != lines:
        raise ValueError("the message holds a CR or LF that is not part of a line end")
    return raw if raw.endswith(b"\r\n") else raw + b"\r\n"


def stuffed(clean_raw: bytes) -> bytes:
    """Return the octets to write between 354 and the final dot (RFC 5321 4.5.2)."""
    body = clean_raw.replace(b"\r\n.", b"\r\n..")
    return b"." + body if body.startswith(b".") else body


def unstuffed(wire: bytes) -> bytes:
    """Return the octets `stuffed` was given."""
    return (wire[1:] if wire.startswith(b".") else wire).replace(b"\r\n..", b"\r\n.")
