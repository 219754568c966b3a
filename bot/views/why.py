"""Why: what became of posts for one address, in words; and why a post was held, rule by rule. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bot.views import answers, blocks, cards, escape
from bot.views.blocks import Block, Shown, View
from bot.views.ids import Field, Form
from store.terms import BounceReason, Reason, Stage
from store.texts import Markup, TextMissing, say

REPLY_SHOWN = 400


@dataclass(frozen=True, slots=True)
class Place:
    """How somebody stands to a group (`why.now.<name>`), since or until when, and what their bounces say."""

    name: str
    at: datetime | None = None
    reason: BounceReason | None = None


@dataclass(frozen=True, slots=True)
class Heard:
    """What the next hop said last; `hop` is "" for the relay. Shown to administrators and to the recipient alone."""

    hop: str
    reply: str
    stage: Stage | None = None
    reason: BounceReason | None = None


@dataclass(frozen=True, slots=True)
class Fate:
    """One post for one address (`why.fate.<name>`). `subject` is None where the group keeps it out of Slack; `group` is
    the one that had the copy, "" where the reader may not know of it; `reasons` are why it was decided so."""

    name: str
    posted_at: datetime
    subject: str | None
    at: datetime | None = None
    heard: Heard | None = None
    group: str = ""
    place: Place | None = None
    reasons: Sequence[Reason] = ()
    proof: str = ""


def answer(language: str, whom: Markup, group: str, now: Place, fates: Sequence[Fate], *, words: str = "") -> Shown:
    """How somebody stands to the group, and what became of its last posts (or those meant by `words`) for them."""
    head = say(language, "why.head", via=escape.mrkdwn, whom=whom, group=group)
    first = f"{head}\n{_place(language, now)}"
    body: list[Block] = [blocks.section(first)]
    if not fates:
        key = "why.no_such_post" if words else "why.no_posts"
        body.append(blocks.section(say(language, key, via=escape.mrkdwn, group=group, words=words)))
    for fate in fates:
        body += [blocks.divider(), *(blocks.section(part) for part in answers.sections([_fate(language, fate)]))]
    return blocks.shown(first if fates else f"{first} {body[-1]['text']['text']}", body)


def _place(language: str, place: Place) -> str:
    at = escape.moment(place.at) if place.at else ""
    text = say(language, f"why.now.{place.name}", at=at)
    return f"{text} {say(language, f'bounce.{place.reason}')}" if place.reason is not None else text


def _fate(language: str, fate: Fate) -> str:
    posted = escape.moment(fate.posted_at)
    if fate.subject is None:
        head = say(language, "why.post_unseen", at=posted)
    else:
        head = say(language, "why.post", via=escape.mrkdwn, subject=fate.subject.strip() or blocks.BLANK, at=posted)
    hop: Any = say(language, "why.relay")
    if fate.heard is not None and fate.heard.hop:
        hop = say(language, "why.servers", via=escape.mrkdwn, domain=fate.heard.hop)
    other = escape.mrkdwn(fate.group) if fate.group else say(language, "why.another_group")
    at = escape.moment(fate.at) if fate.at else blocks.BLANK
    lines = [head, say(language, f"why.fate.{fate.name}", at=at, hop=Markup(hop), group=Markup(other))]
    if fate.place is not None:
        lines.append(_place(language, fate.place))
    if fate.reasons or fate.proof:
        lines.append(cards.why(language, fate.reasons, fate.proof))
    if fate.heard is not None:
        if fate.heard.reason is not None:
            lines.append(say(language, f"bounce.{fate.heard.reason}"))
        if fate.heard.reply:
            reply = escape.quoted(fate.heard.reply, REPLY_SHOWN + 100)
            lines.append(say(language, f"slack.stage.{fate.heard.stage or 'unknown'}", reply=reply))
    return "\n".join(lines)


# ---------------------------------------------------------------- the form


def form(language: str, post_id: int, group: str) -> View:
    """Asks of whom: a person of the workspace, or an address."""
    return blocks.modal(
        say(language, "why.form.title"),
        Form.WHY,
        [
            blocks.section(say(language, "why.form.text", via=escape.mrkdwn, group=group)),
            blocks.entry(Field.PERSON, say(language, "why.form.person"), blocks.person(), optional=True),
            blocks.entry(
                Field.ADDRESS, say(language, "why.form.address"), blocks.text_input(longest=320), optional=True
            ),
        ],
        submit=say(language, "why.form.submit"),
        close=say(language, "slack.modal.close"),
        metadata=str(post_id),
    )


# ---------------------------------------------------------------- a held post


def trail(language: str, group: str, reasons: Sequence[Reason], proof: str, asked: Sequence[tuple[str, bool]]) -> View:
    """Why a post is held, and every rule that was asked in its order with its answer."""
    head = say(language, "why.held.head", via=escape.mrkdwn, group=group)
    lines = [
        say(language, "why.held.yes" if hit else "why.held.no", question=Markup(_question(language, name)))
        for name, hit in asked
    ]
    body: list[Block] = [blocks.section(f"{head}\n{cards.why(language, reasons, proof)}")]
    if lines:
        body.append(blocks.section(say(language, "why.held.asked")))
        body += [blocks.section(part) for part in answers.sections(lines)]
    else:
        body.append(blocks.section(say(language, "why.held.unasked")))
    return blocks.modal(say(language, "why.form.title"), Form.MESSAGE, body, close=say(language, "slack.modal.close"))


def _question(language: str, rule: str) -> str:
    try:
        return say(language, f"why.rule.{rule}")
    except TextMissing:  # of a bridge that is newer than the bot
        return escape.mrkdwn(rule)
