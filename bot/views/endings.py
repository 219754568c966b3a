"""A membership whose date comes near: to the contact, and to administrators with what they can do.

Pure.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.views import blocks, escape
from bot.views.blocks import Shown
from bot.views.ids import Action
from store.texts import Markup, say
from store.verdicts import EndingAnswer


@dataclass(frozen=True, slots=True)
class Ending:
    """`until` is as of now, after an extension the new one; `over`: no contact any more, or the group is gone;
    `for_good`: the date was taken away. `who` is ready mrkdwn."""

    ending_id: int
    group: str
    who: Markup | str
    until: datetime
    answer: EndingAnswer
    over: bool = False
    by: str | None = None
    for_good: bool = False


def last_day(until: datetime) -> Markup:
    """The last day of a membership that ends at a moment, which is the first of the day after.

    Not the "pretty" style: "until today" is a sentence in English, and none in French.
    """
    return escape.moment(until - timedelta(seconds=1), style="{date_long}")


def _key(shown: Ending) -> str:
    if shown.over:
        return "over" if shown.who else "over_unnamed"
    return "for_good" if shown.for_good else shown.answer.value


def outcome(language: str, shown: Ending) -> str:
    """How it stands, in one sentence: also what a later clicker is told."""
    by = escape.person(shown.by) if shown.by else Markup(escape.ELLIPSIS)
    return say(
        language, f"slack.ending.{_key(shown)}", via=escape.mrkdwn, who=shown.who or Markup(escape.ELLIPSIS),
        group=shown.group, day=last_day(shown.until), by=by,
    )  # fmt: skip


def contact(language: str, shown: Ending) -> Shown:
    """To the contact: there is nothing they must do."""
    key = "contact_over" if shown.over else "contact_for_good" if shown.for_good else "contact"
    text = say(language, f"slack.ending.{key}", via=escape.mrkdwn, group=shown.group, day=last_day(shown.until))
    return blocks.shown(text, [blocks.section(text)])


def administrators(language: str, shown: Ending) -> Shown:
    """To the group's administrators, with Extend and Let it end while nobody has said."""
    text = outcome(language, shown)
    if _key(shown) != EndingAnswer.NONE.value:
        return blocks.shown(text, [blocks.section(text)])
    buttons = (
        blocks.button(
            say(language, "slack.ending.extend"), Action.ENDING_EXTEND, shown.ending_id, style="primary",
            spoken=say(language, "slack.ending.extend_spoken", via=escape.plain, group=shown.group),
        ),
        blocks.button(
            say(language, "slack.ending.let"), Action.ENDING_LET, shown.ending_id,
            spoken=say(language, "slack.ending.let_spoken", via=escape.plain, group=shown.group),
        ),
    )  # fmt: skip
    return blocks.shown(text, [blocks.section(text), blocks.actions(*buttons)])
