"""What of a group's roster people are asked: a difference to what it follows, a source that cannot be read, people who
are deactivated, a group nobody administers. Before the decision and after it, as the row says.

Pure.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bot.views import blocks, escape
from bot.views.blocks import Block, Shown, View
from bot.views.cards import Verdict
from bot.views.ids import Action, Field, Form
from store.concerns import LeftOut, MatterState
from store.followers import USER_GROUP
from store.texts import Markup, say


@dataclass(frozen=True, slots=True)
class Card:
    """One matter. `come` and `go` are some of the people (a Slack id, or an address), counted by `come_n` and `go_n`.

    `source` is a Slack id, `name` how people write the user group; `followed`: the group follows it still. `came` and
    `went` count what an approval brought; `operators`: there is somebody who could decide of an orphan.
    """

    matter_id: int
    group: str
    state: MatterState
    verdict: Verdict
    source: str = ""
    name: str = ""
    followed: bool = True
    come: Sequence[str] = ()
    come_n: int = 0
    go: Sequence[str] = ()
    go_n: int = 0
    aside: Mapping[str, int] = field(default_factory=dict)
    roster: int = 0
    first: bool = False
    came: int = 0
    went: int = 0
    code: str = ""
    operators: bool = True


def source(source_id: str, name: str = "") -> Markup:
    """What is followed, as a card names it. A user group by its handle alone: a mention would ring for everybody."""
    if source_id.startswith(USER_GROUP):
        return Markup(f"@{escape.mrkdwn(name)}" if name else escape.mrkdwn(source_id))
    return escape.channel(source_id)


def follow(language: str, card: Card) -> Shown:
    """The difference to what the group follows, with Apply and Dismiss while nobody has decided."""
    key = "roster.head_first" if card.first else "roster.head"
    what = source(card.source, card.name)
    head = say(language, key, via=escape.mrkdwn, group=card.group, source=what)
    body: list[Block] = [blocks.section(head)]
    for name, people, n in (("come", card.come, card.come_n), ("go", card.go, card.go_n)):
        if n:
            # Who went off the roster has no row any more, and so no name here.
            key = f"roster.{name}" if people else f"roster.{name}_unnamed"
            body.append(blocks.section(say(language, key, n=n, people=_people(language, people, n))))
    notes = [f"• {say(language, f'roster.aside.{why}', n=card.aside[why])}" for why in LeftOut if card.aside.get(why)]
    body += [blocks.context("\n".join(notes))] if notes else []
    if card.state is MatterState.OPEN:
        body.append(blocks.context(say(language, "roster.roster", n=card.roster)))
        body.append(
            blocks.actions(
                _button(language, card, "roster.apply", Action.MATTER_APPLY, style="primary"),
                _button(language, card, "roster.dismiss", Action.MATTER_DISMISS),
            )
        )
        return blocks.shown(head, body)
    told = outcome(language, card)
    body.append(blocks.section(told))
    if card.state is MatterState.DISMISSED:
        body.append(blocks.actions(_button(language, card, "roster.again", Action.MATTER_AGAIN)))
    return blocks.shown(f"{head} {told}", body)


def outcome(language: str, card: Card) -> str:
    """What became of a matter that is decided, or that needs no decision any more."""
    values: dict[str, Any] = {
        "by": escape.person(card.verdict.by) if card.verdict.by else Markup(blocks.BLANK),
        "at": escape.moment(card.verdict.at) if card.verdict.at else Markup(blocks.BLANK),
        "came": card.came,
        "went": card.went,
    }
    match card.state:
        case MatterState.APPLYING:
            return say(language, "roster.applying", **values)
        case MatterState.APPLIED:
            return say(language, "roster.applied", **values)
        case MatterState.DISMISSED:
            return say(language, "roster.dismissed", **values)
        case MatterState.REPLACED:
            return say(language, "roster.replaced")
        case _:
            return say(language, "roster.over")


def trouble(language: str, card: Card) -> Shown:
    """That the source cannot be read, why, and what mends it."""
    what = source(card.source, card.name)
    if card.state is MatterState.OPEN:
        head = say(language, "roster.trouble.head", via=escape.mrkdwn, group=card.group, source=what)
        why = say(language, f"roster.trouble.{card.code}")
        again = _button(language, card, "roster.trouble.again", Action.MATTER_AGAIN)
        return blocks.shown(f"{head} {why}", [blocks.section(head), blocks.section(why), blocks.actions(again)])
    key = "roster.trouble.over" if card.followed else "roster.trouble.past"
    over = say(language, key, via=escape.mrkdwn, group=card.group, source=what)
    text = say(language, "roster.replaced") if card.state is MatterState.REPLACED else over
    return blocks.shown(text, [blocks.section(text)])


def leavers(language: str, card: Card) -> Shown:
    """Who is deactivated, and whether they shall come off the group."""
    values: dict[str, Any] = {"group": card.group, "people": _people(language, card.go, card.go_n)}
    if card.state is MatterState.OPEN:
        head = say(language, "roster.leavers.head", via=escape.mrkdwn, n=card.go_n, **values)
        sure = blocks.confirm(
            say(language, "roster.leavers.confirm_title"),
            say(language, "roster.leavers.confirm_text", via=escape.plain, n=card.go_n, group=card.group[:100]),
            say(language, "roster.leavers.remove"),
            say(language, "roster.leavers.confirm_no"),
            danger=True,
        )
        buttons = blocks.actions(
            _button(language, card, "roster.leavers.remove", Action.MATTER_APPLY, style="danger", confirm=sure),
            _button(language, card, "roster.leavers.keep", Action.MATTER_DISMISS),
        )
        question = say(language, "roster.leavers.question")
        return blocks.shown(head, [blocks.section(head), blocks.section(question), buttons])
    told = leavers_outcome(language, card)
    head = f"*{escape.mrkdwn(card.group)}*"
    if card.go:
        head = f"{head} · {values['people']}"
    return blocks.shown(told, [blocks.section(head), blocks.section(told)])


def leavers_outcome(language: str, card: Card) -> str:
    """What became of those who are deactivated."""
    by = escape.person(card.verdict.by) if card.verdict.by else Markup(blocks.BLANK)
    at = escape.moment(card.verdict.at) if card.verdict.at else Markup(blocks.BLANK)
    if card.state is MatterState.APPLIED:
        return say(language, "roster.leavers.applied", n=card.went, by=by, at=at)
    if card.state is MatterState.DISMISSED:
        return say(language, "roster.leavers.dismissed", by=by, at=at)
    return outcome(language, card)


def orphan(language: str, card: Card) -> Shown:
    """To the operators, or to whoever can see to one: nobody administers the group."""
    if card.state is not MatterState.OPEN:
        text = orphan_outcome(language, card)
        return blocks.shown(text, [blocks.section(text)])
    head = say(language, "roster.orphan.head", via=escape.mrkdwn, group=card.group)
    if not card.operators:
        text = say(language, "roster.orphan.no_operator")
        return blocks.shown(f"{head} {text}", [blocks.section(head), blocks.section(text)])
    text = say(language, "roster.orphan.text")
    name = _button(language, card, "roster.orphan.name", Action.MATTER_ADMINISTRATOR, style="primary")
    return blocks.shown(f"{head} {text}", [blocks.section(head), blocks.section(text), blocks.actions(name)])


def orphan_outcome(language: str, card: Card) -> str:
    """Who has named an administrator, or that it has settled itself."""
    if card.state is not MatterState.APPLIED or not card.verdict.by or not card.verdict.at:
        return say(language, "roster.orphan.over", via=escape.mrkdwn, group=card.group)
    by, at = escape.person(card.verdict.by), escape.moment(card.verdict.at)
    return say(language, "roster.orphan.named", via=escape.mrkdwn, group=card.group, by=by, at=at)


def administrator_form(language: str, matter_id: int, group: str) -> View:
    """Asks who administers the group from now on."""
    return blocks.modal(
        say(language, "roster.orphan.title"),
        Form.MATTER_ADMINISTRATOR,
        [
            blocks.section(say(language, "roster.orphan.form", via=escape.mrkdwn, group=group)),
            blocks.entry(Field.ADMINISTRATORS, say(language, "roster.orphan.label"), blocks.people()),
        ],
        submit=say(language, "roster.orphan.submit"),
        close=say(language, "slack.modal.cancel"),
        metadata=str(matter_id),
    )


def _people(language: str, people: Sequence[str], n: int) -> Markup:
    """Some people by name, and how many more there are."""
    if not people:  # decided long ago: their rows are gone
        return Markup(blocks.BLANK)
    shown = ", ".join(escape.mrkdwn(one) if "@" in one else escape.person(one) for one in people)
    if n > len(people):
        return Markup(say(language, "roster.more", people=Markup(shown), n=n - len(people)))
    return Markup(shown)


def _button(language: str, card: Card, key: str, action: Action, **more: Any) -> blocks.Element:
    spoken = say(language, f"{key}_spoken", via=escape.plain, group=card.group)
    return blocks.button(say(language, key), action, card.matter_id, spoken=spoken, **more)
