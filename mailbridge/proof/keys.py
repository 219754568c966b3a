"""Public keys in the DNS (RFC 6376 3.6.1, RFC 8463, RFC 8301): which may be used, and why others may not."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass

from dkim.crypto import UnparsableKeyError, parse_public_key

from mailbridge.proof.answers import Texts
from mailbridge.proof.tags import BadTags, compact, parse

# RFC 8301 3.2: below 1,024 bits anybody can sign, and up to 4,096 must be understood. Longer ones, or an exponent of
# thousands of bits, cost whoever checks them much, and their owner nothing.
FEWEST_BITS = 1_024
MOST_BITS = 4_096
MOST_EXPONENT_BITS = 32
ED25519_OCTETS = 32
_LONGEST = 4_096


class BadKey(ValueError):  # noqa: N818 - an answer about a key
    """The key cannot prove anything; `reason` is `unanswered`, `missing`, `revoked`, `weak` or `malformed`."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Key:
    """A usable key: its record's text, `rsa` or `ed25519`, and whether it speaks for its exact domain only (t=s)."""

    record: bytes
    kind: str
    exact_domain: bool


def read(texts: Texts) -> Key:
    """The one key among a name's TXT records. Raises BadKey."""
    if texts is None:
        raise BadKey("unanswered")
    keys = [text for text in texts if b"p=" in text.replace(b" ", b"")]
    if not keys:
        raise BadKey("missing")
    # RFC 6376 3.6.2.2 leaves two records undefined; whoever can add one must not be able to choose.
    if len(keys) > 1 or len(keys[0]) > _LONGEST:
        raise BadKey("malformed")
    try:
        tags = parse(keys[0])
    except BadTags as error:
        raise BadKey("malformed") from error
    kind = tags.get("k", "rsa")
    hashes = tags.get("h", "sha256").replace(" ", "").split(":")
    services = tags.get("s", "*").replace(" ", "").split(":")
    if tags.get("v", "DKIM1") != "DKIM1" or "sha256" not in hashes or not {"*", "email"} & set(services):
        raise BadKey("malformed")
    data = compact(tags.get("p", ""))
    if not data:
        raise BadKey("revoked")
    _check(kind, data)
    return Key(keys[0], kind, "s" in tags.get("t", "").replace(" ", "").split(":"))


def _check(kind: str, data: str) -> None:
    try:
        octets = base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError) as error:
        raise BadKey("malformed") from error
    if kind == "ed25519":
        if len(octets) != ED25519_OCTETS:
            raise BadKey("malformed")
        return
    if kind != "rsa":
        raise BadKey("malformed")
    try:
        numbers = parse_public_key(octets)
        bits, exponent = numbers["modulus"].bit_length(), numbers["publicExponent"].bit_length()
    except (UnparsableKeyError, IndexError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise BadKey("malformed") from error
    if bits < FEWEST_BITS:
        raise BadKey("weak")
    if bits > MOST_BITS or not 1 < exponent <= MOST_EXPONENT_BITS:
        raise BadKey("malformed")
