"""Fifty clicks of two moderators on one card: the first decides, once; forty-nine are told so; the mail obeys."""

from __future__ import annotations

import asyncio
from itertools import cycle, islice

from sqlmodel import select

from bot.views.ids import Action
from store import persons, requests
from store.schema.request import Request
from store.terms import Address, PostState, RequestState
from tests.flows.town import Town, contacts

CLICKS = 50
ROOM = "#moderators"
LATE = "somebody was faster"


async def click(town: Town, *actions: Action) -> None:
    """Ada and Grace click at the newest card, all at once, each time the next of the actions.

    The card cannot be redrawn meanwhile, so that every click is one on a card that still has its buttons.
    """
    await town.pocket.control(outage="503", methods="chat.update")
    turns = zip(cycle(["ada", "grace"]), cycle(actions), strict=False)
    clicks = [town.pocket.click(person, action, channel=ROOM) for person, action in islice(turns, CLICKS)]
    answers = await asyncio.gather(*clicks)
    assert all(answer["ok"] for answer in answers), answers

    async def told() -> bool:
        return await late(town) == CLICKS - 1

    await town.until(told)
    await town.pocket.control(recover=True)


async def late(town: Town) -> int:
    """How many clicks were answered that somebody was faster."""
    seen = [message for person in ("ada", "grace") for message in await town.pocket.messages(person, ROOM)]
    return sum(LATE in town.pocket.text(message) for message in seen)


async def held(town: Town, count: int) -> str:
    """A group with so many contacts, to which a stranger's mail waits; gives its address."""
    group = await town.group("team", contacts(count), moderation_channel="C0MODERATORS")
    await town.bridge()
    await town.bot()
    answer = await town.pocket.compose("eve@example.net", group.address, "Buy now", "Cheap!\n", verdict="stranger")
    assert answer["ok"], answer
    await town.pocket.wait_message("grace", ROOM, "waits for a decision")
    return group.address


async def test_a_held_post_is_released_once(town: Town) -> None:
    await held(town, 20)
    await click(town, Action.POST_RELEASE)
    report = await town.finished()
    assert (await town.verbs()).count("post.released") == 1
    assert town.sink.recipients == set(contacts(20))
    assert (town.sink.extra, report.counts["relayed"]) == (0, 20)
    await town.pocket.wait_message("ada", ROOM, "Released by")
    assert await late(town) == CLICKS - 1


async def test_release_against_discard_has_one_winner_and_its_effect(town: Town) -> None:
    address = await held(town, 20)
    await click(town, Action.POST_RELEASE, Action.POST_DISCARD)
    # What is mailed afterwards has gone out once everything before it could have.
    await town.submit(address)
    await town.until(town.all_done)
    decided, follower = await town.posts()
    released = decided.state is PostState.ACCEPTED
    verbs = await town.verbs()
    assert (verbs.count("post.released"), verbs.count("post.discarded")) == (released, not released)
    assert released or decided.state is PostState.DISCARDED
    assert follower.state is PostState.ACCEPTED
    assert len(town.sink.taken) == town.sink.total == 20 * (1 + released)
    await town.pocket.wait_message("ada", ROOM, "Released by" if released else "Discarded by")
    assert await late(town) == CLICKS - 1


async def test_a_request_is_approved_once(town: Town) -> None:
    group = await town.group("team", contacts(1), moderation_channel="C0MODERATORS")
    await town.bot()
    async with town.database.writing() as tx:
        linus = await persons.by_slack(tx, "U0LINUS")
        assert linus is not None
        await requests.ask(tx, group, linus, Address.parse("linus@example.org"), "Please")
    await town.pocket.wait_message("grace", ROOM, "asks to join")
    await click(town, Action.REQUEST_APPROVE)
    async with town.database.reading() as tx:
        states = (await tx.exec(select(Request.state))).all()
    assert states == [RequestState.APPROVED]
    verbs = await town.verbs()
    assert verbs.count("request.approved") == 1
    await town.pocket.wait_message("linus", "dm", f"You are in *{group.address}* now")
    told = [town.pocket.text(message) for message in await town.pocket.messages("linus", "dm")]
    assert sum("You are in" in text for text in told) == 1
    await town.pocket.wait_message("ada", ROOM, "Approved by")
