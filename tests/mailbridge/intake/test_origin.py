"""What a post keeps for the making of its copies, over real sockets: the author's wish, signatures, and the chain."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from ipaddress import ip_network
from typing import Any

import pytest

from mailbridge.intake.authenticate import Relays
from mailbridge.intake.evidence import Examiner
from mailbridge.policy import shape
from store.engine import Database
from store.terms import Origin, PostState
from tests.mailbridge.deliver.nameserver import Nameserver
from tests.mailbridge.intake.room import AUTHSERV_ID
from tests.mailbridge.intake.street import ADA, EVE, LETTER, Street, built, publish
from tests.mailbridge.intake.test_evidence import clock
from tests.mailbridge.proof.signing import Signer
from tests.mailbridge.rewrite import oracle
from tests.mailbridge.rewrite.test_arc import sealed

VERDICT = f"Authentication-Results: {AUTHSERV_ID}; dmarc=pass header.from=example.com\r\n".encode()


@pytest.fixture
async def street(database: Database, nameserver: Nameserver) -> AsyncIterator[Street]:
    async with built(database, nameserver) as one:
        yield one


@pytest.fixture
async def behind(sqlite_database: Database, nameserver: Nameserver) -> AsyncIterator[Street]:
    """A listener that trusts whoever connects as its front relay."""
    relays = Relays((ip_network("127.0.0.1"),), AUTHSERV_ID)
    async with built(sqlite_database, nameserver, relays=relays, proxies=[]) as one:
        yield one


async def kept(street: Street, raw: bytes, *, direct: bool = False) -> Origin:
    """The facts of the post that `raw` makes."""
    if direct:
        client = await street.room.client()
        assert (await client.submit(raw, "team@example.org")).startswith("250")
    else:
        assert (await street.mail(raw)).startswith("250")
    return Origin.from_json((await street.room.posts())[-1].origin)


async def test_the_signatures_that_hold_and_those_that_are_the_author_s_own(street: Street) -> None:
    """Counted from the top: hers, one that does not fit, another's, and a relative's."""
    below = Signer("mail.example.com", seed=b"\5" * 32)
    publish(street.nameserver, below)
    broken = ADA.sign(LETTER, names=("from", "subject", "date")).replace(b"h=from", b"h=date : from", 1)
    raw = ADA.sign(EVE.sign(below.sign(LETTER)))
    top, rest = raw[: raw.index(b"DKIM-Signature", 5)], raw[raw.index(b"DKIM-Signature", 5) :]
    raw = top + broken[: broken.index(b"From:")] + rest
    origin = await kept(street, raw)
    assert origin == Origin(asks=True, signed=(0, 2, 3), own=(0, 3), chain="none")


@pytest.mark.parametrize(
    ("record", "asks"), [("p=reject", True), ("p=quarantine", True), ("p=none", False), ("p=none; sp=reject", False)]
)
async def test_what_her_domain_asks_for_though_a_relay_of_ours_has_judged(
    behind: Street, record: str, asks: bool
) -> None:
    behind.nameserver.zone["_dmarc.example.com", "TXT"] = [f'"v=DMARC1; {record}"']
    assert await kept(behind, VERDICT + LETTER, direct=True) == Origin(asks=asks, chain="none")
    (post,) = await behind.room.posts()
    assert (post.state, post.verdict, post.results) == (
        PostState.ACCEPTED, "relay_pass", ["dmarc=pass header.from=example.com"]
    )  # fmt: skip


async def test_her_signature_and_the_chain_are_looked_at_though_a_relay_of_ours_has_judged(behind: Street) -> None:
    for number in (0, 1):
        one = oracle.identities().speaking_for(oracle.DOMAIN)[number]
        record = oracle.key(one.algorithm).record()
        cut = " ".join(f'"{record[at : at + 200]}"' for at in range(0, len(record), 200))
        behind.nameserver.zone[f"{one.selector}._domainkey.{oracle.DOMAIN}", "TXT"] = [cut]
    # As another group's copy; nobody signs the loop mark.
    raw = sealed(ADA.sign(LETTER))
    origin = await kept(behind, VERDICT + raw, direct=True)
    assert (origin.asks, origin.chain, len(origin.signed), len(origin.own)) == (True, "pass", 3, 1)
    (post,) = await behind.room.posts()
    assert [text.partition(" ")[0] for text in post.results] == ["dkim=pass"] * 3 + ["arc=pass", "dmarc=pass"]
    broken = raw.replace(b"Shall we?", b"Shall I?").replace(b"<1@", b"<2@")
    assert await kept(behind, VERDICT + broken, direct=True) == Origin(asks=True, chain="fail")


async def test_where_nobody_answers_it_is_as_if_her_domain_asked(behind: Street) -> None:
    del behind.nameserver.zone["_dmarc.example.com", "TXT"]
    behind.nameserver.failing.add("_dmarc.example.com")
    assert await kept(behind, VERDICT + ADA.sign(LETTER), direct=True) == Origin(True, (1,), (1,), "none")


async def test_a_held_post_keeps_the_facts_of_when_it_came(street: Street) -> None:
    raw = EVE.sign(LETTER.replace(b"Ada <ada@example.com>", b"Eve <eve@evil.example>"))
    assert await kept(street, raw) == Origin(True, (0,), (0,), "none")
    assert (await street.post()).state is PostState.HELD


class Silent:
    """A DNS that never answers."""

    async def lookup(self, name: str, kind: str) -> tuple[Any, ...]:
        await asyncio.Event().wait()
        raise AssertionError(name, kind)


async def test_a_judged_mail_waits_for_silent_servers_no_longer_than_is_worth_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Were it as long as where an answer may prove the author, the test would run into its time limit."""
    monkeypatch.setattr("mailbridge.intake.evidence.POLICY_SECONDS", 0.05)
    for raw, judged in ((ADA.sign(LETTER), True), (LETTER, False)):
        message = shape.examine(raw, 1_000)
        assert isinstance(message, shape.Shape)
        examiner = Examiner(Silent(), clock, seconds=600)
        found = await examiner.examine(message, "", "", "", spf_counts=False, judged=judged)
        examiner.close()
        assert found.origin.asks
