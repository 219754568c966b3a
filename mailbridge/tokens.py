"""Signed tokens in addresses and links: they say which row is meant, and that we wrote them (VERP, one-click, confirm).

A token is lower-case base32 of key id (1 octet), row id (4 octets, or 9 past 2^32) and the first 80 bits of
HMAC-SHA256 over purpose and row id: 24 characters, or 32. Both lengths need no padding, and 24 leave room in the
64 octets of a local part (RFC 5321 4.5.3.1.1).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Sequence
from typing import Final

LENGTH: Final = 24  # of the usual token; the long form has 32
_SHAPE: Final = re.compile(r"[a-z2-7]{24}(?:[a-z2-7]{8})?")
_SHORT_ID, _LONG_ID, _MAC = 4, 9, 10
_BOUNCE, _LEAVE, _CONFIRM = b"bounce", b"leave", b"confirm"


class Tokens:
    """Writes and reads tokens with a row of secrets, the first of which signs.

    A new secret is put first and the old one kept behind it until the mails it signed are forgotten. The key id is
    derived from the secret, so the order of the others means nothing.
    """

    def __init__(self, secrets: Sequence[bytes]) -> None:
        """Take the secrets, newest first. Raises ValueError without one, or if one is empty."""
        if not secrets or not all(secrets):
            raise ValueError("at least one secret is needed, and none may be empty")
        self._keys = tuple((hmac.digest(secret, b"postroom key id", hashlib.sha256)[:1], secret) for secret in secrets)

    def bounce(self, delivery_id: int) -> str:
        """Return the token of a delivery's return path, `bounces+TOKEN@domain`."""
        return self._write(_BOUNCE, delivery_id)

    def leave(self, membership_id: int) -> str:
        """Return the token a contact leaves with, by `-leave+TOKEN` or by the web page (RFC 8058)."""
        return self._write(_LEAVE, membership_id)

    def confirm(self, request_id: int) -> str:
        """Return the token an applicant confirms with, by `-confirm+TOKEN` or by the web page. It ends with its row."""
        return self._write(_CONFIRM, request_id)

    def read_bounce(self, text: str) -> int | None:
        """Return the delivery id of a return path's token, or None: all wrong ones are alike."""
        return self._read(_BOUNCE, text)

    def read_leave(self, text: str) -> int | None:
        """Return the membership id of a leave token, or None: all wrong ones are alike."""
        return self._read(_LEAVE, text)

    def read_confirm(self, text: str) -> int | None:
        """Return the request id of a confirmation's token, or None: all wrong ones are alike."""
        return self._read(_CONFIRM, text)

    def _write(self, purpose: bytes, row_id: int) -> str:
        key_id, secret = self._keys[0]
        number = row_id.to_bytes(_SHORT_ID if row_id < 1 << 32 else _LONG_ID)
        return base64.b32encode(key_id + number + _mac(secret, purpose, number)).decode("ascii").lower()

    def _read(self, purpose: bytes, text: str) -> int | None:
        # Mail systems change the case of local parts. isascii comes first: the Kelvin sign lowers to an ASCII k.
        if not text.isascii() or not _SHAPE.fullmatch(text.lower()):
            return None
        octets = base64.b32decode(text.upper())
        key_id, number, mac = octets[:1], octets[1:-_MAC], octets[-_MAC:]
        row_id = int.from_bytes(number)
        if len(number) == _LONG_ID and row_id < 1 << 32:
            return None  # one row has one token
        valid = False
        for known, secret in self._keys:
            valid |= known == key_id and hmac.compare_digest(mac, _mac(secret, purpose, number))
        return row_id if valid else None


def _mac(secret: bytes, purpose: bytes, number: bytes) -> bytes:
    return hmac.digest(secret, purpose + b"\0" + number, hashlib.sha256)[:_MAC]
