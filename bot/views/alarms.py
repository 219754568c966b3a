"""Alarms: a post that the next hop refuses for what it is, and a next hop that refuses us. Nobody's copy has failed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from bot.views import blocks, escape
from bot.views.blocks import Block, Shown
from bot.views.ids import Action
from store.texts import Markup, say

REPLY_SHOWN = 800


@dataclass(frozen=True, slots=True)
class Answer:
    """What somebody said to an alarm: `again` to try once more, else to stop. `by` is none for whom nobody knows."""

    again: bool
    by: str | None
    at: datetime


@dataclass(frozen=True, slots=True)
class PostAlarm:
    """`reply` is what the next hop said; empty once somebody answered the alarm. `open_copies` still wait.

    `unmade`: no hop was asked, the copies cannot be made; `reply` says why.
    """

    post_id: int
    group: str
    subject: str | None
    reply: str
    since: datetime | None
    open_copies: int
    unmade: bool = False
    answer: Answer | None = None


@dataclass(frozen=True, slots=True)
class LaneAlarm:
    """`reply` is empty once the hop takes mail again. `hop` is none for the relay all mail goes by."""

    hop: str | None
    reply: str
    since: datetime | None
    until: datetime | None
    tries: int


@dataclass(frozen=True, slots=True)
class Created:
    """A group that takes mail from now on."""

    group: str
    name: str
    by: str | None


def post(language: str, alarm: PostAlarm) -> Shown:
    """With Retry and Stop while the post waits for one of them."""
    name = "waited" if not alarm.reply else "unmade_head" if alarm.unmade else "head"
    key = f"slack.post_alarm.{name}"
    head = say(language, key, via=escape.mrkdwn, group=alarm.group)
    body: list[Block] = [blocks.section(head)]
    if alarm.subject:
        body.append(blocks.section(say(language, "slack.held.subject", via=escape.mrkdwn, subject=alarm.subject)))
    if not alarm.reply:
        over = answered(language, alarm.answer)
        return blocks.shown(f"{head} {over}", [*body, blocks.section(over)])
    reply = escape.quoted(alarm.reply, REPLY_SHOWN)
    key = "slack.post_alarm.unmade_reply" if alarm.unmade else "slack.post_alarm.reply"
    body.append(blocks.section(say(language, key, reply=reply)))
    if alarm.since is not None:
        since = say(language, "slack.post_alarm.waiting", n=alarm.open_copies, since=escape.moment(alarm.since))
        body.append(blocks.context(since))
    sure = blocks.confirm(
        say(language, "slack.post_alarm.stop_title"),
        say(language, "slack.post_alarm.stop_text", n=alarm.open_copies),
        say(language, "slack.post_alarm.stop"),
        say(language, "slack.post_alarm.wait"),
        danger=True,
    )
    body.append(
        blocks.actions(
            blocks.button(
                say(language, "slack.post_alarm.retry"), Action.ALARM_RETRY, alarm.post_id, style="primary",
                spoken=say(language, "slack.post_alarm.retry_spoken", via=escape.plain, group=alarm.group),
            ),
            blocks.button(
                say(language, "slack.post_alarm.stop"), Action.ALARM_STOP, alarm.post_id, style="danger", confirm=sure,
                spoken=say(language, "slack.post_alarm.stop_spoken", via=escape.plain, group=alarm.group),
            ),
        )
    )  # fmt: skip
    return blocks.shown(head, body)


def answered(language: str, answer: Answer | None) -> str:
    """Who has answered an alarm, how and when; that somebody has, where it is not known."""
    if answer is None:
        return say(language, "slack.post_alarm.over")
    key = "retried" if answer.again else "stopped"
    by = escape.person(answer.by) if answer.by else Markup(escape.ELLIPSIS)
    return say(language, f"slack.post_alarm.{key}", by=by, at=escape.moment(answer.at))


def lane(language: str, alarm: LaneAlarm) -> Shown:
    """To operators: what the hop said, and when it is tried again. It needs no button: it is tried by itself."""
    if not alarm.reply:
        text = _of_hop(language, "over", alarm.hop)
        return blocks.shown(text, [blocks.section(text)])
    head = _of_hop(language, "head", alarm.hop)
    body: list[Block] = [
        blocks.section(head),
        blocks.section(say(language, "slack.lane_alarm.reply", reply=escape.quoted(alarm.reply, REPLY_SHOWN))),
    ]
    if alarm.until is not None:
        again = say(language, "slack.lane_alarm.again", n=alarm.tries, until=escape.moment(alarm.until))
        body.append(blocks.context(again))
    return blocks.shown(head, body)


def _of_hop(language: str, key: str, hop: str | None) -> str:
    if hop is None:
        return say(language, f"slack.lane_alarm.{key}_relay")
    return say(language, f"slack.lane_alarm.{key}", via=escape.mrkdwn, hop=hop)


def created(language: str, group: Created) -> Shown:
    """Said where the group reports: it is there, and how to use it."""
    key = "slack.created.by" if group.by else "slack.created.text"
    by = escape.person(group.by) if group.by else ""
    text = say(language, key, via=escape.mrkdwn, group=group.group, name=group.name, by=by)
    return blocks.shown(text, [blocks.section(text)])
