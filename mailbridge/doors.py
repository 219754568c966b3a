"""Places on the network as settings write them: where to listen, whom to ask for names."""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import ip_address

_WRITTEN = re.compile(r"(?:\[([0-9A-Fa-f:.]+(?:%\w+)?)\]|([^\s:\[\]]*)):(\d{1,5})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Door:
    """A host and port, or the path of a Unix socket. An empty host is every address; port 0 lets the system choose."""

    host: str = ""
    port: int = 0
    path: str = ""

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"unix:{self.path}" if self.path else f"{host}:{self.port}"


def door(text: str) -> Door:
    """`host:port`, `[::1]:port`, `:port` or `unix:/path`. Raises ValueError."""
    if text.startswith("unix:") and len(text) > len("unix:"):
        return Door(path=text.removeprefix("unix:"))
    match = _WRITTEN.fullmatch(text)
    if not match or int(match[3]) > 65_535:
        raise ValueError(f"{text[:80]!r} is neither host:port nor unix:/path")
    return Door(match[1] or match[2] or "", int(match[3]))


def nameserver(text: str) -> tuple[str, int]:
    """`host:port`, `[v6]:port` or an address alone, as address and port (53). Raises ValueError naming the text."""
    host, colon, port = text.rpartition(":")
    if not colon or (":" in host and not host.startswith("[")):
        host, port = text, "53"
    try:
        if not 0 < int(port) <= 65_535:
            raise ValueError("no port has that number")
        return str(ip_address(host.strip("[]"))), int(port)
    except ValueError as error:
        raise ValueError(f"{text[:80]!r} is not an IP address with a port") from error
