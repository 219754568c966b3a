"""The pretend world's nameserver, asked by the bridge's own resolver and by hand."""

from __future__ import annotations

import asyncio
import socket

import dns.message
import dns.rcode
import pytest

from bot.sandbox.names import Names
from mailbridge.resolver import NoSuchName, Resolver
from tests.bot.sandbox.conftest import FREE


async def test_nothing_exists() -> None:
    names = Names()
    resolver = Resolver([str(await names.start(FREE))])
    for kind in ("A", "AAAA", "MX", "TXT"):
        with pytest.raises(NoSuchName):
            await resolver.lookup("_dmarc.example.org", kind)
    names.stop()


async def test_what_is_no_question_gets_no_answer_and_the_next_one_does() -> None:
    names = Names()
    at = await names.start(FREE)
    loop = asyncio.get_running_loop()
    question = dns.message.make_query("example.org", "TXT").to_wire()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        asking.setblocking(False)
        asking.connect((at.host, at.port))
        for octets in (b"", b"x", question[:12], question[:-1], b"\0" * 12, question):
            asking.send(octets)
        async with asyncio.timeout(10):
            answer = dns.message.from_wire(await loop.sock_recv(asking, 512))
        assert (answer.rcode(), answer.to_wire()[:2]) == (dns.rcode.NXDOMAIN, question[:2])
        with pytest.raises(BlockingIOError):
            asking.recv(512)
    names.stop()
