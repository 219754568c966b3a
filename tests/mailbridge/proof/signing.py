"""Signing as others do: dkimpy's own signer, with keys of these tests, and the records that publish them."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from functools import cached_property

import dkim
from dkim.crypto import parse_pem_private_key
from nacl.signing import SigningKey

# Generated for these tests, 1,024 and 512 bits: what is tested is which sizes count.
RSA_1024 = b"""-----BEGIN RSA PRIVATE KEY-----
MIICXQIBAAKBgQDVuR1ZAGuDswANo6YTkvmRd1xhqIuB6ZfCM+3Z65PrpLiCdczf
wwtfXLn5grr8lLvwxApFYAP5LAmtB68V1wUDfV2rTb6xTUveTk/q5j/nl7HiWOkw
c9EIAZYSyM4vH1tJ7YaJfR8tvuCjrWdXQNlitygc76HytrZ6BpXPpljK+QIDAQAB
AoGABdSzFEaKqGEt0zFvyoDsBif3gUKT68tvtICuMI/YzUkFL6n/GOu9V7Cz8ja6
20FDj2IJ1bK06QtmiC35fOMM4+q3vHnANbeG3FvunaLMHMtwRE/Jl+yj740P0an+
k/SafYkltzVTbYjgGMoxeuBq0+NOQ1/QCtSp/d6JunL1nDECQQDuNU78R3jPzVMH
ehY+05iKABTFOo0FMozJfIaLfh74WuTAT/u2IvC9DApIc6hlXpFe/frBSN29+SLk
QzpEzhQ/AkEA5a+ijFs79tNSLchvFSHqUkRzp3RDeGAHY7c5gpNdAyS9/4D0bdaa
UKFjzgFGWmBt9ex4XNIeCKhcNmzJZh1yxwJBALlyXPyAc+hrM+GVRW5B8vY0m/bz
30eVlA9kV6aPWHMG6CFj41VnnD3A+txu1kGcvtXSKn6BSMgWBfjo8ZsRSKcCQQC4
r55bj6zKzqcgqy8u5eN9nQ8GEgWCkGzAsH6s0QOUWIHyJeXlQA87UFppNjs0xp8E
hM1PjaCaw43KMXVMB9fXAkAzYshiNC0aTqLhe1wzpjv2hlxr2ScAgUutdmQpdKeS
mqqYsFZcjuC8uVhtHx22jvR+sXLHrGxQopjZ6wCW4G7Y
-----END RSA PRIVATE KEY-----
"""
RSA_512 = b"""-----BEGIN RSA PRIVATE KEY-----
MIIBOwIBAAJBANA2RI44WcoC1rsalMfJbDRQHWkIgQc7VeV4naVkIBkkdFPnruuI
ITQCijyUGGYqJ8tc04XBaVH8UiYu79QF6t8CAwEAAQJBAL5FeWzGTjdvVK/zYJca
mMlNlTLQ1Ki5LovfJ6Fm2HZf1VapHuDYiVL5OZVQ69TzIS4JH7iLK0fgIsiyz433
8WECIQD0IykH2Q1m8vwIFY8Z2kbP9ZBAshzagKfQSu5TBCzjJwIhANpUOs2jC6zc
HFCF63zbyqCbnP/WJwQ3fBPppGDc6a2JAiEAwEw1lGXmBZIc7K02k1F393PgFOV2
jrFJ/WoYALHIPX8CIHbH0oIkDWsLCWCJq3dvgIrmfoD1up5hrWCMAYEtTvi5AiB5
kSHRr1GU48J+AMrtIaSh+R++SpEQmtOz/+rwSZK9IQ==
-----END RSA PRIVATE KEY-----
"""


def public_key(modulus: int, exponent: int) -> bytes:
    """An RSAPublicKey in DER (RFC 8017 A.1.1)."""
    numbers = b"".join(_der(2, one.to_bytes(one.bit_length() // 8 + 1, "big")) for one in (modulus, exponent))
    return _der(0x30, numbers)


def _der(tag: int, content: bytes) -> bytes:
    size = len(content)
    long = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, size] if size < 128 else [tag, 0x80 | len(long), *long]) + content


@dataclass(frozen=True)
class Signer:
    """A domain that signs with Ed25519 (from a seed), or with RSA (from a PEM text)."""

    domain: str = "example.com"
    selector: str = "sel"
    seed: bytes = b"\7" * 32
    pem: bytes = b""

    @cached_property
    def record(self) -> bytes:
        """The TXT record of its key."""
        if self.pem:
            key = parse_pem_private_key(self.pem)
            return b"v=DKIM1; k=rsa; p=" + base64.b64encode(public_key(key["modulus"], key["publicExponent"]))
        public = SigningKey(self.seed).verify_key.encode()
        return b"v=DKIM1; k=ed25519; p=" + base64.b64encode(public)

    @property
    def key_name(self) -> str:
        return f"{self.selector}._domainkey.{self.domain}"

    def sign(
        self,
        message: bytes,
        *,
        canonical: str = "relaxed/relaxed",
        names: tuple[str, ...] = ("from", "to", "subject", "date", "message-id"),
        length: bool = False,
        identity: str | None = None,
    ) -> bytes:
        """The message with a DKIM-Signature on top."""
        signer = dkim.DKIM(message, minkey=512)
        line: bytes = signer.sign(
            self.selector.encode(),
            self.domain.encode(),
            self.pem or base64.b64encode(self.seed),
            signature_algorithm=b"rsa-sha256" if self.pem else b"ed25519-sha256",
            canonicalize=tuple(canonical.encode().split(b"/")),
            include_headers=[name.encode() for name in names],
            length=length,
            identity=identity.encode() if identity else None,
        )
        return line + message
