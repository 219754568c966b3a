"""DNS over real sockets: answers, absence, no answer, and what is kept."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from mailbridge.doors import nameserver
from mailbridge.resolver import NoSuchName, Resolver, Unanswered
from tests.mailbridge.deliver.nameserver import TTL
from tests.mailbridge.deliver.nameserver import Nameserver as Server

ZONE = {
    ("example.test", "MX"): ["10 Mail.Example.test.", "5 first.example.test."],
    ("mail.example.test", "A"): ["192.0.2.1", "192.0.2.2"],
    ("mail.example.test", "AAAA"): ["2001:db8::1"],
    ("four.test", "A"): ["192.0.2.4"],
    ("text.test", "TXT"): ['"v=DMARC1; " "p=reject"', '"other"'],
    ("alias.test", "CNAME"): ["mail.example.test."],
    ("loop.test", "CNAME"): ["loop2.test."],
    ("loop2.test", "CNAME"): ["loop.test."],
}


class Seconds:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def seconds() -> Seconds:
    return Seconds()


@pytest.fixture
def resolver(nameserver: Server, seconds: Seconds) -> Resolver:
    nameserver.zone.update(ZONE)
    return Resolver([nameserver.address], lifetime=1, clock=seconds)


async def test_answers(resolver: Resolver) -> None:
    assert await resolver.mx("example.test") == [(5, "first.example.test"), (10, "mail.example.test")]
    assert set(await resolver.addresses("mail.example.test")) == {"2001:db8::1", "192.0.2.1", "192.0.2.2"}
    assert await resolver.addresses("four.test") == ["192.0.2.4"]
    assert sorted(await resolver.txt("text.test")) == [b"other", b"v=DMARC1; p=reject"]
    assert len(await resolver.addresses("alias.test.")) == 3
    assert await resolver.mx("four.test") == []
    assert await resolver.txt("four.test") == []


async def test_absence_and_silence_differ(resolver: Resolver) -> None:
    for absent in ("nowhere.test", "a..b", "x" * 64 + ".test", ".".join(["abcdefgh"] * 40)):
        with pytest.raises(NoSuchName):
            await resolver.mx(absent)
        with pytest.raises(NoSuchName):
            await resolver.addresses(absent)
    for silent in ("servfail.test", "silent.test", "loop.test"):
        with pytest.raises(Unanswered):
            await resolver.mx(silent)
        with pytest.raises(Unanswered):
            await resolver.addresses(silent)


async def test_a_truncated_answer_is_asked_for_again_over_tcp(resolver: Resolver, nameserver: Server) -> None:
    nameserver.truncated.add("text.test")
    assert len(await resolver.txt("text.test")) == 2
    assert [transport for *_, transport in nameserver.asked] == ["udp", "tcp"]


async def test_no_answer_takes_a_bounded_time(resolver: Resolver) -> None:
    loop = asyncio.get_running_loop()
    began = loop.time()
    with pytest.raises(Unanswered):
        await resolver.mx("silent.test")
    assert loop.time() - began < 3


async def test_answers_are_kept_for_their_time(resolver: Resolver, nameserver: Server, seconds: Seconds) -> None:
    for _ in range(3):
        await resolver.mx("example.test")
        with pytest.raises(NoSuchName):
            await resolver.mx("nowhere.test")
    assert len(nameserver.asked) == 2
    seconds.now = TTL + 1
    await resolver.mx("EXAMPLE.test.")
    assert len(nameserver.asked) == 3


async def test_silence_is_not_kept(resolver: Resolver, nameserver: Server) -> None:
    for _ in range(2):
        with pytest.raises(Unanswered):
            await resolver.mx("servfail.test")
    nameserver.zone["servfail.test", "MX"] = ["1 x.test."]
    assert len([asked for asked in nameserver.asked if asked[0] == "servfail.test"]) >= 2


async def test_the_same_question_at_once_is_asked_once(resolver: Resolver, nameserver: Server) -> None:
    await asyncio.gather(*(resolver.mx("example.test") for _ in range(50)))
    assert len(nameserver.asked) == 1


async def test_giving_up_does_not_take_the_answer_from_others(resolver: Resolver) -> None:
    first = asyncio.create_task(resolver.mx("example.test"))
    second = asyncio.create_task(resolver.mx("example.test"))
    await asyncio.sleep(0)
    first.cancel()
    assert len(await second) == 2


async def test_what_is_kept_is_bounded(resolver: Resolver, nameserver: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mailbridge.resolver.KEPT", 2)
    for name in ("example.test", "four.test", "text.test", "example.test"):
        await resolver.mx(name)
    assert len(nameserver.asked) == 4


async def test_another_nameserver_is_asked_when_one_is_down(nameserver: Server, free_port: Callable[[], int]) -> None:
    nameserver.zone.update(ZONE)
    resolver = Resolver([f"127.0.0.1:{free_port()}", nameserver.address], lifetime=3)
    assert len(await resolver.mx("example.test")) == 2


def test_nameservers_are_addresses_with_a_port() -> None:
    assert nameserver("192.0.2.1:5353") == ("192.0.2.1", 5353)
    assert nameserver("192.0.2.1") == ("192.0.2.1", 53)
    assert nameserver("[::1]:5353") == ("::1", 5353)
    assert nameserver("::1") == ("::1", 53)
    for bad in ("dns.test:53", "192.0.2.1:x", ""):
        with pytest.raises(ValueError, match="not an IP address"):
            nameserver(bad)
