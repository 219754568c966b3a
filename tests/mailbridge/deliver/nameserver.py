"""A nameserver over a dictionary, on UDP and TCP of a loopback port, for whoever asks questions."""

from __future__ import annotations

import asyncio
from typing import Self

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset

TTL = 300


class Nameserver(asyncio.DatagramProtocol):
    """`zone` maps (name, type) to records as text. `servfail.*` and `silent.*` behave as they are called; names in
    `failing` are answered SERVFAIL for what the zone does not hold, those in `truncated` over TCP only."""

    def __init__(self) -> None:
        self.zone: dict[tuple[str, str], list[str]] = {}
        self.truncated: set[str] = set()
        self.failing: set[str] = set()
        self.asked: list[tuple[str, str, str]] = []  # name, type, transport
        self.address = ""
        self._udp: asyncio.DatagramTransport | None = None
        self._tcp: asyncio.Server | None = None

    async def start(self) -> Self:
        self._tcp = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        port = self._tcp.sockets[0].getsockname()[1]
        loop = asyncio.get_running_loop()
        self._udp, _ = await loop.create_datagram_endpoint(lambda: self, local_addr=("127.0.0.1", port))
        self.address = f"127.0.0.1:{port}"
        return self

    def stop(self) -> None:
        assert self._udp is not None
        assert self._tcp is not None
        self._udp.close()
        self._tcp.close()

    def datagram_received(self, data: bytes, addr: tuple[str | int, ...]) -> None:
        assert self._udp is not None
        if (answer := self._answer(data, "udp")) is not None:
            self._udp.sendto(answer, addr)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        size = int.from_bytes(await reader.readexactly(2), "big")
        answer = self._answer(await reader.readexactly(size), "tcp")
        if answer is not None:
            writer.write(len(answer).to_bytes(2, "big") + answer)
        writer.close()

    def _answer(self, wire: bytes, transport: str) -> bytes | None:
        query = dns.message.from_wire(wire)
        question = query.question[0]
        name, kind = question.name.to_text(omit_final_dot=True).lower(), dns.rdatatype.to_text(question.rdtype)
        self.asked.append((name, kind, transport))
        response = dns.message.make_response(query, recursion_available=True)
        if name.startswith("silent."):
            return None
        if name.startswith("servfail."):
            response.set_rcode(dns.rcode.SERVFAIL)
        elif name in self.truncated and transport == "udp":
            response.flags |= dns.flags.TC
        elif name in self.failing and (name, kind) not in self.zone:
            response.set_rcode(dns.rcode.SERVFAIL)
        elif not self._add(response, name, kind):
            response.set_rcode(dns.rcode.NXDOMAIN)
        return response.to_wire(max_size=65535)

    def _add(self, response: dns.message.Message, name: str, kind: str, depth: int = 0) -> bool:
        """Add the records, following CNAMEs; False if the name does not exist."""
        owner = dns.name.from_text(name)
        alias = self.zone.get((name, "CNAME"))
        if alias is not None and depth < 20:
            response.answer.append(dns.rrset.from_text(owner, TTL, "IN", "CNAME", *alias))
            return self._add(response, alias[0].rstrip("."), kind, depth + 1)
        records = self.zone.get((name, kind))
        if records:
            response.answer.append(dns.rrset.from_text(owner, TTL, "IN", kind, *records))
        return any(known == name for known, _ in self.zone)
