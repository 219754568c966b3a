"""Signing keys: read from PEM, made anew, and the DNS record that publishes them (RFC 6376 3.6.1, RFC 8463)."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

FEWEST_BITS: Final = 1024  # RFC 8301 3.2: signers must not use less, and receivers take less for no signature
FITTING_BITS: Final = 2048  # what the same section asks for
_RSA_EXPONENT: Final = 65_537
_STRING_OCTETS: Final = 255  # a TXT record's strings have one octet for their length (RFC 1035 3.3)


class Algorithm(StrEnum):
    """The algorithms of RFC 8301 and RFC 8463, by their name in a=."""

    RSA = "rsa-sha256"
    ED25519 = "ed25519-sha256"


class KeyRefused(ValueError):  # noqa: N818 - an answer about a file
    """The octets hold no key that can sign; the message says what they hold, and nothing of it."""


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A private key. `bits` of an Ed25519 key are always 256."""

    algorithm: Algorithm
    bits: int
    _private: RSAPrivateKey | Ed25519PrivateKey = field(repr=False)

    @classmethod
    def load(cls, pem: bytes) -> SigningKey:
        """Read PKCS#8 or PKCS#1 in PEM. Raises KeyRefused."""
        try:
            private = load_pem_private_key(pem, None)
        except TypeError as error:
            raise KeyRefused("it is locked with a password") from error
        except (ValueError, UnsupportedAlgorithm) as error:
            public = b"PUBLIC KEY-----" in pem or b"CERTIFICATE-----" in pem
            raise KeyRefused("it holds a public key" if public else "it holds no private key in PEM") from error
        if isinstance(private, Ed25519PrivateKey):
            return cls(Algorithm.ED25519, 256, private)
        if not isinstance(private, RSAPrivateKey):
            raise KeyRefused("its key is neither RSA nor Ed25519")
        if private.key_size < FEWEST_BITS:
            raise KeyRefused(f"its RSA key has {private.key_size} bits, and receivers ignore less than {FEWEST_BITS}")
        return cls(Algorithm.RSA, private.key_size, private)

    @classmethod
    def generate(cls, algorithm: Algorithm) -> SigningKey:
        """Make a new key, RSA of 2048 bits: more do not fit every resolver's answer."""
        if algorithm is Algorithm.ED25519:
            return cls(algorithm, 256, Ed25519PrivateKey.generate())
        return cls(algorithm, FITTING_BITS, generate_private_key(_RSA_EXPONENT, FITTING_BITS))

    def sign(self, digest: bytes) -> bytes:
        """Sign a SHA-256 digest: RSASSA-PKCS1-v1_5, or Ed25519 over the digest itself (RFC 8463 3)."""
        if isinstance(self._private, Ed25519PrivateKey):
            return self._private.sign(digest)
        return self._private.sign(digest, PKCS1v15(), Prehashed(SHA256()))

    def pem(self) -> bytes:
        """The private key as unlocked PKCS#8."""
        return self._private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())

    def record(self) -> str:
        """The value of the TXT record at SELECTOR._domainkey.DOMAIN."""
        public = self._private.public_key()
        if self.algorithm is Algorithm.ED25519:
            octets = public.public_bytes(Encoding.Raw, PublicFormat.Raw)  # RFC 8463 4: no ASN.1 around it
        else:
            octets = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        name = self.algorithm.removesuffix("-sha256")
        return f"v=DKIM1; k={name}; p={base64.b64encode(octets).decode('ascii')}"


def strings(record: str) -> list[str]:
    """Cut a TXT record's value into the strings of at most 255 octets that DNS can hold."""
    return [record[start : start + _STRING_OCTETS] for start in range(0, len(record), _STRING_OCTETS)]
