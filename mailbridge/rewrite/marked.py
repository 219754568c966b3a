"""Marked text: what people write in a chat (`*bold*`, `> quoted`, `• item`) as the HTML of a mail. Pure.

The plain text of the mail is the text as it was written: those marks are the ones that people use in plain mail too.
Every octet of the text is escaped; what becomes a tag or a link is ours. No pattern looks at a character twice for each
of its kind, so a text of nothing but marks costs no more than any other.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html import escape
from typing import Final

_BODY: Final = 'font:16px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif'
_PARAGRAPH: Final = "margin:0 0 16px"
_QUOTE: Final = "margin:0 0 16px;padding:4px 16px;border-left:4px solid #8a8790;overflow-wrap:anywhere"
_PRE: Final = "margin:0 0 16px;padding:12px;background:#f4f3f6;white-space:pre-wrap;font-family:ui-monospace,monospace"
_FENCE: Final = "```"
# A pair of marks around words, as a chat takes it: not within a word, and no blank just inside of it.
_INLINE: Final = re.compile(
    r"`(?P<code>[^`\n]+)`"
    r"|(?P<link>https?://[^\s<>\"]+)"
    r"|(?<!\w)\*(?P<strong>[^*\s](?:[^*\n]*[^*\s])?)\*(?!\w)"
    r"|(?<!\w)_(?P<em>[^_\s](?:[^_\n]*[^_\s])?)_(?!\w)"
    r"|(?<!\w)~(?P<del>[^~\s](?:[^~\n]*[^~\s])?)~(?!\w)"
)
_QUOTED: Final = re.compile(r"> ?")
_BULLET: Final = re.compile(r"[ \t]*[•◦▪*-][ \t]+")
_NUMBER: Final = re.compile(r"[ \t]*\d{1,3}\.[ \t]+")
_SENTENCE_ENDS: Final = ".,;:!?)'*_~"  # which belong to the sentence around an address and not to it


@dataclass(slots=True)
class _Block:
    """Lines of one kind: a paragraph (`p`), a quotation, a list of either sort, or text as it is (`pre`)."""

    kind: str
    lines: list[str] = field(default_factory=list)


def html(language: str, text: str) -> str:
    """Return the text as an HTML document in `language`. Nothing in it is fetched."""
    inner = "\n".join(_drawn(block) for block in _blocks(text))
    return (
        f'<!DOCTYPE html>\n<html lang="{escape(language)}"><head><meta charset="utf-8">'
        '<meta name="color-scheme" content="light dark"></head>\n'
        f'<body style="{escape(_BODY)}">\n{inner}\n</body></html>\n'
    )


def _blocks(text: str) -> Iterator[_Block]:
    current: _Block | None = None
    fenced = False
    for line in text.split("\n"):
        if line.startswith(_FENCE) and not fenced:
            fenced, line = True, line[len(_FENCE) :]
            if current is not None:
                yield current
            current = _Block("pre")
        if fenced:
            assert current is not None
            before, closing, _ = line.partition(_FENCE)
            if before or not closing:
                current.lines.append(before)
            if closing:
                fenced = False
                yield current
                current = None
            continue
        kind, words = _kind(line)
        if current is not None and current.kind != kind:
            yield current
            current = None
        if kind:
            current = current or _Block(kind)
            current.lines.append(words)
    if current is not None:
        yield current


def _kind(line: str) -> tuple[str, str]:
    """What a line is, "" for a blank one, and its words."""
    if not line.strip():
        return "", ""
    for kind, mark in (("blockquote", _QUOTED), ("ul", _BULLET), ("ol", _NUMBER)):
        found = mark.match(line)
        if found:
            return kind, line[found.end() :]
    return "p", line.strip()


def _drawn(block: _Block) -> str:
    match block.kind:
        case "pre":
            return f'<pre style="{_PRE}">{escape(chr(10).join(block.lines).strip(chr(10)))}</pre>'
        case "ul" | "ol":
            items = "".join(f"<li>{_inline(line)}</li>" for line in block.lines)
            return f'<{block.kind} style="{_PARAGRAPH}">{items}</{block.kind}>'
        case kind:
            style = _QUOTE if kind == "blockquote" else _PARAGRAPH
            words = "<br>\n".join(_inline(line) for line in block.lines)
            return f'<{kind} style="{style}">{words}</{kind}>'


def _inline(text: str) -> str:
    """Each kind of mark excludes itself from what it encloses, so this goes no deeper than there are kinds."""
    out: list[str] = []
    at = 0
    for found in _INLINE.finditer(text):
        out.append(escape(text[at : found.start()]))
        at = found.end()
        kind = str(found.lastgroup)
        inner = found[kind]
        if kind == "link":
            target = inner.rstrip(_SENTENCE_ENDS)
            out.append(f'<a href="{escape(target)}">{escape(target)}</a>{escape(inner[len(target) :])}')
        elif kind == "code":
            out.append(f"<code>{escape(inner)}</code>")
        else:
            out.append(f"<{kind}>{_inline(inner)}</{kind}>")
    out.append(escape(text[at:]))
    return "".join(out)
