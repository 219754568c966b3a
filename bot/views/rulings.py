"""Bans and allowed authors: the lists of a group, and the forms that ask whom to ban. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.views import answers, blocks, escape
from bot.views.blocks import Block, Shown, View
from bot.views.ids import Field, Form
from store.texts import Markup, say
from store.word import RulingKind, Subject

LISTED = 60
ADDRESS, DOMAIN, PATTERN = "address", "domain", "pattern"


@dataclass(frozen=True, slots=True)
class Line:
    pattern: str
    since: datetime


@dataclass(frozen=True, slots=True)
class Preview:
    """Whom a ban would mean in a group now; `some` are addresses."""

    group: str
    pattern: str
    contacts: int
    posts: int
    requests: int
    some: Sequence[str]


def listed(language: str, kind: RulingKind, address: str, lines: Sequence[Line]) -> Shown:
    """A group's list, by pattern."""
    if not lines:
        return answers.answer(language, f"commands.ruling.{kind}.none", address=address)
    said = [say(language, f"commands.ruling.{kind}.list", via=escape.mrkdwn, n=len(lines), address=address)]
    said += [
        say(language, "commands.ruling.line", via=_pattern, pattern=line.pattern, since=escape.moment(line.since))
        for line in lines[:LISTED]
    ]
    if len(lines) > LISTED:
        said.append(say(language, "commands.ruling.more", n=len(lines) - LISTED))
    return answers.told("\n".join(said))


def told(language: str, kind: RulingKind, what: str, address: str, pattern: str) -> Shown:
    """That something was `added`, there `already`, or `removed`."""
    return answers.answer(language, f"commands.ruling.{kind}.{what}", address=address, pattern=pattern)


def _pattern(text: str) -> str:
    return escape.mrkdwn(text, 220)


def form(language: str, subject: Subject, about: str, *, group: str, address: str) -> View:
    """Asks whom to ban, beginning from the address at hand."""
    domain = address.rpartition("@")[2]
    words = (
        (ADDRESS, say(language, "slack.ban.address", via=escape.plain, address=address)),
        (DOMAIN, say(language, "slack.ban.domain", via=escape.plain, domain=domain)),
        (PATTERN, say(language, "slack.ban.pattern")),
    )
    options = [blocks.option(text, value) for value, text in words]
    return blocks.modal(
        say(language, "slack.ban.title"),
        Form.BAN_LOOK,
        [
            blocks.section(say(language, f"slack.ban.text_{subject}", via=escape.mrkdwn, group=group)),
            blocks.entry(Field.WHOM, say(language, "slack.ban.what"), blocks.radio(options, initial=ADDRESS)),
            blocks.entry(
                Field.PATTERN, say(language, "slack.ban.pattern_label"),
                blocks.text_input(initial=f"*@{domain}" if len(domain) < 190 else "", longest=200), optional=True,
                hint=say(language, "slack.ban.pattern_hint"),
            ),
        ],
        submit=say(language, "slack.ban.look"),
        close=say(language, "slack.modal.cancel"),
        metadata=about,
    )  # fmt: skip


def preview(language: str, about: str, found: Preview) -> View:
    """Whom it means, before it is done."""
    head = say(
        language, "slack.ban.preview", via=escape.mrkdwn, pattern=Markup(_pattern(found.pattern)), group=found.group
    )
    counted = [(name, getattr(found, name)) for name in ("contacts", "posts", "requests")]
    lines = [say(language, f"slack.ban.{name}", n=n) for name, n in counted if n]
    body: list[Block] = [
        blocks.section(head),
        blocks.section("\n".join(lines) or say(language, "slack.ban.nobody")),
    ]
    if found.some:
        some = Markup(", ".join(escape.mrkdwn(one, 200) for one in found.some))
        body.append(blocks.context(say(language, "slack.ban.some", some=some)))
    return blocks.modal(
        say(language, "slack.ban.title"),
        Form.BAN,
        body,
        submit=say(language, "slack.ban.submit"),
        close=say(language, "slack.modal.cancel"),
        metadata=about,
    )
