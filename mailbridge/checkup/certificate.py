"""Certificates: for whom, until when, by whom, and with which key (RFC 5280, RFC 6125)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import ip_address
from typing import Final

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

from store.findings import Finding

SOON: Final = timedelta(days=14)  # who renews by a program renews a month before


@dataclass(frozen=True, slots=True)
class Presented:
    """A certificate as a server presents it: its DER octets, and why the machine's roots do not vouch for it ("" if
    they do; names and dates are looked at apart)."""

    der: bytes
    distrust: str = ""


def judge(presented: Presented, host: str, now: datetime, names: Mapping[str, str]) -> list[Finding]:
    """What is wrong with a certificate for `host`: the first fault of date, name and chain. Empty if nothing is.

    `names` says which finding it is: `expired`, `early`, `soon`, `name`, `chain`; one that is not there is not told.
    """
    found = x509.load_der_x509_certificate(presented.der)
    values = {"host": host, "until": f"{found.not_valid_after_utc:%Y-%m-%d %H:%M} UTC"}
    holders = _holders(found)
    if found.not_valid_after_utc <= now:
        wrong = "expired"
    elif found.not_valid_before_utc > now:
        wrong = "early"
        values["since"] = f"{found.not_valid_before_utc:%Y-%m-%d %H:%M} UTC"
    elif not any(_covers(holder, host.lower()) for holder in holders):
        wrong = "name"
        values["names"] = ", ".join(holders) or "–"
    elif presented.distrust:
        wrong = "chain"
        values["problem"] = presented.distrust
    elif found.not_valid_after_utc <= now + SOON:
        wrong = "soon"
    else:
        return []
    return [Finding(names[wrong], host, values)] if wrong in names else []


def pair(cert: bytes, key: bytes) -> str:
    """Whether the first certificate of a PEM file and the private key of another belong together: "" or `unreadable`
    or `foreign_key`."""
    try:
        held = load_pem_private_key(key, None).public_key()
        certified = x509.load_pem_x509_certificates(cert)[0].public_key()
    except (ValueError, TypeError, IndexError, UnsupportedAlgorithm):
        return "unreadable"
    form = (Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return "" if held.public_bytes(*form) == certified.public_bytes(*form) else "foreign_key"


def first(cert: bytes) -> bytes:
    """The first certificate of a PEM file, as DER. Raises ValueError."""
    return x509.load_pem_x509_certificates(cert)[0].public_bytes(Encoding.DER)


def _holders(found: x509.Certificate) -> list[str]:
    """Names and addresses of the subjectAltName; the CN has not counted for years (RFC 9525 2)."""
    try:
        listed = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (x509.ExtensionNotFound, ValueError):
        return []
    return [
        *(name.lower() for name in listed.get_values_for_type(x509.DNSName)),
        *(str(address) for address in listed.get_values_for_type(x509.IPAddress)),
    ]


def _covers(holder: str, host: str) -> bool:
    """Whether a name of a certificate is for `host`; a star stands for the whole first label (RFC 9525 6.3)."""
    try:
        return ip_address(holder) == ip_address(host)
    except ValueError:
        pass
    if holder.startswith("*."):
        return host.partition(".")[2] == holder[2:]
    return holder == host
