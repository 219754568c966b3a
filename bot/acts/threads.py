"""What people type in the thread of a report: they are told that it stays in Slack, and it becomes an answer by mail
only by their click."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import structlog

from bot.acts import check, compositions
from bot.context import Context, NotAllowed, Services, Typed
from bot.faults import SlackFault
from bot.views import threads as views
from bot.views.blocks import Shown, View
from store import compositions as mails
from store import conversations, offers, persons
from store.engine import Reading
from store.schema.group import Group
from store.schema.offer import Offer
from store.schema.post import Post
from store.terms import Refused

log = structlog.get_logger()
READ_WITHIN = 1.2  # seconds; the form has to open within three


async def typed(services: Services, said: Typed) -> None:
    """Offer to send it, if it stands under a report of ours and its author could. Raises DatabaseBusy."""
    async with services.database.reading() as tx:
        first = await conversations.told_at(tx, said.channel_id, said.thread_ts)
        if first is None:
            return  # nobody's business of ours: nothing of it is kept, nor logged
        person = await persons.by_slack(tx, said.slack_id)
        if person is None or person.id is None or not await offers.wanted(tx, first, person.id):
            return
        group = await _answering(Context(services, person), tx, first)
    if group is None:
        return
    async with services.database.writing() as tx:
        offer_id = await offers.make(tx, first, person.id, said.ts)
    if offer_id is None:
        return
    shown = views.offer(person.locale, offer_id, group.address)
    try:
        await services.slack.whisper(said.channel_id, said.slack_id, shown, thread=said.thread_ts)
    except SlackFault as fault:
        log.info("offer.unsaid", offer=offer_id, cause=fault)
        async with services.database.writing() as tx:
            await offers.withdraw(tx, offer_id)


async def _answering(context: Context, tx: Reading, first: int) -> Group | None:
    """The group of a post that this person could answer by mail; None where they could not."""
    if mails.unfit(context.person) is not None:
        return None
    try:
        _, group = await compositions.answered(context, tx, first)
    except (Refused, NotAllowed):
        return None
    return None if await check.refuses(tx, group, context.person.email or "") else group


async def of_message(context: Context, channel_id: str, message: Mapping[str, Any]) -> View | None:
    """The form of an answer for the shortcut at a message that stands in the thread of a report, or is one; None for
    any other. Raises Refused, NotAllowed."""
    ts, thread = str(message.get("ts") or ""), str(message.get("thread_ts") or "")
    async with context.database.reading() as tx:
        reported = await conversations.told_at(tx, channel_id, ts)
        first = await conversations.told_at(tx, channel_id, thread) if reported is None and thread else None
        last = await conversations.last_above(tx, first, channel_id, ts) if first is not None else None
    if reported is not None:
        return await compositions.answer(context, reported)
    if last is None:
        return None
    # What we said ourselves in that thread is about the mail, and no answer to it.
    return await compositions.answer(context, last, None if context.slack.ours(message) else message)


async def of_offer(context: Context, offer_id: int, channel_id: str | None) -> View:
    """The form of an answer filled with what was typed, as it stands in Slack now. Raises Refused, NotAllowed."""
    async with context.database.reading() as tx:
        offer = await _mine(context, tx, offer_id)
        thread = await conversations.stands(tx, offer.post_id, channel_id or "")
        post_id = await conversations.last_above(tx, offer.post_id, channel_id or "", offer.ts)
    message = await _read(context, channel_id or "", thread, offer.ts)
    return await compositions.answer(context, post_id, message, unread=message is None)


async def _mine(context: Context, tx: Reading, offer_id: int) -> Offer:
    offer = await offers.mine(tx, offer_id, context.person.id)
    if offer is None:
        raise Refused("compose_answers_nothing")
    return offer


async def _read(context: Context, channel_id: str, thread: str | None, ts: str) -> Mapping[str, Any] | None:
    """What the person typed there; None where it is gone, is not theirs, or cannot be read."""
    if thread is None:
        return None
    try:
        async with asyncio.timeout(READ_WITHIN):
            message = await context.slack.said(channel_id, thread, ts)
    except (SlackFault, TimeoutError) as fault:
        log.info("typed.unread", cause=fault)
        return None
    return message if message is not None and message.get("user") == context.person.slack_id else None


async def taken(context: Context, offer_id: int) -> Shown:
    """They took it up: the next thing they type is offered, too. Raises Refused."""
    async with context.database.writing() as tx:
        group = await _group(tx, await _mine(context, tx, offer_id))
        await offers.take(tx, offer_id, context.person.id)
    return views.taken(context.language, offer_id, group.address)


async def declined(context: Context, offer_id: int) -> Shown:
    """They are not told any more. Raises Refused."""
    async with context.database.writing() as tx:
        group = await _group(tx, await _mine(context, tx, offer_id))
        await offers.decline(tx, offer_id, context.person.id)
    return views.declined(context.language, offer_id, group.address)


async def _group(tx: Reading, offer: Offer) -> Group:
    return await tx.get_one(Group, (await tx.get_one(Post, offer.post_id)).group_id)
