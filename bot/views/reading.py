"""What a moderator reads of a held mail: its text in a modal, quoted so that nothing in it acts."""

from __future__ import annotations

from bot.views import blocks, escape, limits
from bot.views.blocks import Block, View
from bot.views.ids import Form
from bot.views.mail import Mail
from store.texts import Markup, say

# A modal takes 250 kB; an escaped character may be five, and most of a page is the fence and its keys.
TEXT_SHOWN = 65_536
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
    text = escape.visible(text[:TEXT_SHOWN], lines=True).strip("\n")
    while text and len(pieces) < BLOCKS_OF_TEXT:
        length = escape.fitting(text, room)
        if length < len(text):
            line_end = text.rfind("\n", length // 2, length)
            length = line_end + 1 if line_end > 0 else length
        piece = text[:length].strip("\n")
        if piece.strip():
            pieces.append(escape.quoted(piece, limits.SECTION_TEXT))
        text = text[length:]
    return pieces, bool(text)
