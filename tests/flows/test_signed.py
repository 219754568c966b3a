"""Straight to our own port, with no relay that vouches: what the author's domain signed is theirs, and nothing else."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from store.terms import PostState, Standing
from tests.flows.town import AUTHOR, Town
from tests.mailbridge.deliver.nameserver import Nameserver
from tests.mailbridge.proof.signing import Signer

ADA = Signer("example.org")
MODERATION = "#moderators"


@pytest.fixture
async def nameserver() -> AsyncIterator[Nameserver]:
    server = await Nameserver().start()
    server.zone[ADA.key_name, "TXT"] = [f'"{ADA.record.decode()}"']
    server.zone["_dmarc.example.org", "TXT"] = ['"v=DMARC1; p=quarantine"']
    yield server
    server.stop()


def _letter(number: int) -> bytes:
    return (
        f"From: Ada <{AUTHOR}>\r\nTo: all@groups.example.org\r\nSubject: Story {number}\r\n"
        f"Message-ID: <signed-{number}@example.org>\r\nDate: Mon, 02 Mar 2026 09:00:00 +0000\r\n\r\nIt begins.\r\n"
    ).encode()


async def test_a_signed_mail_is_a_members_and_an_altered_one_is_held(town: Town, nameserver: Nameserver) -> None:
    group = await town.group("all", ["contact@example.net"])
    alone = {
        "POSTROOM_NAMESERVERS": nameserver.address,
        "POSTROOM_TRUSTED_RELAYS": None,
        "POSTROOM_AUTHSERV_ID": None,
    }
    await town.bridge(**alone)
    await town.bot()
    raw = ADA.sign(_letter(1), names=("from", "to", "subject", "date", "message-id"))
    await town.submit(group.address, raw)
    await town.finished()
    await town.submit(group.address, ADA.sign(_letter(2)).replace(b"It begins.", b"Pay this bill."))
    first, second = await town.posts()
    assert (first.state, first.verdict, first.standing) == (PostState.ACCEPTED, "dkim_pass", Standing.ADMINISTRATOR)
    assert (second.state, second.authenticated) == (PostState.HELD, False)
    assert [given["name"] for given in second.reasons] == ["unproven", "dkim_body", "spf_indirect", "dmarc_quarantine"]
    assert town.sink.total == 1
    card = await town.pocket.wait_message("grace", "dm", "does not fit")
    said = town.pocket.text(card)
    assert "The signature of example.org (DKIM) does not fit: the text was changed after it was signed" in said
    assert "nothing proves that ada@example.org wrote it" in said
    assert "example.org asks to treat such mail with suspicion (DMARC)" in said
