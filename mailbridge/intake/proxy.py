"""The PROXY protocol, versions 1 and 2: a proxy of ours says who connected to it, before a word of SMTP.

aiosmtpd reads the header; who may send one, for how long, and what a client is then called is decided here. From
anybody else such a header would let every client choose the address that SPF and our limits go by.
"""

from __future__ import annotations

import asyncio
import ipaddress

from aiosmtpd.proxy_protocol import AF, V2_CMD, get_proxy

SECONDS = 10.0  # for the whole header, which a proxy sends with its first segment
UNKNOWN = "unknown"  # a client without an address: no network holds it, so nothing trusts it


class NoHeader(ConnectionError):  # noqa: N818 - a state of the peer
    """The proxy did not say, or not so that it can be read, who its client is."""


async def client(reader: asyncio.StreamReader, peer: str) -> str:
    """The client's network address; `peer`, the proxy's own, where it speaks for itself; UNKNOWN where it cannot say.

    Raises NoHeader.
    """
    try:
        async with asyncio.timeout(SECONDS):
            told = await get_proxy(reader)
    except TimeoutError:
        raise NoHeader("the proxy's header did not come") from None
    if not told.valid:
        raise NoHeader(told.error)
    if told.version == 2 and told.command == V2_CMD.LOCAL:
        return peer
    if told.family not in (AF.INET, AF.INET6) or told.src_addr is None:
        return UNKNOWN
    return str(ipaddress.ip_address(str(told.src_addr)))
