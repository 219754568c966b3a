"""conversations.*: what the bot may know of channels, and joining and opening them."""

from __future__ import annotations

from collections.abc import Callable

from bot.sandbox.call import Call, Json, SlackError
from bot.sandbox.channels import Channel
from bot.sandbox.people import BOT_USER

KINDS = {"public_channel": "channels:read", "private_channel": "groups:read", "im": "im:read", "mpim": "mpim:read"}


def _readable(call: Call) -> Channel:
    channel = call.channel()
    call.require(KINDS[channel.kind])
    return channel


def _listed(call: Call, *, only_joined: bool) -> list[Channel]:
    kinds = [kind.strip() for kind in (call.text("types") or "public_channel").split(",")]
    for kind in kinds:
        if kind not in KINDS:
            raise SlackError("invalid_types")
        call.require(KINDS[kind])
    hide = call.flag("exclude_archived")
    return [
        channel
        for channel in call.workspace.channels
        if channel.kind in kinds
        and not (hide and channel.archived)
        and (channel.has(BOT_USER) or (channel.kind == "public_channel" and not only_joined))
    ]


async def listing(call: Call) -> Json:
    """conversations.list: private channels only those the bot is in."""
    page, more = call.page([c.as_slack() for c in _listed(call, only_joined=False)], 100)
    return {"channels": page, "response_metadata": more}


async def of_bot(call: Call) -> Json:
    """users.conversations for the bot itself."""
    page, more = call.page([c.as_slack() for c in _listed(call, only_joined=True)], 100)
    return {"channels": page, "response_metadata": more}


async def info(call: Call) -> Json:
    """conversations.info."""
    return {"channel": _readable(call).as_slack()}


async def members(call: Call) -> Json:
    """conversations.members: ids only, paged."""
    channel = _readable(call)
    page, more = call.page(list(channel.members), 100)
    return {"members": page, "response_metadata": more}


def _within(call: Call) -> Callable[[str], bool]:
    """Whether a ts lies between `oldest` and `latest`; at them only where `inclusive` is asked for."""
    oldest, latest = call.text("oldest", "0") or "0", call.text("latest")
    ends = {oldest, latest} if call.flag("inclusive") else set()

    def within(ts: str) -> bool:
        return ts in ends or (float(ts) > float(oldest) and (not latest or float(ts) < float(latest)))

    return within


async def history(call: Call) -> Json:
    """conversations.history, newest first; needs the optional history scope. Ephemerals are not in it."""
    channel = call.channel()
    call.require(f"{channel.scope}:history")
    if not channel.has(BOT_USER):
        raise SlackError("not_in_channel")
    within = _within(call)
    found = [
        message.as_slack(with_metadata=call.flag("include_all_metadata"))
        for message in reversed(call.workspace.messages.lasting(channel.id))
        # What stands in a thread is in that thread's replies alone.
        if message.thread_ts in (None, message.ts) and within(message.ts)
    ]
    page, more = call.page(found, 100, 999)
    return {"messages": page, "has_more": bool(more["next_cursor"]), "response_metadata": more}


async def replies(call: Call) -> Json:
    """conversations.replies: a message and the answers in its thread, oldest first; needs the same scope as history."""
    channel = call.channel()
    call.require(f"{channel.scope}:history")
    if not channel.has(BOT_USER):
        raise SlackError("not_in_channel")
    ts = call.needed("ts")
    if call.workspace.messages.get(channel.id, ts) is None:
        raise SlackError("thread_not_found")
    within = _within(call)
    found = [
        message.as_slack(with_metadata=call.flag("include_all_metadata"))
        for message in call.workspace.messages.lasting(channel.id)
        # The first message comes on every page, however old it is.
        if message.ts == ts or (message.thread_ts == ts and within(message.ts))
    ]
    page, more = call.page(found, 100, 999)
    return {"messages": page, "has_more": bool(more["next_cursor"]), "response_metadata": more}


async def join(call: Call) -> Json:
    """conversations.join, of public channels."""
    channel = call.channel()
    if channel.kind != "public_channel":
        raise SlackError("method_not_supported_for_channel_type")
    if channel.archived:
        raise SlackError("is_archived")
    if not channel.has(BOT_USER):
        channel.members.append(BOT_USER)
        call.workspace.changes.note(f"channel:{channel.id}")
    return {"channel": channel.as_slack()}


async def open_direct(call: Call) -> Json:
    """conversations.open: the DM with one person."""
    if call.text("channel"):
        return {"channel": {"id": call.channel().id}}
    ids = [part for part in call.text("users").split(",") if part]
    if not ids:
        raise SlackError("users_list_not_supplied")
    if len(ids) > 1:
        raise SlackError("missing_scope", needed="mpim:write", provided=",".join(sorted(call.workspace.scopes)))
    person = call.workspace.people.get(ids[0])
    if person is None:
        raise SlackError("user_not_found")
    if person.deactivated:
        raise SlackError("user_disabled")
    if person.bot:
        raise SlackError("cannot_dm_bot")
    channel = call.workspace.channels.direct_with(person.id)
    return {"channel": channel.as_slack() if call.flag("return_im") else {"id": channel.id}}
