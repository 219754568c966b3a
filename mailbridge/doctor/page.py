"""The one-click page, asked as a mailbox provider would: over the name in the DNS, without cookies, no redirect."""

from __future__ import annotations

import asyncio
import socket
from datetime import datetime
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult

from mailbridge.checkup import certificate, web
from mailbridge.doctor.names import Names
from mailbridge.doctor.talk import presented
from mailbridge.pages import FORMS
from store.findings import Check, Finding

SECONDS = 15.0
_BODY_OCTETS = 65_536


class _Ours(AbstractResolver):
    """aiohttp's questions, asked of the same name servers as all others."""

    def __init__(self, names: Names) -> None:
        self._names = names

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        del family
        found = await self._names.addresses(host)
        if not found:
            raise OSError(f"{host} has no address")
        return [
            ResolveResult(
                hostname=host,
                host=address,
                port=port,
                family=socket.AF_INET6 if ":" in address else socket.AF_INET,
                proto=0,
                flags=socket.AI_NUMERICHOST,
            )
            for address in found
        ]

    async def close(self) -> None:
        """Nothing is kept."""


async def look(url: str, token: str, names: Names, now: datetime) -> tuple[list[Finding], float | None]:
    """What the page at `url` answers to a link of nobody's, and how many seconds our clock is ahead of its Date."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    addresses = await names.addresses(host)
    if addresses is None:
        return [Finding("unanswered", host, {"asked": "A"}, Check.WEB)], None
    if not addresses:
        return [Finding("web_unresolved", url, {"host": host})], None
    try:
        async with asyncio.timeout(SECONDS):
            return await _asked(url, f"{url}/leave/{token}", names, now)
    except aiohttp.ClientConnectorCertificateError:
        shown = await presented(addresses[0], parts.port or 443, host)
        found = certificate.judge(shown, host, now, web.CERTIFICATE) if shown is not None else []
        return found or [Finding("web_unreachable", url, {"problem": "TLS"})], None
    except TimeoutError:
        return [Finding("web_unreachable", url, {"problem": f"no answer within {SECONDS:g} s"})], None
    except (aiohttp.ClientError, OSError) as error:
        return [Finding("web_unreachable", url, {"problem": str(error)[:200]})], None


async def _asked(url: str, link: str, names: Names, now: datetime) -> tuple[list[Finding], float | None]:
    connector = aiohttp.TCPConnector(resolver=_Ours(names), force_close=True)
    async with aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar()) as session:
        async with session.get(link, allow_redirects=False) as response:
            got, ahead = await _answer(response), _ahead(response.headers.get("Date", ""), now)
        posted = None
        if got.status == 200:
            async with session.post(link, data=dict([FORMS["leave"]]), allow_redirects=False) as response:
                posted = await _answer(response)
    return web.judge(url, got, posted), ahead


async def _answer(response: aiohttp.ClientResponse) -> web.Answer:
    body = b""
    async for chunk in response.content.iter_any():
        body += chunk
        if len(body) > _BODY_OCTETS:
            break
    return web.Answer(response.status, response.headers.get("Location", ""), body.decode("utf-8", "replace"))


def _ahead(date: str, now: datetime) -> float | None:
    try:
        return (now - parsedate_to_datetime(date)).total_seconds()
    except (TypeError, ValueError):
        return None
