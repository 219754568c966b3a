"""files.*: sharing a file in three steps, and looking at one."""

from __future__ import annotations

from bot.sandbox.call import Call, Json, SlackError
from bot.sandbox.files import File
from bot.sandbox.limits import FILE_BYTES, SNIPPET_BYTES
from bot.sandbox.people import BOT_USER


async def upload_url(call: Call) -> Json:
    """files.getUploadURLExternal: where the octets of one file are to be posted, once."""
    name, length = call.needed("filename"), call.needed("length")
    if not length.isdecimal() or int(length) == 0:
        raise SlackError.findings("invalid_arguments", ["must be more than 0 [json-pointer:/length]"])
    if int(length) > FILE_BYTES:
        raise SlackError("file_upload_size_restricted")
    if call.text("snippet_type") and int(length) > SNIPPET_BYTES:
        raise SlackError("snippet_too_large")
    file = File(call.workspace.new_id("F"), BOT_USER, name, int(length), seen_by_bot=True)
    return {"upload_url": f"{call.base}/upload/v1/{call.workspace.files.expect(file)}", "file_id": file.id}


def _arrived(call: Call, given: object) -> File:
    file = call.workspace.files.get(str(given.get("id"))) if isinstance(given, dict) else None
    if file is None or file.owner != BOT_USER or file.content is None or file.shared:
        raise SlackError("file_not_found")
    return file


async def complete_upload(call: Call) -> Json:
    """files.completeUploadExternal: the files that arrived become one message. A person's id is no channel here."""
    given = call.structure("files")
    if not isinstance(given, list) or not given:
        raise SlackError.findings("invalid_arguments", ["missing required field: files"])
    files = [_arrived(call, one) for one in given]
    channel_id, thread_ts = call.text("channel_id"), call.text("thread_ts") or None
    channel = call.joined(call.channel("channel_id")) if channel_id else None
    if channel is not None and thread_ts and call.workspace.messages.get(channel.id, thread_ts) is None:
        raise SlackError("thread_not_found")
    for file, one in zip(files, given, strict=True):
        file.title = str(one.get("title") or file.name)
        file.shared = channel is not None
    if channel is not None:
        text = call.text("initial_comment")
        message = call.workspace.post(channel.id, BOT_USER, text, thread_ts=thread_ts, files=files)
        message.base = call.base
    return {"files": [file.as_slack(call.base) for file in files]}


async def info(call: Call) -> Json:
    """files.info, of the bot's own files and those that were given to it."""
    file = call.workspace.files.get(call.needed("file"))
    if file is None or file.content is None or not file.seen_by_bot:
        raise SlackError("file_not_found")
    return {"file": file.as_slack(call.base), "comments": [], "response_metadata": {"next_cursor": ""}}


async def delete(call: Call) -> Json:
    """files.delete, of the bot's own files. A message that held nothing else goes with its file."""
    file = call.workspace.files.get(call.needed("file"))
    if file is None or file.content is None:
        raise SlackError("file_not_found")
    if file.owner != BOT_USER:
        raise SlackError("cant_delete_file")
    call.workspace.delete_file(file)
    return {}
