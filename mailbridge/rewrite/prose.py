"""Prose: the paragraphs of a letter as plain text and as HTML, in one multipart/alternative (RFC 2046 5.1.4).

Both are made from the same text of the catalogue, so they cannot say different things. The HTML is for reading only:
no script, no picture, nothing that is fetched, all styles inline, and every octet of a text escaped, whoever wrote it.
"""

from __future__ import annotations

import binascii
import hashlib
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Final

from mailbridge.rewrite.lines import CRLF, line

_WIDTH: Final = 72
_PLAIN_LINE: Final = 78  # RFC 5322 2.1.1
_BODY = 'margin:0;padding:24px 16px;font:16px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif'
_COLUMN = "max-width:36em;margin:0 auto"
_TITLE = "margin:0 0 16px;font-size:20px;line-height:1.3"
_PARAGRAPH = "margin:0 0 16px"
_SET_OFF = "margin:0 0 16px;padding:4px 16px;border-left:4px solid #8a6fc2;overflow-wrap:anywhere"
_BUTTON = (
    "display:inline-block;padding:12px 20px;border-radius:8px;background:#4a2d7a;color:#ffffff;font-weight:600;"
    "text-decoration:none"
)
_RULE = "margin:24px 0 16px;border:0;border-top:1px solid #8a8790"
_FOOTER = "margin:0;font-size:14px"


@dataclass(frozen=True, slots=True)
class Link:
    """An address of ours that stands in the text as a set-off line of its own, and what its button says in HTML."""

    address: str
    label: str


def alternatives(
    language: str, subject: str, text: str, footer: str, *, link: Link | None, seed: str
) -> tuple[bytes, bytes]:
    """Return the Content-Type line and the body of a letter.

    Blank lines part the paragraphs of `text`; one whose lines all begin with blanks is set off. `seed` makes the
    boundary: the same letter has the same octets, whoever makes it.
    """
    plain = f"{_wrapped(text)}\n\n-- \n{_wrapped(footer)}\n"
    return multipart(plain, _html(language, subject, text, footer, link), seed=seed)


def multipart(plain_text: str, html: str, *, seed: str) -> tuple[bytes, bytes]:
    """Return the Content-Type line and the body of a text beside its HTML; lines end by LF in both."""
    plain, rich = _part("text/plain", plain_text), _part("text/html", html)
    boundary = _boundary(seed, plain + rich)
    separator = b"--" + boundary.encode("ascii")
    body = separator + CRLF + plain + CRLF + separator + CRLF + rich + CRLF + separator + b"--" + CRLF
    return line("Content-Type", f'multipart/alternative; boundary="{boundary}"'), body


def _boundary(seed: str, parts: bytes) -> str:
    # What is in a letter may come from who knows how boundaries are made here.
    boundary = ""
    while not boundary or boundary.encode("ascii") in parts:
        boundary = f"=_{hashlib.sha256((seed + boundary).encode()).hexdigest()[:32]}"
    return boundary


def _part(kind: str, text: str) -> bytes:
    encoding, body = _encoded(text)
    head = line("Content-Type", f"{kind}; charset=utf-8") + line("Content-Transfer-Encoding", encoding)
    return head + CRLF + body


def _paragraphs(text: str) -> list[list[str]]:
    """The lines of each paragraph of a text."""
    found: list[list[str]] = [[]]
    for each in text.strip("\n").split("\n"):
        if each.strip():
            found[-1].append(each.rstrip())
        elif found[-1]:
            found.append([])
    return [lines for lines in found if lines]


def _html(language: str, subject: str, text: str, footer: str, link: Link | None) -> str:
    title, spoken = escape(subject), escape(language)
    blocks = "\n".join(_block(lines, link) for lines in _paragraphs(text))
    closing = "<br>".join(escape(each) for each in footer.strip().split("\n"))
    return (
        f'<!DOCTYPE html>\n<html lang="{spoken}"><head><meta charset="utf-8"><title>{title}</title>\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark"></head>\n'
        f'<body style="{escape(_BODY)}">\n'
        f'<div role="article" aria-roledescription="email" aria-label="{title}" lang="{spoken}" style="{_COLUMN}">\n'
        f'<h1 style="{_TITLE}">{title}</h1>\n{blocks}\n'
        f'<hr style="{_RULE}">\n<p style="{_FOOTER}">{closing}</p>\n</div></body></html>\n'
    )


def _block(lines: Sequence[str], link: Link | None) -> str:
    words = "<br>\n".join(escape(each.strip()) for each in lines)
    if not all(each.startswith(" ") for each in lines):
        return f'<p style="{_PARAGRAPH}">{words}</p>'
    if link is not None and [each.strip() for each in lines] == [link.address]:
        anchor = f'<a href="{escape(link.address)}" style="{_BUTTON}">{escape(link.label)}</a>'
        return f'<p style="{_PARAGRAPH}">{anchor}</p>'
    return f'<blockquote style="{_SET_OFF}">{words}</blockquote>'


def _wrapped(text: str) -> str:
    """Each line of `text` as a paragraph of at most 72 columns that keeps its indent; long words (links) stay whole."""
    wrapped: list[str] = []
    for paragraph in text.strip("\n").split("\n"):
        indent = paragraph[: len(paragraph) - len(paragraph.lstrip(" "))]
        filled = textwrap.wrap(
            paragraph,
            _WIDTH,
            subsequent_indent=indent,
            break_long_words=False,
            break_on_hyphens=False,
        )
        wrapped += filled or [""]
    return "\n".join(wrapped)


def _encoded(text: str) -> tuple[str, bytes]:
    """A part's Content-Transfer-Encoding and octets: as it is, or quoted-printable (RFC 2045 6.7)."""
    lines = text.split("\n")
    if text.isascii() and all(len(each) <= _PLAIN_LINE for each in lines):
        return "7bit", "\r\n".join(lines).encode("ascii")
    quoted = binascii.b2a_qp(text.encode("utf-8", "replace"), istext=True)
    return "quoted-printable", quoted.replace(b"\r\n", b"\n").replace(b"\n", CRLF)
