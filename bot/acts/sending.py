"""A file for whoever asked for it, by direct message, and what they are told where Slack does not take it."""

from __future__ import annotations

from bot.context import Context
from bot.faults import Denied, Unreachable
from store.terms import Refused

SCOPES = {"missing_scope", "not_allowed_token_type", "file_not_readable"}


async def send(context: Context, name: str, octets: bytes, comment: str = "", *, unscoped: str = "files_scope") -> None:
    """`comment` is mrkdwn, escaped already. Nothing is tried twice: the file could stand there twice.

    Raises Refused: `unscoped` where the app may not send files, `file_uncertain` where nobody knows whether it came;
    and other SlackFaults, with which it did not.
    """
    try:
        await context.slack.upload(context.person.slack_id, name, octets, comment)
    except Denied as refusal:
        if refusal.error not in SCOPES:
            raise
        raise Refused(unscoped) from refusal
    except Unreachable as fault:
        if not fault.uncertain:
            raise
        raise Refused("file_uncertain", name=name) from fault
