"""What Slack's refusals and silences mean: the one table of its words, made into the kinds of `bot.faults`."""

from __future__ import annotations

import re
from typing import Any

import aiohttp

from bot.faults import Denied, Gone, RateLimited, SlackFault, Unreachable

GONE = frozenset({
    "channel_not_found", "is_archived", "not_in_channel", "message_not_found", "cant_update_message",
    "edit_window_closed", "user_not_found", "users_not_found", "user_disabled", "cannot_dm_bot", "user_not_visible",
    "restricted_action", "restricted_action_read_only_channel", "external_channel_migrating", "im_not_found",
    "no_such_subteam",
})  # fmt: skip
# What a second call would leave twice. Any other may be made again, whatever became of the first.
LEAVING = frozenset({"chat.postMessage", "files.completeUploadExternal"})
# Slack's own troubles: of the first it says that part of the call may have been carried out.
TROUBLES = {"fatal_error": True, "internal_error": True, "service_unavailable": False, "request_timeout": True}
UNKNOWN_KIND = re.compile(r"unsupported type: (\w+)")  # "[json-pointer:/blocks/1/type]" follows


def refused(response: Any, method: str) -> SlackFault:
    """What an answer that is not `ok` means; `response` is the SDK's, or aiohttp's where that was no JSON."""
    code = int(getattr(response, "status_code", 0) or getattr(response, "status", 0))
    headers = {key.lower(): value for key, value in dict(getattr(response, "headers", {})).items()}
    data = getattr(response, "data", None)
    answer = data if isinstance(data, dict) else {}
    word = str(answer.get("error", ""))
    if code == 429 or word in {"ratelimited", "rate_limited"}:
        return RateLimited(max(float(headers.get("retry-after", "1")), 0.1))
    if code >= 500 or not word:
        # 503 says that nothing was taken on (RFC 9110 15.6.4); of other failures nobody knows.
        return Unreachable(f"Slack answered {code}", uncertain=code != 503 and method in LEAVING)
    if word in TROUBLES:
        return Unreachable(word, uncertain=TROUBLES[word] and method in LEAVING)
    if word in GONE:
        return Gone(word)
    said = answer.get("response_metadata")
    reasons = (said.get("messages") if isinstance(said, dict) else None) or answer.get("errors") or ()
    needed = answer.get("needed", "")
    return Denied(word, f"needs {needed}" if needed else "; ".join(map(str, reasons))[:500])


def unknown_kinds(detail: str) -> frozenset[str]:
    """The kinds of blocks that Slack does not have here, of what it said about a refusal."""
    return frozenset(UNKNOWN_KIND.findall(detail))


def silent(error: BaseException, method: str) -> Unreachable:
    """What no answer at all means."""
    # Where no connection was made nothing was sent; after that, the answer alone may be what was lost.
    unsent = isinstance(error, aiohttp.ClientConnectorError | aiohttp.ConnectionTimeoutError | aiohttp.InvalidURL)
    cause = f"{type(error).__name__}: {error}"[:200]
    return Unreachable(cause, uncertain=not unsent and method in LEAVING)
