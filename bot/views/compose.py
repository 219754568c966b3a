"""A mail that is written in Slack: the form, what it will look like, and what becomes of it. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.views import answers, blocks, cards, escape, limits
from bot.views.blocks import Block, Shown, View
from bot.views.ids import Action, Field, Form
from store import sizes
from store.composition import CompositionState, Verdict
from store.terms import Action as Decided
from store.texts import say

WHOLE, ALONE = "group", "author"


@dataclass(frozen=True, slots=True)
class Draft:
    """What stands in the form. `answers` is the post that is answered, `author` who wrote that; `group` (its id, name
    and address) is fixed then. `left_out` counts the characters that had no room, `files` names what stays in Slack;
    `unread`: what was typed could not be had."""

    group: tuple[int, str, str] | None = None
    subject: str = ""
    text: str = ""
    answers: int | None = None
    author: str = ""
    alone: bool = False
    left_out: int = 0
    files: Sequence[str] = ()
    unread: bool = False


@dataclass(frozen=True, slots=True)
class Preview:
    """A mail before it is sent; `verdict` is None while the bridge has not said what it would be."""

    composition_id: int
    group: str
    verdict: Verdict | None
    recipients: int = 0
    outside: int = 0
    groups: int = 0
    alone: str = ""
    unheard: bool = False


@dataclass(frozen=True, slots=True)
class Card:
    """A mail that was sent, as its author is shown it by direct message."""

    composition_id: int
    group: str
    subject: str
    state: CompositionState
    due: datetime
    verdict: Verdict | None = None
    tried: bool = False


def form(language: str, draft: Draft, *, longest_subject: int, longest_text: int) -> View:
    """The mail to be written; submitting it shows what it will look like, and sends nothing."""
    body: list[Block] = []
    if draft.answers is None:
        body.append(_group_entry(language, draft))
    elif draft.group is not None:
        body.append(blocks.section(say(language, "compose.form.answering", via=escape.mrkdwn, group=draft.group[2])))
    body += [
        blocks.entry(
            Field.SUBJECT,
            say(language, "compose.form.subject"),
            blocks.text_input(initial=draft.subject, longest=longest_subject),
        ),
        blocks.entry(
            Field.TEXT,
            say(language, "compose.form.text"),
            blocks.text_input(initial=draft.text, multiline=True, longest=longest_text),
            hint=say(language, "compose.form.hint"),
        ),
    ]
    if draft.answers is not None:
        body.append(_whom(language, draft))
    notes = []
    if draft.unread:
        notes.append(say(language, "thread.unread"))
    if draft.left_out:
        notes.append(say(language, "compose.form.left_out", n=draft.left_out))
    if draft.files:
        names = ", ".join(draft.files[:5])
        notes.append(say(language, "compose.form.files", via=escape.mrkdwn, n=len(draft.files), names=names))
    if notes:
        body.append(blocks.context(*notes))
    return blocks.modal(
        say(language, "compose.form.title"),
        Form.COMPOSE,
        body,
        submit=say(language, "compose.form.submit"),
        close=say(language, "slack.modal.cancel"),
        metadata=f"{draft.answers or ''} {draft.group[0] if draft.answers and draft.group else ''}".strip(),
    )


def _group_entry(language: str, draft: Draft) -> Block:
    chosen = group_option(*draft.group) if draft.group else None
    label = say(language, "compose.form.choose")
    return blocks.entry(Field.GROUP, say(language, "compose.form.group"), blocks.external(label, initial=chosen))


def group_option(group_id: int, name: str, address: str) -> blocks.Element:
    """A group as a choice of the select."""
    name = escape.plain(name, limits.OPTION_TEXT)
    return blocks.option(escape.plain(address, limits.OPTION_TEXT), group_id, description=name or None)


def _whom(language: str, draft: Draft) -> Block:
    whom = [
        blocks.option(say(language, "compose.form.to_group"), WHOLE),
        blocks.option(say(language, "compose.form.to_author", via=escape.plain, author=draft.author), ALONE),
    ]
    return blocks.entry(
        Field.WHOM, say(language, "compose.form.whom"), blocks.radio(whom, initial=ALONE if draft.alone else WHOLE)
    )


def preview(language: str, shown: Preview) -> View:
    """What the mail will look like and whom it reaches; or that this takes a moment yet."""
    if shown.verdict is None:
        key = "compose.preview.unheard" if shown.unheard else "compose.preview.working"
        return _step(language, shown, [blocks.section(say(language, key))], Form.PREVIEW, "again")
    verdict = shown.verdict
    head = say(
        language, "compose.preview.head", via=escape.mrkdwn, sender=verdict.sender, group=shown.group,
        subject=verdict.subject,
    )  # fmt: skip
    refused = verdict.action in (Decided.REJECT, Decided.DISCARD)
    body: list[Block] = [blocks.section(head)] if verdict.sender else []
    body += [blocks.section(part) for part in answers.sections(_marked(verdict.text))[:20]] if verdict.sender else []
    body.append(blocks.divider())
    if not refused:
        body.append(blocks.section(_reach(language, shown)))
    if verdict.action is not Decided.ACCEPT:
        why = "\n".join(cards.reason(language, one) for one in verdict.reasons)
        body.append(blocks.section(f"{say(language, f'compose.preview.{verdict.action}')}\n{why}"))
    edit = blocks.button(
        say(language, "compose.preview.edit"),
        Action.COMPOSE_EDIT,
        shown.composition_id,
        spoken=say(language, "access.edit"),
    )
    body.append(blocks.actions(edit))
    return _step(language, shown, body, Form.PREVIEW, "" if refused else "send")


def _step(language: str, shown: Preview, body: Sequence[Block], form: Form, submit: str) -> View:
    return blocks.modal(
        say(language, "compose.preview.title"),
        form,
        body,
        submit=say(language, f"compose.preview.{submit}") if submit else None,
        close=say(language, "slack.modal.cancel"),
        metadata=str(shown.composition_id),
    )


def _marked(text: str) -> list[str]:
    """The mail's lines with its marks, which Slack draws as the mail's HTML does; nothing else in them acts."""
    return escape.visible(text.strip(), lines=True).translate(escape.SPECIAL).split("\n")


def _reach(language: str, shown: Preview) -> str:
    assert shown.verdict is not None
    size = sizes.show(shown.verdict.size, language)
    if shown.alone:
        return say(language, "compose.preview.alone", via=escape.mrkdwn, author=shown.alone, size=size)
    lines = [say(language, "compose.preview.recipients", n=shown.recipients, size=size)]
    if shown.outside:
        lines.append(say(language, "compose.preview.outside", n=shown.outside))
    if shown.groups:
        lines.append(say(language, "compose.preview.groups", n=shown.groups))
    return "\n".join(lines)


# ---------------------------------------------------------------- what becomes of it


def sent(language: str, shown: Card) -> View:
    """The same as its author's direct message, where the form was."""
    return blocks.modal(
        say(language, "compose.preview.title"), Form.MESSAGE, card(language, shown).blocks,
        close=say(language, "slack.modal.close"),
    )  # fmt: skip


def card(language: str, shown: Card) -> Shown:
    """What became of a mail, with the button that takes it back while that can be done."""
    key = "compose.card.waits_again" if shown.tried and shown.state is CompositionState.WAITING else None
    text = say(
        language, key or f"compose.card.{shown.state}", via=escape.mrkdwn, group=shown.group, subject=shown.subject,
        at=escape.moment(shown.due, style="{time_secs}"),
    )  # fmt: skip
    body: list[Block] = []
    if shown.state is CompositionState.REFUSED and shown.verdict is not None:
        text += "\n" + "\n".join(cards.reason(language, one) for one in shown.verdict.reasons)
    body.append(blocks.section(text))
    buttons = []
    if shown.state is CompositionState.WAITING:
        spoken = say(language, "compose.card.undo_spoken", via=escape.plain, subject=shown.subject)
        buttons.append(
            blocks.button(say(language, "compose.card.undo"), Action.COMPOSE_UNDO, shown.composition_id, spoken=spoken)
        )
    if shown.state in (CompositionState.UNDONE, CompositionState.REFUSED):
        spoken = say(language, "compose.card.edit_spoken", via=escape.plain, subject=shown.subject)
        buttons.append(
            blocks.button(say(language, "compose.card.edit"), Action.COMPOSE_EDIT, shown.composition_id, spoken=spoken)
        )
    if buttons:
        body.append(blocks.actions(*buttons))
    return blocks.shown(text, body)
