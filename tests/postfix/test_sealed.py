"""Our copies in a mailbox behind a real Postfix, as dkimpy verifies them there: DKIM, and the ARC chain."""

from __future__ import annotations

import asyncio
import smtplib

import dkim
import pytest

from tests.mailbridge.intake.street import publish
from tests.mailbridge.proof.signing import Signer
from tests.mailbridge.rewrite import oracle
from tests.mailbridge.rewrite.oracle import verdicts
from tests.mailbridge.rewrite.test_arc import sealed
from tests.postfix.front import AUTHOR, PUBLISHED
from tests.postfix.scene import REACHED, TEAM, Scene
from tests.postfix.world import Arrival

pytestmark = pytest.mark.postfix
ADA = Signer("example.org")
TEXT = "Caf\u00e9 \u00e9t\u00e9\r\n.\r\n..dots\r\n  two   blanks \r\n" + "x" * 900 + "\r\n\r\n \r\n\r\n"
LETTER = (
    f"From: Ada <{AUTHOR}>\r\nTo: {TEAM}\r\nSubject: Sealed\r\nMessage-ID: <sealed@example.org>\r\n"
    f"Date: Mon, 02 Mar 2026 09:00:00 +0000\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n"
    f"Content-Transfer-Encoding: 8bit\r\n\r\n{TEXT}"
).encode()


def names(scene: Scene) -> None:
    """Ada's key, that of the group that sealed before us, and what Ada's domain asks for."""
    publish(scene.nameserver, ADA)
    zone = scene.nameserver.zone
    zone["_dmarc.example.org", "TXT"] = ['"v=DMARC1; p=reject"']
    for one in oracle.identities().speaking_for(oracle.DOMAIN):
        record = oracle.key(one.algorithm).record()
        cut = " ".join(f'"{record[at : at + 200]}"' for at in range(0, len(record), 200))
        zone[f"{one.selector}._domainkey.{oracle.DOMAIN}", "TXT"] = [cut]


async def arrived(scene: Scene, raw: bytes) -> list[Arrival]:
    """What reaches the mailboxes of `raw`, handed to Postfix as it is."""
    names(scene)

    def hand_over() -> None:
        with smtplib.SMTP("127.0.0.1", scene.ports.postfix, timeout=20) as session:
            session.sendmail(AUTHOR, [TEAM], raw, mail_options=["BODY=8BITMIME"])

    await asyncio.to_thread(hand_over)
    return await scene.arrived("Sealed", len(REACHED))


def records(name: bytes, timeout: int = 5) -> bytes:
    """Everybody's keys, ours and the other group's being the same."""
    return ADA.record if name.startswith(ADA.key_name.encode()) else oracle.record(name)


def chain(raw: bytes) -> tuple[bytes | None, int]:
    state, sets, _ = dkim.ARC(raw).verify(dnsfunc=records)
    return state, sets[0]["instance"]


async def test_a_copy_s_signatures_and_seal_hold_and_so_does_the_author_s_own(scene: Scene) -> None:
    for copy in await arrived(scene, ADA.sign(LETTER)):
        assert copy.raw.startswith(b"Received:")  # Postfix was there
        assert verdicts(copy.raw) == [True, True]
        assert dkim.DKIM(copy.raw).verify(2, dnsfunc=records)
        assert chain(copy.raw) == (dkim.CV_Pass, 1)
        assert copy.message["From"] == f"Ada <{AUTHOR}>"
        assert f"d={PUBLISHED};" in copy.message["ARC-Seal"]
        assert chain(copy.raw.replace(b"two   blanks", b"three blanks"))[0] == dkim.CV_Fail


async def test_where_it_does_not_the_group_stands_in_from_and_the_rest_holds(scene: Scene) -> None:
    for copy in await arrived(scene, LETTER):
        assert verdicts(copy.raw) == [True, True]
        assert chain(copy.raw) == (dkim.CV_Pass, 1)
        assert " ".join(copy.message["From"].split()) == f"Ada via Team <{TEAM}>"
        assert copy.message["X-Original-From"] == f"Ada <{AUTHOR}>"


async def test_a_chain_that_came_with_it_goes_on(scene: Scene) -> None:
    for copy in await arrived(scene, sealed(ADA.sign(LETTER))):
        assert chain(copy.raw) == (dkim.CV_Pass, 2)
        assert verdicts(copy.raw) == [True, True]
        assert "cv=pass" in copy.message["ARC-Seal"]
        assert f"arc=pass header.d={oracle.DOMAIN}" in " ".join(copy.message["ARC-Authentication-Results"].split())


async def test_a_chain_that_was_broken_on_the_way_is_said_to_be(scene: Scene) -> None:
    for copy in await arrived(scene, sealed(ADA.sign(LETTER)).replace(b"two   blanks", b"three blanks")):
        assert verdicts(copy.raw) == [True, True]
        assert "cv=fail" in copy.message["ARC-Seal"]
        assert chain(copy.raw) == (None, 2)
