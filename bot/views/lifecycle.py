"""What is said of a group that is stopped, and what is asked before.

Pure.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from bot.views import blocks, escape
from bot.views.blocks import Shown, View
from bot.views.ids import Field, Form
from store.texts import Markup, say

REASON_SHOWN = 1_000


@dataclass(frozen=True, slots=True)
class Hold:
    """A hold of a group; `by` and `ended_by` are Slack ids, "" where nobody of Slack did it."""

    group: str
    by: str
    reason: str
    since: datetime
    everywhere: bool = False
    ended: datetime | None = None
    ended_by: str = ""


def hold(language: str, shown: Hold) -> str:
    """That a group is on hold, by whom and why; or was, and who lifted it."""
    kind = "lifted" if shown.ended is not None else "everywhere" if shown.everywhere else "on"
    text = say(
        language,
        f"slack.hold.{kind}",
        via=escape.mrkdwn,
        group=shown.group,
        by=_who(language, shown.ended_by if shown.ended is not None else shown.by),
        at=escape.moment(shown.ended or shown.since),
    )
    if shown.reason:
        text += "\n" + say(language, "slack.hold.reason", reason=escape.quoted(shown.reason, REASON_SHOWN))
    return text


def notice(language: str, shown: Hold) -> Shown:
    """The same, said where the group reports."""
    text = hold(language, shown)
    body = [blocks.section(text)]
    if shown.ended is None:
        body.append(blocks.context(say(language, "slack.hold.meanwhile")))
    return blocks.shown(text, body)


def hold_form(language: str, group_id: int, address: str, longest: int) -> View:
    """Asks why, before a group is put on hold."""
    return blocks.modal(
        say(language, "commands.hold.title"),
        Form.HOLD,
        [
            blocks.section(say(language, "commands.hold.text", via=escape.mrkdwn, address=address)),
            blocks.entry(
                Field.REASON,
                say(language, "commands.hold.label"),
                blocks.text_input(multiline=True, longest=longest),
                hint=say(language, "commands.hold.hint"),
                optional=True,
            ),
        ],
        submit=say(language, "commands.hold.submit"),
        close=say(language, "commands.wizard.cancel"),
        metadata=str(group_id),
    )


def _who(language: str, slack_id: str) -> Markup:
    return escape.person(slack_id) if slack_id else Markup(say(language, "slack.hold.somebody"))
