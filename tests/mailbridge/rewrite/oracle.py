"""Keys for signing, and dkimpy as the receiver that verifies: it shares no line with our signer."""

from __future__ import annotations

from functools import cache

import dkim

from mailbridge.rewrite.dkim import Identities, Identity
from mailbridge.rewrite.keys import Algorithm, SigningKey

DOMAIN, SELECTOR = "lists.example.org", "postroom"


@cache
def key(algorithm: Algorithm) -> SigningKey:
    """One key of each kind, for all tests."""
    return SigningKey.generate(algorithm)


def identities(*domains: str) -> Identities:
    """An RSA and an Ed25519 identity for each domain; the number is the algorithm's place."""
    return Identities(
        Identity(domain, f"{SELECTOR}-{number}", algorithm, number)
        for domain in domains or (DOMAIN,)
        for number, algorithm in enumerate(Algorithm)
    )


def sign(number: int, digest: bytes) -> bytes:
    """What the signers do."""
    return key(list(Algorithm)[number]).sign(digest)


def record(name: bytes, timeout: int = 5) -> bytes:
    """The TXT record of a key's name, whatever the domain."""
    del timeout
    selector, found, _ = name.decode("ascii").partition("._domainkey.")
    assert found
    return key(list(Algorithm)[int(selector.removeprefix(f"{SELECTOR}-"))]).record().encode("ascii")


def verdicts(message: bytes, signatures: int = 2) -> list[bool]:
    """Whether each of the topmost signatures holds. Raises dkim.DKIMException for what dkimpy cannot read."""
    return [_verdict(message, index) for index in range(signatures)]


def _verdict(message: bytes, index: int) -> bool:
    try:
        return bool(dkim.DKIM(message).verify(index, dnsfunc=record))
    except dkim.ValidationError as error:
        if "body hash mismatch" not in str(error):
            raise
        return False
