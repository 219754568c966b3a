"""What a card offers beside the decision itself: to allow or ban its author, to say who looks at it, to take it back.

Pure. Everything here is drawn on every copy of a card, so who looks at it is seen wherever the card stands.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bot.views import blocks, escape
from bot.views.blocks import Block, Element, View
from bot.views.ids import Action, Form
from store.texts import Markup, say
from store.word import Subject


@dataclass(frozen=True, slots=True)
class Claim:
    """Who looks at it (a Slack id), and since when."""

    by: str
    since: datetime


@dataclass(frozen=True, slots=True)
class Undo:
    """What can still be taken back, until when: the decision (`undo`; `letter`: one waits for it), that the author is
    always allowed (`allowed`), or what has not left of a released post (`stop`)."""

    until: datetime
    undo: bool = False
    letter: bool = False
    allowed: bool = False
    stop: bool = False


@dataclass(frozen=True, slots=True)
class About:
    """The object of a card's buttons: the row, and how it is spoken of."""

    subject: Subject
    row_id: int
    group: str
    author: str


ACTIONS: dict[Subject, dict[str, Action]] = {
    Subject.POST: {
        "ban": Action.POST_BAN, "claim": Action.POST_CLAIM, "unclaim": Action.POST_UNCLAIM, "undo": Action.POST_UNDO,
        "undo_allow": Action.POST_UNDO, "stop": Action.POST_STOP, "always": Action.POST_ALWAYS,
    },
    Subject.REQUEST: {
        "ban": Action.REQUEST_BAN, "claim": Action.REQUEST_CLAIM, "unclaim": Action.REQUEST_UNCLAIM,
        "undo": Action.REQUEST_UNDO,
    },
}  # fmt: skip


def claimed(language: str, claim: Claim | None) -> list[Block]:
    """That somebody looks at it."""
    return [blocks.context(at_it(language, claim))] if claim else []


def at_it(language: str, claim: Claim) -> str:
    """Who looks at it, and since when."""
    return say(language, "slack.decide.at_it", who=escape.person(claim.by), since=escape.moment(claim.since))


def claiming(language: str, subject: Subject, row_id: int, claim: Claim | None, what: Markup) -> Element:
    """The button to look at it, or to leave it to others, where several things wait; `what` is how it is spoken of."""
    word = "unclaim" if claim else "claim"
    spoken = say(language, f"access.{word}", what=what)
    return blocks.button(say(language, f"slack.decide.{word}"), ACTIONS[subject][word], row_id, spoken=spoken)


def more(language: str, about: About, claim: Claim | None, *, proven: bool) -> list[Block]:
    """The second row of a card that waits; why the first has no Reject where nothing proves the author."""
    body: list[Block] = []
    row: list[Element] = []
    if about.subject is Subject.POST and proven:
        row.append(_button(language, about, "always", confirm=_sure(language, "always", danger=False)))
    elif about.subject is Subject.POST:
        author = about.author or "–"
        body.append(blocks.context(say(language, "slack.decide.unproven", via=escape.mrkdwn, author=author)))
    if "@" in about.author:
        row.append(_button(language, about, "ban"))
    row.append(_button(language, about, "unclaim" if claim else "claim"))
    return [*body, blocks.actions(*row)]


def menu(language: str, post_id: int, author: str, *, proven: bool) -> Element:
    """What a held post's card offers beside the decision, where many posts stand in little room. Each option is a word
    and the post's id."""
    words = ["why"]
    if proven:  # else the address may be somebody else's
        words.append("always")
    if "@" in author:
        words.append("ban")
    return blocks.overflow(
        Action.POST_MENU, [blocks.option(say(language, f"slack.menu.{word}"), f"{word} {post_id}") for word in words]
    )


def banning(language: str, about: About) -> list[Element]:
    """The button to ban an applicant; nobody to ban where there is no address."""
    return [_button(language, about, "ban")] if "@" in about.author else []


def always_form(language: str, about: str, *, author: str, group: str) -> View:
    """Asks once more before an author is always allowed, where no button can ask by itself."""
    return blocks.modal(
        say(language, "slack.menu.always_title"),
        Form.ALWAYS,
        [blocks.section(say(language, "slack.menu.always_text", via=escape.mrkdwn, author=author, group=group))],
        submit=say(language, "slack.menu.always_submit"),
        close=say(language, "slack.modal.cancel"),
        metadata=about,
    )


def after(language: str, about: About, undo: Undo | None) -> list[Block]:
    """What a card that waits no more still offers for some minutes."""
    if undo is None:
        return []
    row: list[Element] = []
    said = "undo_until"
    if undo.undo:
        row.append(_button(language, about, "undo"))
        said = "letter_waits" if undo.letter else said
    if undo.stop:
        row.append(_button(language, about, "stop", style="danger", confirm=_sure(language, "stop", danger=True)))
        said = "stop_until"
    if undo.allowed:
        row.append(_button(language, about, "undo_allow"))
    until = escape.moment(undo.until)
    return [blocks.actions(*row), blocks.context(say(language, f"slack.decide.{said}", until=until))] if row else []


def _button(language: str, about: About, word: str, **more: Any) -> Element:
    key = f"{word}_{about.subject}" if word == "claim" else word
    spoken = say(
        language, f"slack.decide.{key}_spoken", via=escape.plain, author=about.author or "–", group=about.group
    )
    label = say(language, f"slack.decide.{word}")
    return blocks.button(label, ACTIONS[about.subject][word], about.row_id, spoken=spoken, **more)


def _sure(language: str, word: str, *, danger: bool) -> dict[str, Any]:
    title, text = (say(language, f"slack.decide.{word}_{part}") for part in ("title", "text"))
    return blocks.confirm(
        title, text, say(language, f"slack.decide.{word}")[:30], say(language, "slack.modal.cancel"), danger=danger
    )
