"""App passwords: the form that lists and makes them, and the one time that a new one is shown.

Pure.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from bot.views import blocks, escape
from bot.views.blocks import Block, Shown, View
from bot.views.ids import Action, Field, Form, numbered
from store.texts import Markup, say


@dataclass(frozen=True, slots=True)
class Line:
    """One app password as it is listed. `stale`: its address is no longer the person's, so that it does not work."""

    password_id: int
    label: str
    selector: str
    address: str
    made: datetime
    used: datetime | None
    stale: bool


@dataclass(frozen=True, slots=True)
class Held:
    """Somebody's app passwords. `own`: the person who looks is that person."""

    slack_id: str
    own: bool
    lines: Sequence[Line]


@dataclass(frozen=True, slots=True)
class Made:
    """A new app password, and all that a device needs besides. Its repr does not show it."""

    password_id: int
    label: str
    password: str = field(repr=False)
    address: str
    host: str
    port: int


def form(language: str, held: Held, *, barred: str = "", longest: int, said: str = "") -> View:
    """One's own app passwords, and a field for one more; `barred` is a ready text instead: why there can be none.

    `said` is a ready text on top: what the last act did.
    """
    body: list[Block] = [blocks.section(said), blocks.divider()] if said else []
    body.append(blocks.section(say(language, "commands.password.intro")))
    body += _lines(language, held) or [blocks.context(say(language, "commands.password.none"))]
    if barred:
        body.append(blocks.context(barred))
    else:
        body.append(
            blocks.entry(
                Field.LABEL,
                say(language, "commands.password.label"),
                blocks.text_input(longest=longest, placeholder=say(language, "commands.password.example")),
                hint=say(language, "commands.password.hint"),
            )
        )
    return blocks.modal(
        say(language, "commands.password.title"),
        Form.PASSWORDS,
        body,
        submit=None if barred else say(language, "commands.password.submit"),
        close=say(language, "commands.wizard.close"),
    )


def listing(language: str, held: Held, *, said: str = "") -> Shown:
    """Somebody's app passwords as an answer."""
    person = escape.person(held.slack_id)
    which = ("own" if held.own else "of") if held.lines else ("none" if held.own else "none_of")
    title = say(language, f"commands.password.{which}", who=person)
    top = [blocks.section(said)] if said else []
    return blocks.shown(said or title, [*top, blocks.section(title), *_lines(language, held)])


def made(language: str, made: Made) -> View:
    """The new app password, once. It has a button to submit so that it is never told by direct message instead, which
    would keep it: what is shown late outside its modal is only what ends there."""
    return blocks.modal(
        say(language, "commands.password.title"),
        Form.PASSWORD_MADE,
        _made(language, made),
        submit=say(language, "commands.password.done"),
    )


def made_answer(language: str, made: Made) -> Shown:
    """The same as an answer. Its notification does not hold it."""
    title = say(language, "commands.password.made", via=escape.mrkdwn, label=made.label)
    return blocks.shown(title, _made(language, made))


def _made(language: str, made: Made) -> list[Block]:
    title = say(language, "commands.password.made", via=escape.mrkdwn, label=made.label)
    server = say(
        language,
        "commands.password.server",
        via=escape.mrkdwn,
        host=Markup(made.host),
        port=str(made.port),
        address=made.address,
    )
    return [
        blocks.section(f"{title}\n```{made.password}```"),
        blocks.section(say(language, "commands.password.once")),
        blocks.section(server),
    ]


def _lines(language: str, held: Held) -> list[Block]:
    return [
        blocks.section(_line(language, line), accessory=_revoke(language, line, n)) for n, line in enumerate(held.lines)
    ]


def _line(language: str, line: Line) -> str:
    text = say(
        language,
        "commands.password.line" if line.used else "commands.password.line_unused",
        via=escape.mrkdwn,
        label=line.label,
        selector=Markup(line.selector),
        made=escape.moment(line.made),
        used=escape.moment(line.used) if line.used else "",
    )
    if not line.stale:
        return text
    return f"{text}\n" + say(language, "commands.password.stale", via=escape.mrkdwn, address=line.address)


def _revoke(language: str, line: Line, n: int) -> blocks.Element:
    return blocks.button(
        say(language, "commands.password.revoke"),
        numbered(Action.PASSWORD_REVOKE, n),
        line.password_id,
        style="danger",
        spoken=say(language, "commands.password.spoken_revoke", via=escape.plain, label=line.label),
        confirm=blocks.confirm(
            say(language, "commands.password.confirm_title"),
            say(language, "commands.password.confirm_text", via=escape.plain, label=line.label),
            say(language, "commands.password.revoke"),
            say(language, "commands.button.cancel"),
            danger=True,
        ),
    )
