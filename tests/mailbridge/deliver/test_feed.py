"""A lane's claims between the worker and its connections, signed or not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

import dkim
import pytest

from mailbridge.deliver.editions import Publication, Publisher
from mailbridge.deliver.feed import LaneFeed
from mailbridge.deliver.parcel import Parcel, sign
from mailbridge.deliver.sealing import Sealing
from mailbridge.deliver.signers import Done, Job, Signers
from mailbridge.rewrite import arc
from mailbridge.rewrite.covered import body_hash
from mailbridge.rewrite.dkim import templates
from mailbridge.rewrite.edition import Offers, edition
from mailbridge.rewrite.trace import Trace
from mailbridge.rewrite.wire import unstuffed
from mailbridge.tokens import Tokens
from store.queue import Claim
from store.terms import Copies, GroupKind, GroupPolicy, Outcome
from tests.mailbridge.rewrite import oracle

MOMENT = datetime(2026, 3, 2, 9, 0, 1, tzinfo=UTC)
GROUP = GroupPolicy(1, GroupKind.GROUP, f"team@{oracle.DOMAIN}", f"team@{oracle.DOMAIN}", "The team")
RAW = b"From: ada@example.com\r\nTo: team@lists.example.org\r\nSubject: Lunch\r\n\r\n.Hello\r\n"


class Here(Signers):
    """Signs in this process, when it is told to."""

    def __init__(self) -> None:
        super().__init__([], 2)
        self.batches: list[tuple[Sequence[Job], Done]] = []

    def sign(self, jobs: Sequence[Job], done: Done) -> None:
        self.batches.append((jobs, done))

    def work(self) -> None:
        """Do all batches, the last first."""
        while self.batches:
            batch, done = self.batches.pop()
            done([oracle.sign(number, digest) for number, digest in batch])


def publication(group: GroupPolicy = GROUP, *, signed: bool = True, sealed: bool = False) -> Publication:
    trace = Trace("P3K7", MOMENT, f"mx.{oracle.DOMAIN}")
    made = edition(RAW, group, trace, Offers(leave_mailto=True, one_click=True, owner=True))
    names = oracle.identities().speaking_for(oracle.DOMAIN) if signed else ()
    hashed = body_hash(made.head, made.wire)
    signed_by = templates(made.head, hashed, names, MOMENT)
    seal = arc.seal(made.head, hashed, trace, "none", names, MOMENT) if sealed else None
    sealing = None if seal is None else Sealing(seal)
    return Publication(group, made, group.route.rpartition("@")[2], signed_by, sealing)


def claim(number: int, post_id: int = 1) -> Claim:
    return Claim(
        id=number, lane_id=1, post_id=post_id, letter_id=None, address=f"u{number}@example.net",
        membership_id=number, attempts=0, deferred=False, created_at=MOMENT,
    )  # fmt: skip


@pytest.fixture
def settled() -> list[tuple[Claim, Outcome]]:
    return []


@pytest.fixture
def feed(settled: list[tuple[Claim, Outcome]]) -> LaneFeed:
    tokens = Tokens([b"a secret of these tests"])
    publisher = Publisher(f"mx.{oracle.DOMAIN}", tokens, "https://groups.example.org")
    return LaneFeed(publisher, lambda claim, outcome: settled.append((claim, outcome)))


def pass_on(feed: LaneFeed, parcels: Sequence[Parcel]) -> None:
    for parcel in parcels:
        feed.signed(parcel)


def test_unsigned_copies_may_go_at_once(feed: LaneFeed) -> None:
    plain = publication(signed=False)
    assert feed.put([(claim(number), plain) for number in (1, 2)]) == []
    assert (len(feed), feed.held) == (2, 2)
    envelope = feed.take()
    assert envelope is not None
    assert envelope.recipients == ["u1@example.net"]
    assert envelope.prefix.startswith(b"List-Unsubscribe:")
    assert (len(feed), feed.in_flight, feed.held) == (1, 1, 2)


def test_no_copy_goes_before_it_is_signed_and_then_it_verifies(feed: LaneFeed) -> None:
    signers = Here()
    ours = publication()
    parcels = feed.put([(claim(number), ours) for number in range(1, 61)])
    assert (len(feed), feed.held, feed.take()) == (0, 60, None)
    sign(signers, parcels, lambda done: pass_on(feed, done))
    assert sum(len(jobs) for jobs, _ in signers.batches) == 120
    assert max(len(jobs) for jobs, _ in signers.batches) <= 60
    signers.work()
    assert (len(feed), feed.held) == (60, 60)
    seen = set()
    while envelope := feed.take():
        copy = unstuffed(envelope.prefix + envelope.body)
        assert oracle.verdicts(copy) == [True, True]
        assert envelope.size == len(copy)
        seen.add(envelope.recipients[0])
    assert len(seen) == 60
    assert feed.in_flight == 60


def test_shared_copies_share_one_signature(feed: LaneFeed) -> None:
    signers = Here()
    shared = publication(replace(GROUP, copies=Copies.SHARED))
    sign(signers, feed.put([(claim(number), shared) for number in range(40)]), lambda done: pass_on(feed, done))
    assert [len(jobs) for jobs, _ in signers.batches] == [2]  # a job for each key; ready together, they go together
    signers.work()
    envelope = feed.take()
    assert envelope is not None
    assert len(envelope.recipients) == 40
    assert oracle.verdicts(unstuffed(envelope.prefix + envelope.body)) == [True, True]
    assert feed.take() is None


@pytest.mark.parametrize("copies", list(Copies))
def test_a_seal_is_made_once_and_all_copies_wait_for_it(feed: LaneFeed, copies: Copies) -> None:
    signers = Here()
    ours = publication(replace(GROUP, copies=copies), sealed=True)
    for numbers in ((1, 2, 3), (4,)):  # the second while the first still wait
        sign(signers, feed.put([(claim(number), ours) for number in numbers]), lambda done: pass_on(feed, done))
    assert [len(jobs) for jobs, _ in signers.batches] == [1]
    signers.work()
    sign(signers, feed.put([(claim(5), ours)]), lambda done: pass_on(feed, done))
    assert [len(jobs) for jobs, _ in signers.batches] == [2]  # its own signatures alone
    signers.work()
    envelopes = list(iter(feed.take, None))
    assert sorted(address for each in envelopes for address in each.recipients) == [
        f"u{number}@example.net" for number in range(1, 6)
    ]
    for each in envelopes:
        copy = unstuffed(each.prefix + each.body)
        assert each.size == len(copy)
        assert oracle.verdicts(copy) == [True, True]
        assert dkim.ARC(copy).verify(dnsfunc=oracle.record)[0] == dkim.CV_Pass
        assert copy.count(b"ARC-Seal:") == 1


def test_what_is_withdrawn_while_its_seal_is_made_stays_withdrawn(feed: LaneFeed) -> None:
    signers = Here()
    sign(signers, feed.put([(claim(1), publication(sealed=True))]), lambda done: pass_on(feed, done))
    assert [each.id for each in feed.withdraw(1)] == [1]
    signers.work()
    assert feed.take() is None
    assert feed.held == 0


def test_what_is_withdrawn_while_it_is_signed_stays_withdrawn(feed: LaneFeed) -> None:
    signers = Here()
    ours, plain = publication(), publication(signed=False)
    parcels = feed.put([(claim(1), ours), (claim(2, post_id=2), ours), (claim(3), plain), (claim(4, post_id=2), plain)])
    sign(signers, parcels, lambda done: pass_on(feed, done))
    assert {each.id for each in feed.withdraw(1)} == {1, 3}
    assert feed.held == 2
    signers.work()
    taken = [envelope.recipients for envelope in iter(feed.take, None)]
    assert taken == [["u4@example.net"], ["u2@example.net"]]


def test_all_is_withdrawn_signed_or_not(feed: LaneFeed) -> None:
    signers = Here()
    ours = publication()
    sign(signers, feed.put([(claim(1), ours)]), lambda done: pass_on(feed, done))
    signers.work()
    feed.put([(claim(2), ours)])
    assert [each.id for each in feed.withdraw()] == [1, 2]
    assert (len(feed), feed.held, feed.take()) == (0, 0, None)
