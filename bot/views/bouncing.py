"""A contact's mail that comes back: what the contact, and the administrators, are told, and what can be done.

Pure.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bot.views import blocks, escape
from bot.views.blocks import Block, Shown, View
from bot.views.groups import leave_question
from bot.views.ids import Action, Field, Form
from store.terms import BounceReason
from store.texts import say


@dataclass(frozen=True, slots=True)
class Bouncing:
    """`ended` is how it ended (`resumed`, `removed`, `left`), or "" while copies are stopped; `until` when the address
    is taken off if nothing happens."""

    incident_id: int
    group: str
    address: str
    reason: BounceReason
    until: datetime | None
    ended: str = ""


@dataclass(frozen=True, slots=True)
class Storm:
    """A post of which so many copies came back that no contact is blamed."""

    post_id: int
    group: str
    back: int
    copies: int


def contact(language: str, shown: Bouncing) -> Shown:
    """To the contact, with what they can do while their copies are stopped."""
    found = _told(language, "bouncing", shown)
    if shown.ended:
        return found
    buttons = (
        blocks.button(
            say(language, "slack.bouncing.resume"), Action.BOUNCING_RESUME, shown.incident_id, style="primary",
            spoken=say(language, "slack.bouncing.resume_spoken", via=escape.plain, group=shown.group),
        ),
        blocks.button(
            say(language, "slack.bouncing.address"), Action.BOUNCING_ADDRESS, shown.incident_id,
            spoken=say(language, "slack.bouncing.address_spoken", via=escape.plain, group=shown.group),
        ),
        blocks.button(
            say(language, "slack.bouncing.leave"), Action.BOUNCING_LEAVE, shown.incident_id,
            spoken=say(language, "slack.bouncing.leave_spoken", via=escape.plain, group=shown.group),
            confirm=leave_question(language, shown.group),
        ),
    )  # fmt: skip
    return blocks.shown(found.text, [*found.blocks, blocks.actions(*buttons)])


def administrators(language: str, shown: Bouncing) -> Shown:
    """To the group's administrators: it needs nothing of them."""
    return _told(language, "member_bouncing", shown)


def _told(language: str, kind: str, shown: Bouncing) -> Shown:
    values: dict[str, Any] = {"group": shown.group, "address": shown.address}
    if shown.ended:
        text = say(language, f"slack.{kind}.{shown.ended}", via=escape.mrkdwn, **values)
        return blocks.shown(text, [blocks.section(text)])
    head = say(language, f"slack.{kind}.head", via=escape.mrkdwn, **values)
    why = say(language, f"bounce.{shown.reason}")
    body: list[Block] = [blocks.section(head), blocks.section(why)]
    if shown.until is not None:
        when = say(language, f"slack.{kind}.when", at=escape.moment(shown.until, style="{date_long}"))
        body.append(blocks.context(when))
    return blocks.shown(f"{head} {why}", body)


def storm(language: str, shown: Storm) -> Shown:
    """To the group's administrators, with the details of the post a click away."""
    head = say(
        language, "slack.bounce_storm.head", via=escape.mrkdwn, group=shown.group, back=shown.back, copies=shown.copies
    )
    text = say(language, "slack.bounce_storm.text")
    details = blocks.button(
        say(language, "slack.report.details"), Action.REPORT_DETAILS, shown.post_id,
        spoken=say(language, "slack.report.details_spoken", via=escape.plain, group=shown.group),
    )  # fmt: skip
    return blocks.shown(f"{head} {text}", [blocks.section(head), blocks.section(text), blocks.actions(details)])


def form(language: str, shown: Bouncing) -> View:
    """Where the contact says which address to use instead."""
    text = say(language, "slack.bouncing.text", via=escape.mrkdwn, group=shown.group, address=shown.address)
    return blocks.modal(
        say(language, "slack.bouncing.title"), Form.BOUNCING_ADDRESS,
        [
            blocks.section(text),
            blocks.entry(Field.ADDRESS, say(language, "slack.bouncing.label"), blocks.text_input(longest=254)),
        ],
        submit=say(language, "slack.bouncing.submit"), close=say(language, "slack.modal.close"),
        metadata=str(shown.incident_id),
    )  # fmt: skip
