"""Talking to doors: our own, as a client would, and whatever presents a certificate."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from mailbridge.checkup.certificate import Presented
from mailbridge.checkup.door import Heard
from mailbridge.deliver.hop import unverified
from mailbridge.doors import Door

SECONDS = 10.0  # for a whole conversation
_MOST_LINES = 100
_ANY_HOST = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - what is listened on, to what to ask
# A proxy that speaks for itself alone: our own look is nobody's connection (PROXY protocol 1, 2.1).
_PROXY_HEADER = b"PROXY UNKNOWN\r\n"


class _Odd(Exception):  # noqa: N818 - a state of the other side
    """It does not speak as it should."""


def trusting() -> ssl.SSLContext:
    """A context that wants a chain to the machine's roots, whatever the name."""
    context = ssl.create_default_context()
    context.check_hostname = False
    return context


def target(door: Door) -> str:
    """The host to connect to; the connection comes from there too."""
    return _ANY_HOST.get(door.host, door.host)


async def hear(door: Door, helo: str, *, proxied: bool) -> Heard:
    """What an SMTP door of ours says, up to its certificate. `proxied`: it wants to hear of a client first."""
    try:
        async with asyncio.timeout(SECONDS):
            heard, presented = await _conversation(door, helo, unverified(), proxied=proxied)
            if presented is None:
                return heard
            distrust = ""
            try:
                await _conversation(door, helo, trusting(), proxied=proxied)
            except ssl.SSLCertVerificationError as error:
                distrust = error.verify_message
            return Heard(greeting=heard.greeting, starttls=True, presented=Presented(presented, distrust))
    except TimeoutError:
        return Heard(problem=f"no answer within {SECONDS:g} s")
    except (OSError, _Odd, ValueError) as error:
        return Heard(problem=getattr(error, "strerror", None) or str(error) or type(error).__name__)


async def presented(host: str, port: int, name: str) -> Presented | None:
    """What is presented at `host` under TLS from the first octet; None if nothing is. `name` goes into SNI."""
    try:
        async with asyncio.timeout(SECONDS):
            async with _connected(host, port, unverified(), name) as (_, writer):
                der = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
            try:
                async with _connected(host, port, trusting(), name):
                    return Presented(der)
            except ssl.SSLCertVerificationError as error:
                return Presented(der, error.verify_message)
    except (TimeoutError, OSError):
        return None


async def _conversation(door: Door, helo: str, context: ssl.SSLContext, *, proxied: bool) -> tuple[Heard, bytes | None]:
    if door.path:
        reader, writer = await asyncio.open_unix_connection(door.path)
    else:
        reader, writer = await asyncio.open_connection(target(door), door.port)
    try:
        if proxied:
            writer.write(_PROXY_HEADER)
        greeting = await _reply(reader)
        if not greeting[0].startswith("220"):
            return Heard(greeting=greeting[0]), None
        writer.write(f"EHLO {helo}\r\n".encode("ascii"))
        offers = await _reply(reader)
        if not any(line[4:].upper().split()[:1] == ["STARTTLS"] for line in offers):
            return Heard(greeting=greeting[0]), None
        writer.write(b"STARTTLS\r\n")
        answer = await _reply(reader)
        if not answer[0].startswith("220"):
            return Heard(greeting=greeting[0]), None
        await writer.start_tls(context, server_hostname=helo)
        der = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
        writer.write(b"QUIT\r\n")
        await writer.drain()
        return Heard(greeting=greeting[0], starttls=True), der
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


async def _reply(reader: asyncio.StreamReader) -> list[str]:
    lines: list[str] = []
    while len(lines) < _MOST_LINES:
        line = (await reader.readline()).decode("ascii", "replace").rstrip()
        if not line[:3].isdigit():
            raise _Odd("it closed the connection" if not line else f"it says {line[:80]!r}")
        lines.append(line)
        if line[3:4] != "-":
            return lines
    raise _Odd("its reply does not end")


@asynccontextmanager
async def _connected(
    host: str, port: int, context: ssl.SSLContext, name: str
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    reader, writer = await asyncio.open_connection(host, port, ssl=context, server_hostname=name)
    try:
        yield reader, writer
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()
