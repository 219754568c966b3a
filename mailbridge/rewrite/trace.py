"""How a message came to us, and the Received line that says so (RFC 5321 4.4)."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime

from mailbridge.rewrite.lines import line

_DOMAIN = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9._-]{0,253}[A-Za-z0-9_])?")
_LITERAL = re.compile(r"\[[A-Za-z0-9.:-]{1,64}\]")
_WORD = re.compile(r"[A-Za-z0-9._-]{1,64}")


@dataclass(frozen=True, slots=True)
class Trace:
    """What intake knows of a message beside its octets.

    `helo` and `client` (a network address, or "") are the peer's own words and are not believed to be well-formed;
    `protocol` is a keyword of RFC 3848; `accepted_at` is aware; `authserv_id` is the name under which only our own
    front relays may write Authentication-Results, or "" to keep those that are there. `results` are our own findings
    about the author, for an Authentication-Results under our own name. `carriers` are the addresses of the groups that
    this one got the message through.
    """

    public_id: str
    accepted_at: datetime
    hostname: str
    helo: str = ""
    client: str = ""
    protocol: str = "ESMTP"
    authserv_id: str = ""
    results: tuple[str, ...] = ()
    carriers: tuple[str, ...] = ()


def received(trace: Trace, address: str) -> bytes:
    """Return our Received field for a message to `address`."""
    source = f"from {_helo(trace.helo)}{_client(trace.client)}"
    protocol = trace.protocol if _WORD.fullmatch(trace.protocol) else "SMTP"
    return line(
        "Received",
        source,
        f"by {trace.hostname} (Postroom) with {protocol} id {identifier(trace)}",
        f"for <{address}>; {date(trace)}",
    )


def authentication_results(trace: Trace) -> bytes:
    """Return our Authentication-Results (RFC 8601), or nothing where nothing was looked at.

    Nor anything where our name is also the one that our front relays sign with: a copy that comes back through one of
    them, to a group within a group, would vouch for itself.
    """
    if not trace.results or trace.hostname.lower() == trace.authserv_id:
        return b""
    *some, last = trace.results
    return line("Authentication-Results", f"{trace.hostname};", *(f"{one};" for one in some), last)


def identifier(trace: Trace) -> str:
    """Return the public id, as it may stand in Received and in a Message-ID; ValueError if it is none."""
    if not _WORD.fullmatch(trace.public_id):
        raise ValueError(f"{trace.public_id[:80]!r} is no public id")
    return trace.public_id


def date(trace: Trace) -> str:
    """Return the time of acceptance in the form of RFC 5322 3.3, in UTC."""
    return format_datetime(trace.accepted_at.astimezone(UTC).replace(microsecond=0))


def _helo(helo: str) -> str:
    return helo if _DOMAIN.fullmatch(helo) or _LITERAL.fullmatch(helo) else "unknown"


def _client(client: str) -> str:
    try:
        address = ipaddress.ip_address(client.partition("%")[0])
    except ValueError:
        return ""
    return f" ([{address}])" if address.version == 4 else f" ([IPv6:{address}])"
