"""Short answers that only the asker sees: a sentence of the catalogue, with buttons below where one can go on.

Pure.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bot.views import blocks, escape, limits
from bot.views.blocks import Block, Element, Shown
from bot.views.ids import Action, Form, numbered
from store.texts import say


def answer(language: str, key: str, /, *buttons: Element, n: int | None = None, **values: object) -> Shown:
    """The text `key` as an answer; every value is escaped unless it is a Markup."""
    return told(say(language, key, via=escape.mrkdwn, n=n, **values), *buttons)


def told(text: str, *buttons: Element) -> Shown:
    """A ready text as an answer."""
    found = [blocks.section(part) for part in sections(text.split("\n"))]
    if buttons:
        found.append(blocks.actions(*buttons))
    return blocks.shown(text, found)


def modal(language: str, shown: Shown | str) -> blocks.View:
    """A modal that only says something: an answer, or a ready text."""
    body = told(shown).blocks if isinstance(shown, str) else shown.blocks
    return blocks.modal(
        say(language, "slack.modal.title"), Form.MESSAGE, body, close=say(language, "slack.modal.close")
    )


def plain(language: str, name: str, values: Mapping[str, Any]) -> str:
    """Why an input was refused, for the error under a modal's input, which Slack shows as plain text."""
    # Slack's error texts are cut in the client beyond a few lines; ours are one or two sentences with short values.
    return escape.cut(say(language, f"refused.{name}", via=lambda value: escape.visible(value)[:100], **values), 400)


def sections(lines: Sequence[str]) -> list[str]:
    """Lines joined into as few texts as Slack's limit allows, so that none is cut within a mention."""
    texts: list[str] = []
    for line in (escape.cut(line, limits.SECTION_TEXT) for line in lines):
        if texts and len(texts[-1]) + 1 + len(line) <= limits.SECTION_TEXT:
            texts[-1] += f"\n{line}"
        else:
            texts.append(line)
    return texts


def pager(
    language: str, action: Action, *, previous: str | None, following: str | None, block_id: str | None = None
) -> list[Block]:
    """Buttons to the page before and after; each value is what its page needs, None where there is no such page."""
    pages = (("previous", previous, 1), ("next", following, 2))
    of = say(language, f"access.page.{action.partition('.')[0]}")  # a view may page two things
    elements = [
        blocks.button(
            say(language, f"commands.button.{name}"), numbered(action, n), value,
            spoken=say(language, f"access.{name}", of=of),
        )
        for name, value, n in pages
        if value is not None
    ]  # fmt: skip
    return [blocks.actions(*elements, block_id=block_id)] if elements else []
