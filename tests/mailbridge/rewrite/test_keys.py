"""Keys: the RFC's sign as the RFC says, what is no key is named, and what DNS gets."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from mailbridge import headers
from mailbridge.rewrite import canonical
from mailbridge.rewrite.keys import Algorithm, KeyRefused, SigningKey, strings
from tests.mailbridge.rewrite import rfc8463

# The libraries of today do not make one that short any more.
SHORT = """-----BEGIN RSA PRIVATE KEY-----
MIIBOwIBAAJBANfefeVjlv3XwPjh9AdWEIt4ls6s4YTH7bC6BBQF0d4G61KnyfQj
9sodJHSeir9B7iaOgNmJnhr8CRXHEe0ygc8CAwEAAQJANL9rJ/gz1wc3YhlkVb6U
AGCRCSN5X8ayr/JkOLhLVeML+fk0N1781odDZr0TC6uI65bRsX7rH+ZBYeQLUTol
EQIhAPQZYN6DG3yi0wpDu3UoPCHJ76MtVPQ8etc9FlT2ZHqtAiEA4mTFp10ow/wP
yVVsaFqFtXvchPos+vgXmkPGG61HGesCIDFW++SePa0YwG2/uSF6S4VM6xphrF1d
6Dqfh2cPEspVAiEAl2XStFjdcSr4l6iTxbl7n2FEmH0BZZhRmG1oZ4vad58CIQCy
bf9C3OwPstCKz5cdZStpoAgMhWbKpEpgrEE6WqzFdg==
-----END RSA PRIVATE KEY-----
"""
Private = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


@pytest.mark.parametrize(
    ("pem", "field", "algorithm", "bits", "record"),
    [
        (rfc8463.RSA_PEM, rfc8463.RSA_FIELD, Algorithm.RSA, 1024, rfc8463.RSA_RECORD),
        (rfc8463.ED25519_PEM, rfc8463.ED25519_FIELD, Algorithm.ED25519, 256, rfc8463.ED25519_RECORD),
    ],
)
def test_the_rfc_s_keys_make_the_rfc_s_signatures(
    pem: bytes, field: bytes, algorithm: Algorithm, bits: int, record: str
) -> None:
    """Byte for byte: key formats, canonical fields, and Ed25519 over the hash are right, or none of them is."""
    key = SigningKey.load(pem)
    assert (key.algorithm, key.bits, key.record()) == (algorithm, bits, record)
    by_name = {each.name.decode(): each for each in headers.fields(headers.split(rfc8463.MESSAGE)[0])}
    (own,) = headers.fields(re.sub(rb"(?s) b=.*", b" b=\r\n", field))
    signed = b"".join(canonical.field(by_name[name]) for name in rfc8463.SIGNED) + canonical.field(own)
    digest = hashlib.sha256(signed.removesuffix(b"\r\n")).digest()
    published = re.sub(rb"\s", b"", field.partition(b" b=")[2])
    assert base64.b64encode(key.sign(digest)) == published


def pem(private: Private, password: bytes = b"") -> bytes:
    lock = BestAvailableEncryption(password) if password else NoEncryption()
    return private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, lock)


def public_pem() -> bytes:
    key = rsa.generate_private_key(65537, 1024)
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


REFUSED: dict[str, tuple[Callable[[], bytes], str]] = {
    "nothing": (lambda: b"", "no private key"),
    "no PEM": (lambda: b"not a key", "no private key"),
    "cut": (lambda: rfc8463.RSA_PEM[:200], "no private key"),
    "a public key": (public_pem, "public key"),
    "a certificate": (lambda: b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "public key"),
    "a password": (lambda: pem(rsa.generate_private_key(65537, 1024), b"secret"), "password"),
    "an elliptic curve": (lambda: pem(ec.generate_private_key(ec.SECP256R1())), "neither RSA nor Ed25519"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_cannot_sign_is_refused_by_what_it_is(what: str) -> None:
    make, says = REFUSED[what]
    with pytest.raises(KeyRefused, match=says) as refusal:
        SigningKey.load(make())
    assert "\n" not in str(refusal.value)
    assert "BEGIN" not in str(refusal.value)


def test_a_key_that_receivers_ignore_is_refused() -> None:
    with pytest.raises(KeyRefused, match="512 bits"):
        SigningKey.load(SHORT.encode())


@pytest.mark.parametrize("algorithm", Algorithm)
def test_a_new_key_is_read_again_and_hides_itself(algorithm: Algorithm) -> None:
    key = SigningKey.generate(algorithm)
    again = SigningKey.load(key.pem())
    assert (again.algorithm, again.bits, again.record()) == (key.algorithm, key.bits, key.record())
    digest = hashlib.sha256(b"x").digest()
    assert again.sign(digest) == key.sign(digest)
    assert repr(key) == f"SigningKey(algorithm={algorithm!r}, bits={key.bits})"
    assert key.bits >= 2048 or algorithm is Algorithm.ED25519


def test_a_record_is_cut_into_strings_that_dns_can_hold() -> None:
    record = SigningKey.generate(Algorithm.RSA).record()
    cut = strings(record)
    assert "".join(cut) == record
    assert [len(each) <= 255 for each in cut] == [True, True]
