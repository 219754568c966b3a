"""The tour as it is played by `make tour`, on both engines and in both ways of hearing Slack."""

from __future__ import annotations

from sqlmodel import select

from bot.sandbox.checklist import STEPS
from bot.sandbox.tour import Tour
from store.schema.request import Request
from store.terms import PostState, RequestState
from tests.flows.town import Town


async def test_a_group_made_in_slack_carries_mail(either_town: Town) -> None:
    town = either_town
    room = town.sandbox.sink_at
    bridge = await town.bridge(POSTROOM_RELAY=f"smtp://{room}?tls=none")
    bot = await town.bot()
    said: list[str] = []
    tour = Tour(town.pocket)
    await tour.play(said.append)
    assert len(said) == 8
    # What the people saw is also what is kept.
    await town.until(town.all_done)
    async with town.database.reading() as tx:
        asked = (await tx.exec(select(Request.state))).all()
    verbs = await town.verbs()
    assert asked == [RequestState.APPROVED]
    assert [post.state for post in await town.posts()] == [PostState.ACCEPTED, PostState.DISCARDED, PostState.ACCEPTED]
    assert [verbs.count(verb) for verb in ("group.created", "request.approved", "post.discarded")] == [1, 1, 1]
    assert (await town.pocket.get("checklist?since=1"))["done"] == list(STEPS)
    assert (await town.pocket.get("checklist"))["done"] == []
    received = {address: count for address, count in (await town.pocket.mailboxes()).items() if count}
    assert received == dict.fromkeys(tour.contacts, 2) | {"barbara@example.org": 1}
    if town.url.startswith("sqlite"):  # and once more by people who speak French, in a group that does
        now = (await town.pocket.get("checklist"))["now"]
        await Tour(town.pocket, "-fr", language="fr").play(said.append)
        assert (await town.pocket.get(f"checklist?since={now}"))["done"] == list(STEPS)
    for program in (bot, bridge):
        assert await program.end() == 0
        assert "Traceback" not in program.log, program.log
