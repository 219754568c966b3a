"""One's own place in a group, by command: join, leave, pause, resume, test."""

from __future__ import annotations

from store import groups, requests
from store.terms import Receiving
from tests.bot.commands.conftest import ADA, BOTH, GRACE, LINUS, MARGARET, NOOR, TEAM, Office


@BOTH
async def test_join_open_moderated_closed_twice_and_pending(office: Office) -> None:
    await office.create()
    assert "You asked to join" in await office.ask(LINUS, "join team I work with <!here> & you")
    assert "is waiting for its moderators already" in await office.ask(LINUS, "join team")
    async with office.database.reading() as tx:
        group = await groups.find(tx, TEAM)
        assert group is not None
        assert group.id is not None
        (request,) = await requests.waiting_in(tx, [group.id])
    assert (request.address, request.kind) == ("linus@example.org", "join")
    await office.ask(ADA, "settings team subscription open")
    assert "reaches you at margaret@example.org" in await office.ask(MARGARET, "join team")
    assert "receive the mail of" in await office.ask(MARGARET, "join team")
    await office.ask(ADA, "settings team subscription closed")
    assert "Ask Ada Byron" in await office.ask(GRACE, "join team")
    assert "no e-mail address for you" in await office.ask(NOOR, "join team")
    assert await office.place(GRACE) is None


async def test_leaving_and_its_policies(office: Office) -> None:
    await office.create(people={"contacts": [LINUS, MARGARET, GRACE]})
    assert "You left" in await office.ask(LINUS, "leave team")
    assert await office.place(LINUS) is None
    assert "not on the roster" in await office.ask(LINUS, "leave team")
    await office.ask(ADA, "settings team leave moderated")
    assert "asked to take you off" in await office.ask(MARGARET, "leave team")
    await office.ask(ADA, "settings team leave closed")
    assert "Only its administrators can take you off" in await office.ask(GRACE, "leave team")
    for one in (MARGARET, GRACE):
        place = await office.place(one)
        assert place is not None
        assert place.receiving is Receiving.STOPPED


async def test_the_last_administrator_stays(office: Office) -> None:
    await office.create()
    assert "Make another person administrator first" in await office.ask(ADA, "leave team")
    assert "Make another person administrator first" in await office.ask(ADA, "remove team @ada")
    assert "Make another person administrator first" in await office.ask(ADA, "remove team @ada as administrator")
    place = await office.place(ADA)
    assert place is not None
    assert place.administrator


async def test_pause_and_resume(office: Office) -> None:
    await office.create(people={"contacts": [LINUS]})
    assert "until you resume" in await office.ask(LINUS, "pause team")
    assert "until" in await office.ask(LINUS, "pause team 2 weeks")
    place = await office.place(LINUS)
    assert place is not None
    assert place.paused_until is not None
    assert place.paused_until.isoformat() == "2026-03-15T23:00:00+00:00"  # midnight in Stockholm
    assert "come again" in await office.ask(LINUS, "resume team")
    assert "on already" in await office.ask(LINUS, "resume team")
    assert "is not after today" in await office.ask(LINUS, "pause team 2026-03-02")
    assert "not a day" in await office.ask(LINUS, "pause team when I say so")
    assert "receive no mail" in await office.ask(ADA, "pause team")


async def test_a_test_mail_is_for_deciders_with_an_address(office: Office) -> None:
    await office.create(people={"moderators": [NOOR], "contacts": [LINUS]})
    assert "on its way" in await office.ask(ADA, "test team")
    assert "nowhere to send" in await office.ask(NOOR, "test team")
    assert "Only moderators and administrators" in await office.ask(LINUS, "test team")
