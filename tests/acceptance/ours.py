"""The steps that need nobody: what the workspace lets Postroom do, tried with the product's own calls and views."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

from sqlmodel import col, select

from bot.faults import Denied, Gone, RateLimited, SlackFault
from bot.views import blocks, cards
from bot.views.blocks import Shown
from store import persons
from store.engine import Reading
from store.schema.notice import Notice, Placement
from store.terms import RequestState
from tests.acceptance.stage import Failed, Skipped, Stage
from tests.bot.views import states
from tests.bot.views.test_subjects import EVERY, draw

SHARED_SECONDS = 20.0  # Slack shares a file some time after it says so
RATE_LIMITS_WAITED = 5
NOT_OFFERED = frozenset({"unknown_method", "method_deprecated", "not_allowed_token_type"})
# Before the bot has met anybody there is nobody; what becomes of that is a step of its own.
LATER = frozenset({"people_none", "operators_none"})


async def doctor(stage: Stage) -> str:
    """What the doctor finds is said with its remedy; a fault ends the run."""
    findings = [one for one in await stage.doctor() if one["name"] not in LATER]
    faults = [one for one in findings if one["level"] == "fault"]
    if faults:
        raise Failed("\n".join(f"{one['found']} {one['remedy']}".strip() for one in faults))
    for one in findings:
        if one["level"] == "warning" and one["name"] != "command_unheard":
            stage.tell(f"     warning: {one['found']} {one['remedy']}")
        elif one["level"] == "skipped":
            stage.tell(f"     optional: {one['found']}")
    return f"{sum(one['level'] == 'ok' for one in findings)} findings are in order"


async def alone(stage: Stage) -> str:
    """Slack gives each click to one of the app's sockets: with a second bot, to ours or to that."""
    async with stage.slack.line(stage.given.app_token) as connections:
        if connections > 1:
            raise Failed(
                f"{connections - 1} other socket(s) of this app are open, and would get some of the clicks: end "
                "the bot that has them, or use the tokens of another app"
            )
    return "no other bot answers for this app"


async def channel(stage: Stage) -> str:
    """The channel of the run is there and open to us."""
    await stage.slack.authenticate()
    try:
        found = await stage.slack.channel(stage.given.channel)
    except Gone as gone:
        raise Failed(f"{gone.error}: give a channel's id, and invite the app to it if it is private") from gone
    if found.direct or found.archived:
        raise Failed("a report needs a channel that is neither a direct message nor archived: give another")
    if not found.member:
        raise Failed(f"the app is not in #{found.name}: invite it there")
    stage.channel_name = found.name
    return f"#{found.name}"


async def card(stage: Stage) -> str:
    """A card is posted, redrawn as decided, and deleted; and Slack tells the one from the other."""
    waiting = cards.request("en", states.request_card("Postroom's check: no decision is asked of anybody"))
    decided = states.request_card("Postroom's check", state=RequestState.APPROVED, verdict=cards.Verdict(None, None))
    where, ts = await stage.slack.post(stage.given.channel, waiting)
    try:
        await stage.slack.update(where, ts, cards.request("en", decided))
        stood = await stage.slack.stands(where, ts)
    finally:
        await stage.slack.forget(where, ts)
    if not stood or await stage.slack.stands(where, ts):
        raise Failed("chat.getPermalink does not tell whether a message was deleted: answers to it would be lost")
    return "posted, redrawn, deleted"


async def file(stage: Stage) -> str:
    """A file is shared, read back to the octet, and deleted."""
    content = f"address,name\ncheck-{stage.number}@example.com,É\n".encode()
    file_id = await stage.slack.upload(stage.given.channel, f"check-{stage.number}.csv", content)
    try:
        name, read = await _shared(stage, file_id)
    finally:
        await stage.slack.forget_file(file_id)
    if (name, read) != (f"check-{stage.number}.csv", content):
        raise Failed(f"{name} came back with {len(read)} octets, not the {len(content)} that were shared")
    return f"{len(content)} octets came back as they went"


async def _shared(stage: Stage, file_id: str) -> tuple[str, bytes]:
    deadline = asyncio.get_running_loop().time() + SHARED_SECONDS
    while True:
        try:
            return await stage.slack.download(file_id)
        except (Denied, Gone):
            if asyncio.get_running_loop().time() > deadline:
                raise
            await asyncio.sleep(1)


def drawn() -> Iterator[tuple[str, dict[str, Any]]]:
    """Every message and view there is, by the name of what draws it, as blocks.validate takes them."""
    for name in EVERY:
        made = draw(name, "word")
        for one in made if isinstance(made, list | tuple) else [made]:
            if isinstance(one, Shown):
                yield name, {"blocks": one.blocks}
                if one.instead is not None:
                    yield name, {"blocks": one.instead}
            elif isinstance(one, dict) and one.get("type") in {"modal", "home"}:
                yield name, {"view": one}


async def valid(stage: Stage) -> str:
    """Slack itself looks at every kind of message and view, where it offers to."""
    wrong, looked = [], 0
    for name, what in drawn():
        try:
            await _looked_at(stage, what)
        except Denied as refusal:
            if refusal.error in NOT_OFFERED and not looked:
                raise Skipped(f"blocks.validate is not offered here ({refusal.error})") from refusal
            wrong.append(f"{name}: {refusal}")
        looked += 1
    if wrong:
        raise Failed("\n".join(wrong))
    return f"{looked} messages and views"


async def _looked_at(stage: Stage, what: dict[str, Any]) -> None:
    for _ in range(RATE_LIMITS_WAITED):
        try:
            return await stage.slack.valid(**what)
        except RateLimited as limit:
            await asyncio.sleep(limit.seconds)
    raise Failed("Slack asks to wait again and again: try later")


async def begin(stage: Stage) -> str:
    """The bot, the bridge and the mail room run, and the bot knows the people."""
    await stage.begin()

    async def met(tx: Reading) -> tuple[int, int, int] | None:
        people, addressed = await persons.counted(tx)
        return (people, addressed, len(await persons.operators(tx))) if people and await stage.open() else None

    people, addressed, operators = await stage.until(
        met, "the bridge answers, and the bot meets the people of the workspace", seconds=stage.given.patience
    )
    if not operators:
        raise Failed("nobody may create groups: set POSTROOM_OPERATORS to your Slack id (U…)")
    return f"{people} people, {addressed} with an address, {operators} of them operators"


async def said(stage: Stage) -> str:
    """All that had to be said in Slack stands there as it is now."""

    async def silent(tx: Reading) -> list[Placement] | None:
        every = (await tx.exec(select(Placement).order_by(col(Placement.id)))).all()
        return list(every) if all(one.state == "dead" or one.shown >= one.wanted for one in every) else None

    every = await stage.until(silent, "every message is posted and redrawn")
    dead = [f"{one.target}: {one.error}" for one in every if one.state == "dead"]
    if dead:
        raise Failed("Slack would not take " + "; ".join(dead))
    return f"{len(every)} messages"


async def clean(stage: Stage) -> str:
    """What the run posted is deleted, and the Home tab says so; the group goes with the database."""
    await stage.end()
    async with stage.database.reading() as tx:
        query = select(Placement).join(Notice, col(Notice.id) == col(Placement.notice_id)).order_by(col(Placement.id))
        placed = [(one.channel, one.ts) for one in (await tx.exec(query)).all() if one.channel and one.ts]
    left = []
    for where, ts in placed:
        try:
            await _forgotten(stage, where, ts)
        except SlackFault as fault:
            left.append(f"{where} {ts}: {fault}")
    if stage.person is not None:
        over = "Postroom's check is over. Its group was there for the check alone."
        await stage.slack.publish_home(stage.person.slack_id, {"type": "home", "blocks": [blocks.section(over)]})
    if left:
        raise Failed("still there: " + "; ".join(left))
    return f"{len(placed)} messages deleted"


async def _forgotten(stage: Stage, where: str, ts: str) -> None:
    for _ in range(RATE_LIMITS_WAITED):
        try:
            return await stage.slack.forget(where, ts)
        except RateLimited as limit:
            await asyncio.sleep(limit.seconds)
        except Gone as gone:
            if gone.error == "message_not_found":  # by the human, say
                return None
            raise
    return None
