"""The two ways to say a name and a password over SMTP: PLAIN (RFC 4616) and LOGIN, which old printers know only.

Pure: a mechanism is a function of what the client has said so far; it gives the next challenge, or the claim.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

Challenge = bytes
CANCEL = "*"  # RFC 4954 4
NOTHING = "="  # an initial response that is there, and empty
_LONGEST = 1_024  # octets of one response: an address has 320, an app password 19


class Malformed(ValueError):  # noqa: N818 - an answer for the client
    """A response is not base64, or not what the mechanism wants."""


@dataclass(frozen=True, slots=True)
class Claim:
    """Who somebody says they are, and what they say to prove it. Its repr shows neither: people mix the two up."""

    name: str = field(repr=False)
    password: str = field(repr=False)


Mechanism = Callable[[Sequence[bytes]], Challenge | Claim]


def decode(text: str) -> bytes:
    """A response's octets. Raises Malformed."""
    if text == NOTHING:
        return b""
    try:
        octets = base64.b64decode(text.encode("ascii"), validate=True)
    except (binascii.Error, ValueError) as error:
        raise Malformed("it is not base64") from error
    if len(octets) > _LONGEST:
        raise Malformed("it is too long")
    return octets


def plain(said: Sequence[bytes]) -> Challenge | Claim:
    """`authzid NUL authcid NUL password`. Nobody acts for another here, so the first is empty or the second again."""
    if not said:
        return b""
    parts = said[0].split(b"\0")
    if len(parts) != 3:
        raise Malformed("it is not two names and a password")
    other, name, password = map(_text, parts)
    return Claim(name if other in ("", name) else "", password)


def login(said: Sequence[bytes]) -> Challenge | Claim:
    """First the name, then the password, each asked for in the words that clients wait for."""
    if len(said) < len(_QUESTIONS):
        return _QUESTIONS[len(said)]
    return Claim(_text(said[0]), _text(said[1]))


def _text(octets: bytes) -> str:
    try:
        return octets.decode("utf-8")
    except UnicodeDecodeError:
        raise Malformed("it is not UTF-8") from None


_QUESTIONS = (b"Username:", b"Password:")
MECHANISMS: Mapping[str, Mechanism] = {"PLAIN": plain, "LOGIN": login}
