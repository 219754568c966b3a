"""Names and places a session leaves behind: the peer's address, its HELO, and the id a message is known by."""

from __future__ import annotations

import re
import secrets

# No 0, 1 or l: it survives being read out over the telephone. 16 letters of 33 are 80 bits.
_ALPHABET = "abcdefghijkmnopqrstuvwxyz23456789"
_LETTERS = 16
_HELO = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9._-]{0,253}[A-Za-z0-9_.])?|\[[A-Za-z0-9.:-]{1,64}\]")


def public_id() -> str:
    """A new id for a message: said in the 250, in Received, in reports."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(_LETTERS))


def helo(argument: str) -> str | None:
    """The name a client gives itself (RFC 5321 4.1.1.1), or None: it goes into Received, so no other octets may."""
    argument = argument.strip()
    return argument if _HELO.fullmatch(argument) else None


def client(peername: object) -> str:
    """The network address of a socket's peer, or "" for a local socket."""
    if isinstance(peername, tuple) and peername and isinstance(peername[0], str):
        return peername[0].partition("%")[0]
    return ""
