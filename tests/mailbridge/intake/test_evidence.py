"""Gathering evidence: bounded in time, in questions and in what it takes from the event loop."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime

import pytest

from mailbridge.intake.evidence import Examiner
from mailbridge.policy import shape
from mailbridge.proof import dkim, dmarc
from mailbridge.proof.judgement import Evidence
from mailbridge.resolver import Resolver
from tests.mailbridge.deliver.nameserver import Nameserver
from tests.mailbridge.intake.street import ADA, LETTER, publish
from tests.mailbridge.proof.signing import RSA_1024, Signer


def clock() -> datetime:
    return datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


async def examined(raw: bytes, server: Nameserver, *, seconds: float = 10.0, client: str = "") -> Evidence:
    message = shape.examine(raw, 1_000)
    assert isinstance(message, shape.Shape)
    examiner = Examiner(Resolver([server.address]), clock, seconds=seconds)
    try:
        return await examiner.examine(message, "ada@example.com", "mx.test", client, spf_counts=bool(client))
    finally:
        examiner.close()


async def test_silent_name_servers_cost_a_bounded_time(nameserver: Nameserver) -> None:
    """All questions of a message share one deadline, however many names a stranger makes us ask for."""
    raw = LETTER
    for number in range(dkim.MOST_TRIED + 5):
        raw = Signer(f"s{number}.test", "silent", seed=bytes([number + 1]) * 32).sign(raw)
    nameserver.zone["example.com", "TXT"] = ['"v=spf1 a:silent.a.test a:silent.b.test -all"']
    began = asyncio.get_running_loop().time()
    async with asyncio.timeout(60):
        evidence = await examined(raw, nameserver, seconds=1.0, client="198.51.100.7")
    assert asyncio.get_running_loop().time() - began < 30  # one question alone may take ten by itself
    assert {one.reason for one in evidence.dkim} == {"unanswered"}
    assert evidence.spf is not None
    assert evidence.spf.result == "temperror"
    assert evidence.dmarc is not None
    assert evidence.dmarc.result is dmarc.Result.TEMPERROR


async def test_the_same_questions_are_not_asked_again(nameserver: Nameserver) -> None:
    publish(nameserver, ADA)
    resolver = Resolver([nameserver.address])
    message = shape.examine(ADA.sign(LETTER), 1_000)
    assert isinstance(message, shape.Shape)
    examiner = Examiner(resolver, clock)
    for _ in range(3):
        evidence = await examiner.examine(message, "", "", "", spf_counts=False)
        assert evidence.dkim[0].reason == ""
    examiner.close()
    assert sorted(name for name, *_ in nameserver.asked) == sorted(
        ["sel._domainkey.example.com", "_dmarc.example.com", "_dmarc.com"]
    )


async def test_whether_a_name_exists_is_asked_only_where_it_matters(nameserver: Nameserver) -> None:
    nameserver.zone["_dmarc.example.com", "TXT"] = ['"v=DMARC1; p=none; np=reject"']
    letter = LETTER.replace(b"ada@example.com", b"ada@nosuch.example.com")
    for there in (False, True):
        if there:
            nameserver.zone["nosuch.example.com", "MX"] = ["10 mx.example.com."]
        evidence = await examined(Signer("evil.example").sign(letter), nameserver)
        assert evidence.dmarc is not None
        assert evidence.dmarc.policy is not None
        assert evidence.dmarc.policy.request(exists=evidence.exists) == ("none" if there else "reject")


@pytest.mark.parametrize("filling", [b"x" * 75 + b"\r\n", b" " * 1_000_000 + b"\r\n", b"\r\n", b"a \tb \r\n"])
async def test_big_signed_mail_neither_holds_up_the_loop_nor_costs_a_second_a_megabyte(
    nameserver: Nameserver, filling: bytes
) -> None:
    """Ten signatures over 20 MB. What is measured is our own processor time, which other programs do not add to."""
    megabytes = 20
    signers = [Signer(selector=f"k{number}", pem=RSA_1024) for number in range(dkim.MOST_TRIED)]
    publish(nameserver, *signers)
    raw = LETTER
    for one in signers:
        raw = one.sign(raw, canonical="relaxed/simple" if one.selector > "k4" else "relaxed/relaxed")
    raw += filling * (megabytes * 1_048_576 // len(filling)) + b"end\r\n"
    slices: list[float] = []

    async def beat() -> None:
        while True:
            began = time.thread_time()
            await asyncio.sleep(0)
            slices.append(time.thread_time() - began)

    beating = asyncio.create_task(beat())
    began = time.process_time()
    evidence = await examined(raw, nameserver)
    beating.cancel()
    assert [one.reason for one in evidence.dkim] == ["body"] * dkim.MOST_TRIED
    assert len(slices) > 100  # the loop ran on all the while
    # The beats' own time is taken off: they keep the loop busy for the sake of the test.
    assert time.process_time() - began - sum(slices) < megabytes
