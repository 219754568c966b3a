"""A next hop: where to connect, and how."""

from __future__ import annotations

import ssl
from dataclasses import dataclass, field
from functools import cache
from ipaddress import ip_address
from typing import Literal

Security = Literal["none", "opportunistic", "required", "implicit"]


@dataclass(frozen=True, slots=True)
class Hop:
    """One server. `host` is a name or an IP address; `name` what its certificate should say, where `host` is not it.

    Security: none; opportunistic (STARTTLS where offered, unverified, RFC 7435); required (STARTTLS or nothing) and
    implicit (TLS from the first octet), both verified. `helo` is our own name.
    """

    host: str
    port: int
    security: Security = "opportunistic"
    username: str = ""
    password: str = field(default="", repr=False)
    helo: str = "localhost"
    name: str = ""

    def __str__(self) -> str:
        return f"{self.name or self.host}:{self.port}"

    @property
    def server_name(self) -> str:
        """The name for SNI and the certificate."""
        return self.name or self.host

    @property
    def loopback(self) -> bool:
        """True where what is said never leaves the machine."""
        try:
            return ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"


@cache
def verified() -> ssl.SSLContext:
    """A context that checks the certificate and its name."""
    return ssl.create_default_context()


@cache
def unverified() -> ssl.SSLContext:
    """A context for opportunistic TLS: encryption against listeners; what is unverified is still better than none."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
