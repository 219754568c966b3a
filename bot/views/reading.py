"""What a moderator reads of a held mail: its text in a modal, quoted so that nothing in it acts."""

from __future__ import annotations

import json

from bot.views import blocks, escape, limits
from bot.views.blocks import Block, View
from bot.views.ids import Form
from bot.views.mail import Mail
from store.texts import Markup, say

TEXT_SHOWN = 65_536
# A view takes 250 kB as JSON, where a letter beyond ASCII is six characters.
JSON_SHOWN = 220_000
BLOCKS_OF_TEXT = 40


def modal(language: str, *, author: str, subject: str, mail: Mail) -> View:
    """Who wrote it, its subject, its text in pieces of a block each, and the names of attachments, never opened."""
    head = say(language, "slack.read.head", via=escape.mrkdwn, author=author or "–", subject=subject or "–")
    body: list[Block] = [blocks.section(head)]
    if mail.attachments:
        names = Markup(", ".join(escape.mrkdwn(name, 80) for name in mail.attachments))
        body.append(blocks.context(say(language, "slack.held.attachments", n=len(mail.attachments), names=names)))
    body.append(blocks.divider())
    pieces, rest = pieces_of(mail.text)
    body += [blocks.section(piece) for piece in pieces] or [blocks.section(say(language, "slack.read.empty"))]
    if rest or mail.cut:
        body.append(blocks.context(say(language, "slack.read.cut")))
    return blocks.modal(
        say(language, "slack.read.title"), Form.READ, body, close=say(language, "slack.modal.close")
    )  # fmt: skip


def pieces_of(text: str) -> tuple[list[Markup], bool]:
    """A long text as fenced pieces that each fit a section, cut at line ends where possible; True if some is left out.

    Escaping lengthens: a piece is measured as it will stand in the block.
    """
    room = limits.SECTION_TEXT - len("```\n\n```")
    pieces: list[Markup] = []
    used = 0
    text = escape.visible(text[:TEXT_SHOWN], lines=True).strip("\n")
    while text and len(pieces) < BLOCKS_OF_TEXT:
        length = escape.fitting(text, room)
        if length < len(text):
            line_end = text.rfind("\n", length // 2, length)
            length = line_end + 1 if line_end > 0 else length
        piece = escape.quoted(text[:length].strip("\n"), limits.SECTION_TEXT)
        used += len(json.dumps(piece))
        if used > JSON_SHOWN:
            return pieces, True
        if text[:length].strip():
            pieces.append(piece)
        text = text[length:]
    return pieces, bool(text)
