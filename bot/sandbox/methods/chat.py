"""chat.*: posting, changing and deleting messages."""

from __future__ import annotations

import json

from bot.sandbox.blockkit import check_blocks
from bot.sandbox.call import Call, Json, SlackError
from bot.sandbox.channels import Channel
from bot.sandbox.limits import MESSAGE_TEXT, METADATA_BYTES
from bot.sandbox.messages import Message
from bot.sandbox.people import BOT_USER


def contents(call: Call) -> Json:
    """Text, blocks, attachments and metadata as given, those that are given.

    SlackError msg_too_long, invalid_blocks_format, invalid_blocks, invalid_metadata_format or metadata_too_large.
    """
    found: Json = {}
    if call.params.get("text") is not None:
        found["text"] = call.text("text")
        if len(found["text"]) > MESSAGE_TEXT:
            raise SlackError("msg_too_long")
    if call.params.get("blocks") not in (None, ""):
        blocks = call.structure("blocks")
        if not isinstance(blocks, list):
            raise SlackError("invalid_blocks_format")
        findings = check_blocks("message", blocks)
        if findings:
            raise SlackError.findings("invalid_blocks", findings)
        found["blocks"] = blocks
    attachments = call.structure("attachments")
    if isinstance(attachments, list):
        found["attachments"] = attachments
    metadata = call.structure("metadata")
    if metadata is not None:
        if (
            not isinstance(metadata, dict)
            or not isinstance(metadata.get("event_type"), str)
            or not isinstance(metadata.get("event_payload"), dict)
        ):
            raise SlackError("invalid_metadata_format")
        if len(json.dumps(metadata)) > METADATA_BYTES:
            raise SlackError("metadata_too_large")
        found["metadata"] = metadata
    return found


def _needs_something(found: Json) -> None:
    if not found.get("text") and not found.get("blocks") and not found.get("attachments"):
        raise SlackError("no_text")


def _addressed(call: Call) -> Channel:
    """The channel to post to; a person's id means the DM with them, as in Slack."""
    person = call.workspace.people.get(call.text("channel"))
    if person is not None:
        if person.bot:
            raise SlackError("cannot_dm_bot")
        if person.deactivated:
            raise SlackError("user_disabled")
        return call.workspace.channels.direct_with(person.id)
    return call.joined(call.channel())


async def post_message(call: Call) -> Json:
    """chat.postMessage. An answer to a message that is gone is taken, and stands nowhere."""
    channel = _addressed(call)
    found = contents(call)
    _needs_something(found)
    thread_ts = call.text("thread_ts") or None
    if thread_ts and call.workspace.messages.get(channel.id, thread_ts) is None:
        return {"channel": channel.id, "ts": call.workspace.new_ts(), "message": {"thread_ts": thread_ts}}
    message = call.workspace.post(
        channel.id,
        BOT_USER,
        found.get("text", ""),
        blocks=found.get("blocks"),
        attachments=found.get("attachments"),
        metadata=found.get("metadata"),
        thread_ts=thread_ts,
    )
    return {"channel": channel.id, "ts": message.ts, "message": message.as_slack(with_metadata=True)}


async def post_ephemeral(call: Call) -> Json:
    """chat.postEphemeral: to one member of the channel, never kept in its history.

    In a thread it is seen only where that has answers already; Slack says that it took it all the same.
    """
    channel = call.joined(call.channel())
    person = call.workspace.people.get(call.needed("user"))
    if person is None or not channel.has(person.id):
        raise SlackError("user_not_in_channel")
    found = contents(call)
    _needs_something(found)
    thread_ts = call.text("thread_ts") or None
    if thread_ts and not call.workspace.messages.thread(channel.id, thread_ts):
        return {"message_ts": call.workspace.new_ts()}
    message = call.workspace.post(
        channel.id,
        BOT_USER,
        found.get("text", ""),
        blocks=found.get("blocks"),
        attachments=found.get("attachments"),
        ephemeral_to=person.id,
        thread_ts=thread_ts,
    )
    return {"message_ts": message.ts}


def _own(call: Call, cannot: str) -> Message:
    channel = call.channel()
    message = call.workspace.messages.get(channel.id, call.needed("ts"))
    if message is None or message.ephemeral_to is not None:
        raise SlackError("message_not_found")
    if not message.by_bot:
        raise SlackError(cannot)
    if channel.archived:
        raise SlackError("is_archived")
    return message


async def update(call: Call) -> Json:
    """chat.update. Text without blocks removes the blocks; neither keeps them; blocks leave no "(edited)" mark."""
    message = _own(call, "cant_update_message")
    found = contents(call)
    if not found:
        raise SlackError("no_text")
    if found.get("text") and "blocks" not in found:
        found["blocks"] = []
        message.edited = True
    call.workspace.change(message, found)
    return {
        "channel": message.channel,
        "ts": message.ts,
        "text": message.text,
        "message": message.as_slack(with_metadata=True),
    }


async def delete(call: Call) -> Json:
    """chat.delete, of the bot's own messages."""
    message = _own(call, "cant_delete_message")
    call.workspace.delete(message)
    return {"channel": message.channel, "ts": message.ts}


async def get_permalink(call: Call) -> Json:
    """chat.getPermalink."""
    channel = call.channel()
    ts = call.needed("message_ts")
    if call.workspace.messages.get(channel.id, ts) is None:
        raise SlackError("message_not_found")
    return {"channel": channel.id, "permalink": f"{call.base}/archives/{channel.id}/p{ts.replace('.', '')}"}
